import { describe, expect, test } from '@jest/globals';
import { DomainError, civilDate, fen } from '@app/kernel';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateAmounts } from './calculate.js';
import { parsePlan, type CompiledPlan } from './compile.js';
import { addAccumulators, type Accumulators, type Facts } from './facts.js';
import {
  AGE_BANDS,
  LARGEST,
  readHeader,
  rehearse,
  startRehearsal,
  type BookEntry,
  type BookHeader,
  type Change,
  type Rehearsal,
} from './rehearsal.js';
import { largestChangesCsv, unitsCsv } from './rehearsal-csv.js';
import { rehearsalPage } from './rehearsal-page.js';

const TEXT = readFileSync(join(import.meta.dirname, '..', 'plans', 'guangxi', 'guangxi-1-2025.yaml'), 'utf8');

/** The plan with passages replaced, each of which must occur. */
function planWith(...replacements: readonly (readonly [string, string])[]): CompiledPlan {
  const text = replacements.reduce((yaml, [from, to]) => {
    expect(yaml).toContain(from);
    return yaml.replace(from, to);
  }, TEXT);
  return parsePlan(text, 'plan.yaml');
}

const PLAN = planWith();
const RAISED = planWith(['rate: 30%', 'rate: 35%']);
const CAP = "amount:\n      value: '1000000.00'";

interface Case {
  readonly member: string;
  readonly unit?: string;
  readonly claim?: string;
  readonly age?: number;
  /** What the plan pays on. */
  readonly baseFen: number;
}

const HEADER: BookHeader = {
  book: 1,
  plan: PLAN.id,
  version: PLAN.version,
  hash: PLAN.hash,
  coverFrom: PLAN.coverFrom,
  coverTo: PLAN.coverTo,
  members: 1_000,
  contributionsFen: fen(10_000_000),
};

const factsOf = (baseFen: number): Facts => ({
  acceptedOn: civilDate('2025-06-06'),
  coverFrom: PLAN.coverFrom,
  coverTo: PLAN.coverTo,
  medType: '21',
  admissionOn: civilDate('2025-06-01'),
  dischargeOn: civilDate('2025-06-05'),
  amounts: { inscp_scp_amt: fen(5_000_000 + baseFen), fund_pay_sumamt: fen(5_000_000) },
});

/** The cases in the order of a book, decided under `plan`. */
function bookOf(cases: readonly Case[], plan = PLAN): BookEntry[] {
  let used: Accumulators = {};
  let last = '';
  return cases
    .map((one, i) => ({ claim: `c${String(i).padStart(4, '0')}`, ...one }))
    .sort((a, b) => (a.member < b.member ? -1 : a.member > b.member ? 1 : 0))
    .map(({ member, unit = 'unit', claim, age, baseFen }) => {
      if (member !== last) used = {};
      last = member;
      const facts = factsOf(baseFen);
      const { benefitFen, reason, capped, changes } = calculateAmounts(facts, used, plan);
      used = addAccumulators(used, changes);
      return { member, unit, claim, ...(age === undefined ? {} : { age }), facts, paid: { benefitFen, reason, capped } };
    });
}

function rehearsed(book: readonly BookEntry[], plan: CompiledPlan): Rehearsal {
  const rehearsal = startRehearsal(HEADER, plan);
  for (const entry of book) rehearsal.add(entry);
  return rehearsal.result();
}

const textOf = (book: readonly unknown[]): string => [HEADER, ...book].map((line) => `${JSON.stringify(line)}\n`).join('');

async function* piecesOf(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield Promise.resolve(text.slice(at, at + length));
}

const sum = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((total, row) => total + of(row), 0);

async function refusalOf(act: () => unknown): Promise<DomainError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('expected a refusal, found none');
}

const CASES: readonly Case[] = [
  { member: 'a', unit: '一中', age: 19, baseFen: 50_000 },
  { member: 'b', unit: '一中', age: 43, baseFen: 900_000 },
  { member: 'b', unit: '二中', age: 44, baseFen: 12_345_678 },
  { member: 'c', unit: '二中', age: 60, baseFen: 2_000_000 },
  { member: 'd', unit: '', baseFen: 6_000_001 },
];

const cases = fc.array(
  fc.record(
    {
      member: fc.constantFrom('a', 'b', 'c', 'd', '职工'),
      unit: fc.constantFrom('一中', '二中', '三中', '__proto__'),
      age: fc.integer({ min: 0, max: 110 }),
      baseFen: fc.integer({ min: 0, max: 300_000_000 }),
    },
    { requiredKeys: ['member', 'unit', 'baseFen'] },
  ),
  { maxLength: 40 },
);

describe('a rehearsal', () => {
  test('of a plan on its own book changes nothing', () => {
    fc.assert(
      fc.property(cases, (list) => {
        const result = rehearsed(bookOf(list), PLAN);
        expect(result.total.changeFen).toBe(0);
        expect(result.total.afterFen).toBe(result.total.beforeFen);
        expect(result.unchanged).toEqual({ claims: list.length, members: new Set(list.map(({ member }) => member)).size, fen: 0 });
        expect(result.largest).toEqual([]);
        expect(result.reasons.after).toEqual(result.reasons.before);
        expect(result.capExhausted.after).toBe(result.capExhausted.before);
        expect(result.fund.balanceAfterFen).toBe(result.fund.balanceBeforeFen);
      }),
    );
  });

  test('of a raised rate makes only winners', () => {
    const result = rehearsed(bookOf(CASES), RAISED);
    // 5 % of what lies within the lowest band: nothing of the 500.00, 400.00, and 500.00 of each of the others.
    expect(result.winners).toEqual({ claims: 4, members: 3, fen: 40_000 + 3 * 50_000 });
    expect(result.losers).toEqual({ claims: 0, members: 0, fen: 0 });
    expect(result.unchanged).toEqual({ claims: 1, members: 1, fen: 0 });
    expect(result.total.changeFen).toBe(190_000);
    expect(result).toMatchObject({ claims: 5, members: 4, paidClaims: { before: 5, after: 5 } });
    expect(result.fund).toEqual({
      contributionsFen: 10_000_000,
      balanceBeforeFen: 10_000_000 - result.total.beforeFen,
      balanceAfterFen: 10_000_000 - result.total.afterFen,
    });
    expect(result.plan).toEqual({ id: PLAN.id, version: 1, hash: RAISED.hash, title: PLAN.title });
    expect(result.against).toEqual(HEADER);
  });

  test('adds up: units, ages, sides and the spread each come to the total', () => {
    const cheaper = planWith(['rate: 30%', 'rate: 20%'], ["value: '50.00'", "value: '90.00'"], [CAP, "amount:\n      value: '500000.00'"]);
    fc.assert(
      fc.property(cases, (list) => {
        const { total, units, ageBands, winners, losers, unchanged, spread, claims, members } = rehearsed(bookOf(list), cheaper);
        const grouped: readonly (readonly (Change & { readonly claims: number })[])[] = [units, ageBands];
        for (const rows of grouped) {
          expect(sum(rows, (row) => row.claims)).toBe(claims);
          expect(sum(rows, (row) => row.beforeFen)).toBe(total.beforeFen);
          expect(sum(rows, (row) => row.afterFen)).toBe(total.afterFen);
          expect(sum(rows, (row) => row.changeFen)).toBe(total.changeFen);
        }
        const sides = [winners, losers, unchanged];
        expect(sum(sides, (side) => side.claims)).toBe(claims);
        expect(sum(sides, (side) => side.members)).toBe(members);
        expect(sum(sides, (side) => side.fen)).toBe(total.changeFen);
        expect(sum(spread, (row) => row.members)).toBe(members);
        expect(sum(spread, (row) => row.fen)).toBe(total.changeFen);
      }),
    );
  });

  test('counts a claim in the unit and the age that the book has it under, the largest change of units first', () => {
    const { units, ageBands } = rehearsed(bookOf(CASES), RAISED);
    expect(units.map(({ unit, claims, changeFen }) => [unit, claims, changeFen])).toEqual([
      ['二中', 2, 100_000],
      ['', 1, 50_000],
      ['一中', 2, 40_000],
    ]);
    expect(ageBands.map(({ band }) => band)).toEqual(AGE_BANDS);
    expect(ageBands.map(({ claims }) => claims)).toEqual([1, 0, 0, 2, 0, 1, 1]);
    const ages = [19, 20, 29, 30, 39, 40, 49, 50, 59, 60, 99].map((age, i) => ({
      member: `m${String(i).padStart(2, '0')}`,
      age,
      baseFen: 0,
    }));
    expect(rehearsed(bookOf(ages), PLAN).ageBands.map(({ claims }) => claims)).toEqual([1, 2, 2, 2, 2, 2, 0]);
  });

  test('takes the age of the entry where a rule asks for it and the facts have none', () => {
    const young = planWith(['scope:\n', 'eligibility:\n  ages: { from: 16, to: 59, source: rules-2025, clause: 年龄 }\n\nscope:\n']);
    expect(rehearsed(bookOf(CASES), young).reasons.after).toEqual({ 'fact-missing': 1, 'not-eligible': 1 });
    const told = bookOf(CASES).map((entry) => ({ ...entry, facts: { ...entry.facts, age: 30 } }));
    expect(rehearsed(told, young).reasons.after).toEqual({});
  });

  test('keeps the fifty largest changes, the claim id deciding between equal ones', () => {
    const many = Array.from({ length: 180 }, (_, i) => ({
      member: `m${String(i).padStart(4, '0')}`,
      claim: `c${String((i * 77) % 180).padStart(4, '0')}`,
      baseFen: 100_000 + ((i * 37) % 90) * 2_000,
    }));
    const book = bookOf(many);
    const { largest } = rehearsed(book, RAISED);
    const expected = book
      .map(({ claim, facts, paid }) => ({ claim, size: calculateAmounts(facts, {}, RAISED).benefitFen - paid.benefitFen }))
      .sort((a, b) => b.size - a.size || (a.claim < b.claim ? -1 : 1))
      .slice(0, LARGEST);
    expect(largest.map(({ claim, changeFen }) => ({ claim, size: changeFen }))).toEqual(expected);
    expect(largest).toHaveLength(50);
    const [{ claim, ...first }] = largest as [(typeof largest)[number]];
    const entry = book.find((one) => one.claim === claim)!;
    expect(first).toEqual({
      member: entry.member,
      unit: 'unit',
      beforeFen: entry.paid.benefitFen,
      afterFen: entry.paid.benefitFen + first.changeFen,
      changeFen: first.changeFen,
      reasonBefore: null,
      reasonAfter: null,
    });
  });

  test('counts the members from whom a cap takes something, claim after claim', () => {
    const lowered = planWith([CAP, "amount:\n      value: '5000.00'"], ["per_day:\n      value: '50.00'", "per_day:\n      value: '0.00'"]);
    const list = [
      // 2,700.00, then 2,300.00 of 2,700.00, then nothing.
      { member: 'a', baseFen: 1_000_000 },
      { member: 'a', baseFen: 1_000_000 },
      { member: 'a', baseFen: 1_000_000 },
      { member: 'b', baseFen: 1_000_000 },
    ];
    const result = rehearsed(bookOf(list), lowered);
    expect(result.capExhausted).toEqual({ before: 0, after: 1 });
    expect(result.reasons).toEqual({ before: {}, after: { 'cap-exhausted': 1 } });
    expect(result.paidClaims).toEqual({ before: 4, after: 3 });
    expect(result.losers).toEqual({ claims: 4, members: 2, fen: 500_000 + 270_000 - 4 * (270_000 + 20_000) });
    // The other way round, the cap is the book's.
    expect(rehearsed(bookOf(list, lowered), PLAN).capExhausted).toEqual({ before: 1, after: 0 });
  });

  test('of next year’s plan on this book leaves the dates as they are', () => {
    const next = planWith(
      ["effective_on: '2025-01-01'", "effective_on: '2026-01-01'"],
      ["from: '2025-01-01'\n  to: '2025-12-31'", "from: '2026-01-01'\n  to: '2026-12-31'"],
    );
    expect(rehearsed(bookOf(CASES), next)).toMatchObject({ total: { changeFen: 0 }, reasons: { after: {} } });
  });
});

describe('a book', () => {
  const text = textOf(bookOf(CASES));

  test('may come cut anywhere, with or without a last line end', async () => {
    const whole = rehearsed(bookOf(CASES), RAISED);
    for (const length of [1, 7, 1_000, text.length]) expect(await rehearse(piecesOf(text, length), RAISED)).toEqual(whole);
    expect(await rehearse(piecesOf(text.trimEnd(), 50), RAISED)).toEqual(whole);
    expect(await rehearse(piecesOf(text.replaceAll('\n', '\r\n'), 50), RAISED)).toEqual(whole);
  });

  test('of no claims is a rehearsal of nothing', async () => {
    expect(await rehearse(piecesOf(textOf([]), 50), PLAN)).toMatchObject({
      claims: 0,
      members: 0,
      units: [],
      fund: { balanceAfterFen: 10_000_000 },
    });
  });

  test('tells how far it is', async () => {
    const seen: number[] = [];
    await rehearse(piecesOf(text, 400), PLAN, (claims) => seen.push(claims));
    expect(seen.at(-1)).toBe(5);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('whose members are not in order is refused with the line', async () => {
    const [first, ...others] = bookOf(CASES);
    const refused = await refusalOf(() => rehearse(piecesOf(textOf([...others, first]), 100), PLAN));
    expect(refused).toMatchObject({ code: 'book-invalid', kind: 'invalid', details: { line: 6 } });
    expect(refused.message).toMatch(/^line 6 of the book: expected a member not before .*, found an earlier one; sort the book by member/);
  });

  test('with a claim twice is refused', async () => {
    const [first, ...others] = bookOf(CASES);
    expect((await refusalOf(() => rehearse(piecesOf(textOf([first, first, ...others]), 100), PLAN))).message).toBe(
      'line 3 of the book: expected each claim once, found the claim of the line before; export the book again',
    );
  });

  const entry = bookOf(CASES)[0]!;
  test.each<[string, unknown, string]>([
    ['one JSON object', '{"member":"zhang-san","un', 'a text that is not JSON'],
    ['one JSON object', '', 'an empty line'],
    ['one JSON object', null, 'null'],
    ['a text at "member"', { ...entry, member: 43 }, 'a number'],
    ['a text at "unit"', { ...entry, unit: null }, 'null'],
    ['a text at "claim"', { ...entry, claim: '' }, 'another text'],
    ['whole years at "age", or nothing', { ...entry, age: 43.5 }, 'a fraction, or too large a number'],
    ['a mapping at "paid"', { ...entry, paid: undefined }, 'nothing'],
    ['a whole number of fen at "paid.benefitFen"', { ...entry, paid: { ...entry.paid, benefitFen: -1 } }, 'a negative number'],
    ['a text or null at "paid.reason"', { ...entry, paid: { ...entry.paid, reason: undefined } }, 'nothing'],
    ['true or false at "paid.capped"', { ...entry, paid: { ...entry.paid, capped: 'no' } }, 'another text'],
    ['a mapping at "facts"', { ...entry, facts: [] }, 'a list'],
    ['a date YYYY-MM-DD at "facts.acceptedOn"', { ...entry, facts: { ...entry.facts, acceptedOn: undefined } }, 'nothing'],
    ['a date YYYY-MM-DD at "facts.deathOn"', { ...entry, facts: { ...entry.facts, deathOn: '2025' } }, 'another text'],
    ['whole years at "facts.age"', { ...entry, facts: { ...entry.facts, age: {} } }, 'a mapping'],
    ['a mapping at "facts.amounts"', { ...entry, facts: { ...entry.facts, amounts: 5 } }, 'a number'],
    [
      'whole numbers of fen in "facts.amounts"',
      { ...entry, facts: { ...entry.facts, amounts: { psn_part_amt: '12.00' } } },
      'another text',
    ],
    ['whole numbers of fen in "facts.items"', { ...entry, facts: { ...entry.facts, items: { 'special-drug': true } } }, 'true or false'],
  ])('whose third line lacks %s is refused with its number, and nothing of what stands there', async (expected, line, found) => {
    const broken = typeof line === 'string' ? line : JSON.stringify(line);
    const refused = await refusalOf(() => rehearse(piecesOf(`${textOf([entry])}${broken}\n`, 100), PLAN));
    expect(refused.code).toBe('book-invalid');
    expect(refused.message).toBe(`line 3 of the book: expected ${expected}, found ${found}; export the book again`);
    expect(refused.details).toMatchObject({ line: 3, expected, found });
  });

  test.each<[string, unknown]>([
    ['one JSON object', ''],
    ['one JSON object', '<html>'],
    ['the header of a book', { book: 2 }],
    ['"plan"', { ...HEADER, plan: '' }],
    ['"version"', { ...HEADER, version: '1' }],
    ['"hash"', { ...HEADER, hash: undefined }],
    ['"coverFrom"', { ...HEADER, coverFrom: '2025-02-30' }],
    ['a "coverTo" not before "coverFrom"', { ...HEADER, coverTo: '2024-12-31' }],
    ['"members"', { ...HEADER, members: -1 }],
    ['"contributionsFen"', { ...HEADER, contributionsFen: 0.5 }],
  ])('whose first line lacks %s is refused', async (part, header) => {
    const refused = await refusalOf(() => readHeader(typeof header === 'string' ? header : JSON.stringify(header)));
    expect(refused.message).toMatch(/^line 1 of the book: expected .*, found .*; .*export/);
    expect(refused.message).toContain(part);
  });

  test('that is another kind of file is refused before it fills the memory', async () => {
    async function* endless(): AsyncGenerator<string> {
      for (;;) yield Promise.resolve('x'.repeat(65_536));
    }
    expect((await refusalOf(() => rehearse(endless(), PLAN))).message).toContain('a line without an end');
  });
});

describe('the tables', () => {
  const hostile = ['=1+1', '+1', '-1', '@a', '\tb', '\rc', 'a,b', 'say "no"', '两\n行'];
  const book = bookOf(hostile.map((unit, i) => ({ member: `m${i}`, unit, claim: `=c${i}`, baseFen: 1_100_000 + i * 100 })));
  const result = rehearsed(book, planWith(['rate: 30%', 'rate: 20%']));

  test('hold no text that a spreadsheet takes for a formula', () => {
    const units = unitsCsv(result);
    for (const cell of ["'=1+1", "'+1", "'-1", "'@a", "'\tb", `"'\rc"`, '"a,b"', '"say ""no"""', '"两\n行"'])
      expect(units).toContain(`\r\n${cell},1,`);
    expect(units).not.toMatch(/(^|[,\n"])[=+@\t]/);
    expect(largestChangesCsv(result)).toContain("\r\n'=c0,m0,'=1+1,");
  });

  test('have amounts in yuan, that add up, under names in two languages', () => {
    const lines = unitsCsv(rehearsed(bookOf(CASES), planWith(['rate: 30%', 'rate: 20%']))).split('\r\n');
    expect(lines).toEqual([
      '\uFEFF单位 Unit,申请数 Claims,现行补助（元） Before (yuan),新计划补助（元） After (yuan),变化（元） Change (yuan)',
      '二中,2,98833.94,96833.94,-2000.00',
      ',1,31750.01,30750.01,-1000.00',
      '一中,2,2800.00,2000.00,-800.00',
      '',
    ]);
    expect(largestChangesCsv(result).split('\r\n')[0]).toMatch(/^\uFEFF申请 Claim,职工代号 Member key,/);
  });
});

describe('the page', () => {
  test('says in a sentence what a leader has to know', async () => {
    const page = await rehearsalPage(rehearsed(bookOf(CASES), RAISED));
    const { total, fund } = rehearsed(bookOf(CASES), RAISED);
    expect([total.afterFen, fund.balanceAfterFen]).toEqual([13_528_395, -3_528_395]);
    expect(page).toContain(
      '新计划全年补助 135,283.95 元，比现行多 1,900.00 元（1.4 %）；3 人多得，0 人少得；年末基金缺口 35,283.95 元（现行缺口 33,383.95 元）。',
    );
    expect(page).toContain('3 members get more, 0 get less');
    expect(await rehearsalPage(rehearsed(bookOf(CASES, RAISED), PLAN))).toContain('比现行少 1,900.00 元（1.4 %）；0 人多得，3 人少得');
    expect(await rehearsalPage(rehearsed(bookOf(CASES), PLAN))).toContain('新计划全年补助 133,383.95 元，与现行相同；');
  });

  test('asks for nothing outside itself, and is the same each time', async () => {
    const result = rehearsed(bookOf(CASES), RAISED);
    const page = await rehearsalPage(result);
    expect(page.match(/https?:|url\(|@import|[ :](src|href|xmlns)\b|<(script|link|iframe|img)/i)).toBeNull();
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).toContain(PLAN.hash);
    expect(page).toContain(RAISED.hash);
    expect(await rehearsalPage(result)).toBe(page);
  });

  test('shows what stands in a book as text, in tables and charts', async () => {
    const unit = `<script>alert('1')</script>" class="x`;
    const book = bookOf([{ member: 'a', unit, claim: '<b>', baseFen: 9_000_000 }]).map((entry) => ({
      ...entry,
      paid: { benefitFen: fen(0), reason: '<i>', capped: false },
    }));
    const page = await rehearsalPage(rehearsed(book, RAISED));
    expect(page.match(/<script|<b>|<i>/)).toBeNull();
    expect(page).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; class=&quot;x');
    expect(page).toContain('<code>&lt;b&gt;</code>');
  });

  test('holds for a book without a claim', async () => {
    const page = await rehearsalPage(rehearsed([], PLAN));
    expect(page).toContain('新计划全年补助 0.00 元，与现行相同；0 人多得，0 人少得；年末基金结余 100,000.00 元');
    expect(page).not.toContain('NaN');
  });
});
