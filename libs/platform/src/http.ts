/** How every HTTP app is made: Fastify, strict validation, problem+json, API documents at /docs. */
import { ValidationPipe, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { DynamicModule } from '@nestjs/common';
import { invalidRequest } from './problem.js';

const BODY_LIMIT = 64 * 1024 * 1024;

export async function createHttpApp(module: Type | DynamicModule, title: string): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter({ bodyLimit: BODY_LIMIT, logger: false }), {
    logger: ['error', 'warn'],
    bufferLogs: false,
  });
  app.useGlobalPipes(
    new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true, exceptionFactory: invalidRequest }),
  );
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle(title).setVersion('1').addBearerAuth().build());
  SwaggerModule.setup('docs', app, document);
  return app;
}
