/**
 * What a member pays with the phone. A payment is known from the outside party's signed word, from asking it, or from its bill; whichever comes
 * first books it, enrols and covers, in one transaction with many others, and each further word of it changes nothing.
 */
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock, DomainError, addDays, chinaDate, chinaInstant, daysFrom, type CivilDate, type Fen } from '@app/kernel';
import { ledger } from '@app/ledger';
import {
  Database,
  FirstComeFirstServed,
  GroupCommit,
  addToOutbox,
  answerLater,
  together,
  type Answered,
  type Principal,
  type Transaction,
} from '@app/platform';
import { returnReceipt } from '../contribution/refund-outcome.js';
import { PhonePay, type PhoneRefund } from '../phone-payment/phone-pay.js';
import { addJoined } from '../window/enrolment-count.repository.js';
import { JOIN_MOVES, JOIN_STATES, decidePaid, nextLook, type JoinReason, type JoinState } from './join.js';
import { coverJoined } from './join-cover.js';
import * as joins from './join.repository.js';
import { memberOfOrder, orderNumberOf, refundNumberOf } from './join-ticket.js';

/** Written together at most. */
const SET = 500;
/** Orders asked about in one go, and at the same time. */
const ASKED = 1_000;
/** Until an order is asked about again that could not be asked about. */
const UNANSWERED_MS = 60_000;
/** To a balance a refund takes minutes, to a card days. */
const REFUND_LOOK_MS = 5 * 60_000;
const AT_ONCE = 8;
/** Who clears what has come right by itself. */
const BY_PHONE_PAY = 'phone-pay';
/** Of a list for finance: the oldest; each that ends makes room. */
const SHOWN = 1_000;
/** From when the outside party has the bill of the day before. */
export const BILL_READY = '10:00';
const MOST_DAYS = 400;

interface Paid extends Answered<void> {
  readonly orderNumber: string;
  /** undefined: not an order of ours. */
  readonly memberId: string | undefined;
  readonly amountFen: Fen;
  readonly transaction: string;
  readonly paidAt: Date;
}

export const REFUND_OUTCOMES = ['retry', 'given-back'] as const;
export type RefundOutcome = (typeof REFUND_OUTCOMES)[number];

export interface FlaggedPayment extends joins.OpenFlag {
  /** As we have it; null when we have none under this number. */
  readonly payment: Pick<joins.StoredPayment, 'state' | 'amountFen' | 'reason'> | null;
}

type PaidWord = Omit<Paid, keyof Answered<void>>;

@Injectable()
export class JoinPaymentService implements OnApplicationShutdown {
  private readonly logger = new Logger(JoinPaymentService.name);
  private readonly payments: GroupCommit<Paid, void>;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly phonePay: PhonePay,
  ) {
    this.payments = new GroupCommit(new FirstComeFirstServed<Paid>(), (set) => this.write(set), { most: SET });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.payments.rest();
  }

  /** When no more payments wait than are written at once. */
  caughtUp(): Promise<void> {
    return this.payments.untilWaiting(SET);
  }

  /** Answers after the commit. Error: `notification` (unauthenticated). */
  async notified(headers: Readonly<Record<string, string | undefined>>, body: string): Promise<void> {
    const payment = this.phonePay.readNotification(headers, body);
    if (!payment)
      throw new DomainError(
        'notification',
        'unauthenticated',
        'expected a notification that is signed and fresh, found another; send it again',
      );
    if (payment.state === 'paid') await this.paid(payment);
  }

  /** Asks about open orders whose time has come. Returns how many were asked about. */
  async look(): Promise<number> {
    const orders = await joins.ordersToAsk(this.database.direct, this.clock.now(), ASKED);
    // Whoever cannot be asked about now is asked about later: else the same ones would be first for ever.
    await inTurns(orders, (order) =>
      this.orLater(
        () => this.lookAt(order),
        (at) => this.lookAgain(order, at),
      ),
    );
    return orders.length;
  }

  /** Gives back what is to go back, and asks about what is on its way. */
  async refund(): Promise<void> {
    await inTurns(await joins.paymentsToRefund(this.database.direct, this.clock.now(), ASKED), (payment) =>
      this.orLater(
        () => this.giveBack(payment),
        (at, refusal) => this.refusedAgain(payment, at, refusal),
      ),
    );
  }

  /** Days whose bill should be there and is not compared. */
  async billDaysDue(now: Date): Promise<CivilDate[]> {
    const first = await joins.firstJoinAt(this.database.direct);
    if (!first) return [];
    const today = chinaDate(now);
    // The bill of a day is there on the next, from an hour on.
    const last = now < chinaInstant(today, BILL_READY) ? addDays(today, -2) : addDays(today, -1);
    const compared = await joins.comparedDays(this.database.direct);
    return daysFrom(chinaDate(first), last, MOST_DAYS).filter((day) => !compared.has(day));
  }

  /** A payment that only the bill tells of is worked as if it had been told; what differs waits for a person. False when the bill is not there yet. */
  async compare(on: CivilDate): Promise<boolean> {
    const bill = await this.phonePay.bill(on);
    if (!bill) return false;
    const lines = bill.lines.filter((line) => line.kind === 'payment');
    const ours = lines.filter((line) => memberOfOrder(line.orderNumber) !== undefined);
    const known = await joins.knownPayments(this.database.direct, ours.map(wordKey));
    const missed = ours.filter((line) => !known.has(line.orderNumber));
    for (const { orderNumber, amountFen, transaction, at } of missed) await this.paid({ orderNumber, amountFen, transaction, paidAt: at });

    const others = bill.lines.filter((line) => line.kind === 'other');
    const billed = new Set([...lines, ...others].map((line) => line.orderNumber));
    const ofTheDay = await joins.paymentsBetween(this.database.direct, chinaInstant(on), chinaInstant(addDays(on, 1)));
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      const flagged = await joins.flag(
        tx,
        [
          ...lines
            .filter((line) => memberOfOrder(line.orderNumber) === undefined)
            .map(({ orderNumber, amountFen }) => ({ orderNumber, amountFen, fault: 'order-unknown' as const })),
          ...ours
            .filter((line) => (known.get(line.orderNumber)?.amountFen ?? line.amountFen) !== line.amountFen)
            .concat(others)
            .map(({ orderNumber, amountFen }) => ({ orderNumber, amountFen, fault: 'bill-differs' as const })),
          ...ofTheDay
            .filter(({ orderNumber }) => !billed.has(orderNumber))
            .map(({ orderNumber, amountFen }) => ({ orderNumber, amountFen, fault: 'not-in-bill' as const })),
        ],
        now,
      );
      await joins.insertBill(tx, { on, lines: bill.lines.length, missed: missed.length, flagged, at: now });
    });
    return true;
  }

  /** Where the money is that members are to have back, and with what the institution refuses it, such as too little at the merchant. */
  refundsUnderWay(): Promise<joins.RefundUnderWay[]> {
    return joins.refundsUnderWay(this.database.direct, SHOWN);
  }

  /** Payments that wait for a person: finance looks into them, does what is to be done at the phone-pay institution, and says what it was. */
  async flags(): Promise<FlaggedPayment[]> {
    const flags = await joins.openFlags(this.database.direct, SHOWN);
    const ours = flags.filter(({ orderNumber }) => memberOfOrder(orderNumber) !== undefined);
    const known = await joins.knownPayments(this.database.direct, ours.map(wordKey));
    return flags.map((flag) => {
      const payment = known.get(flag.orderNumber);
      return { ...flag, payment: payment ? { state: payment.state, amountFen: payment.amountFen, reason: payment.reason } : null };
    });
  }

  /**
   * Of a refund that had failed or is stuck, and of no other flag, `refund` says how it goes on. `retry`: it is asked about again, and for again
   * if it never arrived; also where the institution gave the money back by hand. `given-back`: it came from another account of ours, and must not
   * come twice; the join has ended, while the payment stays where it is. Errors: `flag` (not found), `refund-outcome` (invalid).
   */
  async clearFlag(
    principal: Principal,
    flag: Pick<joins.PaymentFlag, 'orderNumber' | 'fault'>,
    { clearance, refund }: { readonly clearance: string; readonly refund?: RefundOutcome | undefined },
  ): Promise<void> {
    if ((refund !== undefined) !== (flag.fault === 'refund-failed' || flag.fault === 'refund-stuck'))
      throw new DomainError(
        'refund-outcome',
        'invalid',
        refund === undefined
          ? 'expected how the refund goes on, found nothing; say "retry" or "given-back"'
          : `expected the flag of a refund that failed or is stuck, found ${flag.fault}; leave out refund`,
      );
    const at = this.clock.now();
    await this.database.transaction(async (tx) => {
      if (!(await joins.clearFlag(tx, flag, { by: principal.userId, at, clearance })))
        throw new DomainError('flag', 'not-found', 'expected a flag that is open, found none of this order and fault; list the flags');
      if (refund === 'given-back') {
        const payment = (await joins.knownPayments(tx, [wordKey(flag)])).get(flag.orderNumber)!;
        if (flag.fault === 'refund-stuck') await joins.endRefund(tx, payment, 'refund-failed');
        await this.endRefunded(tx, payment);
      }
      if (refund !== 'retry') return;
      await joins.retryRefund(tx, wordKey(flag), at);
      await addToOutbox(tx, [{ queue: 'join', command: 'refund', ids: [] }]);
    });
  }

  private paid({ orderNumber, amountFen, transaction, paidAt }: Omit<PaidWord, 'memberId'>): Promise<void> {
    const { outcome, resolve, reject } = answerLater<void>();
    this.payments.add({
      orderNumber,
      memberId: memberOfOrder(orderNumber),
      amountFen,
      transaction,
      paidAt,
      resolve,
      reject,
    });
    return outcome;
  }

  private async write(set: readonly Paid[]): Promise<void[]> {
    const words = firstOfEach(set);
    const named = words.flatMap(({ orderNumber, memberId }) => (memberId === undefined ? [] : [{ orderNumber, memberId }]));
    const [known, applications] = await Promise.all([
      joins.knownPayments(this.database.direct, named),
      joins.applicationsOf(this.database.direct, [...new Set(named.map(({ memberId }) => memberId))]),
    ]);
    const news = words.filter((word) => !known.has(word.orderNumber));
    if (news.length > 0) await this.database.transaction((tx) => this.book(tx, news, findOrders(applications, news)));
    return set.map(() => undefined);
  }

  /** Words that are heard for the first time. What they were read from may have moved since: then nothing of this is kept. */
  private async book(tx: Transaction, news: readonly PaidWord[], found: ReadonlyMap<PaidWord, Order>): Promise<void> {
    const now = this.clock.now();
    const decided = [...found].map(([word, { application, attempt }]) => {
      const { state, amountFen, payUntil } = application;
      return {
        word,
        application,
        attempt,
        decision: decidePaid({ state, current: attempt === application.attempt, amountFen, payUntil }, word),
      };
    });
    const enrolled = await joins.enrolJoined(
      tx,
      decided.filter(({ decision }) => decision === 'cover').map(({ application }) => application),
    );
    const covered = new Set(enrolled.map(({ id }) => id));
    const booked = decided.map(({ decision, ...one }) => {
      const reason = decision !== 'cover' ? decision : covered.has(one.application.id) ? null : ('enrolled-by-unit' as const);
      return { ...one, reason };
    });
    const back = booked.filter(({ reason }) => reason !== null).map(({ application }) => application.id);
    const moves = booked.filter(
      ({ attempt, application, reason }) =>
        attempt === application.attempt && (reason === null || paidMoves('refunding').includes(application.state)),
    );
    const [inserted, moved] = await together(() => [
      joins.insertPayments(tx, booked.map(paymentOf), now),
      joins.moveApplications(
        tx,
        moves.map(({ application, reason }) => moveOf(application, reason)),
      ),
      ledger.transfer(tx, booked.map(transferOf)),
      coverJoined(tx, enrolled, now),
      joins.flag(
        tx,
        [
          ...news.filter((word) => !found.has(word)).map((word) => ({ ...word, fault: 'order-unknown' as const })),
          ...booked.filter(({ reason }) => reason === 'amount-differs').map(({ word }) => ({ ...word, fault: 'amount-differs' as const })),
        ],
        now,
      ),
      addToOutbox(tx, back.length > 0 ? [{ queue: 'join', command: 'refund', ids: back }] : []),
      addJoined(tx, enrolled),
    ]);
    if (inserted < booked.length || moved < moves.length)
      throw new DomainError(
        'payment-moved',
        'unavailable',
        'expected applications that nobody else moves, found some that moved; tell it again',
      );
  }

  private async lookAt(order: joins.Application): Promise<void> {
    let told = await this.phonePay.query(order.orderNumber);
    const now = this.clock.now();
    if (told?.state === 'open' && now >= order.payUntil) {
      await this.close(order.orderNumber);
      // Paid while it was being closed?
      told = await this.phonePay.query(order.orderNumber);
    }
    if (told?.state === 'paid') return this.paid(told);
    const over = now >= order.payUntil && told?.state !== 'open';
    if (!over && told?.state !== 'closed') {
      return this.lookAgain(order, nextLook(order.receivedAt, order.payUntil, now));
    }
    const { enrolled } = (await joins.memberFacts(this.database.direct, [order])).get(0)!;
    await joins.moveApplications(this.database.direct, [
      { ...order, from: ['to-pay'], to: 'expired', reason: enrolled ? 'enrolled-by-unit' : 'not-paid' },
    ]);
  }

  private lookAgain({ memberId, periodId }: joins.Application, at: Date): Promise<void> {
    return joins.lookAgain(this.database.direct, [{ memberId, periodId, at }]);
  }

  private async giveBack(payment: joins.StoredPayment): Promise<void> {
    const refundNumber = refundNumberOf(payment.orderNumber);
    const underWay = payment.state === 'refunding' ? await this.phonePay.queryRefund(refundNumber) : undefined;
    const state = underWay?.state ?? (await this.askBack(payment, refundNumber));
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      // Nobody needs to look any more.
      await joins.clearFlag(tx, { ...payment, fault: 'refund-stuck' }, { by: BY_PHONE_PAY, at: now, clearance: `the refund is ${state}` });
      if (state === 'processing') return joins.refundTaken(tx, payment, new Date(now.getTime() + REFUND_LOOK_MS));
      if (state === 'failed') {
        if (await joins.endRefund(tx, payment, 'refund-failed')) await joins.flag(tx, [{ ...payment, fault: 'refund-failed' }], now);
        return;
      }
      if (!(await joins.endRefund(tx, payment, 'refunded'))) return;
      const { joinId, attempt, amountFen } = payment;
      await ledger.transfer(tx, [{ code: 'contribution-phone-refund', subject: joinId, attempt, amountFen, on: chinaDate(now) }]);
      await this.endRefunded(tx, payment);
    });
  }

  /** It goes on until somebody has mended what is wrong; a person has to know of it. */
  private async refusedAgain(payment: joins.StoredPayment, at: Date, refusal: string | null): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (await joins.lookAtRefundAgain(tx, payment, at, refusal))
        await joins.flag(tx, [{ ...payment, fault: 'refund-stuck' }], this.clock.now());
    });
  }

  /** The member has the money back. */
  private async endRefunded(tx: Transaction, { memberId, joinId, attempt, reason }: joins.StoredPayment): Promise<void> {
    const application = (await joins.applicationsOf(tx, [memberId])).find(({ id }) => id === joinId)!;
    await joins.moveApplications(tx, [{ ...application, attempt, from: ['refunding'], to: 'refunded', reason }]);
    // Only one that was kept at first has a receipt.
    if (reason === 'not-accepted') await returnReceipt(tx, joinId, attempt);
  }

  private async askBack({ orderNumber, amountFen, reason }: joins.StoredPayment, refundNumber: string): Promise<PhoneRefund['state']> {
    try {
      return (await this.phonePay.refund({ refundNumber, orderNumber, amountFen, totalFen: amountFen, reason: reason! })).state;
    } catch (error) {
      if (!isDomainError(error, 'refund-refused')) throw error;
      // Refused may be that another process was asking for it.
      return (await this.phonePay.queryRefund(refundNumber))?.state ?? 'failed';
    }
  }

  /** Nobody can pay it afterwards, or somebody has. */
  private async close(orderNumber: string): Promise<void> {
    try {
      await this.phonePay.close(orderNumber);
    } catch (error) {
      if (!isDomainError(error, 'order-paid')) throw error;
    }
  }

  /** What fails for the one, answered or not, is tried later; the others go on. `refusal`: the outside party's code, of an answer that had one. */
  private async orLater(work: () => Promise<void>, later: (at: Date, refusal: string | null) => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.logger[error.retry ? 'warn' : 'error'](`an order is asked about later: ${error.message}`);
      const { refusal } = error.details;
      await later(new Date(this.clock.now().getTime() + UNANSWERED_MS), typeof refusal === 'string' ? refusal : null);
    }
  }
}

const isDomainError = (error: unknown, code: string): boolean => error instanceof DomainError && error.code === code;

const wordKey = ({ orderNumber }: { readonly orderNumber: string }) => ({ memberId: memberOfOrder(orderNumber)!, orderNumber });

const firstOfEach = (set: readonly Paid[]): Paid[] => [...new Map(set.map((paid) => [paid.orderNumber, paid] as const).reverse()).values()];

interface Order {
  readonly application: joins.Application;
  readonly attempt: number;
}

/** The application and attempt that each of these is for; absent when there is none. */
function findOrders(applications: readonly joins.Application[], words: readonly PaidWord[]): Map<PaidWord, Order> {
  const byNumber = new Map<string, Order>();
  for (const application of applications) {
    byNumber.set(application.orderNumber, { application, attempt: application.attempt });
    for (let attempt = application.attempt - 1; attempt > 0; attempt--)
      byNumber.set(orderNumberOf(application.memberId, application.periodId, attempt), { application, attempt });
  }
  const found = new Map<PaidWord, Order>();
  for (const word of words) {
    const order = byNumber.get(word.orderNumber);
    if (order) found.set(word, order);
  }
  return found;
}

interface Booked extends Order {
  readonly word: PaidWord;
  readonly reason: JoinReason | null;
}

const paymentOf = ({ word, application, attempt, reason }: Booked): joins.NewPayment => ({
  memberId: application.memberId,
  orderNumber: word.orderNumber,
  joinId: application.id,
  attempt,
  amountFen: word.amountFen,
  transaction: word.transaction,
  paidAt: word.paidAt,
  state: reason ? 'refund-due' : 'kept',
  reason,
});

const transferOf = ({ word, application, attempt }: Booked) => ({
  code: 'contribution-phone' as const,
  subject: application.id,
  attempt,
  amountFen: word.amountFen,
  on: chinaDate(word.paidAt),
});

const moveOf = ({ memberId, periodId, attempt }: joins.Application, reason: JoinReason | null): joins.Move => {
  const to = reason ? 'refunding' : 'covered';
  return { memberId, periodId, attempt, from: paidMoves(to), to, reason };
};

/** From where a payment takes an application there: never from a cover, which only underwriting ends. */
const paidMoves = (to: JoinState): JoinState[] => JOIN_STATES.filter((state) => state !== 'covered' && JOIN_MOVES[state].includes(to));

/** A few at a time. */
async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
    }),
  );
}
