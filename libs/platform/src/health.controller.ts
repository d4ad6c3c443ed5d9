import { Controller, Get } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import { Requires } from './auth/guard.js';
import { PUBLIC } from './auth/policy.js';
import { Database } from './database.js';

@Controller('health')
export class HealthController {
  constructor(private readonly database: Database) {}

  /** 200 when this process can use its database, else 503. */
  @Get()
  @Requires(PUBLIC)
  async check(): Promise<{ status: 'up' }> {
    try {
      await this.database.direct.query('select 1');
    } catch {
      throw new DomainError('database', 'unavailable', 'expected a database that answers, found none; see the server log');
    }
    return { status: 'up' };
  }
}
