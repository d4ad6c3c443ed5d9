import { Injectable } from '@nestjs/common';
import { Clock, DomainError, ZERO_FEN, type CivilDate, type Fen } from '@app/kernel';
import { Database, newId, sqlState } from '@app/platform';
import { organisationByCode } from '../organisation/organisation.repository.js';
import { recount } from './enrolment-count.repository.js';
import { endOfCover } from './extension.js';
import { beginFollowing, earlierWindow, followTargets } from './target.repository.js';
import type { EnrolmentWindow } from './window.entity.js';
import { planLineOf, secondsLeft, sharesTotal, windowState, type Shares, type Underwriting, type WindowState } from './window.js';
import { findOrMakePeriod, insertWindow, windowById, windowCounts, type WindowCounts } from './window.repository.js';

/** Of PostgreSQL. */
const LOCK_NOT_AVAILABLE = '55P03';

export interface NewWindow {
  planId: string;
  organisationCode: string;
  opensAt: Date;
  closesAt: Date;
  coverFrom: CivilDate;
  coverTo: CivilDate;
  contributionFen: Fen;
  /** All of it is the member's when they are not given. */
  shares?: Shares;
  /** 'none' when it is not given. */
  underwriting?: Underwriting;
}

export interface Countdown extends WindowCounts {
  opensAt: Date;
  closesAt: Date;
  now: Date;
  secondsLeft: number;
  state: WindowState;
}

@Injectable()
export class WindowService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * What every unit has enrolled last period is its target, until somebody sets another one or the window opens. Errors: `window-dates`,
   * `window-shares`, `window-organisation` (invalid), `organisation` (not found), `window-exists`, `cover-period` (conflict).
   */
  async create(window: NewWindow): Promise<EnrolmentWindow> {
    if (window.opensAt >= window.closesAt || window.coverFrom > window.coverTo) {
      throw new DomainError(
        'window-dates',
        'invalid',
        'expected opensAt before closesAt and coverFrom not after coverTo, found the reverse; correct the dates',
      );
    }
    if (window.closesAt >= endOfCover(window))
      throw new DomainError(
        'window-dates',
        'invalid',
        'expected closesAt before the cover has ended, found it after coverTo; correct the dates',
      );
    const shares = window.shares ?? { memberFen: window.contributionFen, unitFen: ZERO_FEN, fundFen: ZERO_FEN };
    if (sharesTotal(shares) !== window.contributionFen)
      throw new DomainError(
        'window-shares',
        'invalid',
        'shares: expected the shares of member, unit and fund to add up to contributionFen, found another sum; correct them',
      );
    const organisation = await organisationByCode(this.database.direct, window.organisationCode);
    if (!organisation)
      throw new DomainError('organisation', 'not-found', 'organisationCode: expected a known organisation, found none; make it first');
    if (organisation.kind === 'unit') {
      throw new DomainError(
        'window-organisation',
        'invalid',
        'organisationCode: expected a region, city, county or industry, found a unit; name the organisation above it',
      );
    }
    const period_id = await findOrMakePeriod(this.database.direct, {
      id: newId(),
      plan_line: planLineOf(window.planId),
      cover_from: window.coverFrom,
      cover_to: window.coverTo,
    });
    if (period_id === undefined)
      throw new DomainError(
        'cover-period',
        'conflict',
        'expected a cover period that is known for this plan or overlaps no other one, found one that overlaps another; use the days of that period',
      );
    const row: EnrolmentWindow = {
      id: newId(),
      plan_id: window.planId,
      organisation_id: organisation.id,
      opens_at: window.opensAt,
      closes_at: window.closesAt,
      period_id,
      cover_from: window.coverFrom,
      cover_to: window.coverTo,
      contribution_fen: window.contributionFen,
      member_share_fen: shares.memberFen,
      unit_share_fen: shares.unitFen,
      fund_share_fen: shares.fundFen,
      underwriting: window.underwriting ?? 'none',
      targets_from: null,
    };
    return this.database.transaction(async (tx) => {
      if (!(await insertWindow(tx, row))) {
        throw new DomainError(
          'window-exists',
          'conflict',
          'expected the first window of this plan, organisation and cover period, found one there already; use that one',
        );
      }
      const earlier = await earlierWindow(tx, row.id);
      if (earlier !== undefined) {
        await beginFollowing(tx, row.id, earlier);
        await followTargets(tx, this.clock.now());
      }
      return row;
    });
  }

  /** A repair: sets the counts of the window from its enrolments. Returns of how many units they differed. Errors: `window` (not found), `enrolling` (unavailable). */
  async recount(id: string): Promise<number> {
    await windowById(this.database.direct, id);
    try {
      return await this.database.transaction((tx) => recount(tx, id));
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
      throw new DomainError(
        'enrolling',
        'unavailable',
        'expected a moment in which nobody enrols, found an import at work; come again when it has ended',
      );
    }
  }

  /** Error: `window` (not found). */
  async countdown(id: string): Promise<Countdown> {
    const now = this.clock.now();
    const { window } = await windowById(this.database.direct, id);
    return {
      opensAt: window.opens_at,
      closesAt: window.closes_at,
      now,
      secondsLeft: secondsLeft(window, now),
      state: windowState(window, now),
      ...(await windowCounts(this.database.direct, id)),
    };
  }
}
