import { rowsOf, type Transaction } from '@app/platform';
import type { CivilDate } from '@app/kernel';

export interface MemberCover {
  memberId: string;
  planId: string;
  coverFrom: CivilDate;
  coverTo: CivilDate;
  organisationPath: string;
}

/** Covers of these members, of whatever plan and period. */
export const coversOf = (tx: Transaction, memberIds: readonly string[]): Promise<MemberCover[]> =>
  rowsOf(
    tx,
    `select member_id as "memberId", plan_id as "planId", cover_from::text as "coverFrom", cover_to::text as "coverTo", organisation_path as "organisationPath"
     from cover where member_id = any($1::uuid[]) order by member_id, cover_from, plan_id`,
    [memberIds],
  );

export interface OwnCover {
  planId: string;
  coverFrom: CivilDate;
  coverTo: CivilDate;
  number: string;
}

export const coversOfMember = (tx: Transaction, memberId: string): Promise<OwnCover[]> =>
  rowsOf(
    tx,
    `select plan_id as "planId", cover_from::text as "coverFrom", cover_to::text as "coverTo", number from cover where member_id = $1 order by cover_from, plan_id`,
    [memberId],
  );

/** Covers for the members on these paid notices; a member who has that cover already keeps it. Returns how many are new. */
export async function startCovers(tx: Transaction, noticeIds: readonly string[], at: Date): Promise<number> {
  if (noticeIds.length === 0) return 0;
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with started as (
       insert into cover (member_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at)
       select member_id, plan_id, cover_from, cover_to,
              plan_id || '-' || to_char(cover_from, 'YYYY') || '-' || lpad(serial::text, greatest(8, length(serial::text)), '0'), path, notice_id, $2
       from (
         select due.*, nextval('cover_number') as serial from (
           select e.member_id, w.plan_id, w.cover_from, w.cover_to, unit.path, e.notice_id
           from payment_notice n
           join enrolment_window w on w.id = n.window_id
           join organisation unit on unit.id = n.unit_id
           join enrolment e on e.window_id = n.window_id and e.unit_id = n.unit_id and e.notice_id = n.id
           where n.id = any($1::uuid[]) and n.state = 'paid'
           order by e.member_id) due) numbered
       on conflict (member_id, plan_id, cover_from) do nothing returning 1)
     select count(*)::int as count from started`,
    [noticeIds, at],
  );
  return rows[0]!.count;
}
