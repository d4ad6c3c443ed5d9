import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '@app/kernel';
import { Database } from '@app/platform';
import { liesUnder } from '../organisation/organisation.js';
import { organisationsByCode } from '../organisation/organisation.repository.js';
import * as targets from './target.repository.js';
import { windowById } from './window.repository.js';

export interface NewTarget {
  organisationCode: string;
  /** 0 takes the target away. */
  headcount: number;
}

@Injectable()
export class TargetService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  isDue(): Promise<boolean> {
    return targets.somebodyFollows(this.database.direct, this.clock.now());
  }

  /** Targets that nobody has set stay the headcounts of last period, until their window opens. */
  follow(): Promise<void> {
    return this.database.transaction((tx) => targets.followTargets(tx, this.clock.now()));
  }

  /** Organisations that are not named keep theirs, which follow last period no longer. Errors: `window` (not found), `target-twice`, `target-organisation` (invalid). */
  set(windowId: string, given: readonly NewTarget[]): Promise<void> {
    return this.database.transaction(async (tx) => {
      const { organisation } = await windowById(tx, windowId);
      const codes = given.map(({ organisationCode }) => organisationCode);
      const seen = new Set<string>();
      const twice = codes.findIndex((code) => seen.size === seen.add(code).size);
      if (twice >= 0)
        throw new DomainError(
          'target-twice',
          'invalid',
          `entry ${twice + 1}: expected each organisation once, found one again; leave one of them out`,
        );
      const ids = new Map(
        (await organisationsByCode(tx, codes)).filter(({ path }) => liesUnder(path, organisation.path)).map(({ code, id }) => [code, id]),
      );
      const unknown = codes.findIndex((code) => !ids.has(code));
      if (unknown >= 0)
        throw new DomainError(
          'target-organisation',
          'invalid',
          `entry ${unknown + 1}: expected the code of an organisation of this window, found none; correct it, or make the organisation first`,
        );
      await targets.endFollowing(tx, windowId);
      const rows = given.map(({ organisationCode, headcount }) => ({ organisationId: ids.get(organisationCode)!, headcount }));
      await targets.saveTargets(
        tx,
        windowId,
        rows.filter(({ headcount }) => headcount > 0),
      );
      await targets.removeTargets(
        tx,
        windowId,
        rows.filter(({ headcount }) => headcount === 0).map(({ organisationId }) => organisationId),
      );
    });
  }

  /** Units that have a target keep it. Errors: `window`, `earlier-window` (not found). */
  takeFromLast(windowId: string): Promise<targets.TargetsTaken & { windowId: string }> {
    return this.database.transaction(async (tx) => {
      await windowById(tx, windowId);
      const earlier = await targets.earlierWindow(tx, windowId);
      if (earlier === undefined)
        throw new DomainError(
          'earlier-window',
          'not-found',
          'expected a window of this plan and organisation whose cover ended before this one starts, found none; set the targets by hand',
        );
      return { windowId: earlier, ...(await targets.takeTargets(tx, windowId, earlier)) };
    });
  }
}
