import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { CLAIMS_ENTITIES, ClaimsModule, PaymentService, PlanVersionService, ReconciliationService } from '@app/claims';
import { QUEUES, type QueueName } from '@app/contracts';
import {
  CollectionBank,
  ContributionService,
  ENROLMENT_ENTITIES,
  PhonePay,
  ReceiptOffice,
  ReceiptService,
  RefundBank,
  RefundService,
  RosterImportService,
  PersonRegister,
  TargetService,
  UnderwritingPlans,
  TurnDownService,
  UnderwritingService,
  JoinPaymentService,
} from '@app/enrolment';
import { BankGateway, GatewaysModule, MedicalInsuranceGateway, TreasuryGateway, WechatPayGateway } from '@app/gateways';
import { assert, Clock } from '@app/kernel';
import { Database, PlatformModule, QUEUE_MAP, queueOptions, Relay, type Config } from '@app/platform';
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
        PlatformModule.forRoot({ config, entities: [...CLAIMS_ENTITIES, ...ENROLMENT_ENTITIES] }),
        GatewaysModule.forRoot(config),
        ClaimsModule,
        BullModule.forRootAsync({ useFactory: () => queueOptions(config) }),
        BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
      ],
      providers: [
        ...PROCESSORS,
        ContributionService,
        RosterImportService,
        TargetService,
        JoinPaymentService,
        { provide: CollectionBank, useExisting: BankGateway },
        { provide: PhonePay, useExisting: WechatPayGateway },
        RefundService,
        ReceiptService,
        { provide: RefundBank, useExisting: BankGateway },
        { provide: ReceiptOffice, useExisting: TreasuryGateway },
        UnderwritingService,
        TurnDownService,
        { provide: PersonRegister, useExisting: MedicalInsuranceGateway },
        { provide: UnderwritingPlans, useExisting: PlanVersionService },
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
            imports: RosterImportService,
            targets: TargetService,
            underwriting: UnderwritingService,
            turnDown: TurnDownService,
            joins: JoinPaymentService,
          ) =>
            new DueWork(
              database,
              clock,
              payment,
              reconciliation,
              contribution,
              imports,
              targets,
              underwriting,
              turnDown,
              joins,
              config.hours,
            ),
          inject: [
            Database,
            Clock,
            PaymentService,
            ReconciliationService,
            ContributionService,
            RosterImportService,
            TargetService,
            UnderwritingService,
            TurnDownService,
            JoinPaymentService,
          ],
        },
        Relay,
        Sweeper,
      ],
    };
  }
}
