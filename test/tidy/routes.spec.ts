/** Nobody comes in where nobody said who may: every route of the HTTP apps names a permission, and every permission guards a route. */
import { describe, expect, test } from '@jest/globals';
import { Controller, Get, Logger, Post, type DynamicModule, type Type } from '@nestjs/common';
import { MetadataScanner, Reflector, type DiscoveryService } from '@nestjs/core';
import { POLICY, PUBLIC, readConfig, Requires, ROLES, RoutePolicyCheck } from '@app/platform';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClaimsAppModule } from '../../apps/claims/src/claims-app.module.js';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';

const REPOSITORY = join(import.meta.dirname, '../..');
// Two apps in one process register their data source under one name, of which Nest would warn.
Logger.overrideLogger(false);
/** Nothing is started with it. */
const CONFIG = readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', HUBAO_MASTER_KEY: Buffer.alloc(32).toString('base64') });
const APPS = { claims: ClaimsAppModule.forRoot(CONFIG), enrolment: EnrolmentAppModule.forRoot(CONFIG) };

/** The controllers of a module and of all it imports, as they are declared. */
function controllersOf(module: Type | DynamicModule): Type[] {
  const [dynamic, type] = 'module' in module ? [module, module.module] : [{}, module];
  const declared = <T>(key: string): T[] => (Reflect.getMetadata(key, type) as T[] | undefined) ?? [];
  const imports = [...declared<Type | DynamicModule>('imports'), ...((dynamic as DynamicModule).imports ?? [])] as (Type | DynamicModule)[];
  return [
    ...declared<Type>('controllers'),
    ...((dynamic as DynamicModule).controllers ?? []),
    ...imports.filter((one) => typeof one === 'function' || 'module' in one).flatMap(controllersOf),
  ];
}

/** The check that every boot makes, over these classes instead of running instances. */
function checkOf(controllers: readonly Type[]): RoutePolicyCheck {
  const wrappers = controllers.map((metatype) => ({ metatype, instance: Object.create(metatype.prototype as object) as unknown }));
  return new RoutePolicyCheck({ getControllers: () => wrappers } as unknown as DiscoveryService, new MetadataScanner(), new Reflector());
}

const routes = Object.entries(APPS).flatMap(([app, module]) =>
  checkOf(controllersOf(module))
    .routes()
    .map((route) => ({ app, ...route })),
);

test.each(Object.keys(APPS) as (keyof typeof APPS)[])('every route of %s names a permission', (app) => {
  const controllers = controllersOf(APPS[app]);
  expect(controllers.length).toBeGreaterThan(1);
  expect(() => checkOf(controllers).onApplicationBootstrap()).not.toThrow();
});

test('every permission guards a route', () => {
  const used = new Set(routes.map(({ permission }) => String(permission)).filter((permission) => permission !== PUBLIC));
  expect([...used].sort()).toEqual(Object.keys(POLICY).sort());
});

test('every role may do something', () => {
  const granted = new Set(Object.values(POLICY).flatMap(({ roles }) => Object.keys(roles)));
  expect(ROLES.filter((role) => !granted.has(role))).toEqual([]);
});

test('these routes are open without a login, and no others', () => {
  const open = routes
    .filter(({ permission }) => permission === PUBLIC)
    .map(({ app, method, path }) => `${app} ${method} ${path.replace(/(.)\/$/, '$1')}`);
  expect(open.sort()).toEqual([
    'claims GET health',
    'enrolment GET /.well-known/hubao-certificate-keys.json',
    'enrolment GET /certificates/verification',
    'enrolment GET /verify',
    'enrolment GET health',
    'enrolment GET public/windows/:id/countdown',
    'enrolment GET public/windows/:id/countdown/events',
    'enrolment POST /certificates/verification/holder',
    'enrolment POST login',
    'enrolment POST login/member',
    'enrolment POST login/member/code',
    'enrolment POST phone-payments/notifications',
  ]);
});

test('every controller file is part of its app', () => {
  for (const app of Object.keys(APPS) as (keyof typeof APPS)[]) {
    const folder = join(REPOSITORY, 'apps', app, 'src');
    const written = readdirSync(folder)
      .filter((file) => file.endsWith('.controller.ts'))
      .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/export class (\w+Controller)/g)].map((match) => match[1]!));
    const names = controllersOf(APPS[app]).map((controller) => controller.name);
    expect(names.filter((name) => name !== 'HealthController').sort()).toEqual(written.sort());
  }
});

describe('red', () => {
  @Controller('closed')
  class Forgotten {
    @Get()
    @Requires('claim.read')
    read(): void {}

    @Post('open')
    write(): void {}
  }

  @Controller('misspelt')
  class Misspelt {
    @Get()
    @Requires('claim.raed' as never)
    read(): void {}
  }

  test('a route without a permission stops the boot', () => {
    expect(() => checkOf([Forgotten]).onApplicationBootstrap()).toThrow('routes without a policy: POST closed/open');
  });

  test('a route with a permission that does not exist stops the boot', () => {
    expect(() => checkOf([Misspelt]).onApplicationBootstrap()).toThrow('routes without a policy: GET misspelt');
  });
});
