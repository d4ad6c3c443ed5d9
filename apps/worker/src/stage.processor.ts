/** One processor a queue: it calls the stage and decides nothing. A failure that cannot succeed later is not tried again. */
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import {
  AcceptanceService,
  AdjudicationService,
  ApprovalService,
  PaymentService,
  ReconciliationService,
  RehearsalService,
} from '@app/claims';
import type { QueueName } from '@app/contracts';
import {
  ContributionService,
  JoinPaymentService,
  ReceiptService,
  RefundService,
  RosterImportService,
  TargetService,
  TurnDownService,
  UnderwritingService,
} from '@app/enrolment';
import { Clock, DomainError, type CivilDate } from '@app/kernel';
import { eachAlone, JOB_IDS, WORKER_TIMING } from '@app/platform';
import { UnrecoverableError, type Job } from 'bullmq';

export interface WakeUpData {
  readonly ids: readonly string[];
}

type Commands = Readonly<Record<string, (ids: readonly string[]) => Promise<unknown>>>;

abstract class StageProcessor extends WorkerHost {
  protected abstract readonly commands: Commands;
  private readonly logger = new Logger(this.constructor.name);

  /** The queue's own trouble, such as a job that vanished while it ran; the sweeper makes up for it. */
  @OnWorkerEvent('error')
  onQueueError(error: Error): void {
    this.logger.warn(`queue: ${error.message}`);
  }

  async process(job: Job<WakeUpData>): Promise<void> {
    const command = this.commands[job.name];
    if (!command) throw new UnrecoverableError(`no command ${job.name}`);
    try {
      await command(job.data.ids);
    } catch (error) {
      // Ids and codes only: a database error's text can hold the values of a row.
      this.logger.error(
        `${job.name} ${job.id}: ${error instanceof DomainError ? error.message : `${(error as Error).name} ${(error as { code?: string }).code ?? (error as Error).stack?.split('\n')[1]?.trim() ?? ''}`}`,
      );
      if (error instanceof DomainError && !error.retry) throw new UnrecoverableError(error.code);
      throw new Error(error instanceof DomainError ? error.code : (error as Error).name);
    }
  }
}

/** Repeats a step that works in bounded sets until a set is not full; what comes later brings a wake-up of its own. */
const drain = async (step: () => Promise<number>): Promise<void> => {
  while ((await step()) >= JOB_IDS);
};

const on = (queue: QueueName, concurrency: number) => Processor(queue, { concurrency, ...WORKER_TIMING });

/** A claim's way from one stage to the next in the same job, as long as nobody else has to be asked. A backlog's wake-ups go to other workers meanwhile. */
@on('acceptance', 2)
export class AcceptanceProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    accept: async () => {
      await drain(() => this.acceptance.accept());
      await drain(() => this.adjudication.adjudicate([]));
      await drain(() => this.approval.approve([]));
    },
    compare: async () => {
      for (let days = await this.acceptance.daysToCompare(); days.length > 0; days = await this.acceptance.daysToCompare()) {
        for (const day of days) await this.acceptance.compareDay(day);
      }
    },
  };
  constructor(
    private readonly acceptance: AcceptanceService,
    private readonly adjudication: AdjudicationService,
    private readonly approval: ApprovalService,
  ) {
    super();
  }
}

@on('adjudication', 2)
export class AdjudicationProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    adjudicate: async (ids) => {
      await drain(() => this.adjudication.adjudicate(ids));
      await drain(() => this.approval.approve([]));
    },
  };
  constructor(
    private readonly adjudication: AdjudicationService,
    private readonly approval: ApprovalService,
  ) {
    super();
  }
}

@on('approval', 2)
export class ApprovalProcessor extends StageProcessor {
  protected readonly commands: Commands = { approve: (ids) => drain(() => this.approval.approve(ids)) };
  constructor(private readonly approval: ApprovalService) {
    super();
  }
}

@on('payment', 2)
export class PaymentProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    pay: (ids) => this.payment.pay(ids),
    query: () => this.payment.advance(),
    resume: (ids) => drain(() => this.payment.resume(ids)),
  };
  constructor(private readonly payment: PaymentService) {
    super();
  }
}

@on('reconciliation', 1)
export class ReconciliationProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    reconcile: async () => {
      for (let days = await this.reconciliation.daysDue(); days.length > 0; days = await this.reconciliation.daysDue()) {
        for (const day of days) if (!(await this.reconciliation.reconcile(day))) return;
      }
      await this.reconciliation.vouch();
    },
    cancel: () => drain(() => this.reconciliation.cancel()),
    vouch: () => this.reconciliation.vouch(),
  };
  constructor(private readonly reconciliation: ReconciliationService) {
    super();
  }
}

@on('roster', 1)
export class RosterProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    import: (ids) => this.imports.resume(ids),
    forget: () => this.imports.forget(),
    'follow-targets': () => this.targets.follow(),
  };
  constructor(
    private readonly imports: RosterImportService,
    private readonly targets: TargetService,
  ) {
    super();
  }
}

@on('contribution', 1)
export class ContributionProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    collect: async () => {
      for (let days = await this.due(); days.length > 0; days = await this.due()) {
        for (const day of days) if (!(await this.contribution.collect(day))) return;
      }
    },
    refund: () => this.refunds.advance(),
    issue: () => this.receipts.issue(),
  };
  constructor(
    private readonly contribution: ContributionService,
    private readonly refunds: RefundService,
    private readonly receipts: ReceiptService,
    private readonly clock: Clock,
  ) {
    super();
  }

  private due(): Promise<CivilDate[]> {
    return this.contribution.collectionDaysDue(this.clock.now());
  }
}

@on('underwriting', 1)
export class UnderwritingProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    underwrite: () => drain(() => this.underwriting.underwrite()),
    'turn-down': () => this.refusals.turnDown(),
  };
  constructor(
    private readonly underwriting: UnderwritingService,
    private readonly refusals: TurnDownService,
  ) {
    super();
  }
}

@on('join', 1)
export class JoinProcessor extends StageProcessor {
  protected readonly commands: Commands = {
    look: () => drain(() => this.payments.look()),
    refund: () => this.payments.refund(),
    compare: async () => {
      await eachAlone(await this.payments.billDaysDue(this.clock.now()), (day) => this.payments.compare(day));
    },
  };
  constructor(
    private readonly payments: JoinPaymentService,
    private readonly clock: Clock,
  ) {
    super();
  }
}

@on('notice', 1)
export class NoticeProcessor extends StageProcessor {
  protected readonly commands: Commands = { tell: () => this.payment.tell() };
  constructor(private readonly payment: PaymentService) {
    super();
  }
}

@on('rehearsal', 1)
export class RehearsalProcessor extends StageProcessor {
  protected readonly commands: Commands = { rehearse: (ids) => this.rehearsal.rehearse(ids) };
  constructor(private readonly rehearsal: RehearsalService) {
    super();
  }
}

export const PROCESSORS = [
  AcceptanceProcessor,
  AdjudicationProcessor,
  ApprovalProcessor,
  PaymentProcessor,
  ReconciliationProcessor,
  RosterProcessor,
  ContributionProcessor,
  JoinProcessor,
  NoticeProcessor,
  RehearsalProcessor,
  UnderwritingProcessor,
];
