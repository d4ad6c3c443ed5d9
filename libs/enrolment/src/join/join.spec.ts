import { PersonalDataVault } from '@app/platform';
import { fen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JOIN_MOVES, JOIN_STATES, decideAsk, decidePaid, nextLook, payUntil, type AskFacts, type JoinState } from './join.js';
import { memberOfOrder, orderNumberOf, readTicket, refundNumberOf, writeTicket } from './join-ticket.js';
import { Pace, WaitingLine, type Place } from './waiting-line.js';

const CLOSES = new Date('2026-12-11T00:00:00+08:00');
const facts = (change: Partial<AskFacts> = {}): AskFacts => ({
  window: { id: 'here', opens_at: new Date('2026-09-01T00:00:00+08:00'), closes_at: CLOSES, path: '/45/4599/' },
  unitPath: '/45/4599/459999/U/',
  enrolled: false,
  application: undefined,
  ...change,
});
const ms = (offset: number): Date => new Date(CLOSES.getTime() + offset);

describe('an application to join', () => {
  it.each(JOIN_STATES)('reaches a cover or a reason from %s', (state) => {
    const reached = new Set<JoinState>([state]);
    for (const from of reached) for (const to of JOIN_MOVES[from]) reached.add(to);
    expect(['covered', 'refunded', 'expired'].some((end) => reached.has(end as JoinState))).toBe(true);
    const known = new Set<JoinState>(['to-pay']);
    for (const from of known) for (const to of JOIN_MOVES[from]) known.add(to);
    expect(known).toContain(state);
  });

  it.each([
    [-1, { kind: 'begin', attempt: 1 }],
    [0, { kind: 'refuse', reason: 'window-closed' }],
    [1, { kind: 'refuse', reason: 'window-closed' }],
  ])('received %i ms from the closing is decided to the millisecond', (offset, decision) => {
    expect(decideAsk(facts(), ms(offset))).toEqual(decision);
  });

  it('is answered the same again, also after the closing', () => {
    for (const state of ['to-pay', 'covered'] as const)
      for (const offset of [-1, 1])
        expect(decideAsk(facts({ application: { state, attempt: 1, windowId: 'here' } }), ms(offset))).toEqual({ kind: 'same' });
    expect(decideAsk(facts({ application: { state: 'expired', attempt: 1, windowId: 'here' } }), ms(1))).toEqual({ kind: 'same' });
  });

  it('begins anew where the last one ended without a cover', () => {
    for (const state of ['expired', 'refunding', 'refunded'] as const)
      for (const windowId of ['here', 'there'])
        expect(decideAsk(facts({ application: { state, attempt: 2, windowId } }), ms(-1))).toEqual({ kind: 'begin', attempt: 3 });
  });

  it('in another window of the period is open, and named; ended, it says nothing of this window', () => {
    for (const state of ['to-pay', 'covered'] as const)
      for (const offset of [-1, 1])
        expect(
          decideAsk(facts({ enrolled: state === 'covered', application: { state, attempt: 1, windowId: 'there' } }), ms(offset)),
        ).toEqual({
          kind: 'refuse',
          reason: 'join-elsewhere',
        });
    expect(decideAsk(facts({ application: { state: 'expired', attempt: 1, windowId: 'there' } }), ms(1))).toEqual({
      kind: 'refuse',
      reason: 'window-closed',
    });
  });

  it.each([
    ['window', { window: undefined }],
    ['member', { unitPath: undefined }],
    ['already-enrolled', { enrolled: true }],
    ['window-elsewhere', { unitPath: '/45/4598/U/' }],
  ] as const)('is refused with %s', (reason, change) => {
    expect(decideAsk(facts(change), ms(-1))).toEqual({ kind: 'refuse', reason });
  });

  it('is covered by a payment in time, of its amount and its order, and by no other', () => {
    const paid = { amountFen: fen(100), paidAt: ms(0) };
    const open = { state: 'to-pay' as const, current: true, amountFen: fen(100), payUntil: ms(0) };
    expect(decidePaid(open, paid)).toBe('cover');
    expect(decidePaid({ ...open, state: 'expired' }, paid)).toBe('cover');
    expect(decidePaid(open, { ...paid, paidAt: ms(1) })).toBe('paid-late');
    expect(decidePaid(open, { ...paid, amountFen: fen(99) })).toBe('amount-differs');
    expect(decidePaid({ ...open, current: false }, paid)).toBe('order-replaced');
    for (const state of ['covered', 'refunding', 'refunded'] as const) expect(decidePaid({ ...open, state }, paid)).toBe('order-replaced');
  });

  it('is asked about less and less often, and at the end of its time', () => {
    const received = ms(0);
    const until = payUntil(received);
    let now = ms(60_000);
    const looks = [now];
    while (now < until) looks.push((now = nextLook(received, until, now)));
    expect(looks.at(-1)).toEqual(until);
    expect(looks.length).toBeLessThan(10);
  });
});

describe('a ticket', () => {
  const vault = new PersonalDataVault(Buffer.alloc(32, 7).toString('base64'));
  const ticket = fc.record({
    windowId: fc.uuid(),
    memberId: fc.uuid(),
    receivedAt: fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }),
  });

  it('is read as it was written, and by no other installation', () => {
    const other = new PersonalDataVault(Buffer.alloc(32, 8).toString('base64'));
    fc.assert(
      fc.property(ticket, (one) => {
        const text = writeTicket(vault, one);
        expect(readTicket(vault, text)).toEqual(one);
        expect(readTicket(other, text)).toBeUndefined();
      }),
    );
  });

  it('is worth nothing when a character is changed', () => {
    fc.assert(
      fc.property(ticket, fc.nat(73), fc.constantFrom(...'0aZ-_'), (one, at, character) => {
        const text = writeTicket(vault, one);
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        // The last character has four bits that say nothing.
        const same = Buffer.from(changed, 'base64url').equals(Buffer.from(text, 'base64url'));
        expect(readTicket(vault, changed) !== undefined).toBe(same);
      }),
    );
    for (const odd of ['', 'x', 'x'.repeat(74), '../'.repeat(30)]) expect(readTicket(vault, odd)).toBeUndefined();
  });

  it('has an order number that WeChat takes, another for each member, period and attempt, and that leads back to the member', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), fc.uuid(), fc.integer({ min: 1, max: 9 }), (memberId, periodId, otherPeriod, attempt) => {
        const number = orderNumberOf(memberId, periodId, attempt);
        expect(number).toMatch(/^[0-9A-Za-z_-]{6,32}$/);
        expect(refundNumberOf(number)).toMatch(/^[0-9A-Za-z_-]{6,32}$/);
        expect(memberOfOrder(number)).toBe(memberId);
        expect(orderNumberOf(memberId, periodId, attempt)).toBe(number);
        expect(orderNumberOf(memberId, periodId, attempt + 1)).not.toBe(number);
        if (otherPeriod !== periodId) expect(orderNumberOf(memberId, otherPeriod, attempt)).not.toBe(number);
      }),
    );
    for (const odd of ['', 'somebody elses order number', '"'.repeat(30)]) expect(memberOfOrder(odd)).toBeUndefined();
  });
});

describe('the waiting line', () => {
  it('serves in the order of receiving, whoever comes back when, and knows each place', () => {
    const act = fc.oneof(
      fc.record({ act: fc.constant('come' as const), at: fc.nat(50), n: fc.constant(0) }),
      fc.record({ act: fc.constant('take' as const), at: fc.constant(0), n: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
        const line = new WaitingLine<Place>();
        let model: Place[] = [];
        acts.forEach(({ act: what, at, n }, serial) => {
          if (what === 'come') {
            const place = { key: String(serial), receivedAt: new Date(at) };
            line.push(place);
            model = [...model, place].sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
          } else {
            expect(line.take(n)).toEqual(model.slice(0, n));
            model = model.slice(n);
          }
          expect(line.length).toBe(model.length);
          for (const place of model) {
            expect(line.find(place.key)).toBe(place);
            expect(line.placesUpTo(place.receivedAt)).toBe(model.filter((other) => other.receivedAt <= place.receivedAt).length);
          }
        });
      }),
    );
  });

  it('tells a time within a factor of two of what it will be, whatever the sets are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ set: fc.integer({ min: 1, max: 500 }), took: fc.integer({ min: 5, max: 100 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        (rounds) => {
          const pace = new Pace();
          let now = 0;
          // The same rounds again and again: what was seen is what comes.
          const round = (): number => {
            let served = 0;
            for (const { set, took } of rounds) {
              pace.wrote(set, 10_000, (now += took));
              served += set;
            }
            return served;
          };
          for (let i = 0; i < 200 / rounds.length; i++) round();
          const told = pace.secondsFor(10_000);
          const start = now;
          for (let served = 0; served < 10_000;) served += round();
          const took = (now - start) / 1_000;
          expect(told).toBeGreaterThan(took / 2);
          expect(told).toBeLessThan(took * 2);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('does not count the time in which nobody waited', () => {
    const pace = new Pace();
    for (let i = 0; i < 10; i++) pace.wrote(100, 50, i * 100);
    pace.wrote(50, 0, 1_000);
    const before = pace.perSecond;
    pace.wrote(1, 0, 100_000);
    expect(pace.perSecond).toBe(before);
  });
});
