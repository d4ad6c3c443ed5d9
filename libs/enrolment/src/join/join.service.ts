/**
 * A member asks to join. Requests wait in a line in the order they were received, and are written in sets; who waits longer than a few seconds is
 * told the place and the time, with a ticket that holds the place. The line is in memory: what it would lose, the tickets bring back.
 */
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { chinaDate, Clock, DomainError, type CivilDate, type Fen } from '@app/kernel';
import {
  Audit,
  Database,
  GroupCommit,
  PersonalDataVault,
  answerLater,
  connectionsAtMost,
  reachOf,
  together,
  newId,
  type Answered,
  type Principal,
} from '@app/platform';
import { coversOfMember } from '../cover/cover.repository.js';
import { masked, type PersonalData } from '../member/member.js';
import { memberById, openMember } from '../member/member.repository.js';
import { organisationById } from '../organisation/organisation.repository.js';
import { PhonePay } from '../phone-payment/phone-pay.js';
import { UNDERWRITING_REASONS, type UnderwritingReason } from '../underwriting/underwriting.js';
import { addJoined } from '../window/enrolment-count.repository.js';
import { secondsLeft, windowState, type WindowState } from '../window/window.js';
import { windowById } from '../window/window.repository.js';
import { JOIN_REASONS, decideAsk, payUntil, type AskRefusal, type AskedWindow, type JoinReason, type TicketState } from './join.js';
import { coverJoined } from './join-cover.js';
import { joinElsewhere, joinRefused, notToPay, ticketTooOld, unknownTicket } from './join.errors.js';
import * as joins from './join.repository.js';
import { JoinPaymentService } from './join-payment.service.js';
import { orderNumberOf, readTicket, writeTicket, type JoinTicket } from './join-ticket.js';
import { Pace, WaitingLine, type Place } from './waiting-line.js';

/** Written together at most. */
const SET = 500;
/**
 * A request is held for so long and answered when it is done; after that, with a ticket. Held it costs nothing, while each answer that somebody is
 * to come back brings the next question at once, and costs a third of a join.
 */
const HOLD_MS = 5_000;
/** Of the connections that the process may hold. With those of listeners nearly all: the rest is for notifications, health and whoever comes. */
const HELD_SHARE = 0.4;
/** Who was told to wait comes back so long before the turn, and is held until then: whoever is late leaves the server idle. */
const EARLY_SECONDS = 3;
/** Two of a crowd of 50,000: some 30 MB. */
const LINE_PLACES = 100_000;
/** A ticket that was never worked through holds its place for so long, over a restart or a night without service. */
const TICKET_HOURS = 24;
const POLL_SECONDS = { least: 1, most: 60 };

/** What became of a join, or what is to be done next. */
export interface JoinView {
  readonly ticket: string;
  /** Of the application, which may be another of the period than was asked for. */
  readonly windowId: string;
  readonly state: TicketState;
  readonly receivedAt: Date;
  readonly orderNumber?: string;
  readonly amountFen?: Fen;
  readonly payBy?: Date;
  readonly reason?: JoinReason | UnderwritingReason;
  readonly reasonText?: string;
  /** While waiting: places up to one's own. */
  readonly position?: number;
  readonly estimatedSeconds?: number;
  readonly pollAfterSeconds?: number;
}

export interface JoinOffer {
  readonly member: Pick<PersonalData, 'name' | 'personalNumber' | 'phone'>;
  readonly unit: { readonly code: string; readonly name: string };
  readonly planId: string;
  readonly coverFrom: string;
  readonly coverTo: string;
  readonly contributionFen: number;
  /** The member's share. */
  readonly toPayFen: number;
  readonly enrolled: boolean;
  readonly covered: boolean;
  /** Of a cover that ended, or is to end, before its time. */
  readonly coverEndedOn: CivilDate | null;
  readonly join: JoinView | null;
  readonly now: Date;
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly secondsLeft: number;
  readonly state: WindowState;
}

export interface PayParameters {
  readonly orderNumber: string;
  readonly amountFen: Fen;
  readonly payBy: Date;
  readonly payParameters: Readonly<Record<string, string>>;
}

type AskOutcome =
  | { readonly application: joins.Application }
  | { readonly elsewhere: string }
  | { readonly refusal: Exclude<AskRefusal, 'join-elsewhere'>; readonly window: AskedWindow | undefined };

interface Ask extends JoinTicket, Place, Answered<AskOutcome> {
  readonly outcome: Promise<AskOutcome>;
}

@Injectable()
export class JoinService implements OnApplicationShutdown {
  protected readonly places: number = LINE_PLACES;
  protected readonly holdMs: number = HOLD_MS;
  protected readonly mostHeld: number = HELD_SHARE * connectionsAtMost();
  private held = 0;
  private readonly line = new WaitingLine<Ask>();
  private readonly pace = new Pace();
  private readonly asks: GroupCommit<Ask, AskOutcome>;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly audit: Audit,
    private readonly phonePay: PhonePay,
    private readonly payments: JoinPaymentService,
  ) {
    this.asks = new GroupCommit(this.line, (set) => this.write(set), {
      most: SET,
      wrote: (count, waiting) => this.pace.wrote(count, waiting, performance.now()),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.asks.rest();
  }

  /** What is known before anything is asked for. Errors: `window`, `member` (not found). */
  async offer(principal: Principal, windowId: string): Promise<JoinOffer> {
    const { memberId } = reachOf(principal, 'member.read-own');
    const { window } = await windowById(this.database.direct, windowId);
    const member = await memberById(this.database.direct, memberId!);
    if (!member) throw joinRefused('member', undefined, this.clock.now());
    const [unit, facts, covers] = await Promise.all([
      organisationById(this.database.direct, member.unit_id),
      joins.memberFacts(this.database.direct, [{ memberId: member.id, windowId }]),
      coversOfMember(this.database.direct, member.id),
    ]);
    const { name, personalNumber, phone } = masked(openMember(this.vault, member));
    const { enrolled, application } = facts.get(0)!;
    const now = this.clock.now();
    const cover = covers.find(({ planId, coverFrom }) => planId === window.plan_id && coverFrom === window.cover_from);
    return {
      member: { name, personalNumber, phone },
      unit: { code: unit!.code, name: unit!.name },
      planId: window.plan_id,
      coverFrom: window.cover_from,
      coverTo: window.cover_to,
      contributionFen: window.contribution_fen,
      toPayFen: window.member_share_fen,
      enrolled,
      covered: cover !== undefined && (cover.endedOn === null || cover.endedOn >= chinaDate(now)),
      coverEndedOn: cover?.endedOn ?? null,
      join: application ? this.view(application) : null,
      now,
      opensAt: window.opens_at,
      closesAt: window.closes_at,
      secondsLeft: secondsLeft(window, now),
      state: windowState(window, now),
    };
  }

  /**
   * `receivedAt`: when the server received the request, which is what counts. Asked again, the answer is the same.
   * Errors: `window`, `member` (not found), `window-not-open`, `window-closed`, `window-elsewhere`, `already-enrolled`,
   * `join-elsewhere` (conflict), `busy` (unavailable).
   */
  ask(principal: Principal, windowId: string, receivedAt: Date): Promise<JoinView> {
    const { memberId } = reachOf(principal, 'join.ask');
    return this.take({ windowId, memberId: memberId!, receivedAt });
  }

  /** What became of it. A ticket that is not known here, since the server was started again, takes its old place. Errors: `ticket` (not found), `ticket-expired`, and those of {@link ask}. */
  async read(principal: Principal, text: string): Promise<JoinView> {
    const ticket = this.ticketOf(principal, text);
    if (this.line.find(keyOf(ticket))) return this.take(ticket);
    const application = await joins.applicationIn(this.database.direct, ticket.memberId, ticket.windowId);
    if (application) checkWindow(application, ticket);
    const tooOld = this.clock.now().getTime() - ticket.receivedAt.getTime() > TICKET_HOURS * 3_600_000;
    // One that had ended before this was received says nothing of it.
    if (application && (application.receivedAt >= ticket.receivedAt || isOpen(application)))
      return this.view(tooOld ? application : await this.withEarliest(application, ticket));
    if (tooOld) throw ticketTooOld();
    return this.take(ticket);
  }

  /** Who asked anew before coming back with the ticket of a request that was lost was received when that was. */
  private async withEarliest(application: joins.Application, { windowId, receivedAt }: JoinTicket): Promise<joins.Application> {
    if (receivedAt >= application.receivedAt || windowId !== application.windowId) return application;
    const earlier = await joins.receivedEarlier(this.database.direct, application, receivedAt);
    return earlier ? { ...application, receivedAt } : application;
  }

  /** What the phone needs to pay. Errors: `ticket` (not found), `join-not-to-pay`, `join-elsewhere` (conflict), those of the outside party. */
  async payment(principal: Principal, text: string): Promise<PayParameters> {
    const { memberId, windowId } = this.ticketOf(principal, text);
    const application = await joins.applicationIn(this.database.direct, memberId, windowId);
    if (!application) throw notToPay('waiting');
    checkWindow(application, { windowId });
    const { state, orderNumber, amountFen, payUntil: payBy } = application;
    if (state !== 'to-pay' || this.clock.now() >= payBy)
      throw notToPay(state === 'to-pay' ? 'too late to be paid' : told(application).state);
    const { payParameters } = await this.phonePay.order({
      orderNumber,
      amountFen,
      description: '职工互助保障',
      expiresAt: payBy,
      payer: memberId,
    });
    return { orderNumber, amountFen, payBy, payParameters };
  }

  private ticketOf(principal: Principal, text: string): JoinTicket {
    const { memberId } = reachOf(principal, 'join.read-own');
    const ticket = readTicket(this.vault, text);
    if (!ticket || ticket.memberId !== memberId) throw unknownTicket();
    return ticket;
  }

  private async take(ticket: JoinTicket): Promise<JoinView> {
    const ask = this.line.find(keyOf(ticket)) ?? this.enter(ticket);
    // Above, who has not been heard yet matters more: what counts is when a request was received, and whoever finds no connection was not.
    const outcome = await this.hold(ask.outcome, this.held < this.mostHeld ? this.holdMs : 0);
    if (!outcome) return this.waiting(ask, ticket);
    if ('elsewhere' in outcome) throw joinElsewhere(outcome.elsewhere);
    if ('refusal' in outcome) throw joinRefused(outcome.refusal, outcome.window, ask.receivedAt);
    return this.view(outcome.application);
  }

  /** Undefined where it takes longer. */
  private async hold<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    this.held++;
    try {
      return await Promise.race([work, new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)))]);
    } finally {
      this.held--;
      clearTimeout(timer);
    }
  }

  private enter(ticket: JoinTicket): Ask {
    if (this.line.length >= this.places)
      throw new DomainError(
        'busy',
        'unavailable',
        'expected room in the line, found none; come back with this ticket, which keeps your time',
        {
          ticket: writeTicket(this.vault, ticket),
          retryAfterSeconds: Math.ceil(this.pace.secondsFor(this.line.length)),
        },
      );
    const { windowId, memberId, receivedAt } = ticket;
    const { outcome, resolve, reject } = answerLater<AskOutcome>();
    // Named one by one: spreading costs more than all else that is done here.
    const ask: Ask = { windowId, memberId, receivedAt, key: keyOf(ticket), outcome, resolve, reject };
    this.asks.add(ask);
    return ask;
  }

  /** The earlier ticket is kept: it will prove the time. */
  private waiting(ask: Ask, shown: JoinTicket): JoinView {
    const position = this.line.placesUpTo(ask.receivedAt);
    const first = shown.receivedAt < ask.receivedAt ? shown : ask;
    const estimatedSeconds = Math.ceil(this.pace.secondsFor(position));
    return {
      ticket: writeTicket(this.vault, first),
      windowId: ask.windowId,
      state: 'waiting',
      receivedAt: first.receivedAt,
      position,
      estimatedSeconds,
      pollAfterSeconds: Math.min(Math.max(estimatedSeconds - EARLY_SECONDS, POLL_SECONDS.least), POLL_SECONDS.most),
    };
  }

  private view(application: joins.Application): JoinView {
    const { memberId, windowId, receivedAt, orderNumber, amountFen, payUntil: payBy } = application;
    return {
      ticket: writeTicket(this.vault, { memberId, windowId, receivedAt }),
      windowId,
      receivedAt,
      orderNumber,
      amountFen,
      payBy,
      ...told(application),
    };
  }

  private async write(set: readonly Ask[]): Promise<AskOutcome[]> {
    // Whose money is out already goes before whoever has not paid: a crowd of confirms must not bring payments that nobody works through.
    await this.payments.caughtUp();
    const [windows, facts] = await Promise.all([
      joins.joinWindows(this.database.direct, [...new Set(set.map((ask) => ask.windowId))]),
      joins.memberFacts(this.database.direct, set),
    ]);
    const outcomes = new Map<Ask, AskOutcome>();
    const begun = new Map<Ask, joins.Application>();
    const begunAt = this.clock.now();
    for (const [place, ask] of set.entries()) {
      const window = windows.get(ask.windowId);
      const fact = facts.get(place);
      const decision = decideAsk(
        { window, unitPath: fact?.unitPath, enrolled: fact?.enrolled ?? false, application: fact?.application },
        ask.receivedAt,
      );
      if (decision.kind === 'refuse')
        outcomes.set(
          ask,
          decision.reason === 'join-elsewhere' ? { elsewhere: fact!.application!.windowId } : { refusal: decision.reason, window },
        );
      else if (decision.kind === 'same') outcomes.set(ask, { application: fact!.application! });
      else begun.set(ask, begin(ask, { window: window!, unitId: fact!.unitId, attempt: decision.attempt, begunAt }));
    }
    if (begun.size > 0) await this.begin(begun, outcomes, windows);
    return set.map((ask) => outcomes.get(ask)!);
  }

  private async begin(
    begun: ReadonlyMap<Ask, joins.Application>,
    outcomes: Map<Ask, AskOutcome>,
    windows: ReadonlyMap<string, joins.JoinWindow>,
  ): Promise<void> {
    const now = this.clock.now();
    const written = await this.database.transaction(async (tx) => {
      const [applications] = await together(() => [
        joins.beginApplications(tx, [...begun.values()]),
        this.audit.recordAll(
          tx,
          [...begun.keys()].map((ask) => ask.memberId),
          { roles: ['member'], action: 'join.ask', route: 'POST /windows/:id/joins', outcome: 'allowed' },
        ),
      ]);
      const free = applications.filter(({ amountFen }) => amountFen === 0);
      if (free.length === 0) return applications;
      const enrolled = await joins.enrolJoined(tx, free);
      await coverJoined(tx, enrolled, now);
      const covered = new Set(enrolled.map(({ id }) => id));
      const ended = free.map((one) => ({
        ...one,
        ...(covered.has(one.id)
          ? { state: 'covered' as const, heldBack: windows.get(one.windowId)!.underwriting === 'none' ? null : ('underwriting' as const) }
          : { state: 'expired' as const, reason: 'enrolled-by-unit' as const }),
      }));
      await joins.moveApplications(
        tx,
        ended.map(({ memberId, periodId, attempt, state, reason }) => ({
          memberId,
          periodId,
          attempt,
          from: ['to-pay'],
          to: state,
          reason,
        })),
      );
      await addJoined(tx, enrolled);
      return [...applications.filter(({ amountFen }) => amountFen > 0), ...ended];
    });
    const byPair = new Map(written.map((application) => [joins.pairKey(application), application]));
    // Somebody else has begun these in the meantime: the other device of the same person, at another process.
    const others = [...begun].filter(([, one]) => !byPair.has(joins.pairKey(one)));
    for (const other of others.length === 0
      ? []
      : await joins.applicationsOf(
          this.database.direct,
          others.map(([ask]) => ask.memberId),
        ))
      byPair.set(joins.pairKey(other), other);
    for (const [ask, one] of begun) {
      const application = byPair.get(joins.pairKey(one))!;
      outcomes.set(ask, one.windowId === application.windowId ? { application } : { elsewhere: application.windowId });
    }
  }
}

function told({ state, reason, heldBack }: joins.Application): Pick<JoinView, 'state' | 'reason' | 'reasonText'> {
  const refusal = heldBack === null || heldBack === 'underwriting' ? null : UNDERWRITING_REASONS[heldBack].zh;
  if (reason) return { state, reason, reasonText: refusal ? `${JOIN_REASONS[reason]}。${refusal}` : JOIN_REASONS[reason] };
  if (heldBack === 'underwriting') return { state: 'underwriting' };
  return heldBack ? { state: 'not-accepted', reason: heldBack, reasonText: refusal! } : { state };
}

/** Nobody pays what they do not see: one that is to be paid is spoken of in its own window only. */
function checkWindow({ state, windowId }: joins.Application, asked: Pick<JoinTicket, 'windowId'>): void {
  if (state === 'to-pay' && windowId !== asked.windowId) throw joinElsewhere(windowId);
}

const isOpen = ({ state }: joins.Application): boolean => state === 'to-pay' || state === 'covered';

const keyOf = ({ memberId, windowId }: JoinTicket): string => `${memberId}/${windowId}`;

interface Begun {
  readonly window: joins.JoinWindow;
  readonly unitId: string;
  readonly attempt: number;
  readonly begunAt: Date;
}

const begin = ({ memberId, receivedAt }: Ask, { window, unitId, attempt, begunAt }: Begun): joins.Application => ({
  memberId,
  periodId: window.period_id,
  id: newId(),
  windowId: window.id,
  unitId,
  attempt,
  orderNumber: orderNumberOf(memberId, window.period_id, attempt),
  amountFen: window.memberShareFen,
  receivedAt,
  payUntil: payUntil(begunAt),
  state: 'to-pay',
  reason: null,
  heldBack: null,
});
