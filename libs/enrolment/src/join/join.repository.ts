import { fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { UnderwritingReason } from '../underwriting/underwriting.js';
import type { Underwriting } from '../window/window.js';
import type { AskFacts, AskedWindow, JoinReason, JoinState } from './join.js';
import type { PhonePaymentFault, PhonePaymentState } from './join.entity.js';

export interface JoinWindow extends AskedWindow {
  readonly period_id: string;
  readonly underwriting: Underwriting;
  readonly memberShareFen: Fen;
}

/** Nearly always there is one; a list of them would be planned anew each time. */
export async function joinWindows(tx: Transaction, ids: readonly string[]): Promise<Map<string, JoinWindow>> {
  const rows = await rowsOf<Omit<JoinWindow, 'memberShareFen'> & { share: string }>(
    tx,
    `select w.id, w.opens_at, w.closes_at, w.period_id, w.underwriting, w.member_share_fen as share, o.path
     from enrolment_window w join organisation o on o.id = w.organisation_id where w.id = ${ids.length === 1 ? '$1' : 'any($1::uuid[])'}`,
    [ids.length === 1 ? ids[0] : ids],
  );
  return new Map(rows.map(({ share, ...row }) => [row.id, { ...row, memberShareFen: fen(Number(share)) }]));
}

/** An application as it stands. */
export interface Application {
  readonly memberId: string;
  readonly periodId: string;
  readonly id: string;
  readonly windowId: string;
  readonly unitId: string;
  readonly attempt: number;
  readonly orderNumber: string;
  readonly amountFen: Fen;
  readonly receivedAt: Date;
  readonly payUntil: Date;
  readonly state: JoinState;
  readonly reason: JoinReason | null;
  /** Why the cover of one that is covered has not started: it is not passed yet, or refused. And why one was not accepted. */
  readonly heldBack: 'underwriting' | UnderwritingReason | null;
}

/** Names an application. */
export const pairKey = ({ memberId, periodId }: Pick<Application, 'memberId' | 'periodId'>): string => `${memberId}/${periodId}`;

type ApplicationRow = Omit<Application, 'amountFen'> & { amountFen: string };

const APPLICATION = `a.member_id as "memberId", a.period_id as "periodId", a.id, a.window_id as "windowId", a.unit_id as "unitId", a.attempt,
  a.order_number as "orderNumber", a.amount_fen as "amountFen", a.received_at as "receivedAt", a.pay_until_at as "payUntil", a.state, a.reason,
  case when a.state = 'covered' then (
    select case uw.state when 'passed' then null when 'refused' then uw.reason else 'underwriting' end
    from enrolment_window aw left join underwriting uw on uw.member_id = a.member_id and uw.period_id = a.period_id
    where aw.id = a.window_id and aw.underwriting <> 'none')
  when a.reason = 'not-accepted' then (
    select ew.reason from enrolment_withdrawal ew where ew.member_id = a.member_id and ew.period_id = a.period_id and ew.reason is not null
    order by ew.withdrawn_at desc limit 1) end as "heldBack"`;

const application = (row: ApplicationRow): Application => ({ ...row, amountFen: fen(Number(row.amountFen)) });

export interface MemberFacts extends Pick<AskFacts, 'enrolled'> {
  readonly unitId: string;
  readonly unitPath: string;
  readonly application: Application | undefined;
}

/** What is known of these members in the periods of these windows, pair by pair; a member who is not known is absent. The key is the pair's place. */
export async function memberFacts(
  tx: Transaction,
  pairs: readonly { memberId: string; windowId: string }[],
): Promise<Map<number, MemberFacts>> {
  const rows = await rowsOf<ApplicationRow & { place: number; homeId: string; unitPath: string; enrolled: boolean }>(
    tx,
    `select n.place::int as place, m.unit_id as "homeId", o.path as "unitPath", e.member_id is not null as enrolled, ${APPLICATION}
     from unnest($1::uuid[], $2::uuid[]) with ordinality as n(member_id, window_id, place)
     join enrolment_window w on w.id = n.window_id join member m on m.id = n.member_id join organisation o on o.id = m.unit_id
     left join enrolment e on e.member_id = n.member_id and e.period_id = w.period_id
     left join join_application a on a.member_id = n.member_id and a.period_id = w.period_id`,
    [pairs.map((pair) => pair.memberId), pairs.map((pair) => pair.windowId)],
  );
  return new Map(
    rows.map(({ place, homeId, unitPath, enrolled, ...row }) => [
      place - 1,
      { unitId: homeId, unitPath, enrolled, application: row.id === null ? undefined : application(row) },
    ]),
  );
}

/** Begins applications, or a further attempt where the last one ended. Returns those that are begun by this; the others were quicker elsewhere. */
export async function beginApplications(tx: Transaction, begun: readonly Application[]): Promise<Application[]> {
  if (begun.length === 0) return [];
  const rows = await rowsOf<{ memberId: string; periodId: string; id: string }>(
    tx,
    `insert into join_application as a (member_id, period_id, id, window_id, unit_id, attempt, order_number, amount_fen, received_at, pay_until_at, look_at, state)
     select member_id, period_id, id, window_id, unit_id, attempt, order_number, amount_fen, received_at, pay_until_at, look_at, 'to-pay'
     from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::text[], $8::bigint[], $9::timestamptz[], $10::timestamptz[])
       as n(member_id, period_id, id, window_id, unit_id, attempt, order_number, amount_fen, received_at, pay_until_at),
       lateral (select n.received_at + interval '1 minute' as look_at) l
     order by member_id
     on conflict (member_id, period_id) do update set window_id = excluded.window_id, unit_id = excluded.unit_id, attempt = excluded.attempt,
       order_number = excluded.order_number, amount_fen = excluded.amount_fen, received_at = excluded.received_at, pay_until_at = excluded.pay_until_at,
       look_at = excluded.look_at, state = excluded.state, reason = null
     where a.state in ('expired', 'refunding', 'refunded') and a.attempt = excluded.attempt - 1
     returning a.member_id as "memberId", a.period_id as "periodId", a.id`,
    [
      begun.map((one) => one.memberId),
      begun.map((one) => one.periodId),
      begun.map((one) => one.id),
      begun.map((one) => one.windowId),
      begun.map((one) => one.unitId),
      begun.map((one) => one.attempt),
      begun.map((one) => one.orderNumber),
      begun.map((one) => one.amountFen),
      begun.map((one) => one.receivedAt),
      begun.map((one) => one.payUntil),
    ],
  );
  // A further attempt keeps the id of the first.
  const ids = new Map(rows.map((row) => [pairKey(row), row.id]));
  return begun.flatMap((one) => {
    const id = ids.get(pairKey(one));
    return id === undefined ? [] : [{ ...one, id }];
  });
}

export interface Move {
  readonly memberId: string;
  readonly periodId: string;
  readonly attempt: number;
  readonly from: readonly JoinState[];
  readonly to: JoinState;
  readonly reason: JoinReason | null;
}

/** The one way to another state. Returns how many moved: an application that is elsewhere, or in another attempt, stays. */
export async function moveApplications(tx: Transaction, moves: readonly Move[]): Promise<number> {
  if (moves.length === 0) return 0;
  const rows = await rowsOf(
    tx,
    `update join_application a set state = n.state, reason = n.reason
     from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[]) as n(member_id, period_id, attempt, came, state, reason)
     where a.member_id = n.member_id and a.period_id = n.period_id and a.attempt = n.attempt and a.state = any(string_to_array(n.came, ' ')) returning 1`,
    [
      moves.map((move) => move.memberId),
      moves.map((move) => move.periodId),
      moves.map((move) => move.attempt),
      moves.map((move) => move.from.join(' ')),
      moves.map((move) => move.to),
      moves.map((move) => move.reason),
    ],
  );
  return rows.length;
}

/**
 * Enrols with the legal time of the application; whom a roster has enrolled meanwhile is not in what is returned. Who has changed the unit since
 * asking is enrolled in the new one, in the window of the period that stands over it, and the application goes along; where none does, in that
 * which was asked for.
 */
export async function enrolJoined(tx: Transaction, joins: readonly Application[]): Promise<Application[]> {
  if (joins.length === 0) return [];
  const rows = await rowsOf<{ memberId: string; periodId: string; windowId: string; unitId: string }>(
    tx,
    `with asked as (
       select n.member_id, n.period_id, n.applied_at, coalesce(now.window_id, n.window_id) as window_id, coalesce(now.unit_id, n.unit_id) as unit_id
       from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[]) as n(member_id, period_id, window_id, unit_id, applied_at)
       left join member m on m.id = n.member_id and m.unit_id <> n.unit_id
       left join lateral (
         select w.id as window_id, m.unit_id from enrolment_window asked join enrolment_window w on w.period_id = asked.period_id and w.plan_id = asked.plan_id
         join organisation o on o.id = w.organisation_id join organisation unit on unit.id = m.unit_id
         where asked.id = n.window_id and starts_with(unit.path, o.path) order by w.id = n.window_id desc, length(o.path) desc limit 1) now on true
       order by n.member_id),
     enrolled as (
       insert into enrolment (member_id, period_id, window_id, unit_id, applied_at) select member_id, period_id, window_id, unit_id, applied_at from asked
       on conflict (member_id, period_id) do nothing returning member_id, period_id, window_id, unit_id),
     moved as (
       update join_application a set window_id = e.window_id, unit_id = e.unit_id from enrolled e
       where a.member_id = e.member_id and a.period_id = e.period_id and a.unit_id <> e.unit_id)
     select member_id as "memberId", period_id as "periodId", window_id as "windowId", unit_id as "unitId" from enrolled`,
    [
      joins.map((join) => join.memberId),
      joins.map((join) => join.periodId),
      joins.map((join) => join.windowId),
      joins.map((join) => join.unitId),
      joins.map((join) => join.receivedAt),
    ],
  );
  const enrolled = new Map(rows.map((row) => [pairKey(row), row]));
  return joins.flatMap((join) => {
    const place = enrolled.get(pairKey(join));
    return place ? [{ ...join, windowId: place.windowId, unitId: place.unitId }] : [];
  });
}

/** All applications of these members. */
export async function applicationsOf(tx: Transaction, memberIds: readonly string[]): Promise<Application[]> {
  const rows = await rowsOf<ApplicationRow>(tx, `select ${APPLICATION} from join_application a where a.member_id = any($1::uuid[])`, [
    memberIds,
  ]);
  return rows.map(application);
}

export async function applicationIn(tx: Transaction, memberId: string, windowId: string): Promise<Application | undefined> {
  const rows = await rowsOf<ApplicationRow>(
    tx,
    `select ${APPLICATION} from join_application a join enrolment_window w on w.id = $2 where a.member_id = $1 and a.period_id = w.period_id`,
    [memberId, windowId],
  );
  return rows[0] && application(rows[0]);
}

/**
 * An open application was received earlier than is known, within its window, and so were its enrolment and cover. Only of a first attempt: an
 * earlier time may be that of the attempt before. False when nothing is known better by it.
 */
export async function receivedEarlier(tx: Transaction, { memberId, periodId }: Application, receivedAt: Date): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `with earlier as (
       update join_application a set received_at = $3 from enrolment_window w
       where a.member_id = $1 and a.period_id = $2 and a.attempt = 1 and a.state in ('to-pay', 'covered') and a.received_at > $3
         and w.id = a.window_id and w.opens_at <= $3
       returning a.member_id, a.period_id, a.id),
     enrolled as (
       update enrolment e set applied_at = $3 from earlier a
       where e.member_id = a.member_id and e.period_id = a.period_id and e.import_id is null and e.applied_at > $3),
     covered as (
       update cover c set enrolled_on = least(c.enrolled_on, ($3::timestamptz at time zone 'Asia/Shanghai')::date) from earlier a
       where c.member_id = a.member_id and c.period_id = a.period_id and c.join_id = a.id)
     select from earlier`,
    [memberId, periodId, receivedAt],
  );
  return rows.length > 0;
}

export interface StoredPayment {
  readonly memberId: string;
  readonly orderNumber: string;
  readonly joinId: string;
  readonly attempt: number;
  readonly amountFen: Fen;
  readonly state: PhonePaymentState;
  readonly reason: JoinReason | null;
}

const PAYMENT = `p.member_id as "memberId", p.order_number as "orderNumber", p.join_id as "joinId", p.attempt, p.amount_fen as "amountFen", p.state, p.reason`;
type PaymentRow = Omit<StoredPayment, 'amountFen'> & { amountFen: string };
const payment = (row: PaymentRow): StoredPayment => ({ ...row, amountFen: fen(Number(row.amountFen)) });

/** What is known of these orders, by number. */
export async function knownPayments(
  tx: Transaction,
  orders: readonly Pick<StoredPayment, 'memberId' | 'orderNumber'>[],
): Promise<Map<string, StoredPayment>> {
  const rows = await rowsOf<PaymentRow>(
    tx,
    `select ${PAYMENT} from unnest($1::uuid[], $2::text[]) as n(member_id, order_number)
     join phone_payment p on p.member_id = n.member_id and p.order_number = n.order_number`,
    [orders.map((order) => order.memberId), orders.map((order) => order.orderNumber)],
  );
  return new Map(rows.map((row) => [row.orderNumber, payment(row)]));
}

export interface NewPayment extends StoredPayment {
  readonly transaction: string | null;
  readonly paidAt: Date;
}

/** Returns how many are new. */
export async function insertPayments(tx: Transaction, payments: readonly NewPayment[], at: Date): Promise<number> {
  if (payments.length === 0) return 0;
  const rows = await rowsOf(
    tx,
    `insert into phone_payment (member_id, order_number, join_id, attempt, amount_fen, transaction, paid_at, recorded_at, state, reason, look_at)
     select member_id, order_number, join_id, attempt, amount_fen, transaction, paid_at, recorded_at, state, reason,
       case when state = 'refund-due' then recorded_at end
     from unnest($2::uuid[], $3::text[], $4::uuid[], $5::int[], $6::bigint[], $7::text[], $8::timestamptz[], $9::text[], $10::text[])
       as n(member_id, order_number, join_id, attempt, amount_fen, transaction, paid_at, state, reason),
       lateral (select $1::timestamptz as recorded_at) r
     order by member_id
     on conflict (member_id, order_number) do nothing returning 1`,
    [
      at,
      payments.map((one) => one.memberId),
      payments.map((one) => one.orderNumber),
      payments.map((one) => one.joinId),
      payments.map((one) => one.attempt),
      payments.map((one) => one.amountFen),
      payments.map((one) => one.transaction),
      payments.map((one) => one.paidAt),
      payments.map((one) => one.state),
      payments.map((one) => one.reason),
    ],
  );
  return rows.length;
}

/** Once while it is open; what was cleared and comes up again is a flag of its own. Returns how many are open by this. */
export async function flag(
  tx: Transaction,
  flags: readonly { orderNumber: string; fault: PhonePaymentFault; amountFen: number }[],
  at: Date,
): Promise<number> {
  if (flags.length === 0) return 0;
  const rows = await rowsOf(
    tx,
    `insert into phone_payment_flag (order_number, fault, amount_fen, flagged_at)
     select order_number, fault, amount_fen, $1 from unnest($2::text[], $3::text[], $4::bigint[]) as n(order_number, fault, amount_fen)
     on conflict (order_number, fault) where cleared_at is null do nothing returning 1`,
    [at, flags.map((one) => one.orderNumber), flags.map((one) => one.fault), flags.map((one) => one.amountFen)],
  );
  return rows.length;
}

export interface PaymentFlag {
  readonly orderNumber: string;
  readonly fault: PhonePaymentFault;
  readonly amountFen: Fen;
  readonly flaggedAt: Date;
}

export interface Clearance {
  readonly by: string;
  readonly at: Date;
  readonly clearance: string;
}

export interface OpenFlag extends PaymentFlag {
  /** What was done when the same came up before, the oldest first. */
  readonly earlier: readonly Clearance[];
}

/** What nobody has cleared yet, the oldest first. */
export async function openFlags(tx: Transaction, limit: number): Promise<OpenFlag[]> {
  const rows = await rowsOf<
    Omit<OpenFlag, 'amountFen' | 'earlier'> & { amountFen: string; earlier: (Omit<Clearance, 'at'> & { at: string })[] }
  >(
    tx,
    `select f.order_number as "orderNumber", f.fault, f.amount_fen as "amountFen", f.flagged_at as "flaggedAt",
       (select coalesce(json_agg(json_build_object('by', c.cleared_by, 'at', c.cleared_at, 'clearance', c.clearance) order by c.cleared_at, c.id), '[]')
        from phone_payment_flag c where c.order_number = f.order_number and c.fault = f.fault and c.cleared_at is not null) as earlier
     from phone_payment_flag f where f.cleared_at is null order by f.flagged_at, f.order_number, f.fault limit $1`,
    [limit],
  );
  return rows.map(({ amountFen, earlier, ...row }) => ({
    ...row,
    amountFen: fen(Number(amountFen)),
    earlier: earlier.map((one) => ({ ...one, at: new Date(one.at) })),
  }));
}

/** False when there is none that is open. */
export async function clearFlag(
  tx: Transaction,
  { orderNumber, fault }: Pick<PaymentFlag, 'orderNumber' | 'fault'>,
  cleared: Clearance,
): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `update phone_payment_flag set cleared_by = $3, cleared_at = $4, clearance = $5
     where order_number = $1 and fault = $2 and cleared_at is null returning 1`,
    [orderNumber, fault, cleared.by, cleared.at, cleared.clearance],
  );
  return rows.length > 0;
}

/** Open orders whose time to be asked about has come, the oldest first. */
export async function ordersToAsk(tx: Transaction, now: Date, limit: number): Promise<Application[]> {
  const rows = await rowsOf<ApplicationRow>(
    tx,
    `select ${APPLICATION} from join_application a where a.state = 'to-pay' and a.look_at <= $1 order by a.look_at limit $2`,
    [now, limit],
  );
  return rows.map(application);
}

export async function lookAgain(tx: Transaction, looks: readonly { memberId: string; periodId: string; at: Date }[]): Promise<void> {
  if (looks.length === 0) return;
  await rowsOf(
    tx,
    `update join_application a set look_at = n.look_at from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as n(member_id, period_id, look_at)
     where a.member_id = n.member_id and a.period_id = n.period_id and a.state = 'to-pay'`,
    [looks.map((look) => look.memberId), looks.map((look) => look.periodId), looks.map((look) => look.at)],
  );
}

/** Payments that are to go back, or on their way, and whose time has come; the one that waits longest first. */
export async function paymentsToRefund(tx: Transaction, now: Date, limit: number): Promise<StoredPayment[]> {
  const rows = await rowsOf<PaymentRow>(tx, `select ${PAYMENT} from phone_payment p where p.look_at <= $1 order by p.look_at limit $2`, [
    now,
    limit,
  ]);
  return rows.map(payment);
}

export interface RefundUnderWay extends Pick<StoredPayment, 'orderNumber' | 'amountFen' | 'state' | 'reason'> {
  /** When the member paid what is to go back. */
  readonly paidAt: Date;
  /** With what the institution refused it last, and keeps refusing it. */
  readonly refusal: string | null;
  /** Refused so often in this way that a person should look. */
  readonly stuck: boolean;
}

/** A minute each. */
const REFUSALS_STUCK = 60;

/** What is to go back and has not arrived; what was paid first comes first. */
export async function refundsUnderWay(tx: Transaction, limit: number): Promise<RefundUnderWay[]> {
  const rows = await rowsOf<Omit<RefundUnderWay, 'amountFen'> & { amountFen: string }>(
    tx,
    `select p.order_number as "orderNumber", p.amount_fen as "amountFen", p.state, p.reason, p.paid_at as "paidAt", p.refusal, p.refusals >= $2 as stuck
     from phone_payment p where p.look_at is not null order by p.paid_at limit $1`,
    [limit, REFUSALS_STUCK],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}

type PaymentKey = Pick<StoredPayment, 'memberId' | 'orderNumber'>;

/** The end of a refund, good or bad. False when it has ended already. */
export async function endRefund(
  tx: Transaction,
  { memberId, orderNumber }: PaymentKey,
  end: PhonePaymentState & ('refunded' | 'refund-failed'),
): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `update phone_payment set state = $3, look_at = null, refusal = null, refusals = 0
     where member_id = $1 and order_number = $2 and look_at is not null returning 1`,
    [memberId, orderNumber, end],
  );
  return rows.length > 0;
}

/** Under way at the institution. */
export async function refundTaken(tx: Transaction, { memberId, orderNumber }: PaymentKey, at: Date): Promise<void> {
  await rowsOf(
    tx,
    `update phone_payment set look_at = $3, state = 'refunding', refusal = null, refusals = 0
     where member_id = $1 and order_number = $2 and look_at is not null`,
    [memberId, orderNumber, at],
  );
}

/** `refusal`: what it was refused with; null when nobody answered. True when it is stuck by this. */
export async function lookAtRefundAgain(
  tx: Transaction,
  { memberId, orderNumber }: PaymentKey,
  at: Date,
  refusal: string | null,
): Promise<boolean> {
  const rows = await rowsOf<{ stuck: boolean }>(
    tx,
    `update phone_payment set look_at = $3, refusal = coalesce($4::text, refusal),
       refusals = case when $4::text is null then refusals when $4 = refusal then refusals + 1 else 1 end
     where member_id = $1 and order_number = $2 and look_at is not null returning $4::text is not null and refusals = $5 as stuck`,
    [memberId, orderNumber, at, refusal, REFUSALS_STUCK],
  );
  return rows[0]?.stuck ?? false;
}

/** One that has failed is asked about again, and for again if it never arrived; one that is stuck has its hour anew. */
export async function retryRefund(tx: Transaction, { memberId, orderNumber }: PaymentKey, at: Date): Promise<void> {
  await rowsOf(
    tx,
    `update phone_payment set state = case state when 'refund-failed' then 'refunding' else state end, look_at = $3, refusal = null, refusals = 0
     where member_id = $1 and order_number = $2 and state in ('refund-failed', 'refund-due', 'refunding')`,
    [memberId, orderNumber, at],
  );
}

/** What these orders brought was kept, and is to go back. Returns the ids of the joins that paid something. */
export async function unkeepPayments(tx: Transaction, orders: readonly Application[], reason: JoinReason, at: Date): Promise<Set<string>> {
  if (orders.length === 0) return new Set();
  const rows = await rowsOf<{ id: string }>(
    tx,
    `update phone_payment p set state = 'refund-due', reason = $3, look_at = $4 from unnest($1::uuid[], $2::text[]) as n(member_id, order_number)
     where p.member_id = n.member_id and p.order_number = n.order_number and p.state = 'kept' returning p.join_id as id`,
    [orders.map((order) => order.memberId), orders.map((order) => order.orderNumber), reason, at],
  );
  return new Set(rows.map(({ id }) => id));
}

export async function firstJoinAt(tx: Transaction): Promise<Date | undefined> {
  const rows = await rowsOf<{ at: Date | null }>(tx, 'select min(received_at) as at from join_application');
  return rows[0]!.at ?? undefined;
}

export async function comparedDays(tx: Transaction): Promise<Set<string>> {
  return new Set((await rowsOf<{ on: string }>(tx, 'select "on"::text as "on" from phone_bill')).map(({ on }) => on));
}

/** Payments of that time, by order. */
export async function paymentsBetween(tx: Transaction, from: Date, until: Date): Promise<StoredPayment[]> {
  const rows = await rowsOf<PaymentRow>(tx, `select ${PAYMENT} from phone_payment p where p.paid_at >= $1 and p.paid_at < $2`, [
    from,
    until,
  ]);
  return rows.map(payment);
}

export async function insertBill(
  tx: Transaction,
  bill: { on: CivilDate; lines: number; missed: number; flagged: number; at: Date },
): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    'insert into phone_bill ("on", lines, missed, flagged, compared_at) values ($1, $2, $3, $4, $5) on conflict ("on") do nothing returning lines',
    [bill.on, bill.lines, bill.missed, bill.flagged, bill.at],
  );
  return rows.length > 0;
}
