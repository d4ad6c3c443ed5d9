/**
 * Underwriting, in the background and after the enrolment is committed: enrolling never waits for it. One worker at a time asks the platform,
 * under a lease, so that its rate is kept; what is due stands in the rows, so whoever comes after a dead one goes on where it was.
 */
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { PersonReply } from '@app/contracts';
import { Clock, DomainError, chinaDate, maskName } from '@app/kernel';
import { Audit, Database, JOB_IDS, PersonalDataVault, addToOutbox, reachOf, newId, type Principal, type Transaction } from '@app/platform';
import { startUnderwritten } from '../cover/cover.repository.js';
import { readPersonalText } from '../member/member.js';
import { liesUnder } from '../organisation/organisation.js';
import type { Organisation } from '../organisation/organisation.entity.js';
import { organisationByCode } from '../organisation/organisation.repository.js';
import { addCovered, type UnitCovers } from '../window/enrolment-count.repository.js';
import { planLineOf, type Underwriting } from '../window/window.js';
import { windowById } from '../window/window.repository.js';
import { PersonRegister } from './person-register.js';
import { UnderwritingPlans } from './underwriting-plans.js';
import {
  UNDERWRITING_REASONS,
  decide,
  decideUnit,
  missingOf,
  outageMinutes,
  pauseMinutes,
  type PlanRules,
  type UnderwritingReason,
  type UnderwritingState,
} from './underwriting.js';
import * as applications from './underwriting.repository.js';

/** Calls that are on their way at once. */
const IN_FLIGHT = 32;
/** Answers that are saved together: what a dead worker has asked in vain at most, besides those in flight. */
const SAVE_ROWS = 100;
const LIST_UNITS = 200;
/** Renewed with every set that is saved; long enough for one in which nobody answers in time. */
const LEASE_MINUTES = 5;
const PAGE = 500;

interface AskedWindow extends applications.AskingWindow {
  /** undefined for a plan nobody knows. */
  readonly rules: PlanRules | undefined;
  /** Line of plans that the plan adds to. */
  readonly baseLine: string | null;
}

interface Work {
  readonly application: applications.DueApplication;
  readonly window: AskedWindow;
  readonly base: applications.BaseStanding | undefined;
}

interface Answered extends Pick<Work, 'window'> {
  readonly outcome: applications.Outcome;
}

export type Counts = Partial<Record<UnderwritingState, number>>;

export interface UnitUnderwriting {
  unitCode: string;
  unitName: string;
  states: Counts;
  reasons: Partial<Record<UnderwritingReason, number>>;
  /** Applications that are not refused, of how many people; null while nobody has said. */
  enrolled: number;
  staff: number | null;
  /** How many more have to enrol; null while the staff, or the plan, is not known. */
  missing: number | null;
}

export interface WindowUnderwriting {
  asks: Underwriting;
  states: Counts;
  reasons: Partial<Record<UnderwritingReason, number>>;
  /** Least share of a unit's staff, as the plan prints it; null where it asks none. */
  minimumParticipation: string | null;
  /** The platform is down, and is asked again then. */
  outageUntil: Date | null;
  units: UnitUnderwriting[];
}

export interface UnderwrittenPerson {
  memberId: string;
  /** Masked. */
  name: string;
  unitCode: string;
  state: UnderwritingState;
  reason: UnderwritingReason | null;
  remedy: { zh: string; en: string };
  attempts: number;
  /** 1 normal, 2 suspended, 3 ended. */
  psnInsuStas: string | null;
  answeredAt: Date | null;
}

const NOT_ANSWERED = {
  zh: '医保平台多次未能答复此人的查询，系统会继续查询；请向医保经办机构了解原因。',
  en: 'The medical-insurance platform has repeatedly given no answer about this person. Asking goes on; ask the insurance office why.',
};

@Injectable()
export class UnderwritingService implements OnModuleDestroy {
  private readonly logger = new Logger(UnderwritingService.name);
  private readonly runner = newId();
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly register: PersonRegister,
    private readonly plans: UnderwritingPlans,
    private readonly audit: Audit,
  ) {}

  /** Ends what runs, after the calls that are on their way. */
  onModuleDestroy(): void {
    this.stopped = true;
  }

  /** Above 0 when there is something to do; another number whenever something has moved. */
  async due(): Promise<number> {
    const now = this.clock.now();
    const { ask, list, steps } = await applications.lookAtWork(this.database.direct, now);
    return ask || list || (await this.decidableUnits(now)).length > 0 ? steps + 1 : 0;
  }

  /** Lists new applications, asks about up to a thousand people and decides units; returns about how many it asked. */
  async underwrite(): Promise<number> {
    const now = this.clock.now();
    const run = await applications.takeRun(this.database.direct, this.runner, now, this.leaseFrom(now));
    if (!run) return 0;
    let asked = 0;
    try {
      while ((await applications.listApplications(this.database.direct, now, LIST_UNITS)) === LIST_UNITS);
      if (run.resumesAt === null || run.resumesAt <= now) asked = await this.ask(now, run.outages);
      for (const { unit, state } of await this.decidableUnits(this.clock.now())) await this.moveUnit(unit, state);
    } finally {
      if (asked < JOB_IDS || this.stopped) await applications.endRun(this.database.direct, this.runner);
    }
    return asked;
  }

  private async ask(now: Date, outagesBefore: number): Promise<number> {
    const work = await this.workOf(await applications.dueApplications(this.database.direct, now, JOB_IDS));
    const early = work.filter(({ base }) => base === 'awaited').map(({ application }) => application);
    await applications.putOff(this.database.direct, early, minutesAfter(now, BASE_MINUTES));
    const waiting = work.filter(({ base }) => base !== 'awaited').values();
    const outcomes: Answered[] = [];
    let [asked, saved, down] = [early.length, 0, false];
    const save = async (set: Answered[]): Promise<void> => {
      if (set.length === 0) return;
      await this.save(set);
      saved += set.length;
    };
    // All take from the same list, until it is empty or there is no sense in going on.
    const take = async (): Promise<void> => {
      for (const one of waiting) {
        if (down || this.stopped) return;
        asked++;
        const outcome = await this.askAbout(one);
        if (outcome === 'down') down = true;
        else outcomes.push({ outcome, window: one.window });
        if (outcomes.length >= SAVE_ROWS) await save(outcomes.splice(0));
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, take));
    await save(outcomes.splice(0));
    if (!down) return asked;
    const pause = outageMinutes(saved > 0 ? 1 : outagesBefore + 1);
    await applications.noteOutage(this.database.direct, minutesAfter(this.clock.now(), pause));
    this.logger.warn(`the medical-insurance platform is down; it is asked again in ${pause} min`);
    return 0;
  }

  /** 'down': nothing was learnt about the person, nor about anybody else. */
  private async askAbout({ application, window, base }: Work): Promise<applications.Outcome | 'down'> {
    const { memberId, periodId, attempts, unknownOn, sealed, insutype } = application;
    const { personalNumber, name } = readPersonalText(this.vault.open(sealed));
    const reply: PersonReply | 'down' = window.rules ? await this.replyAbout(personalNumber, name) : { outcome: 'no-answer' };
    if (reply === 'down') return 'down';
    const now = this.clock.now();
    if (reply.outcome === 'no-answer' || !window.rules) {
      const nextAt = minutesAfter(now, pauseMinutes(attempts + 1));
      return {
        memberId,
        periodId,
        state: 'not-answered',
        reason: null,
        attempts: attempts + 1,
        nextAt,
        answered: false,
        insurance: null,
        unknownOn,
      };
    }
    const askedOn = chinaDate(now);
    const verdict = decide(
      { personalNumber, name, insutype, coverFrom: window.coverFrom, holdsBase: base === 'held', askedOn, unknownOn },
      reply.outcome === 'known' ? reply.person : undefined,
      window.rules,
    );
    return {
      memberId,
      periodId,
      state: verdict.state,
      reason: verdict.state === 'refused' ? verdict.reason : null,
      attempts: 0,
      nextAt: verdict.state === 'due' ? minutesAfter(now, DAY_MINUTES) : null,
      answered: true,
      insurance: verdict.state === 'due' ? null : verdict.insurance,
      unknownOn: verdict.state === 'due' ? verdict.unknownOn : null,
    };
  }

  private async replyAbout(personalNumber: string, name: string): Promise<PersonReply | 'down'> {
    try {
      return await this.register.person(personalNumber, name);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // Silence may be about this person; whatever else keeps it from answering is not.
      return error.code === 'no-answer' ? { outcome: 'no-answer' } : 'down';
    }
  }

  private async workOf(due: readonly applications.DueApplication[]): Promise<Work[]> {
    const windows = await this.windowsOf(due.map(({ windowId }) => windowId));
    const bases = new Map<string, Map<string, applications.BaseStanding>>();
    for (const { id, baseLine, coverFrom } of windows.values()) {
      if (baseLine === null) continue;
      const members = due.filter(({ windowId }) => windowId === id).map(({ memberId }) => memberId);
      bases.set(id, await applications.basesOf(this.database.direct, members, baseLine, coverFrom));
    }
    return due.map((application) => ({
      application,
      window: windows.get(application.windowId)!,
      base: bases.get(application.windowId)?.get(application.memberId),
    }));
  }

  private async windowsOf(ids: readonly string[]): Promise<Map<string, AskedWindow>> {
    const windows = new Map<string, AskedWindow>();
    for (const window of await applications.windowsOf(this.database.direct, [...new Set(ids)])) {
      const rules = await this.plans.planOn(window.coverFrom, window.planId);
      if (!rules) this.logger.error(`expected the plan ${window.planId} of a window that asks, found none; nobody is asked about for it`);
      windows.set(window.id, { ...window, rules, baseLine: rules?.basePlan ? planLineOf(rules.basePlan) : null });
    }
    return windows;
  }

  private async save(answered: readonly Answered[]): Promise<void> {
    const at = this.clock.now();
    await this.database.transaction(async (tx) => {
      await this.startCovers(tx, await applications.saveOutcomes(tx, await this.stillSound(tx, answered), at), at);
      await applications.keepRun(tx, this.runner, this.leaseFrom(at));
    });
  }

  /** Without those whose base has ended since they were asked about: they stay due, and are decided without it. */
  private async stillSound(tx: Transaction, answered: readonly Answered[]): Promise<applications.Outcome[]> {
    const lost = new Set<Answered>();
    for (const window of new Set(answered.map((one) => one.window))) {
      if (window.baseLine === null) continue;
      const sound = answered.filter((one) => one.window === window && SOUND.has(one.outcome.state));
      const members = sound.map(({ outcome }) => outcome.memberId);
      const holders = await applications.lockBases(tx, members, window.baseLine, window.coverFrom);
      for (const one of sound) if (!holders.has(one.outcome.memberId)) lost.add(one);
    }
    return answered.filter((one) => !lost.has(one)).map(({ outcome }) => outcome);
  }

  private async startCovers(tx: Transaction, passed: readonly applications.Passed[], at: Date): Promise<void> {
    const started: UnitCovers[] = [];
    for (const periodId of new Set(passed.map((one) => one.periodId))) {
      const members = passed.filter((one) => one.periodId === periodId).map((one) => one.memberId);
      started.push(...(await startUnderwritten(tx, members, periodId, at)));
    }
    await addCovered(tx, started);
  }

  private async decidableUnits(now: Date): Promise<{ unit: applications.WaitingUnit; state: UnderwritingState }[]> {
    const units = await applications.waitingUnits(this.database.direct);
    if (units.length === 0) return [];
    const windows = await this.windowsOf(units.map(({ windowId }) => windowId));
    return units.flatMap((unit) => {
      const { rules, closesAt } = windows.get(unit.windowId)!;
      const state = rules ? decideUnit(unit, rules, closesAt <= now) : 'waiting';
      return state === 'waiting' ? [] : [{ unit, state }];
    });
  }

  private moveUnit(unit: applications.WaitingUnit, state: UnderwritingState): Promise<void> {
    const at = this.clock.now();
    return this.database.transaction(async (tx) => {
      const reason = state === 'refused' ? 'participation-too-low' : null;
      await this.startCovers(tx, await applications.moveWaiting(tx, unit, state, reason, at), at);
    });
  }

  private leaseFrom(now: Date): Date {
    return minutesAfter(now, LEASE_MINUTES);
  }

  /** How the applications of a window stand, unit by unit, below the user's organisation. Errors: `window` (not found), `forbidden`. */
  async standing(windowId: string, principal: Principal): Promise<WindowUnderwriting> {
    const path = this.pathOf(principal);
    const { window } = await windowById(this.database.direct, windowId);
    const [units, counts, outageUntil] = [
      await applications.unitsUnder(this.database.direct, windowId, path),
      await applications.standingCounts(this.database.direct, windowId, path),
      await applications.outageUntil(this.database.direct),
    ];
    const rules = window.underwriting === 'none' ? undefined : await this.plans.planOn(window.cover_from, window.plan_id);
    return {
      asks: window.underwriting,
      ...tally(counts),
      minimumParticipation: rules?.minimumParticipation?.text ?? null,
      outageUntil,
      units: units.map(({ unitId, unitCode, unitName, enrolled, staff }) => ({
        unitCode,
        unitName,
        ...tally(counts.filter((one) => one.unitId === unitId)),
        enrolled,
        staff,
        missing: rules ? missingOf({ enrolled, staff }, rules) : null,
      })),
    };
  }

  /** Refused people, and those asked about in vain, with what to do; a page of 500 after the member `after`. Errors: `window` (not found), `forbidden`. */
  async people(
    windowId: string,
    principal: Principal,
    { unitCode, after }: { unitCode?: string; after?: string },
  ): Promise<UnderwrittenPerson[]> {
    const path = this.pathOf(principal);
    await windowById(this.database.direct, windowId);
    const people = await applications.shownPeople(this.database.direct, windowId, path, unitCode ?? null, after ?? null, PAGE);
    return people.map(({ sealed, reason, ...person }) => ({
      ...person,
      reason,
      name: maskName(readPersonalText(this.vault.open(sealed)).name),
      remedy: reason ? UNDERWRITING_REASONS[reason] : NOT_ANSWERED,
    }));
  }

  /** The unit's data were corrected: its refused and unanswered applications are asked about again. Errors: `window`, `unit` (not found), `forbidden`. */
  async askAgain(windowId: string, unitCode: string, principal: Principal): Promise<{ applications: number }> {
    return this.correct(windowId, unitCode, principal, async (tx, unit) => ({
      applications: await applications.dueAgain(tx, windowId, unit.id, this.clock.now()),
    }));
  }

  /** How many people work at the unit, which its participation goes by. Errors: `window`, `unit` (not found), `forbidden`. */
  async setStaff(windowId: string, unitCode: string, staff: number, principal: Principal): Promise<void> {
    await this.correct(windowId, unitCode, principal, (tx, unit) => applications.saveStaff(tx, windowId, unit.id, staff));
  }

  private async correct<T>(
    windowId: string,
    unitCode: string,
    principal: Principal,
    change: (tx: Transaction, unit: Organisation) => Promise<T>,
  ): Promise<T> {
    const reach = reachOf(principal, 'underwriting.correct');
    const { organisation } = await windowById(this.database.direct, windowId);
    const unit = await organisationByCode(this.database.direct, unitCode);
    if (unit?.kind !== 'unit' || !liesUnder(unit.path, organisation.path))
      throw new DomainError('unit', 'not-found', 'unitCode: expected a unit of this window, found none; check the code');
    if (reach.scope !== 'all' && !liesUnder(unit.path, reach.organisationPath))
      throw new DomainError('forbidden', 'forbidden', 'expected a unit of your own organisation, found one of another; ask its clerk');
    return this.database.transaction(async (tx) => {
      const changed = await change(tx, unit);
      await this.audit.record(
        {
          actor: principal.userId,
          roles: principal.roles,
          action: 'underwriting.correct',
          route: 'UnderwritingService.correct',
          subject: `${windowId} ${unit.id}`,
          outcome: 'allowed',
        },
        tx,
      );
      await addToOutbox(tx, [{ queue: 'underwriting', command: 'underwrite', ids: [] }]);
      return changed;
    });
  }

  private pathOf(principal: Principal): string {
    const reach = reachOf(principal, 'underwriting.read');
    return reach.scope === 'all' ? '/' : reach.organisationPath;
  }
}

const DAY_MINUTES = 1_440;

/** Until it is looked whether the base of an add-on is decided and paid; the platform is not asked for that. */
const BASE_MINUTES = 60;

const SOUND: ReadonlySet<UnderwritingState> = new Set(['passed', 'waiting']);

const minutesAfter = (instant: Date, minutes: number): Date => new Date(instant.getTime() + minutes * 60_000);

function tally(counts: readonly applications.StandingCount[]): Pick<WindowUnderwriting, 'states' | 'reasons'> {
  const [states, reasons]: [Counts, Partial<Record<UnderwritingReason, number>>] = [{}, {}];
  for (const { state, reason, count } of counts) {
    states[state] = (states[state] ?? 0) + count;
    if (reason) reasons[reason] = (reasons[reason] ?? 0) + count;
  }
  return { states, reasons };
}
