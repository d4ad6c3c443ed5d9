/** Everything that is due in the whole engine; at rest it is empty. */
import { claimsDue, type Due, type PaymentService, type ReconciliationService } from '@app/claims';
import {
  BILL_READY,
  enrolmentDue,
  uploadCutBefore,
  type ContributionService,
  type JoinPaymentService,
  type RosterImportService,
  type TargetService,
  type TurnDownService,
  type UnderwritingService,
} from '@app/enrolment';
import type { QueueName } from '@app/contracts';
import { addDays, chinaDate, chinaInstant, type CivilDate, type Clock } from '@app/kernel';
import { addToOutbox, hurryRelay, type BusinessHours, type Database } from '@app/platform';

const DAY_MS = 86_400_000;
const HOUR_MS = DAY_MS / 24;
const NONE: ReadonlySet<string> = new Set();

export class DueWork {
  private readonly notBefore = new Map<string, Date>();
  private noCollectionBefore = new Date(0);
  private noBillBefore = new Date(0);

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly payment: PaymentService,
    private readonly reconciliation: ReconciliationService,
    private readonly contribution: ContributionService,
    private readonly imports: RosterImportService,
    private readonly targets: TargetService,
    private readonly underwriting: UnderwritingService,
    private readonly turnDown: TurnDownService,
    private readonly joins: JoinPaymentService,
    private readonly hours: BusinessHours,
  ) {}

  /** `glance`: stops at what rows alone tell when that is anything; for one who waits and looks often. `but`: commands that may be due. */
  async look(glance = false, but: ReadonlySet<string> = NONE): Promise<Due[]> {
    const now = this.clock.now();
    const { due: all, stopped } = await claimsDue(this.database.direct, now, chinaDate(now), this.reconciliation.lastStatementDay(now));
    const due = all.filter((one) => !but.has(one.wakeUp.command));
    if (glance && due.length > 0) return due;
    const work = (queue: QueueName, command: string, count: number, ids: readonly string[] = []) =>
      count > 0 && due.push({ wakeUp: { queue, command, ids }, count });
    work('contribution', 'collect', (await this.collectionDays(now)).length);
    // After the statements, since these make receipts due: looked at before, both could be missed.
    const { imports, receipts, refunds, joins, phoneRefunds, underwrites } = await enrolmentDue(
      this.database.direct,
      now,
      uploadCutBefore(now),
    );
    work('roster', 'import', imports.length, imports);
    work('roster', 'forget', await this.seldom('forget', now, DAY_MS, () => this.imports.hasOldFiles()));
    work('roster', 'follow-targets', await this.seldom('follow-targets', now, HOUR_MS, () => this.targets.isDue()));
    work('contribution', 'issue', receipts);
    work('contribution', 'refund', refunds);
    work('join', 'look', joins);
    work('join', 'refund', phoneRefunds);
    work('join', 'compare', (await this.billDays(now)).length);
    if (underwrites) work('underwriting', 'turn-down', await this.seldom('turn-down', now, HOUR_MS, () => this.turnDown.isDue()));
    work('underwriting', 'underwrite', underwrites ? await this.underwriting.due() : 0);
    const resumable = stopped ? await this.payment.resumable() : 0;
    if (resumable > 0) due.push({ wakeUp: { queue: 'payment', command: 'resume', ids: [] }, count: resumable });
    return due;
  }

  /** After a look that found nothing due, none is made for so long. */
  private async seldom(command: string, now: Date, ms: number, isDue: () => Promise<boolean>): Promise<number> {
    if (now < (this.notBefore.get(command) ?? now)) return 0;
    const due = await isDue();
    if (!due) this.notBefore.set(command, new Date(now.getTime() + ms));
    return due ? 1 : 0;
  }

  /** Statements of contributions come once a day: after a look that found none due, none is before the next evening. */
  private async collectionDays(now: Date): Promise<readonly CivilDate[]> {
    if (now < this.noCollectionBefore) return [];
    const days = await this.contribution.collectionDaysDue(now);
    if (days.length === 0) {
      const tonight = chinaInstant(chinaDate(now), this.hours.statementReady);
      this.noCollectionBefore = now < tonight ? tonight : chinaInstant(addDays(chinaDate(now), 1), this.hours.statementReady);
    }
    return days;
  }

  /** As the statements: after a look that found no bill due, none is before the next morning. */
  private async billDays(now: Date): Promise<readonly CivilDate[]> {
    if (now < this.noBillBefore) return [];
    const days = await this.joins.billDaysDue(now);
    if (days.length === 0) {
      const ready = chinaInstant(chinaDate(now), BILL_READY);
      this.noBillBefore = now < ready ? ready : chinaInstant(addDays(chinaDate(now), 1), BILL_READY);
    }
    return days;
  }

  wake(due: readonly Due[]): Promise<void> {
    return addToOutbox(
      this.database.direct,
      due.map((one) => one.wakeUp),
    );
  }

  /** As {@link wake}, and what waits patiently in the outbox goes with it. */
  hurry(due: readonly Due[]): Promise<void> {
    return hurryRelay(
      this.database.direct,
      due.map((one) => one.wakeUp),
    );
  }
}
