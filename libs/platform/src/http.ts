/** How every HTTP app is made: Fastify, strict validation, problem+json, API documents at /docs. */
import { ValidationPipe, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, RouteConfig, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { DynamicModule } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bearerOf } from './auth/guard.js';
import { Tokens } from './auth/token.js';
import { limitConnections } from './connections.js';
import { answerProblem, invalidRequest } from './problem.js';

/** In bytes, of a body that is parsed whole; in levels, of what it holds. Much of what reads bodies takes time by the square of either. */
const BODY_LIMIT = 64 * 1024;
const DEPTH_LIMIT = 32;
/** As long as the largest file takes on the slowest line. */
const REQUEST_TIMEOUT_MS = 30 * 60_000;

/** Connections that wait to be accepted: of a crowd that comes while the process is busy, whoever finds no room tries again seconds later. */
export const BACKLOG = 4_096;

/** Of a route that takes more than others, in bytes: nobody's body is read for that before they have logged in. */
export const TakesBody = (bytes: number): MethodDecorator => RouteConfig({ bodyBytes: bytes }) as MethodDecorator;

/** `trustedProxies`: who may say for whom it asks; else the address of a request is that of its connection. */
export async function createHttpApp(
  module: Type | DynamicModule,
  title: string,
  trustedProxies: readonly string[] = [],
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logger: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => answerProblem(error, reply),
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { logger: ['error', 'warn'], bufferLogs: false });
  const server: FastifyInstance = adapter.getInstance();
  limitConnections(server.server);
  server.addHook('onRoute', (route) => {
    // Nest sets its own for what comes after the routes, which is too late for what fails before one is entered.
    route.errorHandler = (error, _request, reply) => answerProblem(error, reply);
    const { bodyBytes } = (route.config ?? {}) as { bodyBytes?: number };
    if (bodyBytes === undefined) return;
    route.bodyLimit = bodyBytes;
    route.onRequest = (request, _reply, done) => {
      bearerOf(request, app.get(Tokens));
      done();
    };
  });
  server.addHook('preValidation', (request, _reply, done) => {
    if (isDeeper(request.body, DEPTH_LIMIT)) throw tooDeep();
    done();
  });
  app.useGlobalPipes(
    new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true, exceptionFactory: invalidRequest }),
  );
  SwaggerModule.setup('docs', app, describeApi(app, title));
  return app;
}

export const describeApi = (app: INestApplication, title: string): OpenAPIObject =>
  SwaggerModule.createDocument(app, new DocumentBuilder().setTitle(title).setVersion('1').addBearerAuth().build());

/** A body that is read as it comes, or as text, is no list and no plain object. */
function isDeeper(value: unknown, levels: number): boolean {
  if (!Array.isArray(value) && Object.getPrototypeOf(value ?? 0) !== Object.prototype) return false;
  return levels === 0 || Object.values(value as object).some((one) => isDeeper(one, levels - 1));
}

const tooDeep = (): DomainError =>
  new DomainError(
    'unreadable-request',
    'invalid',
    `expected a body of at most ${DEPTH_LIMIT} levels, one in another, found more; send what the route describes`,
  );
