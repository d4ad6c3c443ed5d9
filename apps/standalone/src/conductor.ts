/**
 * Plays a year on the virtual clock: the enrolment window, then every calendar day of the settlement feed with office hours, the batch
 * cut and the bank's evening statement. The clock moves only when the engine is at rest, so a run's result does not depend on the machine's speed.
 */
import { addDays, assert, chinaDate, chinaInstant, civilDate, fen, formatYuan, isWorkingDay, type CivilDate, type Fen } from '@app/kernel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { People, RosterPerson } from './people.js';
import type { Progress } from './progress.js';
import type { HubaoSystem } from './system.js';

/** The model plan's year (domain: rules of the model plan). */
export const YEAR = {
  planId: 'guangxi-1-2025',
  opensOn: civilDate('2024-09-01'),
  /** The last day of the window. */
  closesOn: civilDate('2024-12-10'),
  coverFrom: civilDate('2025-01-01'),
  coverTo: civilDate('2025-12-31'),
  contributionFen: 10_000,
} as const;

/** When the demo's officers decide: just before the cut-off, so that what came overnight is in the day's batch. */
const OFFICERS_ROUND = '09:55';
/** When the demo's members look at their phones in the afternoon. */
const AFTERNOON = '15:00';
const CLERK_UPLOADS = '09:30';
/** Units pay on so many days of the window, a week apart, the last of them on its last day. */
const PAYING_DAYS = 14;
/** Real time without any progress after which a run gives up and says what is stuck. */
const STUCK_MS = 60_000;
// A year has some thousand rests, and each waits half a pause for nothing; looking more often would take the time from the work.
const FIRST_LOOK_AFTER_MS = 8;
const LOOK_EVERY_MS = 3;
/** Working days without anything to do after the last message, so that late returns are seen. */
const QUIET_WORKING_DAYS = 3;
const MOST_DAYS_AFTER = 90;

export interface Timings {
  readonly import: number;
  readonly path: number;
}

export class Conductor {
  /** Called between two phases; the fault tests do their mischief here. */
  onPhase: (phase: string, on: CivilDate) => Promise<void> | void = () => undefined;

  constructor(
    private readonly system: HubaoSystem,
    private readonly people: People,
    private readonly progress: Progress,
  ) {}

  async play(roster: { fileName: string; csv: string; people: readonly RosterPerson[] }): Promise<Timings> {
    const imported = await this.enrol(roster.fileName, roster.csv);
    const started = performance.now();
    await this.playFeed(roster.people);
    return { import: imported, path: (performance.now() - started) / 1000 };
  }

  /** Returns the seconds the import took. */
  private async enrol(fileName: string, csv: string): Promise<number> {
    this.advanceTo(chinaInstant(YEAR.opensOn, this.hours.officeOpens));
    const window = await this.people.openWindow({
      planId: YEAR.planId,
      opensAt: chinaInstant(YEAR.opensOn).toISOString(),
      closesAt: chinaInstant(addDays(YEAR.closesOn, 1)).toISOString(),
      coverFrom: YEAR.coverFrom,
      coverTo: YEAR.coverTo,
      contributionFen: YEAR.contributionFen,
    });
    this.progress.stage('window', `open from ${YEAR.opensOn} to ${YEAR.closesOn}`);
    this.advanceTo(chinaInstant(addDays(YEAR.opensOn, 1), CLERK_UPLOADS));
    const started = performance.now();
    const { rows, accepted, refused } = await this.people.uploadRoster(window.id, fileName, csv);
    const seconds = (performance.now() - started) / 1000;
    this.progress.stage('roster', `${accepted} of ${rows} rows accepted, ${refused} refused with a reason`);

    const notices = await this.people.notices(window.id);
    const lastDay = YEAR.closesOn;
    let paid = 0;
    for (let on = addDays(YEAR.opensOn, 2); on <= lastDay; on = addDays(on, 7)) {
      const last = addDays(on, 7) > lastDay;
      const day = last ? lastDay : on;
      this.advanceTo(chinaInstant(day, AFTERNOON));
      const today = last ? notices.slice(paid) : notices.slice(paid, paid + Math.ceil(notices.length / PAYING_DAYS));
      await Promise.all(today.map((notice) => this.people.payContribution(notice)));
      paid += today.length;
      await this.reach(day, this.hours.statementReady);
      await this.rest();
    }
    this.advanceTo(chinaInstant(addDays(lastDay, 1)));
    await this.rest();
    const countdown = await this.people.countdown(window.id);
    this.progress.stage(
      'countdown',
      `${countdown.state}: ${countdown.enrolled} enrolled, ${countdown.covered} covered, ${notices.length} units paid`,
    );
    return seconds;
  }

  private async playFeed(members: readonly RosterPerson[]): Promise<void> {
    const { medicalInsurance } = this.system;
    const first = medicalInsurance.firstAt;
    if (!first) return;
    this.advanceTo(chinaInstant(chinaDate(first)));
    let quiet = 0;
    const lastDay = addDays(chinaDate(medicalInsurance.lastAt!), MOST_DAYS_AFTER);
    for (let on = chinaDate(this.clock.now()); quiet < QUIET_WORKING_DAYS && on <= lastDay; on = addDays(on, 1)) {
      const busy = isWorkingDay(on) ? await this.workingDay(on, members) : undefined;
      if (busy !== undefined && medicalInsurance.peekNext() === null) quiet = busy ? 0 : quiet + 1;
      await this.reach(on, '23:59:59');
    }
    await this.rest();
  }

  /** true when anything was paid or waits for an end. */
  private async workingDay(on: CivilDate, members: readonly RosterPerson[]): Promise<boolean> {
    await this.phase('office', on, OFFICERS_ROUND, true);
    await this.people.membersRound(members);
    await this.people.officersRound();
    await this.phase('cut', on, this.hours.batchCut);
    const batch = await this.people.financeRound();
    if (batch) {
      await this.phase('payment', on, this.hours.batchCut);
      await this.reach(on, AFTERNOON);
      await this.people.membersRound(members);
    }
    await this.phase('statement', on, this.hours.statementReady);
    const { openClaims, claims, paidFen } = await this.standing();
    this.progress.line(`${on}  ${claims} claims  ${openClaims} on their way  ${formatYuan(paidFen)} yuan settled`);
    return batch !== undefined || openClaims > 0;
  }

  private async phase(name: string, on: CivilDate, time: string, feedToo = false): Promise<void> {
    await this.reach(on, time);
    await this.onPhase(name, on);
    await this.rest(feedToo);
  }

  /** Lets the medical-insurance platform deliver what it sends until then, and moves the clock there. */
  private async reach(on: CivilDate, time: string): Promise<void> {
    const until = chinaInstant(on, time);
    await this.system.medicalInsurance.playback(until);
    this.advanceTo(until);
  }

  /**
   * Waits until nothing is due. What became due by the clock alone is woken here; the sweeper would find it a moment later. What the feed
   * brought may be on its way still where nobody looks at it before the next morning.
   */
  async rest(feedToo = true): Promise<void> {
    const { dueWork } = this.system;
    const but = feedToo ? undefined : BY_FEED;
    let due = await dueWork.look(false, but);
    const byClock = due.filter((one) => BY_CLOCK.has(one.wakeUp.command));
    if (feedToo && due.length > 0) await dueWork.hurry(byClock);
    else await dueWork.wake(byClock);
    let [last, since] = ['', performance.now()];
    for (let pause = FIRST_LOOK_AFTER_MS; due.length > 0; pause = LOOK_EVERY_MS) {
      const now = due.map(({ wakeUp, count }) => `${wakeUp.command}:${count}`).join(' ');
      if (now !== last) [last, since] = [now, performance.now()];
      assert(performance.now() - since < STUCK_MS, `nothing moved for ${STUCK_MS / 1000} s; still due: ${now}`);
      await sleep(pause);
      due = await dueWork.look(true, but);
    }
  }

  private async standing(): Promise<{ openClaims: number; claims: number; paidFen: Fen }> {
    const [row] = (await this.system.database.direct.query(
      `select count(*)::int as claims, (count(*) filter (where state in ('accepted', 'adjudicated', 'referred', 'endorsed', 'approved', 'batched', 'sent', 'paid', 'failed', 'returned') and fault is null))::int as "openClaims",
         coalesce(sum(benefit_fen) filter (where state = 'settled'), 0)::text as "paidFen" from claim`,
    )) as [{ openClaims: number; claims: number; paidFen: string }];
    return { ...row, paidFen: fen(Number(row.paidFen)) };
  }

  private advanceTo(instant: Date): void {
    this.clock.advanceTo(instant);
  }

  private get clock() {
    assert(this.system.clock, 'a year is played on a virtual clock');
    return this.system.clock;
  }

  private get hours() {
    return this.system.config.hours;
  }
}

/** Commands that become due because time passes, without a row that says so. */
const BY_CLOCK = new Set(['compare', 'reconcile', 'collect', 'query', 'refund']);
/** Commands that take the feed's messages as far as they go without a person. */
const BY_FEED = new Set(['accept', 'adjudicate', 'approve']);
