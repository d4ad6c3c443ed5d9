import { Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CLAIMS_ENTITIES, ClaimsModule } from '@app/claims';
import { GatewaysModule } from '@app/gateways';
import { PlatformModule, type Config } from '@app/platform';
import type { FastifyInstance } from 'fastify';
import { ApprovalController } from './approval.controller.js';
import { BatchController } from './batch.controller.js';
import { ClaimFaultController } from './claim-fault.controller.js';
import { ClaimController } from './claim.controller.js';
import { FeedController } from './feed.controller.js';
import { PlanVersionController } from './plan-version.controller.js';
import { QuoteController } from './quote.controller.js';
import { RehearsalController } from './rehearsal.controller.js';
import { ReportController } from './report.controller.js';

@Module({})
export class ClaimsAppModule implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  static forRoot(config: Config): DynamicModule {
    return {
      module: ClaimsAppModule,
      imports: [PlatformModule.forRoot({ config, entities: CLAIMS_ENTITIES }), GatewaysModule.forRoot(config), ClaimsModule],
      controllers: [
        FeedController,
        ClaimController,
        ClaimFaultController,
        ApprovalController,
        BatchController,
        QuoteController,
        PlanVersionController,
        RehearsalController,
        ReportController,
      ],
    };
  }

  /** The feed comes as lines: a broken one among them must not make the others unreadable. */
  onModuleInit(): void {
    const server: FastifyInstance = this.host.httpAdapter.getInstance();
    server.addContentTypeParser('application/x-ndjson', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  }
}
