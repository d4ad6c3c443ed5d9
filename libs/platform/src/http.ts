/** How every HTTP app is made: Fastify, strict validation, problem+json, API documents at /docs. */
import { ValidationPipe, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerProblem, invalidRequest } from './problem.js';

/** In bytes, of a body that is parsed whole: targets of some hundred thousand units, or a plan of the longest, fit in. */
const BODY_LIMIT = 8 * 1024 * 1024;

/** `trustedProxies`: who may say for whom it asks; else the address of a request is that of its connection. */
export async function createHttpApp(
  module: Type | DynamicModule,
  title: string,
  trustedProxies: readonly string[] = [],
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    logger: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => answerProblem(error, reply),
  });
  // Nest sets its own after the routes are made, which is too late for what fails before one is entered.
  adapter.getInstance().setErrorHandler((error, _request, reply) => answerProblem(error, reply));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { logger: ['error', 'warn'], bufferLogs: false });
  app.useGlobalPipes(
    new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true, exceptionFactory: invalidRequest }),
  );
  SwaggerModule.setup('docs', app, describeApi(app, title));
  return app;
}

export const describeApi = (app: INestApplication, title: string): OpenAPIObject =>
  SwaggerModule.createDocument(app, new DocumentBuilder().setTitle(title).setVersion('1').addBearerAuth().build());
