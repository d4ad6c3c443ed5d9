/** The plumbing every app stands on, made once from its configuration. */
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { Clock } from '@app/kernel';
import { DataSource } from 'typeorm';
import { Accounts } from './auth/accounts.js';
import { PolicyGuard } from './auth/guard.js';
import { RoutePolicyCheck } from './auth/route-policy-check.js';
import { Tokens } from './auth/token.js';
import { UserAccount } from './auth/user.entity.js';
import { Audit, AuditRecord } from './audit.js';
import { SystemClock, VirtualClock } from './clock.js';
import type { Config } from './config.js';
import { Database } from './database.js';
import { HealthController } from './health.controller.js';
import { PersonalDataVault } from './personal-data.js';
import { ProblemFilter } from './problem.js';
import { CONFIG } from './tokens.js';

export const PLATFORM_ENTITIES = [UserAccount, AuditRecord] as const;

export interface PlatformOptions {
  readonly config: Config;
  readonly entities: readonly (new () => object)[];
  /** Connections of this process. */
  readonly poolSize?: number;
}

@Global()
@Module({})
export class PlatformModule {
  static forRoot({ config, entities, poolSize = 10 }: PlatformOptions): DynamicModule {
    return {
      module: PlatformModule,
      imports: [DiscoveryModule],
      controllers: [HealthController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Clock, useFactory: () => (config.clockFile ? new VirtualClock(config.clockFile) : new SystemClock()) },
        { provide: PersonalDataVault, useFactory: () => new PersonalDataVault(config.masterKey) },
        { provide: DataSource, useFactory: () => connect(config, entities, poolSize) },
        Database,
        Audit,
        Tokens,
        Accounts,
        RoutePolicyCheck,
        { provide: APP_GUARD, useClass: PolicyGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
      exports: [CONFIG, Clock, PersonalDataVault, Database, Audit, Tokens, Accounts],
    };
  }
}

/** Not through @nestjs/typeorm: several apps in one process each have a source of their own, and its registry knows one a process. */
const connect = (config: Config, entities: PlatformOptions['entities'], poolSize: number): Promise<DataSource> =>
  new DataSource({
    type: 'postgres',
    url: config.databaseUrl,
    entities: [...PLATFORM_ENTITIES, ...entities],
    synchronize: false,
    poolSize,
    applicationName: 'hubao',
    logging: false,
  }).initialize();
