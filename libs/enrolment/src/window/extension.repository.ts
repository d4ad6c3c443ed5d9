import { rowsOf, type Transaction } from '@app/platform';

export interface ExtensionView {
  readonly id: string;
  readonly closesAt: Date;
  readonly reason: string;
  readonly proposedBy: string;
  readonly proposedAt: Date;
  readonly approvedBy: string | null;
  readonly approvedAt: Date | null;
}

export const extensionsOf = (tx: Transaction, windowId: string): Promise<ExtensionView[]> =>
  rowsOf(
    tx,
    `select e.id, e.closes_at as "closesAt", e.reason, e.proposed_by as "proposedBy", e.proposed_at as "proposedAt",
       a.approved_by as "approvedBy", a.approved_at as "approvedAt"
     from window_extension e left join window_extension_approval a on a.extension_id = e.id
     where e.window_id = $1 order by e.proposed_at, e.id`,
    [windowId],
  );

export interface NewExtension {
  readonly id: string;
  readonly windowId: string;
  readonly closesAt: Date;
  readonly reason: string;
  readonly by: string;
  readonly at: Date;
}

export async function insertExtension(tx: Transaction, { id, windowId, closesAt, reason, by, at }: NewExtension): Promise<void> {
  await rowsOf(
    tx,
    'insert into window_extension (id, window_id, closes_at, reason, proposed_by, proposed_at) values ($1, $2, $3, $4, $5, $6)',
    [id, windowId, closesAt, reason, by, at],
  );
}

/** The approval, and with it the window's new closing. */
export async function approveExtension(
  tx: Transaction,
  windowId: string,
  { id, closesAt, proposedBy }: ExtensionView,
  by: string,
  at: Date,
): Promise<void> {
  await rowsOf(tx, 'insert into window_extension_approval (extension_id, proposed_by, approved_by, approved_at) values ($1, $2, $3, $4)', [
    id,
    proposedBy,
    by,
    at,
  ]);
  await rowsOf(tx, 'update enrolment_window set closes_at = $2 where id = $1', [windowId, closesAt]);
}
