/** What of enrolment is due and not moving, in one look; the predicates are those of the services' own queries. */
import { rowsOf, type Transaction } from '@app/platform';

export interface EnrolmentDue {
  /** Imports that nobody works on. */
  readonly imports: string[];
  readonly receipts: number;
  readonly refunds: number;
  /** Unpaid joins to be looked after, and payments by phone that go back. */
  readonly joins: number;
  readonly phoneRefunds: number;
  /** Whether any window has its applications underwritten. */
  readonly underwrites: boolean;
}

/** `now` is the business clock; an upload that began before `cutBefore` is no longer coming in. */
export async function enrolmentDue(tx: Transaction, now: Date, cutBefore: Date): Promise<EnrolmentDue> {
  const [row] = await rowsOf<EnrolmentDue>(
    tx,
    `select
       array(select id from roster_import where state in ('receiving', 'received')
         and case state when 'received' then lease_ends_at is null or lease_ends_at <= $1 else received_at <= $2 end order by received_at limit 100) as imports,
       (select count(*)::int from contribution_receipt where state in ('due', 'flush-due'))
         + (select count(*)::int from phone_payment where state = 'kept' and not receipted) as receipts,
       (select count(*)::int from contribution_refund
         where state in ('signed', 'sending') or (state in ('unknown', 'accepted') and next_query_at <= $1)) as refunds,
       (select count(*)::int from join_application where state = 'to-pay' and look_at <= $1) as joins,
       (select count(*)::int from phone_payment where look_at <= $1) as "phoneRefunds",
       exists (select from enrolment_window where underwriting <> 'none') as underwrites`,
    [now, cutBefore],
  );
  return row!;
}
