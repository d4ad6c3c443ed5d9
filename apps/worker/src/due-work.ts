/** Everything that is due in the whole engine; at rest it is empty. */
import { claimsDue, type Due, type PaymentService, type ReconciliationService } from '@app/claims';
import { contributionDue, type ContributionService, type RosterImportService, type UnderwritingService } from '@app/enrolment';
import { addDays, chinaDate, chinaInstant, type CivilDate, type Clock } from '@app/kernel';
import { addToOutbox, hurryRelay, type BusinessHours, type Database } from '@app/platform';

const DAY_MS = 86_400_000;
const NONE: ReadonlySet<string> = new Set();

export class DueWork {
  private noCollectionBefore = new Date(0);
  private noForgettingBefore = new Date(0);

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly payment: PaymentService,
    private readonly reconciliation: ReconciliationService,
    private readonly contribution: ContributionService,
    private readonly imports: RosterImportService,
    private readonly underwriting: UnderwritingService,
    private readonly hours: BusinessHours,
  ) {}

  /** `glance`: stops at what rows alone tell when that is anything; for one who waits and looks often. `but`: commands that may be due. */
  async look(glance = false, but: ReadonlySet<string> = NONE): Promise<Due[]> {
    const now = this.clock.now();
    const { due: all, stopped } = await claimsDue(this.database.direct, now, chinaDate(now), this.reconciliation.lastStatementDay(now));
    const due = all.filter((one) => !but.has(one.wakeUp.command));
    if (glance && due.length > 0) return due;
    due.push(...(await this.rosterWork(now)));
    const collections = await this.collectionDays(now);
    if (collections.length > 0) due.push({ wakeUp: { queue: 'contribution', command: 'collect', ids: [] }, count: collections.length });
    // After the statements, since these make receipts due: looked at before, both could be missed.
    due.push(...(await contributionDue(this.database.direct, now)));
    const underwriting = await this.underwriting.due();
    if (underwriting > 0) due.push({ wakeUp: { queue: 'underwriting', command: 'underwrite', ids: [] }, count: underwriting });
    const resumable = stopped ? await this.payment.resumable() : 0;
    if (resumable > 0) due.push({ wakeUp: { queue: 'payment', command: 'resume', ids: [] }, count: resumable });
    return due;
  }

  private async rosterWork(now: Date): Promise<Due[]> {
    const open = await this.imports.due();
    const work: Due[] = open.length > 0 ? [{ wakeUp: { queue: 'roster', command: 'import', ids: open }, count: open.length }] : [];
    if (now < this.noForgettingBefore) return work;
    if (await this.imports.hasOldFiles()) return [...work, { wakeUp: { queue: 'roster', command: 'forget', ids: [] }, count: 1 }];
    this.noForgettingBefore = new Date(now.getTime() + DAY_MS);
    return work;
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
