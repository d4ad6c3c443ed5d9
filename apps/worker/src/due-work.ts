/** Everything that is due in the whole engine; at rest it is empty. */
import { claimsDue, type Due, type PaymentService, type ReconciliationService } from '@app/claims';
import { BILL_READY, joinDue, type ContributionService, type JoinPaymentService } from '@app/enrolment';
import { addDays, chinaDate, chinaInstant, type CivilDate, type Clock } from '@app/kernel';
import { addToOutbox, hurryRelay, type BusinessHours, type Database } from '@app/platform';

export class DueWork {
  private noCollectionBefore = new Date(0);
  private noBillBefore = new Date(0);

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly payment: PaymentService,
    private readonly reconciliation: ReconciliationService,
    private readonly contribution: ContributionService,
    private readonly joins: JoinPaymentService,
    private readonly hours: BusinessHours,
  ) {}

  /** `glance`: stops at what rows alone tell when that is anything; for one who waits and looks often. */
  async look(glance = false): Promise<Due[]> {
    const now = this.clock.now();
    const { due, stopped } = await claimsDue(this.database.direct, now, chinaDate(now));
    const { look, refund } = await joinDue(this.database.direct, now);
    if (look > 0) due.push({ wakeUp: { queue: 'join', command: 'look', ids: [] }, count: look });
    if (refund > 0) due.push({ wakeUp: { queue: 'join', command: 'refund', ids: [] }, count: refund });
    if (glance && due.length > 0) return due;
    const days = await this.reconciliation.daysDue();
    if (days.length > 0) due.push({ wakeUp: { queue: 'reconciliation', command: 'reconcile', ids: [] }, count: days.length });
    const collections = await this.collectionDays(now);
    if (collections.length > 0) due.push({ wakeUp: { queue: 'contribution', command: 'collect', ids: [] }, count: collections.length });
    const bills = await this.billDays(now);
    if (bills.length > 0) due.push({ wakeUp: { queue: 'join', command: 'compare', ids: [] }, count: bills.length });
    const resumable = stopped ? await this.payment.resumable() : 0;
    if (resumable > 0) due.push({ wakeUp: { queue: 'payment', command: 'resume', ids: [] }, count: resumable });
    return due;
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

  hurry(): Promise<void> {
    return hurryRelay(this.database.direct);
  }

  /** At once, since whoever calls has waited for it already. */
  async wake(due: readonly Due[]): Promise<void> {
    if (due.length === 0) return;
    await addToOutbox(
      this.database.direct,
      due.map((one) => one.wakeUp),
    );
    await this.hurry();
  }
}
