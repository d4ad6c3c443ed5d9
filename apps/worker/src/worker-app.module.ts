import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { CLAIMS_ENTITIES, ClaimsModule, PaymentService, ReconciliationService } from '@app/claims';
import { QUEUES, type QueueName } from '@app/contracts';
import { CollectionBank, ContributionService, JoinPaymentService, NoPhonePay, PhonePay } from '@app/enrolment';
import { BankGateway, GatewaysModule } from '@app/gateways';
import { assert, Clock } from '@app/kernel';
import { Database, PlatformModule, QUEUE_MAP, queueOptions, Relay, Turn, type Config } from '@app/platform';
import type { Queue } from 'bullmq';
import { DueWork } from './due-work.js';
import { PROCESSORS } from './stage.processor.js';
import { Sweeper } from './sweeper.js';

@Module({})
export class WorkerAppModule {
  static forRoot(config: Config): DynamicModule {
    // Every queue has a processor: a wake-up that nobody hears would look like work being done.
    assert(PROCESSORS.length === QUEUES.length, 'a queue has no processor');
    return {
      module: WorkerAppModule,
      imports: [
        PlatformModule.forRoot({ config, entities: CLAIMS_ENTITIES }),
        GatewaysModule.forRoot(config),
        ClaimsModule,
        BullModule.forRootAsync({ useFactory: () => queueOptions(config) }),
        BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
      ],
      providers: [
        ...PROCESSORS,
        ContributionService,
        JoinPaymentService,
        { provide: Turn, useFactory: () => new Turn() },
        { provide: PhonePay, useClass: NoPhonePay },
        { provide: CollectionBank, useExisting: BankGateway },
        {
          provide: QUEUE_MAP,
          useFactory: (...queues: Queue[]): ReadonlyMap<QueueName, Queue> => new Map(QUEUES.map((name, index) => [name, queues[index]!])),
          inject: QUEUES.map((name) => getQueueToken(name)),
        },
        {
          provide: DueWork,
          useFactory: (
            database: Database,
            clock: Clock,
            payment: PaymentService,
            reconciliation: ReconciliationService,
            contribution: ContributionService,
            joins: JoinPaymentService,
          ) => new DueWork(database, clock, payment, reconciliation, contribution, joins, config.hours),
          inject: [Database, Clock, PaymentService, ReconciliationService, ContributionService, JoinPaymentService],
        },
        Relay,
        Sweeper,
      ],
    };
  }
}
