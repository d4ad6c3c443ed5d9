/** One small NestJS application a party: JSON errors {code, message}, text bodies as they came, no logging, 127.0.0.1 only. */
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServerResponse } from 'node:http';
import type { RunningSimulator } from './simulator.js';

const BODY_LIMIT = 256 * 1024 * 1024;

/** The part of a Fastify reply that is used here. */
export interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
  hijack(): void;
  raw: ServerResponse;
}

/** Breaks the connection instead of an answer. */
export function hangUp(reply: Reply): void {
  reply.hijack();
  reply.raw.destroy();
}

export class Refusal extends HttpException {
  constructor(status: 400 | 401 | 403 | 404 | 409 | 429 | 502 | 503, code: string, message: string) {
    super({ code, message }, status);
  }
}

export const invalid = (message: string): Refusal => new Refusal(400, 'invalid', message);

@Catch()
class JsonErrors implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<Reply>();
    const status = statusOf(error);
    const message = error instanceof Error ? error.message : String(error);
    const body =
      error instanceof Refusal
        ? error.getResponse()
        : { code: status === 404 ? 'not-found' : status < 500 ? 'invalid' : 'internal', message };
    reply.status(status).header('content-type', 'application/json; charset=utf-8').send(body);
  }
}

/** Fastify's own errors (a body that is no JSON, a body too large) carry `statusCode`. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}

export interface Party {
  controller: Type;
  providers: Provider[];
  /** Content types whose body arrives as text. */
  textTypes?: string[];
  /** The body as it came beside the one that was read: what a signature is over. */
  rawBody?: boolean;
  port?: number;
}

export async function listen({ controller, providers, textTypes = [], rawBody = false, port = 0 }: Party): Promise<RunningSimulator> {
  class PartyModule {}
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: PartyModule, controllers: [controller], providers },
    new FastifyAdapter({ bodyLimit: BODY_LIMIT, forceCloseConnections: true }),
    { logger: ['error', 'warn'], abortOnError: false, rawBody },
  );
  app.useGlobalFilters(new JsonErrors());
  for (const type of textTypes) {
    const fastify = app.getHttpAdapter().getInstance();
    if (fastify.hasContentTypeParser(type)) fastify.removeContentTypeParser(type);
    fastify.addContentTypeParser(type, { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) => done(null, body));
  }
  await app.listen(port, '127.0.0.1');
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address to listen on');
  return { url: `http://127.0.0.1:${address.port}`, close: () => app.close() };
}
