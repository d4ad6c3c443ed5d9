/**
 * People whom an earlier roster enrolled in a unit, and whom a later roster of the unit does not name: a roster only adds, so they stay enrolled
 * until somebody says that they should not be.
 */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError, maskIdentifier, maskName } from '@app/kernel';
import { Database, PersonalDataVault, type PermissionName, type Principal, type Transaction } from '@app/platform';
import { readPersonalText } from '../member/member.js';
import { NamedPeople } from '../roster/named-people.js';
import { notDone } from '../roster/roster.errors.js';
import type { RosterImport } from '../roster/roster.entity.js';
import { importById } from '../roster/roster.repository.js';
import { windowState } from '../window/window.js';
import type { EnrolmentWindow } from '../window/window.entity.js';
import { windowById } from '../window/window.repository.js';
import * as people from './no-longer-named.repository.js';
import { WithdrawalService, withinReach } from './withdrawal.service.js';

const PAGE_PEOPLE = 1_000;
/** Withdrawn by one statement: no more ids than that are held at a time. */
const WITHDRAWN_AT_ONCE = 10_000;

/** Masked. */
export interface NoLongerNamedPerson {
  readonly memberId: string;
  readonly name: string;
  readonly personalNumber: string;
  readonly unitCode: string;
  readonly unitName: string;
  /** The window is open, and no payment notice is issued for this person. */
  readonly withdrawable: boolean;
}

export interface NoLongerNamedTotal {
  readonly people: number;
  readonly withdrawable: number;
  /** Rows of this file whose personal number cannot be read: they may be about some of these people. */
  readonly unreadRows: number;
  /** To be sent back by whoever withdraws. */
  readonly digest: string;
}

export interface NoLongerNamedPage {
  /** All that is within reach. */
  readonly total: NoLongerNamedTotal;
  readonly people: readonly NoLongerNamedPerson[];
  readonly next?: string;
}

export interface NoLongerNamedWithdrawal {
  /** Of the people who were shown. */
  readonly digest: string;
  /** undefined: all who can be withdrawn. */
  readonly memberIds?: readonly string[];
}

/** An import, and what somebody may look at of its window. */
interface Place {
  readonly found: RosterImport;
  readonly window: EnrolmentWindow;
  /** Of the window's organisation. */
  readonly path: string;
  readonly reach: string;
}

/** What the files say, and which files these are. */
interface Named {
  readonly named: NamedPeople;
  readonly later: readonly string[];
}

@Injectable()
export class NoLongerNamedService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly withdrawals: WithdrawalService,
  ) {}

  /**
   * Whom neither this roster nor a later one names, in the order of their ids, from behind `after` on.
   * Errors: `roster`, `roster-file` (not found), `forbidden`, `roster-not-done`, `roster-not-whole` (conflict).
   */
  async page(importId: string, principal: Principal, after?: string): Promise<NoLongerNamedPage> {
    const { found, window, reach } = await this.place(importId, principal, 'roster.read');
    const { named } = await this.read(found);
    return this.database.transaction(async (tx) => {
      await people.stageNamed(tx, named);
      const total = await this.compare(tx, found, window, named, reach);
      const some = await people.stagedPeople(tx, after ?? null, PAGE_PEOPLE + 1);
      const shown = some.slice(0, PAGE_PEOPLE);
      return {
        total,
        people: shown.map(({ memberId, unitCode, unitName, noticed, sealed }) => {
          const { name, personalNumber } = readPersonalText(this.vault.open(sealed));
          return {
            memberId,
            name: maskName(name),
            personalNumber: maskIdentifier(personalNumber),
            unitCode,
            unitName,
            withdrawable: this.isOpen(window) && !noticed,
          };
        }),
        ...(some.length > PAGE_PEOPLE ? { next: shown.at(-1)!.memberId } : {}),
      };
    });
  }

  /**
   * Takes their enrolments back, when they are still those that were shown; returns how many. Who is on an issued notice stays.
   * Errors: those of {@link page} and of WithdrawalService.withdraw, `no-longer-named-changed` (conflict), `no-longer-named` (invalid).
   */
  async withdraw(importId: string, principal: Principal, { digest, memberIds }: NoLongerNamedWithdrawal): Promise<{ withdrawn: number }> {
    const { found, window, path } = await this.place(importId, principal, 'enrolment.withdraw');
    const { named, later } = await this.read(found);
    return this.database.transaction(async (tx) => {
      await people.stageNamed(tx, named);
      const reach = await this.withdrawals.begin(tx, { window, path }, principal);
      const total = await this.compare(tx, found, window, named, reach);
      const laterNow = await people.laterImports(tx, found);
      if (total.digest !== digest || laterNow.some(({ id }) => !later.includes(id))) throw changed(total);
      const wanted = memberIds && [...new Set(memberIds)];
      let withdrawn = 0;
      for (;;) {
        const ids = await people.takeStaged(tx, wanted ?? null, WITHDRAWN_AT_ONCE);
        if (ids.length === 0) break;
        const withdraw = await this.withdrawals.lock(tx, window.id, reach, principal, ids);
        await withdraw();
        withdrawn += ids.length;
      }
      if (wanted && withdrawn < wanted.length) throw notAmongThem();
      return { withdrawn };
    });
  }

  private async place(importId: string, principal: Principal, permission: PermissionName): Promise<Place> {
    const found = await importById(this.database.direct, importId);
    const { window, organisation } = await windowById(this.database.direct, found.window_id);
    const reach = withinReach(organisation.path, principal, permission);
    if (found.failure)
      throw new DomainError(
        'roster-not-whole',
        'conflict',
        'expected a roster that was read to its end, found one that failed or stopped: whom its rest names is not known; correct it and import it again',
        { failure: found.failure.code, readToLine: found.reached_line },
      );
    if (found.state !== 'done') throw notDone();
    return { found, window, path: organisation.path, reach };
  }

  /** Outside of a transaction: the file of a province takes its time. */
  private async read(found: RosterImport): Promise<Named> {
    const named = new NamedPeople(this.database, this.vault);
    await named.addRoster(found);
    const later = await people.laterImports(this.database.direct, found);
    for (const one of later) await named.addPeople(one);
    return { named, later: later.map(({ id }) => id) };
  }

  private async compare(
    tx: Transaction,
    found: RosterImport,
    window: EnrolmentWindow,
    { unitCodes, unreadRows }: NamedPeople,
    reach: string,
  ): Promise<NoLongerNamedTotal> {
    await people.stageNoLongerNamed(tx, found, [...unitCodes], reach);
    const { people: count, noticed, digest } = await people.totalOfStaged(tx);
    return { people: count, withdrawable: this.isOpen(window) ? count - noticed : 0, unreadRows, digest };
  }

  private isOpen(window: EnrolmentWindow): boolean {
    return windowState(window, this.clock.now()) === 'open';
  }
}

const changed = ({ people: count, withdrawable, unreadRows, digest }: NoLongerNamedTotal): DomainError =>
  new DomainError(
    'no-longer-named-changed',
    'conflict',
    'expected the digest of the people as they are, found another: a roster, a notice or a withdrawal has changed them since; look at them again',
    { people: count, withdrawable, unreadRows, digest },
  );

const notAmongThem = (): DomainError =>
  new DomainError(
    'no-longer-named',
    'invalid',
    'memberIds: expected people whom the roster no longer names, found somebody else; take them from the list',
  );
