/** Enrolments that a roster has made, taken back as long as the window is open and nobody has been asked to pay for them. */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '@app/kernel';
import { Audit, Database, newId, reachOf, type PermissionName, type Principal, type Transaction } from '@app/platform';
import { liesUnder } from '../organisation/organisation.js';
import { windowState } from '../window/window.js';
import type { EnrolmentWindow } from '../window/window.entity.js';
import { windowById } from '../window/window.repository.js';
import * as differences from './difference.repository.js';

@Injectable()
export class WithdrawalService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  /**
   * Takes an enrolment of the open window back. Errors: `window`, `enrolment` (not found), `forbidden`, `window-closed`,
   * `roster-working`, `enrolment-noticed`, `enrolment-own` (conflict).
   */
  withdraw(windowId: string, principal: Principal, memberId: string): Promise<void> {
    return this.database.transaction(async (tx) => {
      const { window, organisation } = await windowById(tx, windowId);
      const reach = await this.begin(tx, { window, path: organisation.path }, principal);
      const withdraw = await this.lock(tx, windowId, reach, principal, [memberId]);
      await withdraw();
    });
  }

  /**
   * Keeps imports from going on until the commit; returns whose enrolments the principal may withdraw. Errors: `forbidden`, `window-closed`,
   * `roster-working` (conflict).
   */
  async begin(
    tx: Transaction,
    { window, path }: { readonly window: EnrolmentWindow; readonly path: string },
    principal: Principal,
  ): Promise<string> {
    const reach = withinReach(path, principal, 'enrolment.withdraw');
    if (windowState(window, this.clock.now()) !== 'open')
      throw new DomainError(
        'window-closed',
        'conflict',
        'expected an open enrolment window, found one that is not open; enrolments stay as they are',
      );
    // An import would note down as taken what is withdrawn under its hands.
    if (await differences.holdImports(tx, window.id))
      throw new DomainError(
        'roster-working',
        'conflict',
        'expected no roster of this window that is being worked through, found one; wait for it',
      );
    return reach;
  }

  /**
   * After {@link begin}, which returned `reach`: locks these enrolments, each named once, and returns what takes them back. Called more
   * than once, it has to come to their units in order, as every lock on units. Errors: `enrolment` (not found), `forbidden`, `enrolment-own`,
   * `enrolment-noticed` (conflict).
   */
  async lock(
    tx: Transaction,
    windowId: string,
    reach: string,
    { userId, roles }: Principal,
    ids: readonly string[],
  ): Promise<() => Promise<void>> {
    const found = await differences.lockEnrolments(tx, windowId, ids);
    if (found.some((enrolment) => !liesUnder(enrolment.path, reach))) throw outOfReach();
    if (found.length < ids.length) throw notEnrolled();
    if (found.some(({ notice }) => notice === null))
      throw new DomainError(
        'enrolment-own',
        'conflict',
        'expected somebody whom a roster enrolled, found a member who joined alone; ask the member',
      );
    if (found.some(({ notice, nextNotice }) => notice !== nextNotice))
      throw new DomainError(
        'enrolment-noticed',
        'conflict',
        'expected an enrolment that is on no payment notice, found one whose notice is issued; it stays',
      );
    return async () => {
      const withdrawn = await differences.withdraw(
        tx,
        windowId,
        ids,
        ids.map(() => newId()),
        userId,
        this.clock.now(),
      );
      // Somebody else withdrew it while this waited for the lock.
      if (withdrawn < ids.length) throw notEnrolled();
      await differences.forgetBlocks(tx, windowId);
      await this.audit.recordSubjects(tx, ids, {
        actor: userId,
        roles,
        action: 'enrolment.withdraw',
        route: 'WithdrawalService.withdraw',
        outcome: 'allowed',
      });
    };
  }
}

/** The part of a window's organisation that the principal reaches, or all of it. */
export function withinReach(path: string, principal: Principal, permission: PermissionName): string {
  const { scope, organisationPath } = reachOf(principal, permission);
  if (scope === 'all' || liesUnder(path, organisationPath)) return path;
  if (liesUnder(organisationPath, path)) return organisationPath;
  throw outOfReach();
}

export const outOfReach = (): DomainError =>
  new DomainError('forbidden', 'forbidden', 'expected units of your own organisation, found one of another; ask its clerk');

const notEnrolled = (): DomainError =>
  new DomainError('enrolment', 'not-found', 'expected somebody who is enrolled in this window, found none; look at the differences again');
