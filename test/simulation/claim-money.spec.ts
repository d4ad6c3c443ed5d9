/**
 * Stories of claims that nobody thought of: settlements come, come twice, are set aside, taken back before or after they came; people decide or do
 * not; batches are rejected; the bank loses messages, refuses, gives back, falls silent; members change accounts; and some of it at the same time.
 * When all of it has come to rest, what the bank has paid for a settlement and not taken back is the benefit or nothing, and the books say the same.
 */
import type { FeedMessage, SettleMessage } from '@app/contracts';
import type { ClaimState } from '@app/claims';
import { addDays, chinaDate, civilDate, type CivilDate } from '@app/kernel';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MIGRATIONS } from '../../apps/standalone/src/schema.js';
import { claimsDue } from '../../libs/claims/src/due.js';
import { ClaimPath, of, person } from '../support/claim-path.js';
import { bankAccount } from '../support/people.js';
import { redRecord, reversalOf, settlementOver, undoOf } from '../support/settlement.js';
import { tellStories, tolerated, type World } from '../support/stories.js';

const PEOPLE = 3;
const officer = person('officer', 'claims-officer');
const reviewer = person('reviewer', 'reviewer');
/** Of in-scope self-pay: approved by policy, by an officer, and by two. */
const BILLS = [1_867, 9_000, 60_000, 900_000] as const;
const CANCELS = [undoOf, redRecord, reversalOf] as const;
const REST_DAYS = 25;

/** 'not-yet': a fund that the engine comes to know later, until when the message is set aside. */
const SPOILT = ['no', 'sums', 'fund', 'not-yet'] as const;
type Spoilt = (typeof SPOILT)[number];

type Step =
  | { readonly do: 'settle'; readonly who: number; readonly bill: number; readonly spoilt: Spoilt }
  | { readonly do: 'settle-again'; readonly which: number; readonly spoilt: Spoilt }
  | { readonly do: 'resend'; readonly which: number }
  | { readonly do: 'cancel'; readonly which: number; readonly how: number }
  /** The cancel overtakes the settlement. */
  | { readonly do: 'cancel-first'; readonly who: number; readonly how: number }
  | { readonly do: 'decide'; readonly approve: boolean; readonly second: boolean }
  | { readonly do: 'batch'; readonly rejected: boolean }
  | { readonly do: 'bank-gives-back' | 'bank-is-unreadable'; readonly which: number }
  | { readonly do: 'account-ends' | 'unfollow'; readonly who: number }
  | { readonly do: 'new-account'; readonly who: number }
  | { readonly do: 'mishap'; readonly which: 'message-lost' | 'answer-lost' }
  | {
      readonly do:
        | 'work'
        | 'pay'
        | 'advance'
        | 'tell'
        | 'night'
        | 'bank-falls-silent'
        | 'treasury-refuses'
        | 'voucher-is-refused'
        | 'everybody-answers'
        | 'twice-told'
        | 'release';
    }
  | { readonly do: 'at-once'; readonly steps: readonly Step[] };

async function beginWorld(): Promise<World<Step>> {
  const path = await ClaimPath.create(MIGRATIONS);
  await path.enrol(...Array.from({ length: PEOPLE }, (_, who) => who + 1));
  let today: CivilDate = civilDate('2025-03-03');
  path.clock.set(`${today} 10:30`);
  const settled: SettleMessage[] = [];
  const accounts = new Map<number, string>();
  const givenBack = new Set<string>();
  let serial = 0;

  // By settlement: of those whose messages came one after the other, as the platform sends them.
  const takenBack = new Set<string>();
  let atOnce = false;
  const receive = async (message: FeedMessage): Promise<void> => {
    await path.receive(message);
  };
  const receiveSettlement = async (message: SettleMessage, spoilt: Spoilt): Promise<void> => {
    takenBack.delete(message.output.setlinfo.setl_id);
    settled.push(message);
    await receive(message);
    if (spoilt === 'not-yet')
      await path.rows(
        `update feed_message set state = 'quarantined', reason = 'unknown-fund-code' where state = 'stored' and msgid = $1`,
        message.msgid,
      );
  };
  const receiveCancel = async (message: SettleMessage, how: number): Promise<void> => {
    const { setl_id: setlId } = message.output.setlinfo;
    const messages = settled.filter(({ output }) => output.setlinfo.setl_id === setlId).length;
    // A reversal takes back its message, the others the settlement.
    if (!atOnce && (CANCELS[how] !== reversalOf || messages === 1)) takenBack.add(setlId);
    await receive(CANCELS[how]!(message));
  };
  const bill = (who: number, yuan: number, setlId: string, spoilt: Spoilt): SettleMessage =>
    settlementOver(yuan, {
      ...of(who + 1),
      setl_id: setlId,
      ...(spoilt === 'sums' ? { hosp_part_amt: '0.01' } : {}),
      ...(spoilt === 'fund' ? { details: [{ fund_pay_type: '999999' }] } : {}),
    });
  const picked = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(list.length, 1)];

  /** What the bank has executed and not given back, by its own statements. */
  const outAtBank = async (): Promise<Map<string, number>> => {
    const out = new Map<string, number>();
    for (let day = civilDate('2025-03-03'); day <= today; day = addDays(day, 1))
      for (const { kind, reference, amountFen } of (await path.bank.statement('', day))?.lines ?? []) {
        if (kind === 'payment') out.set(reference, (out.get(reference) ?? 0) + amountFen);
        if (kind === 'return') out.set(reference, (out.get(reference) ?? 0) - amountFen);
      }
    return out;
  };

  const decide = async (approve: boolean, second: boolean): Promise<void> => {
    const who = second ? reviewer : officer;
    const waiting = await path.approval.waiting(who, 100);
    for (const { claimId } of waiting)
      await tolerated(() => path.approval.decide(who, [claimId], approve ? 'approve' : 'decline', '查看过'));
  };
  const batch = async (rejected: boolean): Promise<void> => {
    const made = await path.batch.make({ userId: 'maker' });
    if (rejected) await path.batch.reject({ userId: 'checker' }, made.id, '重做');
    else await path.batch.check({ userId: 'checker' }, made.id, made.digest);
  };
  /** The evening's statement, and the next morning. */
  const night = async (): Promise<void> => {
    path.bank.closeDay(today);
    path.clock.set(`${today} 20:30`);
    for (const due of await path.reconciliation.daysDue()) if (!(await path.reconciliation.reconcile(due))) break;
    await tolerated(() => path.reconciliation.vouch());
    await path.work();
    today = addDays(today, 1);
    path.clock.set(`${today} 10:30`);
  };
  const everybodyAnswers = (): void => {
    path.bank.silent = path.treasury.refuses = false;
    path.bank.unreadable.clear();
    path.bank.mute.clear();
    path.treasury.refusedVouchers.clear();
  };
  const newAccount = async (who: number): Promise<void> => {
    const account = bankAccount(100 + ++serial);
    accounts.set(who, account);
    await path.changeAccount(who + 1, account);
    await path.payment.resume([]);
  };

  const perform = async (step: Step): Promise<void> => {
    switch (step.do) {
      case 'settle': {
        return receiveSettlement(bill(step.who, BILLS[step.bill]!, `S${++serial}`, step.spoilt), step.spoilt);
      }
      case 'settle-again': {
        const first = picked(settled, step.which);
        if (!first) return;
        const { setl_id: setlId, certno, psn_cash_pay: cash } = first.output.setlinfo;
        const who = Array.from({ length: PEOPLE }, (_, i) => i).find((i) => of(i + 1).certno === certno)!;
        return receiveSettlement(bill(who, Number(cash), setlId, step.spoilt), step.spoilt);
      }
      case 'resend': {
        const message = picked(settled, step.which);
        return message && receive(message);
      }
      case 'cancel': {
        const message = picked(settled, step.which);
        return message && receiveCancel(message, step.how);
      }
      case 'cancel-first': {
        const message = bill(step.who, BILLS[0], `S${++serial}`, 'no');
        await receive(CANCELS[step.how]!(message));
        await receiveSettlement(message, 'no');
        takenBack.add(message.output.setlinfo.setl_id);
        return;
      }
      case 'decide':
        return decide(step.approve, step.second);
      case 'batch':
        return batch(step.rejected);
      case 'bank-gives-back': {
        const out = [...(await outAtBank())].filter(([reference, amountFen]) => amountFen > 0 && !givenBack.has(reference));
        const payment = picked(out, step.which);
        if (!payment) return;
        givenBack.add(payment[0]);
        path.bank.giveBack(payment[0], payment[1], 'AC04', today);
        return;
      }
      case 'bank-is-unreadable': {
        const message = picked(path.bank.submitted, step.which);
        if (message) (step.which % 2 === 0 ? path.bank.unreadable : path.bank.mute).add(message.messageId);
        return;
      }
      case 'unfollow':
        path.wechat.errcodes.set(path.vault.memberId(of(step.who + 1).certno), 43004);
        return;
      case 'tell':
        return path.payment.tell();
      case 'voucher-is-refused':
        path.treasury.refusedVouchers.add(today);
        return;
      case 'account-ends':
        path.bank.endings.set(accounts.get(step.who) ?? bankAccount(step.who + 1), { status: 'RJCT', reason: 'AC04' });
        return;
      case 'new-account':
        return newAccount(step.who);
      case 'mishap':
        path.bank.mishaps.push(step.which);
        return;
      case 'work':
        return path.work();
      case 'pay':
        return path.payment.pay([]);
      case 'advance':
        return path.payment.advance();
      case 'night':
        return night();
      case 'bank-falls-silent':
        path.bank.silent = true;
        return;
      case 'treasury-refuses':
        path.treasury.refuses = true;
        return;
      case 'everybody-answers':
        return everybodyAnswers();
      case 'twice-told':
        path.bank.acknowledgements = 2;
        return;
      case 'release':
        await path.acceptance.release();
        return;
      case 'at-once':
        atOnce = true;
        await Promise.all(step.steps.map((one) => tolerated(() => perform(one))));
        atOnce = false;
        return;
    }
  };

  /** Everybody answers and decides, and the days go by until nothing moves any more. */
  const rest = async (): Promise<void> => {
    everybodyAnswers();
    path.bank.mishaps.length = 0;
    for (let who = 0; who < PEOPLE; who++) await newAccount(who);
    await path.acceptance.release();
    for (let day = 0; day < REST_DAYS; day++) {
      await path.work();
      await decide(true, false);
      await decide(true, true);
      for (const { id } of await path.rows<{ id: string }>(`select batch_id as id from batch_grant where state = 'refused'`))
        await path.payment.askGrantAgain(id);
      for (const made of (await path.batch.list(100)).filter(({ state }) => state === 'made'))
        await tolerated(() => path.batch.reject({ userId: 'checker' }, made.id, '重做'));
      await path.work();
      await tolerated(() => batch(false));
      await path.payment.pay([]);
      await path.payment.advance();
      await path.payment.resume([]);
      await path.payment.tell();
      await night();
    }
  };

  const check = async (): Promise<void> => {
    const report = await path.report.read();
    expect(report.invariants).toEqual({ ledgerBalanced: true, claimsEqualLedger: true, ledgerEqualsBank: true, openUnknown: 0 });
    expect(report.faults).toBe(0);
    const { due } = await claimsDue(path.db.direct, path.clock.now(), chinaDate(path.clock.now()), addDays(today, -1));
    expect(due.filter(({ wakeUp }) => wakeUp.command !== 'compare')).toEqual([]);

    const out = await outAtBank();
    const claims = await path.rows<{
      id: string;
      settlementId: string;
      state: ClaimState;
      fen: number;
      cancelled: boolean;
      references: string[] | null;
    }>(
      `select c.id, c.settlement_id as "settlementId", c.state, coalesce(c.benefit_fen, 0)::float8 as fen, c.cancelled_at is not null as cancelled,
         (select array_agg(p.end_to_end_id) from payment p where p.claim_id = c.id) as "references"
       from claim c`,
    );
    for (const { references, ...claim } of claims) {
      const paidFen = (references ?? []).map((reference) => out.get(reference) ?? 0).reduce((sum, fen) => sum + fen, 0);
      for (const reference of references ?? []) out.delete(reference);
      const keeps = claim.state === 'settled' || claim.state === 'clawed-back';
      expect({ ...claim, paidFen }).toEqual({ ...claim, paidFen: keeps ? claim.fen : 0 });
      const ends: ClaimState[] = claim.cancelled ? ['withdrawn', 'clawed-back', 'refused', 'declined'] : ['settled', 'refused', 'declined'];
      expect({ ...claim, ended: ends.includes(claim.state) }).toEqual({ ...claim, ended: true });
    }
    // Nothing went out that no claim knows of.
    expect([...out].filter(([, amountFen]) => amountFen !== 0)).toEqual([]);

    // What was taken back after all of its messages had come is no settled claim, whether it was a claim by then or stood aside.
    const settledClaims = new Set(claims.filter(({ state }) => state === 'settled').map(({ settlementId }) => settlementId));
    expect([...takenBack].filter((settlementId) => settledClaims.has(settlementId))).toEqual([]);

    // What counts towards a member's limits is what stands.
    const counted = await path.rows<{ memberId: string; used: number; decided: number }>(
      `select a.member_id as "memberId", (a.used::jsonb ->> 'paid.medical')::float8 as used,
         coalesce((select sum((d.changes::jsonb ->> 'paid.medical')::float8) from claim c join decision d on d.claim_id = c.id
           where c.member_id = a.member_id and c.state not in ('withdrawn', 'declined', 'clawed-back')), 0) as decided
       from accumulator a`,
    );
    for (const one of counted) expect(one).toEqual({ ...one, used: one.decided });
  };

  return { perform: (step: Step) => tolerated(() => perform(step)), rest, check, end: () => path.end() };
}

const who = fc.nat(PEOPLE - 1);
const which = fc.nat(9);
const how = fc.nat(CANCELS.length - 1);
const spoilt = fc.oneof({ weight: 5, arbitrary: fc.constant('no') }, { weight: 4, arbitrary: fc.constantFrom(...SPOILT) });
const simple = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const), who, bill: fc.nat(BILLS.length - 1), spoilt }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle-again' as const), which, spoilt }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resend' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cancel' as const), which, how }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel-first' as const), who, how }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('decide' as const), approve: fc.constantFrom(true, true, false), second: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('batch' as const), rejected: fc.constantFrom(true, false, false, false) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bank-gives-back' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bank-is-unreadable' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('account-ends' as const, 'new-account' as const, 'unfollow' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('mishap' as const), which: fc.constantFrom('message-lost' as const, 'answer-lost' as const) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('work' as const, 'pay' as const, 'advance' as const, 'tell' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('night' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'bank-falls-silent',
        'treasury-refuses',
        'voucher-is-refused',
        'everybody-answers',
        'everybody-answers',
        'twice-told',
        'release',
        'release',
      ),
    }),
  },
) as fc.Arbitrary<Step>;
const alone = simple.filter(({ do: what }) => what !== 'night' && what !== 'bank-gives-back');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: simple },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('at-once' as const), steps: fc.array(alone, { minLength: 2, maxLength: 3 }) }) },
);
const story = fc.record({ beginning: fc.constant(undefined), steps: fc.array(step, { minLength: 15, maxLength: 70, size: 'max' }) });

it('however it came about: a settlement is paid once or not at all, and the books are what the bank has', () =>
  tellStories(story, beginWorld));
