import type { SettleMessage } from '@app/contracts';
import { ENROLMENT_ENTITIES } from '@app/enrolment';
import { civilDate, DomainError } from '@app/kernel';
import { balanceOf, imbalance } from '@app/ledger';
import { PLATFORM_ENTITIES } from '@app/platform';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MIGRATIONS } from '../../../apps/standalone/src/schema.js';
import { ClaimPath, PLAN_ID, UNIT_PATH, of, person } from '../../../test/support/claim-path.js';
import { bankAccount } from '../../../test/support/people.js';
import { SAMPLE_BENEFIT_FEN, redRecord, reversalOf, settlement, settlementOver, undoOf } from '../../../test/support/settlement.js';
import { move } from './claim.repository.js';
import { CLAIMS_ENTITIES, ClaimFaultService, ClaimReader, claimsDue } from './index.js';
import { CLAIM_STATES } from './lifecycle.js';
import { PAYMENT_STATES } from './payment/index.js';

/** Of the plan, per period. */
const CAP_FEN = 100_000_000;
const MEDICAL_FEN = SAMPLE_BENEFIT_FEN - 20_000;
const officer = person('officer', 'claims-officer');
const reviewer = person('reviewer', 'reviewer');

let path: ClaimPath;
beforeEach(async () => {
  path = await ClaimPath.create(MIGRATIONS);
});
afterEach(async () => {
  // Whatever a test does: the books balance, and agree with the states of the claims.
  const { invariants } = await path.report.read();
  await path.end();
  expect(invariants).toMatchObject({ ledgerBalanced: true, claimsEqualLedger: true });
});

/** A claim of member 1 that is approved, its batch made, paid by the bank, or on the statement. */
const approved = async (): Promise<void> => {
  await path.enrol(1);
  await path.receive(settlement());
  await path.work();
};
const paid = async (): Promise<void> => {
  await approved();
  await path.payOn('2025-03-04');
};
const settled = async (): Promise<void> => {
  await paid();
  await path.closeDay('2025-03-04');
};
const sampleUndone = async (): Promise<void> => {
  await path.receive(undoOf(settlement()));
  await path.work();
};

describe('a settlement', () => {
  it('becomes money on the member’s account by the next working day, and the books show each step', async () => {
    await approved();
    expect(await path.claim()).toMatchObject({ state: 'approved', attempt: 1, benefitFen: SAMPLE_BENEFIT_FEN, fault: null });
    expect(await path.accumulatedFen()).toBe(MEDICAL_FEN);
    expect(await path.transfers()).toEqual([['benefit', 1, SAMPLE_BENEFIT_FEN, null]]);
    expect(await path.balances()).toEqual([]);

    await path.payOn('2025-03-04');
    expect(await path.claim()).toMatchObject({ state: 'paid' });
    expect(await path.transfers()).toEqual([['benefit', 1, SAMPLE_BENEFIT_FEN, 'posted']]);
    expect(path.bank.submitted).toMatchObject([
      { rows: [{ amountFen: SAMPLE_BENEFIT_FEN, creditorAccount: bankAccount(1), creditorName: '职工1' }] },
    ]);
    expect([...path.treasury.grants.values()]).toMatchObject([{ amountFen: SAMPLE_BENEFIT_FEN }]);

    await path.closeDay('2025-03-04');
    expect(await path.history()).toEqual(['accepted', 'adjudicated', 'approved', 'batched', 'sent', 'paid', 'settled']);
    const balances = await path.balances();
    expect(imbalance(balances)).toBe(0);
    expect([balanceOf(balances, 'payout-bank'), balanceOf(balances, 'treasury-grant'), balanceOf(balances, 'mutual-aid-fund')]).toEqual([
      0,
      SAMPLE_BENEFIT_FEN,
      -SAMPLE_BENEFIT_FEN,
    ]);
    await path.reconciliation.vouch();
    await path.reconciliation.vouch();
    expect(path.treasury.vouchers).toHaveLength(1);
    expect(await path.report.read()).toMatchObject({
      settledClaims: 1,
      settledFen: SAMPLE_BENEFIT_FEN,
      openClaims: 0,
      workingDays: { max: 1, withinTwo: 1 },
      invariants: { ledgerBalanced: true, claimsEqualLedger: true, ledgerEqualsBank: true, openUnknown: 0 },
    });
  });

  it('of somebody without cover is refused with its reason, and sets nothing aside', async () => {
    await path.receive(settlement());
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'refused', refusal: 'not-covered', benefitFen: null, attempt: 0 });
    expect([await path.transfers(), await path.accumulatedFen()]).toEqual([[], 0]);
  });

  it('that comes twice has one effect, and the second is counted', async () => {
    await path.enrol(1);
    const message = settlement();
    expect(await path.receive(message, message)).toMatchObject([{ outcome: 'stored' }, { outcome: 'duplicate' }]);
    await path.work();
    expect((await path.receive(message))[0]).toMatchObject({ outcome: 'duplicate' });
    await path.work();
    expect([await path.history(), await path.accumulatedFen()]).toEqual([['accepted', 'adjudicated', 'approved'], MEDICAL_FEN]);
    expect((await path.report.read()).ignored['duplicate-message']).toBe(2);
  });

  it('whose line is delivered again after a lost answer is not counted as a duplicate of the feed', async () => {
    const line = JSON.stringify(settlement());
    const deliver = () => path.acceptance.receive([line], 'feed', 7);
    expect(await deliver()).toMatchObject([{ outcome: 'stored' }]);
    expect(await deliver()).toMatchObject([{ outcome: 'duplicate' }]);
    expect((await path.report.read()).ignored['duplicate-message']).toBe(0);
  });

  it('settled again under the same number is held for a person', async () => {
    await path.enrol(1);
    await path.receive(settlement(), settlement());
    await path.work();
    expect(await path.rows('select state, reason from feed_message order by seq')).toEqual([
      { state: 'claimed', reason: null },
      { state: 'repeated', reason: 'settlement-repeated' },
    ]);
    expect(await path.accumulatedFen()).toBe(MEDICAL_FEN);
  });

  it('under a message id that came with another text is held, and the first stands', async () => {
    await path.enrol(1);
    const message = settlement();
    const other = settlement({ msgid: message.msgid, certno: of(2).certno });
    expect(await path.receive(message, other)).toMatchObject([
      { outcome: 'stored' },
      { outcome: 'quarantined', field: 'msgid', reason: 'message-id-reused' },
    ]);
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'approved' });
    expect((await path.report.read()).quarantined).toMatchObject({ 'message-id-reused': 1 });
  });

  it('that was set aside for a fund is judged again when the tables know it, and counts from then on', async () => {
    await path.enrol(1);
    const reused = settlement();
    await path.receive(reused, settlement({ msgid: reused.msgid, certno: of(2).certno }), settlement({ ...of(3), setl_id: 'S0003' }));
    // As by a version that did not know the fund yet.
    await path.rows(
      `update feed_message set state = 'quarantined', reason = 'unknown-fund-code', detail = '999999: 1.00 yuan' where settlement_id = 'S0001' and msgid is not null`,
    );
    await path.rows(`update feed_message set state = 'quarantined', reason = 'settlement-repeated' where settlement_id = 'S0003'`);
    path.clock.set('2025-03-06 09:30');
    expect(await path.acceptance.release()).toBe(1);
    expect(await path.acceptance.release()).toBe(0);
    await path.work();
    expect(await path.rows(`select accepted_on::text as "on" from claim`)).toEqual([{ on: '2025-03-06' }]);
    expect(await path.claim()).toMatchObject({ state: 'approved' });
    expect((await path.report.read()).quarantined).toMatchObject({
      'unknown-fund-code': 0,
      'message-id-reused': 1,
      'settlement-repeated': 1,
    });
  });

  it.each([
    ['2305', (message: SettleMessage) => undoOf(message)],
    ['a reversal', (message: SettleMessage) => reversalOf(message)],
  ])('that was cancelled by %s while it was set aside never becomes a claim', async (_by, cancelOf) => {
    await path.enrol(1);
    const message = settlement();
    await path.receive(message);
    await path.rows(`update feed_message set state = 'quarantined', reason = 'unknown-fund-code'`);
    expect(await path.acceptance.quarantined(10)).toHaveLength(1);
    await path.receive(cancelOf(message));
    await path.work();
    expect(await path.acceptance.quarantined(10)).toEqual([]);
    expect(await path.acceptance.release()).toBe(0);
    await path.work();
    expect(await path.rows('select from claim')).toEqual([]);
    expect((await path.report.read()).quarantined).toMatchObject({ 'unknown-fund-code': 1 });
  });

  it.each([
    ['2305', (message: SettleMessage) => undoOf(message), 0],
    // Of one message: the other stands.
    ['a reversal', (message: SettleMessage) => reversalOf(message), 1],
  ])('that came twice and was cancelled by %s while both were set aside', async (_by, cancelOf, released) => {
    await path.enrol(1);
    const messages = [settlement(), settlement()] as const;
    await path.receive(...messages);
    await path.rows(`update feed_message set state = 'quarantined', reason = 'unknown-fund-code'`);
    await path.receive(cancelOf(messages[0]));
    await path.work();
    expect(await path.acceptance.quarantined(10)).toHaveLength(released);
    expect(await path.acceptance.release()).toBe(released);
    await path.work();
    expect(await path.rows('select state from claim')).toEqual(Array.from({ length: released }, () => ({ state: 'approved' })));
  });

  it('that is cancelled between its release and its claim is withdrawn', async () => {
    await path.enrol(1);
    const message = settlement();
    await path.receive(message);
    await path.rows(`update feed_message set state = 'quarantined', reason = 'unknown-fund-code'`);
    expect(await path.acceptance.release()).toBe(1);
    await path.receive(undoOf(message));
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'withdrawn', cancelled: true });
  });

  it('whose money still does not add up is set aside again', async () => {
    await path.receive(settlement({ medfee_sumamt: '1.00' }));
    await path.work();
    const quarantined = async () => (await path.report.read()).quarantined;
    expect(await quarantined()).toMatchObject({ 'amounts-do-not-add-up': 1 });
    expect(await path.acceptance.release()).toBe(1);
    await path.work();
    expect(await quarantined()).toMatchObject({ 'amounts-do-not-add-up': 1 });
  });

  it('that cannot be read is answered with the field and what to do, and holds up nothing', async () => {
    await path.enrol(1);
    const bad = settlement({ med_type: '2\u0000' });
    expect(await path.receive(bad, settlement())).toMatchObject([
      {
        outcome: 'quarantined',
        field: 'output.setlinfo.med_type',
        reason: 'unreadable',
        remedy: expect.stringContaining('expected a text'),
      },
      { outcome: 'stored' },
    ]);
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'approved' });
  });

  it('missing from a day’s totals is fetched from the platform', async () => {
    await path.enrol(1, 2);
    const [came, missing] = [settlement(), settlement(of(2))];
    await path.receive(came);
    path.insurance.messagesSent = [came, missing].map((message) => JSON.stringify(message));
    path.clock.set('2025-03-04 01:00');
    expect(await path.acceptance.daysToCompare()).toEqual(['2025-03-03']);
    await path.acceptance.compareDay((await path.acceptance.daysToCompare())[0]!);
    expect(await path.acceptance.daysToCompare()).toEqual([]);
    await path.work();
    expect(await path.claim('S0002')).toMatchObject({ state: 'approved' });
    expect((await path.report.read()).feedDays).toEqual({ compared: 1, different: 1, pulled: 1 });
  });
});

it('a grant that cannot be asked for does not hold up the others', async () => {
  await path.enrol(1, 2);
  await path.receive(settlement());
  await path.work();
  await path.checkedBatch('2025-03-04');
  await path.receive(settlement(of(2)));
  await path.work();
  await path.checkedBatch('2025-03-05');
  const grant = path.treasury.requestGrant.bind(path.treasury);
  let asked = 0;
  path.treasury.requestGrant = (request) =>
    ++asked === 1 ? Promise.reject(new DomainError('unreadable-answer', 'unavailable', 'expected a grant')) : grant(request);
  await expect(path.payment.pay([])).rejects.toMatchObject({ code: 'unreadable-answer' });
  const states = async () => [(await path.claim()).state, (await path.claim('S0002')).state].sort();
  expect(await states()).toEqual(['batched', 'paid']);
  await path.payment.pay([]);
  expect(await states()).toEqual(['paid', 'paid']);
});

describe('a claim that stands aside', () => {
  it('is listed, and goes on once what it failed for was put right', async () => {
    const faults = new ClaimFaultService(path.db, path.clock);
    await path.enrol(1);
    const [{ planId }] = (await path.rows('select plan_id as "planId" from cover')) as [{ planId: string }];
    await path.rows(`update cover set plan_id = 'unknown'`);
    await path.receive(settlement());
    await path.work();
    const [stopped] = await faults.list();
    expect(stopped).toMatchObject({ state: 'accepted', settlementId: 'S0001', fault: expect.stringContaining('unknown') });
    // Nothing is put right: it stands aside again.
    await faults.release(officer, stopped!.claimId, '再试一次');
    await path.work();
    expect(await faults.list()).toHaveLength(1);
    await path.rows('update cover set plan_id = $1', planId);
    path.clock.set('2025-03-03 16:30');
    await faults.release(officer, stopped!.claimId, '方案已更正');
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'approved', fault: null });
    expect(await path.rows('select released_by, remark from claim_release order by released_at')).toEqual([
      { released_by: 'officer', remark: '再试一次' },
      { released_by: 'officer', remark: '方案已更正' },
    ]);
    await expect(faults.release(officer, stopped!.claimId, '再次')).rejects.toMatchObject({ code: 'claim-fault', kind: 'not-found' });
  });

  it('for what the bank refused is not paid again by a word alone', async () => {
    const faults = new ClaimFaultService(path.db, path.clock);
    await path.enrol(1);
    await path.receive(settlement());
    await path.work();
    const { id } = await path.claim();
    await path.rows(`update claim set state = 'failed', fault = 'the bank refused with AM05' where id = $1`, id);
    await expect(faults.release(officer, id, '已核实')).rejects.toMatchObject({ code: 'claim-fault-payment', kind: 'conflict' });
    expect(await path.claim()).toMatchObject({ fault: expect.any(String) });
    await path.rows(`update claim set state = 'approved', fault = null where id = $1`, id);
  });
});

describe('a cancel', () => {
  it.each([
    ['2305', () => undoOf(settlement())],
    ['a red record', () => redRecord(settlement())],
  ])('by %s before payout withdraws the claim, and gives back the accumulator and the money set aside', async (_, cancel) => {
    await approved();
    await path.receive(cancel());
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'withdrawn', cancelled: true });
    expect(await path.transfers()).toEqual([['benefit', 1, SAMPLE_BENEFIT_FEN, 'voided']]);
    expect(await path.accumulatedFen()).toBe(0);
    path.clock.set('2025-03-04 10:00');
    await expect(path.batch.make({ userId: 'maker' })).rejects.toMatchObject({ code: 'nothing-to-pay' });
  });

  it('by 2601 names the message it takes back', async () => {
    await path.enrol(1);
    const message = settlement();
    await path.receive(message);
    await path.work();
    await path.receive(reversalOf(message));
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'withdrawn' });
  });

  it('that comes twice gives back once', async () => {
    await approved();
    await path.receive(settlement({ setl_id: 'S0009', mdtrt_id: 'M9' }));
    await path.work();
    await sampleUndone();
    await sampleUndone();
    expect(await path.history()).toEqual(['accepted', 'adjudicated', 'approved', 'withdrawn']);
    expect(await path.accumulatedFen()).toBe(MEDICAL_FEN);
  });

  it('that comes before its settlement waits for it, and the claim is never adjudicated', async () => {
    await path.enrol(1);
    const message = settlement();
    await path.receive(undoOf(message));
    await path.work();
    expect((await path.report.read()).cancelsWaiting).toBe(1);
    await path.receive(message);
    await path.work();
    expect(await path.history()).toEqual(['accepted', 'withdrawn']);
    expect((await path.report.read()).cancelsWaiting).toBe(0);
  });

  it('in the same round as its settlement, in either order, takes effect', async () => {
    await path.enrol(1, 2);
    const [first, second] = [settlement(), settlement(of(2))];
    await path.receive(first, undoOf(first), undoOf(second), second);
    await path.work();
    expect([await path.history(), await path.history('S0002')]).toEqual([
      ['accepted', 'withdrawn'],
      ['accepted', 'withdrawn'],
    ]);
  });

  it('finds the claim also when another message of that settlement was held back later', async () => {
    await path.enrol(1);
    const message = settlement();
    await path.receive(message, settlement({ msgid: message.msgid, psn_name: '另一人' }), settlement({ medfee_sumamt: '1.00' }));
    await path.work();
    await sampleUndone();
    expect(await path.claim()).toMatchObject({ state: 'withdrawn', cancelled: true });
  });

  it('while the bank has the money’s order waits for the bank, and claws back what the statement shows gone', async () => {
    await approved();
    path.bank.mishaps.push('answer-lost');
    path.bank.silent = true;
    await expect(path.payOn('2025-03-04')).rejects.toMatchObject({ code: 'no-answer' });
    await sampleUndone();
    expect(await path.claim()).toMatchObject({ state: 'sent', cancelled: true });
    path.bank.silent = false;
    path.clock.set('2025-03-04 10:01');
    await path.payment.pay([]);
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'paid' });
    await path.closeDay('2025-03-04');
    expect((await path.history()).slice(-3)).toEqual(['paid', 'settled', 'clawed-back']);
  });

  it('after the money is gone opens a case and a receivable, and frees the accumulator', async () => {
    await settled();
    await sampleUndone();
    expect(await path.claim()).toMatchObject({ state: 'clawed-back' });
    expect(await path.rows('select amount_fen::int as fen, closed_at as closed from clawback_case')).toEqual([
      { fen: SAMPLE_BENEFIT_FEN, closed: null },
    ]);
    const balances = await path.balances();
    expect([balanceOf(balances, 'clawback-receivable'), balanceOf(balances, 'mutual-aid-fund'), await path.accumulatedFen()]).toEqual([
      SAMPLE_BENEFIT_FEN,
      0,
      0,
    ]);
  });

  it('is over when the money of a clawed-back claim comes home by itself', async () => {
    await settled();
    await sampleUndone();
    const [payment] = await path.payments();
    path.bank.giveBack(payment!.endToEndId, SAMPLE_BENEFIT_FEN, 'AC04', civilDate('2025-03-05'));
    await path.closeDay('2025-03-05');
    expect(await path.claim()).toMatchObject({ state: 'withdrawn' });
    expect(balanceOf(await path.balances(), 'clawback-receivable')).toBe(0);
    expect(await path.rows('select closed_at is not null as closed from clawback_case')).toEqual([{ closed: true }]);
    expect((await path.report.read()).invariants).toMatchObject({ claimsEqualLedger: true, ledgerEqualsBank: true });
  });
});

describe('a move of a claim', () => {
  const cause = { actor: 'somebody', reason: 'a test', at: new Date('2025-03-03T08:00:00Z') };

  it('is made once: a second from the same state moves nothing and leaves no trace', async () => {
    await path.enrol(1);
    await path.receive(settlement());
    await path.acceptance.accept();
    const { id, memberId } = await path.claim();
    const key = { claimId: id, memberId };
    const refuse = () => path.db.transaction((tx) => move(tx, [key], 'accepted', 'refused', cause, { refusal: ['not-covered'] }));
    const both = await Promise.all([refuse(), refuse()]);
    expect(both.map((moved) => moved.length).sort()).toEqual([0, 1]);
    expect(await refuse()).toEqual([]);
    expect(await path.claim()).toMatchObject({ state: 'refused', version: 2 });
    expect(await path.rows('select version, from_state, to_state, actor, reason from claim_history order by version')).toMatchObject([
      { version: 1, from_state: null, to_state: 'accepted', actor: 'acceptance' },
      { version: 2, from_state: 'accepted', to_state: 'refused', actor: 'somebody', reason: 'a test' },
    ]);
  });

  it('wakes the stage that comes next, in the same transaction', async () => {
    await path.enrol(1);
    await path.receive(settlement());
    await path.acceptance.accept();
    expect(await path.wakeUps()).toEqual(['acceptance/accept', 'adjudication/adjudicate']);
    await path.adjudication.adjudicate([]);
    const { id } = await path.claim();
    expect(await path.rows(`select ids from outbox where queue = 'approval'`)).toEqual([{ ids: [id] }]);
    // Who works through whatever is due has answered its wake-ups.
    expect(await path.wakeUps()).toEqual(['acceptance/accept', 'approval/approve']);
    const undone = path.db.transaction(async (tx) => {
      await move(tx, [{ claimId: id, memberId: (await path.claim()).memberId }], 'adjudicated', 'referred', cause);
      throw new Error('crash');
    });
    await expect(undone).rejects.toThrow('crash');
    expect(await path.history()).toEqual(['accepted', 'adjudicated']);
  });

  it('that the table of states does not know is a bug', async () => {
    await expect(move(path.db.direct, [], 'accepted', 'paid', cause)).rejects.toThrow('a claim cannot move from accepted to paid');
  });
});

describe('a member’s cap', () => {
  it('holds whatever is adjudicated at the same time', async () => {
    const [memberId] = await path.enrol(1);
    const leftFen = 100_000;
    await path.rows(
      'insert into accumulator (member_id, plan_id, used) values ($1, $2, $3)',
      memberId,
      PLAN_ID,
      JSON.stringify({ 'paid.medical': CAP_FEN - leftFen }),
    );
    await path.receive(...Array.from({ length: 50 }, (_, i) => settlement({ ...of(i + 1), certno: of(1).certno })));
    await path.acceptance.accept();
    const ids = (await path.rows<{ id: string }>('select id from claim order by settlement_id')).map((row) => row.id);
    const rounds = [0, 1, 2, 3, 4].map((round) => ids.filter((_, i) => i % 5 === round));
    // All five are made to stand at the accumulator before any may go on.
    const { running } = await path.db.transaction(async (tx) => {
      await tx.query('select from accumulator for update');
      const running = Promise.all(rounds.map((round) => path.adjudication.adjudicate(round)));
      await path.waitingForLocks(rounds.length);
      return { running };
    });
    expect(await running).toEqual([10, 10, 10, 10, 10]);
    expect(await path.accumulatedFen()).toBe(CAP_FEN);
    expect(
      await path.rows(
        `select sum((changes::jsonb ->> 'paid.medical')::bigint)::int as granted, count(*)::int as decisions, min(benefit_fen)::int as least from decision`,
      ),
    ).toEqual([{ granted: leftFen, decisions: 50, least: 20_000 }]);
  });

  it('is one for a person whose personal number was corrected, under whichever number a claim comes', async () => {
    const [old, current] = (await path.enrol(1, 2)) as [string, string];
    const leftFen = 100_000;
    const used = JSON.stringify({ 'paid.medical': (CAP_FEN - leftFen) / 2 });
    for (const id of [old, current])
      await path.rows('insert into accumulator (member_id, plan_id, used) values ($1, $2, $3)', id, PLAN_ID, used);
    await path.rows(
      `insert into member_alias (member_id, current_id, direct, window_id, recorded_by, recorded_at) values ($1, $2, true, gen_random_uuid(), 'clerk', now())`,
      old,
      current,
    );
    // One of each number in a set, and each in a set of its own.
    await path.receive(settlement(of(2)), settlement());
    await path.work();
    await path.receive(settlement({ ...of(3), certno: of(1).certno }));
    await path.work();
    await path.receive(settlement({ ...of(4), certno: of(2).certno }));
    await path.work();
    expect((await path.accumulatedFen(1)) + (await path.accumulatedFen(2))).toBe(CAP_FEN);
    expect(await path.rows(`select sum((changes::jsonb ->> 'paid.medical')::bigint)::int as granted from decision`)).toEqual([
      { granted: leftFen },
    ]);
    // What falls away is given back to both.
    await path.receive(undoOf(settlement({ ...of(3), certno: of(1).certno })), undoOf(settlement({ ...of(4), certno: of(2).certno })));
    await path.receive(undoOf(settlement()), undoOf(settlement(of(2))));
    await path.work();
    expect([await path.accumulatedFen(1), await path.accumulatedFen(2)]).toEqual([(CAP_FEN - leftFen) / 2, (CAP_FEN - leftFen) / 2]);
    const stay = { base: '999999.00', days: 1, enddate: '2025-03-03' };
    const quoted = (memberId: string) => path.quotes.quote(officer, { planId: PLAN_ID, case: stay, memberId });
    expect(await quoted(old)).toMatchObject({ accumulators: { 'paid.medical': CAP_FEN } });
    expect(await quoted(current)).toEqual(await quoted(old));
  });

  it('is not the same for two members', async () => {
    await path.enrol(1, 2);
    await path.receive(settlement(), settlement(of(2)));
    await path.work();
    expect([await path.accumulatedFen(1), await path.accumulatedFen(2)]).toEqual([MEDICAL_FEN, MEDICAL_FEN]);
  });
});

describe('approval by people', () => {
  /** 4,000 and 6,800 yuan. */
  const referred = async (): Promise<{ lesser: string; greater: string }> => {
    await path.enrol(1, 2);
    await path.receive(settlementOver(13_000, of(1)), settlementOver(20_000, of(2)));
    await path.work();
    const [lesser, greater] = [await path.claim('S0001'), await path.claim('S0002')];
    expect([lesser.benefitFen, greater.benefitFen, lesser.state, greater.state]).toEqual([400_000, 680_000, 'referred', 'referred']);
    return { lesser: lesser.id, greater: greater.id };
  };

  it('takes one officer, and above the amount a second person', async () => {
    const { lesser, greater } = await referred();
    expect(await path.approval.waiting(officer, 10)).toMatchObject([{ claimId: lesser, flags: ['amount'] }, { claimId: greater }]);
    expect(await path.approval.decide(officer, [lesser, greater], 'approve', 'in order')).toEqual({ approved: 1, endorsed: 1 });
    expect(await path.transfers('S0001')).toEqual([['benefit', 1, 400_000, null]]);
    expect(await path.transfers('S0002')).toEqual([]);
    expect(await path.approval.waiting(reviewer, 10)).toMatchObject([{ claimId: greater }]);
    const both = person('officer', 'claims-officer', 'reviewer');
    await expect(path.approval.decide(both, [greater], 'approve', '')).rejects.toMatchObject({ code: 'same-person', kind: 'conflict' });
    await expect(path.approval.decide(person('other', 'claims-officer'), [greater], 'approve', '')).rejects.toMatchObject({
      code: 'second-person-needed',
    });
    expect(await path.approval.decide(reviewer, [greater], 'approve', 'agreed')).toEqual({ approved: 1 });
    expect(await path.transfers('S0002')).toEqual([['benefit', 1, 680_000, null]]);
    await expect(path.approval.decide(officer, [greater], 'decline', '')).rejects.toMatchObject({ code: 'not-waiting' });
    expect(await path.rows('select actor, act, note from approval_act where claim_id = $1 order by claim_version', greater)).toEqual([
      { actor: 'approval', act: 'refer', note: null },
      { actor: 'officer', act: 'approve', note: 'in order' },
      { actor: 'reviewer', act: 'approve', note: 'agreed' },
    ]);
  });

  it('that is declined gives the accumulator back, at either step', async () => {
    const { lesser, greater } = await referred();
    await path.approval.decide(officer, [greater], 'approve', '');
    expect(await path.approval.decide(officer, [lesser], 'decline', 'not a bill of this stay')).toEqual({ declined: 1 });
    expect(await path.approval.decide(reviewer, [greater], 'decline', '')).toEqual({ declined: 1 });
    expect([await path.accumulatedFen(1), await path.accumulatedFen(2)]).toEqual([0, 0]);
    expect([await path.transfers('S0001'), await path.transfers('S0002')]).toEqual([[], []]);
  });

  it('is all or none: one claim that is out of reach or cancelled stops the rest', async () => {
    const { lesser, greater } = await referred();
    const elsewhere = { ...officer, organisationPath: '/45/4599/459998/' };
    await expect(path.approval.decide(elsewhere, [lesser], 'approve', '')).rejects.toMatchObject({
      code: 'claim-not-found',
      kind: 'not-found',
    });
    await path.receive(undoOf(settlement(of(2))));
    await path.acceptance.accept();
    await expect(path.approval.decide(officer, [lesser, greater], 'approve', '')).rejects.toMatchObject({ code: 'claim-not-found' });
    expect(await path.claim('S0001')).toMatchObject({ state: 'referred' });
    expect(await path.rows('select organisation_path as path from claim group by 1')).toEqual([{ path: UNIT_PATH }]);
  });
});

describe('a batch', () => {
  it('is made on a working day from 10:00 to 17:00, of claims accepted on an earlier one', async () => {
    await approved();
    const make = () => path.batch.make({ userId: 'maker' });
    await expect(make()).rejects.toMatchObject({ code: 'nothing-to-pay' });
    path.clock.set('2025-03-04 09:59');
    await expect(make()).rejects.toMatchObject({ code: 'before-cut-off' });
    path.clock.set('2025-03-04 17:00');
    await expect(make()).rejects.toMatchObject({ code: 'after-office-hours' });
    path.clock.set('2025-03-08 11:00');
    await expect(make()).rejects.toMatchObject({ code: 'not-a-working-day' });
    path.clock.set('2025-03-04 10:00');
    expect(await make()).toMatchObject({ claims: 1, totalFen: SAMPLE_BENEFIT_FEN, state: 'made' });
    await expect(make()).rejects.toMatchObject({ code: 'nothing-to-pay' });
  });

  it('is released once, by another person, who saw what is in it', async () => {
    await approved();
    path.clock.set('2025-03-04 10:00');
    const { id, digest } = await path.batch.make({ userId: 'maker' });
    const check = (userId: string, seen: string) => path.batch.check({ userId }, id, seen);
    await expect(check('maker', digest)).rejects.toMatchObject({ code: 'same-person', kind: 'forbidden' });
    await expect(check('checker', 'another')).rejects.toMatchObject({ code: 'digest-differs' });
    await path.rows('update batch_item set amount_fen = amount_fen + 1');
    await expect(check('checker', digest)).rejects.toMatchObject({ code: 'digest-differs' });
    await path.rows('update batch_item set amount_fen = amount_fen - 1');
    await expect(path.batch.check({ userId: 'checker' }, '0192f0c0-0000-7000-8000-000000000000', digest)).rejects.toMatchObject({
      code: 'batch-not-found',
    });
    const twice = await Promise.allSettled([check('checker', digest), check('other-checker', digest)]);
    expect(twice.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(path.batch.reject({ userId: 'checker' }, id, '')).rejects.toMatchObject({ code: 'already-decided' });
    await path.payment.pay([]);
    expect(path.bank.submitted).toHaveLength(1);
  });

  it('with a claim cancelled since is not released; rejected, it lets the claim go and pays the others later', async () => {
    await path.enrol(1, 2);
    await path.receive(settlement(), settlement(of(2)));
    await path.work();
    path.clock.set('2025-03-04 10:00');
    const { id, digest } = await path.batch.make({ userId: 'maker' });
    await sampleUndone();
    expect(await path.claim()).toMatchObject({ state: 'batched', cancelled: true });
    await expect(path.batch.check({ userId: 'checker' }, id, digest)).rejects.toMatchObject({ code: 'claims-cancelled' });
    await expect(path.batch.reject({ userId: 'maker' }, id, '')).rejects.toMatchObject({ code: 'same-person' });
    await path.batch.reject({ userId: 'checker' }, id, 'one was cancelled');
    await path.work();
    expect([(await path.claim()).state, (await path.claim('S0002')).state]).toEqual(['withdrawn', 'approved']);
    expect(await path.accumulatedFen()).toBe(0);
    expect(await path.payOn('2025-03-04')).toMatchObject({ claims: 1 });
    expect(await path.claim('S0002')).toMatchObject({ state: 'paid', attempt: 1 });
  });

  it('that was changed after its check is not paid', async () => {
    await approved();
    const { id } = await path.checkedBatch('2025-03-04');
    await path.rows('update batch_item set amount_fen = amount_fen + 1');
    await expect(path.payment.pay([id])).rejects.toThrow('changed after it was checked');
    expect(path.bank.submitted).toEqual([]);
  });

  it('whose money the treasury refuses is not sent', async () => {
    await approved();
    path.treasury.refuses = true;
    await path.payOn('2025-03-04');
    expect(path.bank.submitted).toEqual([]);
    expect(await path.claim()).toMatchObject({ state: 'batched' });
  });
});

describe('a payment', () => {
  const serialOf = (endToEndId: string): string => endToEndId.slice(-3);

  it('whose answer is lost is unknown; the bank is asked, nothing is sent again, and its word is taken', async () => {
    await approved();
    path.bank.mishaps.push('answer-lost');
    path.bank.silent = true;
    await expect(path.payOn('2025-03-04')).rejects.toMatchObject({ code: 'no-answer' });
    expect(await path.payments()).toMatchObject([{ state: 'unknown' }]);
    expect((await path.report.read()).invariants.openUnknown).toBe(1);
    path.clock.set('2025-03-04 10:01');
    await expect(path.payment.pay([])).rejects.toMatchObject({ code: 'no-answer' });
    path.bank.silent = false;
    path.clock.set('2025-03-04 10:02');
    await path.payment.pay([]);
    expect(await path.payments()).toMatchObject([{ state: 'paid' }]);
    expect(path.bank.submitted).toHaveLength(1);
    expect(new Set(path.bank.asked)).toEqual(new Set([path.bank.submitted[0]!.messageId]));
    expect(await path.report.read()).toMatchObject({ bank: { unknownResolved: 1 }, invariants: { openUnknown: 0 } });
  });

  it('that the bank never received goes again as the same message', async () => {
    await approved();
    path.bank.mishaps.push('message-lost', 'message-lost');
    await path.payOn('2025-03-04');
    const [first, second, third, ...more] = path.bank.submitted;
    expect(more).toEqual([]);
    expect([second, third]).toEqual([first, first]);
    expect(await path.payments()).toMatchObject([{ attempt: 1, state: 'paid' }]);
    await path.closeDay('2025-03-04');
    expect((await path.report.read()).invariants).toMatchObject({ ledgerEqualsBank: true });
  });

  it('cut off while it was being sent is asked about before anything else', async () => {
    await approved();
    const { id } = await path.checkedBatch('2025-03-04');
    path.bank.submit = () => Promise.reject(new Error('killed'));
    await expect(path.payment.pay([id])).rejects.toThrow('killed');
    expect([await path.claim(), ...(await path.payments())]).toMatchObject([{ state: 'sent' }, { state: 'sending' }]);
    delete (path.bank as { submit?: unknown }).submit;
    await path.payment.pay([id]);
    expect([path.bank.asked, path.bank.submitted]).toEqual([[], []]);
    await path.rows(`update payment_part set attempted_at = attempted_at - interval '3 seconds'`);
    await path.payment.pay([id]);
    expect(path.bank.asked[0]).toBe(path.bank.submitted[0]!.messageId);
    expect(await path.payments()).toMatchObject([{ state: 'paid' }]);
  });

  it('by two workers at once is one', async () => {
    await approved();
    const { id } = await path.checkedBatch('2025-03-04');
    await Promise.all([path.payment.pay([id]), path.payment.pay([id]), path.payment.pay([])]);
    await path.payment.pay([]);
    expect(path.bank.submitted).toHaveLength(1);
    expect(await path.transfers()).toEqual([['benefit', 1, SAMPLE_BENEFIT_FEN, 'posted']]);
    expect(path.treasury.grants.size).toBe(1);
  });

  it('acknowledged twice has one effect, and both words are kept', async () => {
    path.bank.acknowledgements = 2;
    await settled();
    expect(await path.history()).toEqual(['accepted', 'adjudicated', 'approved', 'batched', 'sent', 'paid', 'settled']);
    expect(await path.rows('select status, count(*)::int as n from payment_event group by 1 order by 1')).toEqual([
      { status: 'ACSC', n: 2 },
      { status: 'ACSP', n: 2 },
    ]);
    expect((await path.report.read()).bank.doubleAckIgnored).toBe(1);
  });

  it('without a final word is asked about again after 5 minutes, then 15', async () => {
    await approved();
    path.bank.endings.set(bankAccount(1), { status: 'PDNG' });
    await path.payOn('2025-03-04');
    const asked = async (time: string): Promise<number> => {
      path.clock.set(`2025-03-04 ${time}`);
      await path.payment.pay([]);
      return path.bank.asked.length;
    };
    expect([await asked('10:04'), await asked('10:05'), await asked('10:19'), await asked('10:20')]).toEqual([1, 2, 2, 3]);
    expect(await path.payments()).toMatchObject([{ state: 'accepted' }]);
  });

  it('refused because the account is closed waits for another, of which the member is told; then it is paid under a new name', async () => {
    await approved();
    path.bank.endings.set(bankAccount(1), { status: 'RJCT', reason: 'AC04' });
    await path.payOn('2025-03-04');
    expect(await path.claim()).toMatchObject({ state: 'failed', attempt: 1, fault: null });
    expect(await path.transfers()).toEqual([['benefit', 1, SAMPLE_BENEFIT_FEN, 'voided']]);
    expect(await path.accumulatedFen()).toBe(MEDICAL_FEN);
    await path.payment.tell();
    await path.payment.tell();
    expect(path.wechat.sent).toMatchObject([{ template_id: 'account-needed', touser: (await path.claim()).memberId }]);
    expect(path.wechat.sent[0]!.data.account!.value).toBe('6200***********0001');
    await path.closeDay('2025-03-04');

    path.clock.set('2025-03-05 09:00');
    expect([await path.payment.resumable(), await path.payment.resume([])]).toEqual([0, 0]);
    await path.changeAccount(1, bankAccount(77));
    expect([await path.payment.resumable(), await path.payment.resume([]), await path.payment.resume([])]).toEqual([1, 1, 0]);
    expect(await path.pauses()).toEqual([{ reason: 'waiting-for-member-account', ended: true }]);
    await path.closeDay('2025-03-05');
    await path.payOn('2025-03-06');
    await path.closeDay('2025-03-06');
    expect(await path.claim()).toMatchObject({ state: 'settled', attempt: 2 });
    expect(await path.transfers()).toEqual([
      ['benefit', 1, SAMPLE_BENEFIT_FEN, 'voided'],
      ['benefit', 2, SAMPLE_BENEFIT_FEN, 'posted'],
    ]);
    const [first, second] = await path.payments();
    expect([first, second]).toMatchObject([
      { state: 'failed', reason: 'AC04' },
      { state: 'paid', reason: null },
    ]);
    expect([serialOf(first!.endToEndId), serialOf(second!.endToEndId)]).toEqual(['001', '002']);
    expect(path.bank.submitted[1]!.rows).toMatchObject([{ creditorAccount: bankAccount(77) }]);
    expect((await path.report.read()).workingDays).toMatchObject({ max: 2, grossMax: 3 });
  });

  const bothWithoutAccount = async () => {
    await path.enrol(1, 2);
    await path.receive(settlement(), settlement(of(2)));
    await path.work();
    for (const serial of [1, 2]) path.bank.endings.set(bankAccount(serial), { status: 'RJCT', reason: 'AC04' });
    await path.payOn('2025-03-04');
    return [await path.claim('S0001'), await path.claim('S0002')] as const;
  };

  it('whose notice is refused for a reason that may be its own holds up no other, and is tried an hour later', async () => {
    const [first, second] = await bothWithoutAccount();
    const [notice] = await path.source.query('select member_id as id from member_notice order by id limit 1');
    path.wechat.errcodes.set(notice.id, 47003);
    await expect(path.payment.tell()).rejects.toMatchObject({ code: 'wechat' });
    expect(path.wechat.sent).toMatchObject([{ touser: [first, second].find(({ memberId }) => memberId !== notice.id)!.memberId }]);
    path.wechat.errcodes.clear();
    await path.payment.tell();
    expect(path.wechat.sent).toHaveLength(1);
    path.clock.set('2025-03-05 18:00');
    await path.payment.tell();
    expect(path.wechat.sent).toHaveLength(2);
  });

  it('whose member cannot be told of it is listed for whoever may call, and the next member is told', async () => {
    const [first, second] = await bothWithoutAccount();
    path.wechat.errcodes.set(first.memberId, 43004);
    const told = path.clock.now();
    await path.payment.tell();
    await path.payment.tell();
    expect(path.wechat.sent).toMatchObject([{ touser: second.memberId }]);
    const due = () => claimsDue(path.db.direct, path.clock.now(), civilDate('2025-03-04'), civilDate('2025-03-03'));
    expect((await due()).due.map(({ wakeUp }) => wakeUp.command)).not.toContain('tell');

    const reader = new ClaimReader(path.db, path.vault, path.plans);
    const officerOf = (organisationPath: string) => ({ ...officer, organisationPath });
    const waiting = { benefitFen: SAMPLE_BENEFIT_FEN, since: told };
    expect(await reader.waitingForAccount(officerOf(UNIT_PATH))).toEqual(
      expect.arrayContaining([
        { ...waiting, memberId: first.memberId, claimId: first.id, toldAt: null, refusal: '43004' },
        { ...waiting, memberId: second.memberId, claimId: second.id, toldAt: told, refusal: null },
      ]),
    );
    expect(await reader.waitingForAccount(officerOf('/99/'))).toEqual([]);
    // Called, and another account given.
    await path.changeAccount(1, bankAccount(77));
    await path.payment.resume([]);
    expect((await reader.waitingForAccount(officerOf(UNIT_PATH))).map(({ claimId }) => claimId)).toEqual([second.id]);
  });

  it('about which the bank says what nobody can read holds up no other, and is asked about later', async () => {
    await path.enrol(1, 2);
    await path.receive(settlement());
    await path.work();
    path.bank.endings.set(bankAccount(1), { status: 'PDNG' });
    await path.payOn('2025-03-04');
    path.bank.unreadable.add(path.bank.submitted[0]!.messageId);
    await path.receive(settlement(of(2)));
    await path.work();
    await path.checkedBatch('2025-03-05');
    path.bank.asked.length = 0;
    await expect(path.payment.pay([])).rejects.toMatchObject({ code: 'unreadable-answer' });
    expect([await path.claim('S0001'), await path.claim('S0002')]).toMatchObject([{ state: 'sent' }, { state: 'paid' }]);
    expect(new Set(path.bank.asked).size).toBe(2);
    await path.payment.pay([]);
    expect(path.bank.asked).toHaveLength(2);
    path.bank.unreadable.clear();
    path.bank.endings.clear();
    path.clock.set('2025-03-05 12:00');
    await path.payment.pay([]);
    expect(await path.claim('S0001')).toMatchObject({ state: 'paid' });
  });

  it('about which the bank says nothing holds up no other for longer than a minute', async () => {
    await path.enrol(1, 2);
    await path.receive(settlement());
    await path.work();
    path.bank.endings.set(bankAccount(1), { status: 'PDNG' });
    await path.payOn('2025-03-04');
    path.bank.mute.add(path.bank.submitted[0]!.messageId);
    await path.receive(settlement(of(2)));
    await path.work();
    await path.checkedBatch('2025-03-05');
    await expect(path.payment.pay([])).rejects.toMatchObject({ code: 'no-answer' });
    await path.payment.pay([]);
    expect([await path.claim('S0001'), await path.claim('S0002')]).toMatchObject([{ state: 'sent' }, { state: 'paid' }]);
  });

  it('that the bank did not execute in time is paid in the next batch', async () => {
    await approved();
    path.bank.endings.set(bankAccount(1), { status: 'RJCT', reason: 'AB05' });
    await path.payOn('2025-03-04');
    expect(await path.claim()).toMatchObject({ state: 'approved', attempt: 2 });
    expect(path.wechat.sent).toEqual([]);
    path.bank.endings.clear();
    await path.payOn('2025-03-05');
    expect(await path.payments()).toMatchObject([{ state: 'failed', reason: 'AB05' }, { state: 'paid' }]);
    expect(new Set(path.bank.submitted.map((message) => message.messageId)).size).toBe(2);
    expect(await path.pauses()).toEqual([{ reason: 'bank-did-not-execute', ended: true }]);
  });

  it('refused as a duplicate stands aside for a person, and is not tried again', async () => {
    await approved();
    path.bank.endings.set(bankAccount(1), { status: 'RJCT', reason: 'AM05' });
    await path.payOn('2025-03-04');
    await path.changeAccount(1, bankAccount(77));
    expect(await path.payment.resume([])).toBe(0);
    expect(await path.claim()).toMatchObject({ state: 'failed', fault: expect.stringContaining('AM05') });
    await sampleUndone();
    expect(await path.claim()).toMatchObject({ state: 'withdrawn' });
  });

  it('that came back after it was settled is paid again to another account', async () => {
    await settled();
    const [payment] = await path.payments();
    path.bank.giveBack(payment!.endToEndId, SAMPLE_BENEFIT_FEN, 'AC01', civilDate('2025-03-05'));
    await path.closeDay('2025-03-05');
    expect(await path.claim()).toMatchObject({ state: 'returned' });
    expect(await path.payments()).toMatchObject([{ state: 'returned', reason: 'AC01' }]);
    await path.changeAccount(1, bankAccount(77));
    await path.payment.resume([]);
    await path.payOn('2025-03-06');
    await path.closeDay('2025-03-06');
    expect(await path.claim()).toMatchObject({ state: 'settled', attempt: 2 });
    expect(await path.transfers()).toEqual([
      ['benefit', 1, SAMPLE_BENEFIT_FEN, 'posted'],
      ['benefit-return', 1, SAMPLE_BENEFIT_FEN, 'posted'],
      ['benefit', 2, SAMPLE_BENEFIT_FEN, 'posted'],
    ]);
    expect((await path.report.read()).invariants).toMatchObject({ ledgerEqualsBank: true, claimsEqualLedger: true });
  });

  it('is proved by the statement when the bank gave no other word, however many there are', async () => {
    const serials = Array.from({ length: 1_001 }, (_, i) => i + 1);
    await path.enrol(...serials);
    await path.receive(...serials.map((serial) => settlement(of(serial))));
    await path.work();
    path.bank.status = (messageId) =>
      Promise.resolve({ reportId: 'R', createdAt: path.clock.now(), originalMessageId: messageId, rows: [] });
    await path.payOn('2025-03-04');
    expect(path.bank.submitted.map((message) => message.rows.length)).toEqual([1_000, 1]);
    await path.closeDay('2025-03-04');
    expect(await path.rows('select state, count(*)::int as claims from claim group by 1')).toEqual([{ state: 'settled', claims: 1_001 }]);
    expect((await path.report.read()).invariants).toEqual({
      ledgerBalanced: true,
      claimsEqualLedger: true,
      ledgerEqualsBank: true,
      openUnknown: 0,
    });
  });
});

describe('the bank’s statement', () => {
  it('that shows more returns than move at once takes them all back', async () => {
    const serials = Array.from({ length: 1_001 }, (_, i) => i + 1);
    await path.enrol(...serials);
    await path.receive(...serials.map((serial) => settlement(of(serial))));
    await path.work();
    await path.payOn('2025-03-04');
    await path.closeDay('2025-03-04');
    for (const { id } of await path.rows<{ id: string }>('select end_to_end_id as id from payment'))
      path.bank.giveBack(id, SAMPLE_BENEFIT_FEN, 'AC01', civilDate('2025-03-05'));
    await path.closeDay('2025-03-05');
    expect(await path.rows('select state, count(*)::int as claims from claim group by 1')).toEqual([{ state: 'returned', claims: 1_001 }]);
  });

  it('of a day is taken once', async () => {
    await settled();
    const before = await path.balances();
    expect(await path.reconciliation.daysDue()).toEqual([]);
    expect(await path.reconciliation.reconcile(civilDate('2025-03-04'))).toBe(true);
    expect(await path.balances()).toEqual(before);
  });

  it('that is not ready is asked for again', async () => {
    await paid();
    path.clock.set('2025-03-04 19:59');
    expect(await path.reconciliation.daysDue()).toEqual([]);
    path.clock.set('2025-03-04 20:00');
    expect(await path.reconciliation.daysDue()).toEqual(['2025-03-04']);
    expect(await path.reconciliation.reconcile(civilDate('2025-03-04'))).toBe(false);
  });

  it('with a line that is nothing of ours says that the books and the bank differ', async () => {
    await paid();
    path.bank.credit('a stranger', 500);
    await path.closeDay('2025-03-04');
    expect(await path.rows(`select outcome, count(*)::int as n from bank_statement_line group by 1 order by 1`)).toEqual([
      { outcome: 'grant-received', n: 1 },
      { outcome: 'open', n: 1 },
      { outcome: 'payment-proved', n: 1 },
    ]);
    expect((await path.report.read()).invariants.ledgerEqualsBank).toBe(false);
  });

  it('of a day whose voucher the treasury refuses keeps no other day from its own', async () => {
    await path.enrol(1, 2);
    await path.receive(settlement());
    await path.work();
    await path.payOn('2025-03-04');
    await path.closeDay('2025-03-04');
    await path.receive(settlement(of(2)));
    await path.work();
    await path.payOn('2025-03-05');
    await path.closeDay('2025-03-05');
    path.treasury.refusedVouchers.add(civilDate('2025-03-04'));
    await expect(path.reconciliation.vouch()).rejects.toMatchObject({ code: 'refused-by-party' });
    expect(path.treasury.vouchers.map(({ on }) => on)).toEqual(['2025-03-05']);
    path.treasury.refusedVouchers.clear();
    await path.reconciliation.vouch();
    expect(path.treasury.vouchers.map(({ on }) => on)).toEqual(['2025-03-05', '2025-03-04']);
  });
});

describe('the schema', () => {
  const valuesOfCheck = async (table: string): Promise<string[]> => {
    const [row] = await path.rows<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1::regclass and contype = 'c' and conname = $2`,
      table,
      `${table}_state_check`,
    );
    return [...row!.definition.matchAll(/'([^']+)'::text/g)].map((match) => match[1]!);
  };

  it('knows exactly the states of the tables of states', async () => {
    expect(await valuesOfCheck('claim')).toEqual([...CLAIM_STATES]);
    expect(await valuesOfCheck('payment')).toEqual([...PAYMENT_STATES]);
  });

  const TYPES: Record<string, string> = { int: 'int4', integer: 'int4', bigint: 'int8', smallint: 'int2', boolean: 'bool' };

  it('has every column of an entity, of its type and as nullable, and every entity has every column', async () => {
    const columns = await path.rows<{ table: string; column: string; type: string; nullable: boolean }>(
      `select table_name as "table", column_name as "column", udt_name as type, is_nullable = 'YES' as nullable from information_schema.columns where table_schema = 'public'`,
    );
    const shapeOf = (rows: { column: string; type: string; nullable: boolean }[]) =>
      rows.map(({ column, type, nullable }) => `${column} ${type}${nullable ? ' null' : ''}`).sort();
    const entities = path.source.entityMetadatas;
    expect(entities).toHaveLength(PLATFORM_ENTITIES.length + ENROLMENT_ENTITIES.length + CLAIMS_ENTITIES.length);
    for (const entity of entities) {
      const ours = entity.columns.map((column) => {
        const type = TYPES[String(column.type)] ?? String(column.type);
        return { column: column.databaseName, type: column.isArray ? `_${type}` : type, nullable: column.isNullable };
      });
      expect({ table: entity.tableName, shape: shapeOf(ours) }).toEqual({
        table: entity.tableName,
        shape: shapeOf(columns.filter((column) => column.table === entity.tableName)),
      });
    }
    const known = new Set(entities.map((entity) => entity.tableName));
    expect(
      [...new Set(columns.map((column) => column.table))].filter((table) => !known.has(table) && table !== 'migrations').sort(),
    ).toEqual([
      'claim_history',
      'claim_release',
      'feed_day',
      'ledger_account',
      'ledger_outcome',
      'ledger_pending',
      'ledger_posted',
      'ledger_transfer',
      'outbox',
    ]);
  });
});
