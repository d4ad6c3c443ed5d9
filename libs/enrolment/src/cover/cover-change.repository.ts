import type { CivilDate } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import { otherIdsOf } from '../difference/difference.repository.js';
import type { Organisation } from '../organisation/organisation.entity.js';
import { askWithoutBase } from '../underwriting/underwriting.repository.js';
import { moveEnrolled } from '../window/enrolment-count.repository.js';
import type { CoverChangeKind, DatedCover, EndReason, ReinstateReason, TransferReason, TransferSide, TransferState } from './cover.js';

export interface CoverKey {
  readonly memberId: string;
  readonly periodId: string;
}

export interface PlacedCover extends CoverKey, DatedCover {
  readonly planId: string;
  readonly number: string;
  readonly path: string;
  readonly endReason: EndReason | null;
}

const PLACED = `
  select c.member_id as "memberId", c.period_id as "periodId", c.plan_id as "planId", c.number, c.organisation_path as path,
         c.cover_from::text as "coverFrom", c.cover_to::text as "coverTo", c.enrolled_on::text as "enrolledOn", c.ended_on::text as "endedOn",
         c.end_reason as "endReason",
         (select max(x.effective_on)::text from cover_change x
          where x.member_id = c.member_id and x.period_id = c.period_id and x.kind = 'transfer') as "transferredOn"
  from cover c`;

export async function coverByNumber(tx: Transaction, number: string): Promise<PlacedCover | undefined> {
  return (await rowsOf<PlacedCover>(tx, `${PLACED} where c.number = $1`, [number]))[0];
}

/** With its person locked: whatever changes one of a person's covers waits here, and so does a roster that names the person. */
export async function lockCover(tx: Transaction, number: string): Promise<PlacedCover | undefined> {
  const found = await coverByNumber(tx, number);
  if (!found) return undefined;
  await rowsOf(tx, 'select from member where id = any($1::uuid[]) order by id for update', [await idsOf(tx, found)]);
  const { memberId, periodId } = found;
  return (await rowsOf<PlacedCover>(tx, `${PLACED} where c.member_id = $1 and c.period_id = $2`, [memberId, periodId]))[0];
}

/** The person's other covers, also from before the personal number was corrected. */
export async function othersOf(tx: Transaction, cover: CoverKey): Promise<PlacedCover[]> {
  const { memberId, periodId } = cover;
  return rowsOf(
    tx,
    `${PLACED} where c.member_id = any($1::uuid[]) and (c.member_id, c.period_id) <> ($2, $3) order by c.cover_from, c.plan_id, c.member_id`,
    [await idsOf(tx, cover), memberId, periodId],
  );
}

const idsOf = async (tx: Transaction, { memberId }: CoverKey): Promise<string[]> => [
  memberId,
  ...((await otherIdsOf(tx, [memberId])).get(memberId) ?? []),
];

/** Covers under the path that ended early, in the order of their numbers, after the number `last`. */
export const endedCovers = (tx: Transaction, path: string, last: string, limit: number): Promise<PlacedCover[]> =>
  rowsOf(
    tx,
    `${PLACED} where c.ended_on is not null and starts_with(c.organisation_path, $1) and c.number > $2 order by c.number limit $3`,
    [path, last, limit],
  );

export interface ChangeView {
  readonly kind: CoverChangeKind;
  readonly effectiveOn: CivilDate;
  readonly fromPath: string | null;
  readonly toPath: string | null;
  readonly reason: TransferReason | ReinstateReason | null;
  readonly madeBy: string;
  readonly madeAt: Date;
}

export const changesOf = (tx: Transaction, { memberId, periodId }: CoverKey): Promise<ChangeView[]> =>
  rowsOf(
    tx,
    `select kind, effective_on::text as "effectiveOn", from_path as "fromPath", to_path as "toPath", reason, made_by as "madeBy", made_at as "madeAt"
     from cover_change where member_id = $1 and period_id = $2 order by position`,
    [memberId, periodId],
  );

export type NewChange = Omit<ChangeView, 'fromPath' | 'toPath' | 'reason'> &
  Partial<Pick<ChangeView, 'fromPath' | 'toPath' | 'reason'>> & { readonly transferId?: string };

/** Under the lock of {@link lockCover}. */
async function insertChange(tx: Transaction, { memberId, periodId }: CoverKey, change: NewChange): Promise<void> {
  await rowsOf(
    tx,
    `insert into cover_change (member_id, period_id, position, kind, effective_on, from_path, to_path, reason, transfer_id, made_by, made_at)
     values ($1, $2, (select count(*) + 1 from cover_change where member_id = $1 and period_id = $2), $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      memberId,
      periodId,
      change.kind,
      change.effectiveOn,
      change.fromPath ?? null,
      change.toPath ?? null,
      change.reason ?? null,
      change.transferId ?? null,
      change.madeBy,
      change.madeAt,
    ],
  );
}

export interface Transfer {
  readonly to: Pick<Organisation, 'id' | 'path'>;
  readonly effectiveOn: CivilDate;
  readonly reason: TransferReason;
  readonly transferId?: string;
}

/**
 * The cover, its member and its enrolment go to the unit; number, days and what was paid stay. An enrolment goes into the window of its period
 * that stands over the unit; where there is none it stays what it was, an enrolment of the organisation that made it.
 */
export async function moveCover(tx: Transaction, cover: PlacedCover, transfer: Transfer, by: string, at: Date): Promise<void> {
  const { memberId, periodId, planId } = cover;
  const { to, effectiveOn, reason, transferId } = transfer;
  await insertChange(tx, cover, {
    kind: 'transfer',
    effectiveOn,
    fromPath: cover.path,
    toPath: to.path,
    reason,
    ...(transferId === undefined ? {} : { transferId }),
    madeBy: by,
    madeAt: at,
  });
  await rowsOf(
    tx,
    'update cover set organisation_path = $3, transferred_on = coalesce(transferred_on, $4) where member_id = $1 and period_id = $2',
    [memberId, periodId, to.path, effectiveOn],
  );
  await rowsOf(tx, 'update member set unit_id = $2, updated_at = $3, version = version + 1 where id = $1', [memberId, to.id, at]);
  const [enrolled] = await rowsOf<{ windowId: string; unitId: string }>(
    tx,
    'select window_id as "windowId", unit_id as "unitId" from enrolment where member_id = $1 and period_id = $2 for update',
    [memberId, periodId],
  );
  if (!enrolled) return;
  const [window] = await rowsOf<{ id: string }>(
    tx,
    `select w.id from enrolment_window w join organisation o on o.id = w.organisation_id
     where w.period_id = $1 and w.plan_id = $2 and starts_with($3, o.path) order by w.id = $4 desc, length(o.path) desc limit 1`,
    [periodId, planId, to.path, enrolled.windowId],
  );
  if (!window) return;
  // The notice was one of the unit before: of the new one the member is on none.
  await rowsOf(
    tx,
    'update enrolment set window_id = $3, unit_id = $4, notice = case when notice is null then null else 0 end where member_id = $1 and period_id = $2',
    [memberId, periodId, window.id, to.id],
  );
  await moveEnrolled(tx, enrolled, { windowId: window.id, unitId: to.id });
}

export async function endCover(tx: Transaction, cover: CoverKey, kind: EndReason, on: CivilDate, by: string, at: Date): Promise<void> {
  await insertChange(tx, cover, { kind, effectiveOn: on, madeBy: by, madeAt: at });
  await rowsOf(tx, 'update cover set ended_on = $3, end_reason = $4 where member_id = $1 and period_id = $2', [
    cover.memberId,
    cover.periodId,
    on,
    kind,
  ]);
  await askWithoutBase(tx, [cover.memberId], cover.periodId, at);
}

export async function reinstateCover(
  tx: Transaction,
  cover: CoverKey & { readonly endedOn: CivilDate },
  reason: ReinstateReason,
  by: string,
  at: Date,
): Promise<void> {
  await insertChange(tx, cover, { kind: 'reinstated', effectiveOn: cover.endedOn, reason, madeBy: by, madeAt: at });
  await rowsOf(tx, 'update cover set ended_on = null, end_reason = null where member_id = $1 and period_id = $2', [
    cover.memberId,
    cover.periodId,
  ]);
}

export interface Proposal {
  readonly id: string;
  readonly fromPath: string;
  readonly toPath: string;
  readonly effectiveOn: CivilDate;
  readonly reason: TransferReason;
  readonly proposedFor: TransferSide;
  readonly proposedBy: string;
  readonly proposedAt: Date;
  readonly state: TransferState;
}

const PROPOSAL = `t.id, t.from_path as "fromPath", t.to_path as "toPath", t.effective_on::text as "effectiveOn", t.reason, t.proposed_for as "proposedFor",
  t.proposed_by as "proposedBy", t.proposed_at as "proposedAt", t.state`;

export async function latestProposal(tx: Transaction, { memberId, periodId }: CoverKey): Promise<Proposal | undefined> {
  const rows = await rowsOf<Proposal>(
    tx,
    `select ${PROPOSAL} from cover_transfer t where t.member_id = $1 and t.period_id = $2 order by t.proposed_at desc, t.id desc limit 1`,
    [memberId, periodId],
  );
  return rows[0];
}

/** Open ones between a unit under the path and one elsewhere, with the number of the cover. */
export const openProposals = (tx: Transaction, path: string): Promise<(Proposal & { number: string })[]> =>
  rowsOf(
    tx,
    `select c.number, ${PROPOSAL} from cover_transfer t join cover c on c.member_id = t.member_id and c.period_id = t.period_id
     where t.state = 'proposed' and (starts_with(t.from_path, $1) or starts_with(t.to_path, $1)) order by t.proposed_at, t.id`,
    [path],
  );

export async function insertProposal(tx: Transaction, { memberId, periodId }: CoverKey, proposal: Omit<Proposal, 'state'>): Promise<void> {
  await rowsOf(
    tx,
    `insert into cover_transfer (member_id, id, period_id, from_path, to_path, effective_on, reason, proposed_for, proposed_by, proposed_at, state)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'proposed')`,
    [
      memberId,
      proposal.id,
      periodId,
      proposal.fromPath,
      proposal.toPath,
      proposal.effectiveOn,
      proposal.reason,
      proposal.proposedFor,
      proposal.proposedBy,
      proposal.proposedAt,
    ],
  );
}

export async function answerProposal(
  tx: Transaction,
  { memberId }: CoverKey,
  id: string,
  state: Exclude<TransferState, 'proposed'>,
  by: string,
  at: Date,
): Promise<void> {
  await rowsOf(
    tx,
    `update cover_transfer set state = $3, answered_by = $4, answered_at = $5 where member_id = $1 and id = $2 and state = 'proposed'`,
    [memberId, id, state, by, at],
  );
}
