/** Everything that is due in the whole engine; at rest it is empty. */
import { claimsDue, type Due, type PaymentService, type ReconciliationService } from '@app/claims';
import {
  BILL_READY,
  enrolmentDue,
  uploadCutBefore,
  type ContributionService,
  type JoinPaymentService,
  type RosterImportService,
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
  private noCollectionBefore = new Date(0);
  private noOldFileBefore = new Date(0);
  private noBillBefore = new Date(0);
  private noTurnDownBefore = new Date(0);

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly payment: PaymentService,
    private readonly reconciliation: ReconciliationService,
    private readonly contribution: ContributionService,
    private readonly imports: RosterImportService,
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
    work('roster', 'forget', (await this.hasOldFiles(now)) ? 1 : 0);
    work('contribution', 'issue', receipts);
    work('contribution', 'refund', refunds);
    work('join', 'look', joins);
    work('join', 'refund', phoneRefunds);
    work('join', 'compare', (await this.billDays(now)).length);
    work('underwriting', 'turn-down', underwrites && (await this.hasTurnedDown(now)) ? 1 : 0);
    work('underwriting', 'underwrite', underwrites ? await this.underwriting.due() : 0);
    const resumable = stopped ? await this.payment.resumable() : 0;
    if (resumable > 0) due.push({ wakeUp: { queue: 'payment', command: 'resume', ids: [] }, count: resumable });
    return due;
  }

  /** By the week: after a look that found nobody, it is not asked for an hour. */
  private async hasTurnedDown(now: Date): Promise<boolean> {
    if (now < this.noTurnDownBefore) return false;
    const found = await this.turnDown.isDue();
    if (!found) this.noTurnDownBefore = new Date(now.getTime() + HOUR_MS);
    return found;
  }

  /** Files grow old by days: after a look that found none, none is for a day. */
  private async hasOldFiles(now: Date): Promise<boolean> {
    if (now < this.noOldFileBefore) return false;
    const found = await this.imports.hasOldFiles();
    if (!found) this.noOldFileBefore = new Date(now.getTime() + DAY_MS);
    return found;
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
