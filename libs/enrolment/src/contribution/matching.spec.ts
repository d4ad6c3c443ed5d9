import { fen, sumFen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { noticeReference } from './contribution.js';
import { match, type Credit, type DueNotice } from './matching.js';

const WINDOW = '0197a3c2-0000-7000-8000-0000deadbeef';
const UNITS = [
  { unitCode: '91350100M000100Y43', unitName: '第一基层工会' },
  { unitCode: '81459999MA0000245H', unitName: '第二基层工会' },
] as const;

const notice = (unit: number, number: number, amountFen: number, receivedFen = 0): DueNotice => {
  const reference = noticeReference(WINDOW, UNITS[unit]!.unitCode, number);
  return {
    id: `id ${reference}`,
    reference,
    ...UNITS[unit]!,
    amountFen: fen(amountFen),
    memberFen: fen(amountFen),
    receivedFen: fen(receivedFen),
  };
};
const credit = (amountFen: number, reference: string, change: Partial<Credit> = {}): Credit => ({
  bankReference: `b${amountFen}`,
  amountFen: fen(amountFen),
  reference,
  payerName: '某单位',
  ...change,
});
const [one, two, three] = [notice(0, 1, 100), notice(0, 2, 50), notice(0, 3, 30)];
const other = notice(1, 1, 100);

/** [credit, notice, rule, amount] of each match, and what is left of each credit. */
const matched = (credits: readonly Credit[], notices: readonly DueNotice[]) => {
  const { matches, restFen } = match(credits, notices);
  return {
    matches: matches.map((each) => [each.bankReference, each.noticeId, each.rule, each.amountFen]),
    rest: Object.fromEntries(restFen),
  };
};

describe('a credit', () => {
  it('of the exact amount pays the notice it names', () =>
    expect(match([credit(100, one.reference)], [one])).toEqual({
      matches: [{ bankReference: 'b100', noticeId: one.id, rule: 'reference', amountFen: 100, memberFen: 100, unitFen: 0 }],
      notices: [{ ...one, receivedFen: 100 }],
      restFen: new Map([['b100', 0]]),
    }));

  it('in parts is added up, and what is too much is left over', () =>
    expect(matched([credit(60, one.reference), credit(50, one.reference)], [one])).toEqual({
      matches: [
        ['b50', one.id, 'reference', 50],
        ['b60', one.id, 'reference', 50],
      ],
      rest: { b60: 10, b50: 0 },
    }));

  it('for nothing known, or for what is paid already, is left over whole', () =>
    expect(matched([credit(60, 'x'), credit(50, one.reference)], [notice(0, 1, 100, 100)])).toEqual({
      matches: [],
      rest: { b60: 60, b50: 50 },
    }));

  it.each([
    ['names', `${one.reference} ${two.reference}`],
    ['numbers', `${one.reference}、02`],
    ['a range', `${one.reference}-02`],
  ])('that gives %s of several notices pays them in their order', (_, reference) =>
    expect(matched([credit(160, reference)], [three, two, one])).toEqual({
      matches: [
        ['b160', one.id, 'references', 100],
        ['b160', two.id, 'references', 50],
      ],
      rest: { b160: 10 },
    }),
  );

  it.each([
    ['its code', { reference: `互助金 ${UNITS[0].unitCode}` }],
    ['its name as the payer', { payerName: UNITS[0].unitName }],
  ])('that says only the unit, by %s, pays all the unit owes when it is exactly that', (_, change) => {
    const owed = [notice(0, 1, 100, 40), two, three];
    expect(matched([credit(140, '互助金', change)], [...owed, other])).toEqual({
      matches: owed.map((each) => ['b140', each.id, 'unit-total', each.amountFen - each.receivedFen]),
      rest: { b140: 0 },
    });
    expect(matched([credit(139, '互助金', change)], [...owed, other])).toEqual({ matches: [], rest: { b139: 139 } });
  });

  it('that names a reference nobody knows is not taken for the unit’s total', () => {
    const stray = noticeReference(WINDOW, UNITS[0].unitCode, 9);
    expect(matched([credit(100, stray, { payerName: UNITS[0].unitName })], [one]).matches).toEqual([]);
  });

  it('is never matched by its amount alone, nor by a name that two units have', () => {
    expect(matched([credit(100, '互助金')], [one, other]).matches).toEqual([]);
    const namesake = { ...other, unitName: one.unitName, amountFen: fen(0) };
    expect(matched([credit(100, '', { payerName: one.unitName })], [one, namesake]).matches).toEqual([]);
  });

  it('of the phone-pay institution is for no notice', () =>
    expect(matched([credit(70, 'PHONE20250901', { payerName: '微信支付' })], [one])).toEqual({
      matches: [['b70', null, 'phone-settlement', 70]],
      rest: { b70: 0 },
    }));
});

describe('any credits and notices', () => {
  const notices = fc
    .uniqueArray(
      fc.record({
        unit: fc.nat(1),
        number: fc.integer({ min: 1, max: 4 }),
        amount: fc.integer({ min: 1, max: 60 }),
        members: fc.nat(60),
        received: fc.nat(60),
      }),
      { selector: ({ unit, number }) => `${unit}/${number}`, maxLength: 8 },
    )
    .map((rows) =>
      rows.map(({ unit, number, amount, members, received }) => ({
        ...notice(unit, number, amount, Math.min(received, amount)),
        memberFen: fen(Math.min(members, amount)),
      })),
    );
  const reference = (unit: number, numbers: readonly number[]) =>
    numbers.map((number) => noticeReference(WINDOW, UNITS[unit]!.unitCode, number)).join(' ');
  const text = fc.oneof(
    fc
      .record({ unit: fc.nat(1), numbers: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }) })
      .map(({ unit, numbers }) => reference(unit, numbers)),
    fc.nat(1).map((unit) => UNITS[unit]!.unitCode),
    fc.constantFrom('互助金', 'PHONE20250901'),
  );
  const credits = fc
    .array(
      fc.record({
        amount: fc.integer({ min: 1, max: 150 }),
        text,
        payer: fc.constantFrom(UNITS[0].unitName, UNITS[1].unitName, '微信支付', '别人'),
      }),
      { maxLength: 8 },
    )
    .map((rows) => rows.map(({ amount, text: typed, payer }, i) => credit(amount, typed, { bankReference: `b${i}`, payerName: payer })));
  /** Half of them are given exactly what a unit owes, which chance would seldom do. */
  const cases = fc.tuple(notices, credits, fc.boolean()).map(([open, given, exact]) => {
    if (!exact) return { open, given };
    const owed = sumFen(open.filter((each) => each.unitCode === UNITS[0].unitCode).map((each) => fen(each.amountFen - each.receivedFen)));
    return { open, given: owed > 0 ? [...given, credit(owed, '', { bankReference: 'exact', payerName: UNITS[0].unitName })] : given };
  });

  it('are matched without a fen lost, invented or paid above what a notice asks, each by a rule that its text bears out', () => {
    fc.assert(
      fc.property(cases, ({ open, given }) => {
        const { matches, notices: changed, restFen } = match(given, open);
        for (const each of given) {
          const out = sumFen(matches.filter((row) => row.bankReference === each.bankReference).map((row) => row.amountFen));
          expect(out + restFen.get(each.bankReference)!).toBe(each.amountFen);
        }
        const after = new Map(changed.map((each) => [each.id, each]));
        for (const each of open) {
          const into = matches.filter((row) => row.noticeId === each.id);
          const received = after.get(each.id)?.receivedFen ?? each.receivedFen;
          expect(received).toBe(each.receivedFen + sumFen(into.map((row) => row.amountFen)));
          expect(received).toBeLessThanOrEqual(each.amountFen);
          if (received === each.amountFen)
            expect(sumFen(into.map((row) => row.memberFen))).toBe(each.memberFen - Math.min(each.memberFen, each.receivedFen));
        }
        const byId = new Map(open.map((each) => [each.id, each]));
        for (const { bankReference, noticeId, rule } of matches) {
          const from = given.find((each) => each.bankReference === bankReference)!;
          if (noticeId === null) {
            expect([rule, from.payerName]).toEqual(['phone-settlement', '微信支付']);
            continue;
          }
          const { reference: name, unitCode, unitName } = byId.get(noticeId)!;
          if (rule === 'unit-total') {
            expect([from.reference, from.payerName].some((said) => said === unitCode || said === unitName)).toBe(true);
            expect(restFen.get(bankReference)).toBe(0);
          } else expect(from.reference).toContain(name);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are matched the same in whatever order they are given', () => {
    const sorted = (result: ReturnType<typeof match>) => ({
      matches: result.matches.map((row) => JSON.stringify(row)).sort(),
      notices: result.notices,
      rest: Object.fromEntries([...result.restFen].sort()),
    });
    fc.assert(
      fc.property(
        cases.chain(({ open, given }) =>
          fc.record({
            open: fc.constant(open),
            given: fc.constant(given),
            shuffledOpen: fc.shuffledSubarray(open, { minLength: open.length }),
            shuffled: fc.shuffledSubarray(given, { minLength: given.length }),
          }),
        ),
        ({ open, given, shuffledOpen, shuffled }) => expect(sorted(match(shuffled, shuffledOpen))).toEqual(sorted(match(given, open))),
      ),
    );
  });
});
