import { DomainError } from '@app/kernel';
import { rowsOf, sqlState, type Transaction } from '@app/platform';
import type { Organisation } from '../organisation/organisation.entity.js';
import { organisationById } from '../organisation/organisation.repository.js';
import { CoverPeriod, EnrolmentWindow } from './window.entity.js';

export interface PlacedWindow {
  readonly window: EnrolmentWindow;
  readonly organisation: Organisation;
}

/** Error: `window` (not found). */
export async function windowById(tx: Transaction, id: string): Promise<PlacedWindow> {
  const window = await tx.findOneBy(EnrolmentWindow, { id });
  if (!window) throw new DomainError('window', 'not-found', 'expected the id of an enrolment window, found none; check it');
  return { window, organisation: (await organisationById(tx, window.organisation_id))! };
}

/** The period of these days, made when it is new; undefined when it overlaps another one of the line. */
export async function findOrMakePeriod(tx: Transaction, period: CoverPeriod): Promise<string | undefined> {
  try {
    await tx.query(
      `insert into cover_period (id, plan_line, cover_from, cover_to) values ($1, $2, $3, $4) on conflict (plan_line, cover_from, cover_to) do nothing`,
      [period.id, period.plan_line, period.cover_from, period.cover_to],
    );
  } catch (error) {
    if (sqlState(error) === EXCLUSION_VIOLATION) return undefined;
    throw error;
  }
  const { plan_line, cover_from, cover_to } = period;
  return (await tx.findOneByOrFail(CoverPeriod, { plan_line, cover_from, cover_to })).id;
}
const EXCLUSION_VIOLATION = '23P01';

export async function insertWindow(tx: Transaction, window: EnrolmentWindow): Promise<boolean> {
  const inserted = await rowsOf(
    tx,
    `insert into enrolment_window (id, plan_id, organisation_id, opens_at, closes_at, period_id, cover_from, cover_to, contribution_fen,
       member_share_fen, unit_share_fen, fund_share_fen, underwriting)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (plan_id, organisation_id, cover_from) do nothing returning id`,
    [
      window.id,
      window.plan_id,
      window.organisation_id,
      window.opens_at,
      window.closes_at,
      window.period_id,
      window.cover_from,
      window.cover_to,
      window.contribution_fen,
      window.member_share_fen,
      window.unit_share_fen,
      window.fund_share_fen,
      window.underwriting,
    ],
  );
  return inserted.length > 0;
}

export async function lockWindow(tx: Transaction, id: string): Promise<void> {
  await tx.query('select from enrolment_window where id = $1 for update', [id]);
}

export interface WindowCounts {
  enrolled: number;
  /** Of those enrolled, by roster or alone, for whom a cover was started; also of a cover that has ended since, as by a death. */
  covered: number;
  units: number;
}

export async function windowCounts(tx: Transaction, id: string): Promise<WindowCounts> {
  const rows = await rowsOf<WindowCounts>(
    tx,
    `select coalesce(sum(members), 0)::int as enrolled, coalesce(sum(covered), 0)::int as covered, count(*)::int as units
     from enrolment_count where window_id = $1 and members > 0`,
    [id],
  );
  return rows[0]!;
}
