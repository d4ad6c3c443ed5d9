/** The OpenAPI documents of the HTTP apps, as they have them at /docs-json; nothing is started for it. */
import { describeApi, readConfig } from '@app/platform';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ClaimsAppModule } from '../../../claims/src/claims-app.module.js';
import { EnrolmentAppModule } from '../../../enrolment/src/enrolment-app.module.js';

export async function apiDocuments(): Promise<Readonly<Record<'claims' | 'enrolment', OpenAPIObject>>> {
  // Looked at by nobody: in a preview no provider is made.
  const config = readConfig({ DATABASE_URL: 'postgres://none', HUBAO_MASTER_KEY: Buffer.alloc(32).toString('base64') });
  const document = async (module: ReturnType<typeof ClaimsAppModule.forRoot>, title: string): Promise<OpenAPIObject> =>
    describeApi(await NestFactory.create(module, new FastifyAdapter(), { preview: true, logger: ['error'] }), title);
  return {
    claims: await document(ClaimsAppModule.forRoot(config), 'Hubao claims'),
    enrolment: await document(EnrolmentAppModule.forRoot(config), 'Hubao enrolment'),
  };
}
