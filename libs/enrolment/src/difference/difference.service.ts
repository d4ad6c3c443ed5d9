/** What a new roster changes against last period: shown to the unit's clerk, and confirmed in one act before it is paid for. */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError, maskIdentifier, maskName } from '@app/kernel';
import { Audit, Database, PersonalDataVault, type PermissionName, type Principal, type Transaction } from '@app/platform';
import { readPersonalText } from '../member/member.js';
import { liesUnder } from '../organisation/organisation.js';
import type { EnrolmentWindow } from '../window/window.entity.js';
import { windowById } from '../window/window.repository.js';
import { csvHead, csvLines } from './difference-csv.js';
import {
  compare,
  countsOf,
  digestOf,
  digestOfUnits,
  idConflicts,
  stateOf,
  sumOf,
  type ConfirmationState,
  type ConflictReason,
  type DifferenceCounts,
  type DifferenceKind,
  type Entry,
  type Person,
} from './difference.js';
import * as differences from './difference.repository.js';
import type { Correction, Periods, UnitCounts } from './difference.repository.js';
import { WithdrawalService, outOfReach, withinReach } from './withdrawal.service.js';

/** People whose data are opened between two turns of everybody else. */
const OPENED_AT_ONCE = 1_000;

export interface UnitSummary extends DifferenceCounts {
  readonly unitCode: string;
  readonly unitName: string;
  readonly state: ConfirmationState;
  /** To be sent back by whoever confirms. */
  readonly digest: string;
}

/** Of several units together. */
export interface DifferenceTotal extends DifferenceCounts {
  readonly units: number;
  /** Units that are not confirmed and have to be. */
  readonly due: number;
  readonly digest: string;
}

export interface DifferencePage {
  readonly lastWindowId: string;
  /** All that is within reach; on the first page only. */
  readonly total?: DifferenceTotal;
  readonly units: readonly UnitSummary[];
  readonly next?: string;
}

/** Masked. */
export interface DifferentPerson {
  readonly memberId: string;
  readonly kind: DifferenceKind;
  readonly name: string;
  readonly personalNumber: string;
  readonly otherUnit?: { readonly code: string; readonly name: string };
}

export interface IdConflictView extends Correction {
  readonly reasons: readonly ConflictReason[];
  /** A clerk has said that they are one person. */
  readonly corrected: boolean;
}

export interface UnitDifferences extends UnitSummary {
  readonly lastWindowId: string;
  readonly people: readonly DifferentPerson[];
  readonly idConflicts: readonly IdConflictView[];
}

export interface Confirmation {
  /** undefined: all that are within reach. */
  readonly unitCodes?: readonly string[];
  /** Of the differences that were shown, before any withdrawal. */
  readonly digest: string;
  readonly corrections: readonly Correction[];
  /** Ids of members. */
  readonly withdrawals: readonly string[];
}

export interface Confirmed extends DifferenceTotal {
  readonly corrections: number;
  readonly withdrawals: number;
}

/** What somebody may look at of a window. */
interface Place {
  readonly window: EnrolmentWindow;
  readonly periods: Periods;
  readonly path: string;
}

@Injectable()
export class DifferenceService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly audit: Audit,
    private readonly withdrawals: WithdrawalService,
  ) {}

  /** Counts by unit, in the order of the codes, from behind `after` on. Errors: `window`, `earlier-window` (not found), `forbidden`. */
  async page(windowId: string, principal: Principal, after?: string): Promise<DifferencePage> {
    const { periods, path } = await this.place(this.database.direct, windowId, principal, 'difference.read');
    const { units, next } = await differences.countsOfPage(this.database.direct, periods, path, after ?? '');
    return {
      lastWindowId: periods.lastWindowId,
      ...(after === undefined ? { total: totalOf(await differences.countsOfAll(this.database.direct, periods, path)) } : {}),
      units: units.map(summaryOf),
      ...(next === undefined ? {} : { next }),
    };
  }

  /** The people of one unit. Errors as {@link page}, and `unit` (not found). */
  async unit(windowId: string, principal: Principal, code: string): Promise<UnitDifferences> {
    const { periods, path } = await this.place(this.database.direct, windowId, principal, 'difference.read');
    const [unit] = await this.named(this.database.direct, periods, path, [code]);
    return { lastWindowId: periods.lastWindowId, ...(await this.unitDifferences(periods, unit!)) };
  }

  /** Whoever {@link unit} shows, of one unit or of all within reach, as lines of a file; the people of one unit at a time. Errors as {@link unit}. */
  async csv(windowId: string, principal: Principal, code?: string): Promise<AsyncIterable<string>> {
    const { periods, path } = await this.place(this.database.direct, windowId, principal, 'difference.read');
    if (code === undefined) return this.csvOf(periods, this.unitsUnder(periods, path));
    return this.csvOf(periods, await this.named(this.database.direct, periods, path, [code]));
  }

  /**
   * Confirms the differences of these units, when they are still those that were shown. Who was withdrawn in the same act is no difference any more.
   * Errors: those of {@link unit} and of {@link WithdrawalService.withdraw}, `differences-changed`, `correction-taken` (conflict), `correction` (invalid).
   */
  confirm(windowId: string, principal: Principal, { unitCodes, digest, corrections, withdrawals }: Confirmation): Promise<Confirmed> {
    return this.database.transaction(async (tx) => {
      const place = await this.place(tx, windowId, principal, 'difference.confirm');
      const { periods, path } = place;
      const read = () => (unitCodes ? this.named(tx, periods, path, unitCodes) : differences.countsOfAll(tx, periods, path));
      // Locks in the order of an import: members, imports, units.
      await differences.lockMembers(tx, [...new Set(corrections.flatMap(({ leaver, joiner }) => [leaver, joiner]))]);
      const withdraw =
        withdrawals.length > 0
          ? await this.withdrawals.lock(tx, windowId, await this.withdrawals.begin(tx, place, principal), principal, [
              ...new Set(withdrawals),
            ])
          : undefined;
      let units = await read();
      if (digestOfUnits(units) !== digest) throw changed(totalOf(units));
      await this.correct(tx, periods, units, corrections, new Set(withdrawals), principal);
      if (withdraw) {
        await withdraw();
        units = await read();
      }
      await differences.insertConfirmations(tx, windowId, units, principal.userId, this.clock.now());
      const total = totalOf(units.map((unit) => ({ ...unit, confirmed: true })));
      return { ...total, corrections: corrections.length, withdrawals: withdrawals.length };
    });
  }

  private async place(tx: Transaction, windowId: string, principal: Principal, permission: PermissionName): Promise<Place> {
    const { window, organisation } = await windowById(tx, windowId);
    const path = withinReach(organisation.path, principal, permission);
    const periods = await differences.periodsOf(tx, windowId);
    if (!periods)
      throw new DomainError(
        'earlier-window',
        'not-found',
        'expected a window of this plan and organisation whose cover ended before this one starts, found none; there is nothing to compare with',
      );
    return { window, periods, path };
  }

  private async named(tx: Transaction, periods: Periods, path: string, codes: readonly string[]): Promise<UnitCounts[]> {
    const units = await differences.countsOfNamed(tx, periods, codes);
    if (units.some((unit) => !liesUnder(unit.path, path))) throw outOfReach();
    if (units.length < new Set(codes).size)
      throw new DomainError(
        'unit',
        'not-found',
        'expected codes of units with members in this window or the last, found another; leave it out',
      );
    return units;
  }

  private async *unitsUnder(periods: Periods, path: string): AsyncGenerator<UnitCounts> {
    for (let after: string | undefined = ''; after !== undefined;) {
      const { units, next }: differences.CountsPage = await differences.countsOfPage(this.database.direct, periods, path, after);
      yield* units;
      after = next;
    }
  }

  private async *csvOf(periods: Periods, units: AsyncIterable<UnitCounts> | Iterable<UnitCounts>): AsyncGenerator<string> {
    yield csvHead(['单位代码', '单位名称', '变化', '姓名', '身份证号码', '原单位或新单位', '疑似同一人', '编号']);
    for await (const unit of units) {
      if (unit.joiners + unit.leavers + unit.movedIn + unit.movedOut === 0) continue;
      const { people, idConflicts: conflicts } = await this.unitDifferences(periods, unit);
      const others = new Map<string, string>();
      for (const { leaver, joiner } of conflicts) {
        others.set(leaver, [others.get(leaver), joiner].filter(Boolean).join(' '));
        others.set(joiner, [others.get(joiner), leaver].filter(Boolean).join(' '));
      }
      for (let i = 0; i < people.length; i += OPENED_AT_ONCE) {
        yield csvLines(
          people
            .slice(i, i + OPENED_AT_ONCE)
            .map(({ memberId, kind, name, personalNumber, otherUnit }) => [
              unit.code,
              unit.name,
              KINDS_ZH[kind],
              name,
              personalNumber,
              otherUnit?.name ?? '',
              others.get(memberId) ?? '',
              memberId,
            ]),
        );
      }
    }
  }

  /** People, counts and digest are of one statement, so that what is confirmed is what was shown. */
  private async unitDifferences(
    periods: Periods,
    { unitId, code, name }: Pick<UnitCounts, 'unitId' | 'code' | 'name'>,
  ): Promise<Omit<UnitDifferences, 'lastWindowId'>> {
    const tx = this.database.direct;
    const difference = compare(unitId, await differences.placesOf(tx, periods, unitId));
    const counts = countsOf(difference);
    const digest = digestOf(unitId, difference);
    const entries = [...difference.entries].sort((a, b) => RANK[a.kind] - RANK[b.kind] || (a.memberId < b.memberId ? -1 : 1));
    const shown: DifferentPerson[] = [];
    const [leavers, joiners]: [Person[], Person[]] = [[], []];
    const unitOf = new Map(
      (await differences.unitNames(tx, [...new Set(entries.flatMap(({ otherUnitId }) => otherUnitId ?? []))])).map((unit) => [
        unit.id,
        unit,
      ]),
    );
    for (let i = 0; i < entries.length; i += OPENED_AT_ONCE) {
      const some = entries.slice(i, i + OPENED_AT_ONCE);
      const people = await this.open(tx, some);
      for (const { kind, memberId, otherUnitId } of some) {
        const person = people.get(memberId)!;
        if (kind === 'leaver') leavers.push(person);
        if (kind === 'joiner') joiners.push(person);
        const other = otherUnitId === null ? undefined : unitOf.get(otherUnitId);
        shown.push({
          memberId,
          kind,
          name: maskName(person.name),
          personalNumber: maskIdentifier(person.personalNumber),
          ...(other ? { otherUnit: { code: other.code, name: other.name } } : {}),
        });
      }
    }
    const conflicts = idConflicts(leavers, joiners);
    const corrected = new Map(
      (
        await differences.correctionsOf(
          tx,
          conflicts.map(({ leaver }) => leaver),
        )
      ).map(({ leaver, joiner }) => [leaver, joiner]),
    );
    return {
      unitCode: code,
      unitName: name,
      ...counts,
      digest,
      state: stateOf(counts, await differences.isConfirmed(tx, periods.windowId, unitId, digest)),
      people: shown,
      idConflicts: conflicts.map((conflict) => ({ ...conflict, corrected: corrected.get(conflict.leaver) === conflict.joiner })),
    };
  }

  private async open(tx: Transaction, entries: readonly Pick<Entry, 'memberId'>[]): Promise<Map<string, Person>> {
    const sealed = await differences.sealedOf(
      tx,
      entries.map(({ memberId }) => memberId),
    );
    return new Map(
      sealed.map((member) => {
        const { name, personalNumber, phone } = readPersonalText(this.vault.open(member.sealed));
        return [member.id, { memberId: member.id, name, personalNumber, phone }];
      }),
    );
  }

  private async correct(
    tx: Transaction,
    periods: Periods,
    units: readonly UnitCounts[],
    corrections: readonly Correction[],
    withdrawn: ReadonlySet<string>,
    { userId, roles }: Principal,
  ): Promise<void> {
    if (corrections.length === 0) return;
    const ids = corrections.flatMap(({ leaver, joiner }) => [leaver, joiner]);
    const placed = await differences.sameUnit(
      tx,
      periods,
      corrections,
      units.map(({ unitId }) => unitId),
    );
    const people = await this.open(
      tx,
      ids.map((memberId) => ({ memberId })),
    );
    // What a clerk may say is one person, the data must show to be likely: with the person go waiting days and consecutive periods.
    const sound =
      new Set(ids).size === ids.length &&
      !ids.some((id) => withdrawn.has(id)) &&
      placed.length === corrections.length &&
      corrections.every(({ leaver, joiner }) => idConflicts([people.get(leaver)!], [people.get(joiner)!]).length > 0);
    if (!sound)
      throw new DomainError(
        'correction',
        'invalid',
        'corrections: expected id conflicts of these units, each person once, found another pair; take them from the differences',
      );
    const made = await differences.insertAliases(tx, periods.windowId, corrections, userId, this.clock.now());
    if (made.length < corrections.length)
      throw new DomainError(
        'correction-taken',
        'conflict',
        'corrections: expected people who are not somebody else already, found one who is; leave that pair out',
      );
    await this.audit.recordSubjects(
      tx,
      corrections.map(({ leaver }) => leaver),
      { actor: userId, roles, action: 'difference.confirm', route: 'DifferenceService.correct', outcome: 'allowed' },
    );
  }
}

const RANK: Record<DifferenceKind, number> = { joiner: 0, leaver: 1, 'moved-in': 2, 'moved-out': 3 };
const KINDS_ZH: Record<DifferenceKind, string> = { joiner: '新增', leaver: '减少', 'moved-in': '转入', 'moved-out': '转出' };

const summaryOf = ({ code, name, digest, confirmed, joiners, leavers, movedIn, movedOut, stays }: UnitCounts): UnitSummary => {
  const counts = { joiners, leavers, movedIn, movedOut, stays };
  return { unitCode: code, unitName: name, ...counts, state: stateOf(counts, confirmed), digest };
};

const totalOf = (units: readonly UnitCounts[]): DifferenceTotal => ({
  units: units.length,
  due: units.filter((unit) => stateOf(unit, unit.confirmed) === 'due').length,
  ...sumOf(units),
  digest: digestOfUnits(units),
});

const changed = ({ units, due, joiners, leavers, movedIn, movedOut, stays, digest }: DifferenceTotal): DomainError =>
  new DomainError(
    'differences-changed',
    'conflict',
    'expected the digest of the differences as they are, found another: a roster has changed them since; look at them again',
    { units, due, joiners, leavers, movedIn, movedOut, stays, digest },
  );
