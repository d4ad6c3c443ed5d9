import { FUND_CODES, SETTLEMENT_AMOUNT_FIELDS, type FeedMessage, type SettleMessage, type SettlementAmountField } from '@app/contracts';
import { SETTLEMENT_FIELDS } from '@app/benefits';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyJson } from '../../../../test/support/any-json.js';
import { personalNumber } from '../../../../test/support/people.js';
import { redRecord, reversalOf, settlement, undoOf, type SettlementChange } from '../../../../test/support/settlement.js';
import { amountsAddUp, fundsAddUp, paymentsAddUp, readLine, type Settlement } from './from-feed.js';

const read = (message: FeedMessage) => readLine(JSON.stringify(message));
const contentOf = (message: FeedMessage) => {
  const line = read(message);
  if ('fault' in line) throw new Error(`unreadable: ${line.fault.field}, expected ${line.fault.expected}`);
  return line.content;
};
const settled = (change: SettlementChange = {}): Settlement => {
  const content = contentOf(settlement(change));
  if (content.kind !== 'settle') throw new Error(content.kind);
  return content.settlement;
};
const faultOf = (line: string) => {
  const answer = readLine(line);
  return 'fault' in answer ? answer.fault : undefined;
};
/** The sample with something in it set by path, or taken out where the value is undefined. */
const broken = (path: string, value: unknown): string => {
  const message = settlement() as unknown as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop()!;
  const parent = steps.reduce((at, step) => at[step] as Record<string, unknown>, message);
  parent[last] = value;
  return JSON.stringify(message);
};

describe('the sample settlement', () => {
  it('is read to the fen, and all its sums are right', () => {
    const sample = settled();
    expect(sample).toMatchObject({
      settlementId: 'S0001',
      personalNumber: personalNumber(1),
      medType: '21',
      admissionOn: '2025-02-20',
      dischargeOn: '2025-03-03',
    });
    expect(sample.amounts).toMatchObject({
      medfee_sumamt: 579_253,
      fund_pay_sumamt: 310_654,
      psn_part_amt: 268_599,
      inscp_scp_amt: 497_372,
      preselfpay_amt: 52_261,
      fulamt_ownpay_amt: 29_620,
    });
    expect(sample.amounts.inscp_scp_amt - sample.amounts.fund_pay_sumamt).toBe(186_718);
    expect(sample.amounts.psn_part_amt - sample.amounts.fulamt_ownpay_amt).toBe(238_979);
    expect([amountsAddUp, fundsAddUp, paymentsAddUp].map((check) => check(sample))).toEqual([true, true, true]);
    expect(read(settlement())).toMatchObject({
      infno: '2304',
      sentAt: new Date('2025-03-03T07:20:00Z'),
      totals: { medfeeFen: 579_253, fundPayFen: 310_654 },
    });
  });

  it.each<[string, SettlementAmountField, string, [boolean, boolean, boolean]]>([
    ['the total', 'medfee_sumamt', '5792.54', [false, true, true]],
    ['what all funds paid', 'fund_pay_sumamt', '3106.55', [false, false, true]],
    ['what the person bore', 'psn_part_amt', '2685.98', [false, true, false]],
    ['what the hospital bore', 'hosp_part_amt', '0.01', [false, true, true]],
    ['what is in scope', 'inscp_scp_amt', '4973.71', [false, true, true]],
    ['the class-B share', 'preselfpay_amt', '522.62', [false, true, true]],
    ['what is over the limit', 'overlmt_selfpay', '0.01', [false, true, true]],
    ['what is out of the catalogue', 'fulamt_ownpay_amt', '296.21', [false, true, true]],
    ...(['hifp_pay', 'cvlserv_pay', 'hifes_pay', 'hifmi_pay', 'hifob_pay', 'maf_pay', 'oth_pay', 'hifdm_pay'] as const).map(
      (field): [string, SettlementAmountField, string, [boolean, boolean, boolean]] => [
        field,
        field,
        field === 'hifp_pay' ? '3106.53' : '0.01',
        [true, false, true],
      ],
    ),
    ['the own account', 'acct_pay', '1000.01', [true, true, false]],
    ['the family account', 'acct_mulaid_pay', '0.01', [true, true, false]],
    ['the cash', 'psn_cash_pay', '1685.98', [true, true, false]],
  ])('with %s out by a fen does not add up', (_, field, value, sums) => {
    const sample = settled({ [field]: value, details: [{ fund_payamt: '3106.54' }] });
    expect([amountsAddUp, fundsAddUp, paymentsAddUp].map((check) => check(sample))).toEqual(sums);
  });

  it('whose hospital bore a part adds up with it', () =>
    expect(amountsAddUp(settled({ hosp_part_amt: '5.00', psn_part_amt: '2680.99' }))).toBe(true));

  it('whose details are a fen short of the funds does not add up', () =>
    expect(fundsAddUp(settled({ details: [{ fund_payamt: '3106.53' }] }))).toBe(false));

  it('without details is measured by the funds’ own fields', () => expect(fundsAddUp(settled({ details: [] }))).toBe(true));
});

describe('a fund', () => {
  it('that comes twice is summed', () => {
    const { funds } = settled({ details: [{ fund_payamt: '3000.00' }, { fund_payamt: '106.54' }] });
    expect(funds).toEqual(new Map([['310100', 310_654]]));
  });

  it('under 999997 counts under its true code, wherever that stands in the text', () => {
    const sample = settled({
      details: [{ fund_payamt: '3000.00' }, { fund_pay_type: '999997', fund_payamt: '106.54', setl_proc_info: '基金支付:610101;其他' }],
    });
    expect([sample.funds, sample.unknownFunds]).toEqual([
      new Map([
        ['310100', 300_000],
        ['610101', 10_654],
      ]),
      [],
    ]);
    expect(fundsAddUp(sample)).toBe(true);
  });

  it.each([
    ['123456', ''],
    ['999997', ''],
    ['999997', '没有代码'],
    ['999997', '123456'],
    ['toString', ''],
    ['constructor', ''],
    ['__proto__', ''],
  ])('with the code %s and the text "%s" is unknown, and its money is kept', (code, info) => {
    const sample = settled({ details: [{ fund_payamt: '3000.00' }, { fund_pay_type: code, fund_payamt: '106.54', setl_proc_info: info }] });
    expect(sample.unknownFunds).toEqual([{ code, amountFen: 10_654 }]);
    expect(fundsAddUp(sample)).toBe(true);
  });

  it('of every code in the table is known', () => {
    for (const code of Object.keys(FUND_CODES)) expect(settled({ details: [{ fund_pay_type: code }] }).unknownFunds).toEqual([]);
  });
});

describe('a settlement is taken back', () => {
  const sample = settlement();

  it('by 2305, which repeats its amounts and adds nothing to the totals', () =>
    expect(read(undoOf(sample))).toMatchObject({
      content: { kind: 'undo', settlementId: 'S0001' },
      totals: { medfeeFen: 0, fundPayFen: 0 },
    }));

  it('by a red record, whose negated amounts count in the totals', () =>
    expect(read(redRecord(sample))).toMatchObject({
      content: { kind: 'undo', settlementId: 'S0001' },
      totals: { medfeeFen: -579_253, fundPayFen: -310_654 },
    }));

  it('by 2601, which names the message', () => expect(contentOf(reversalOf(sample))).toEqual({ kind: 'reverse', messageId: sample.msgid }));
});

describe('a line that cannot be read names the field and what was expected', () => {
  const A_TEXT = 'a text of 1 to 100 characters';
  const info = 'output.setlinfo';
  it.each(
    (
      [
        ['', '(line)', 'one JSON object'],
        ['{', '(line)', 'one JSON object'],
        ['[]', '(line)', 'one JSON object'],
        ['null', '(line)', 'one JSON object'],
        ['"2304"', '(line)', 'one JSON object'],
        [broken('msgid', undefined), 'msgid', A_TEXT],
        [broken('msgid', ' '), 'msgid', A_TEXT],
        [broken('msgid', 12), 'msgid', A_TEXT],
        [broken('msgid', 'a\u0000b'), 'msgid', A_TEXT],
        [broken('msgid', 'x'.repeat(101)), 'msgid', A_TEXT],
        [broken('infno', undefined), 'infno', A_TEXT],
        [broken('infno', '2207'), 'infno', 'one of 2304, 2305, 2601'],
        [broken('inf_time', '2025-03-03T15:20:00'), 'inf_time', 'China time YYYY-MM-DD HH:mm:ss'],
        [broken('output', undefined), 'output', 'an object'],
        [broken('output.setlinfo', []), info, 'an object'],
        [broken('output.setldetail', undefined), 'output.setldetail', 'a list'],
        [broken('output.setldetail', [null]), 'output.setldetail[0]', 'an object'],
        [broken('output.setldetail.0.fund_pay_type', 310100), 'output.setldetail[0].fund_pay_type', A_TEXT],
        [broken('output.setldetail.0.fund_payamt', '1,0'), 'output.setldetail[0].fund_payamt', 'yuan with at most two decimals'],
        [broken(`${info}.setl_id`, ''), `${info}.setl_id`, A_TEXT],
        [broken(`${info}.certno`, undefined), `${info}.certno`, A_TEXT],
        [broken(`${info}.med_type`, '2\u0000'), `${info}.med_type`, A_TEXT],
        [broken(`${info}.med_type`, '\ud800'), `${info}.med_type`, A_TEXT],
        [broken(`${info}.begndate`, '2025-02-30'), `${info}.begndate`, 'a day YYYY-MM-DD'],
        [broken(`${info}.enddate`, '2025-02-19'), `${info}.enddate`, 'a day not before begndate'],
        ...SETTLEMENT_AMOUNT_FIELDS.map((field): [string, string, string] => [
          broken(`${info}.${field}`, '12.345'),
          `${info}.${field}`,
          'yuan with at most two decimals',
        ]),
        [JSON.stringify({ ...undoOf(settlement()), input: {} }), 'input.data', 'an object'],
        [JSON.stringify({ ...undoOf(settlement()), input: { data: {} } }), 'input.data.setl_id', A_TEXT],
        [JSON.stringify({ ...reversalOf(settlement()), input: { data: {} } }), 'input.data.omsgid', A_TEXT],
      ] satisfies [string, string, string][]
    ).map(([line, field, expected]) => ({ line, field, expected })),
  )('$field: $expected', ({ line, field, expected }) => expect(faultOf(line)).toEqual({ field, expected }));

  it('and keeps the id of the message where there is one', () => {
    expect(readLine(broken('infno', undefined))).toMatchObject({ msgid: expect.stringMatching(/^H4599/) });
    expect(readLine('{')).toMatchObject({ msgid: null });
  });

  it.each(['medfee_sumamt', 'inscp_scp_amt', 'fund_pay_sumamt', 'psn_part_amt', 'fulamt_ownpay_amt'])(
    'and a negative %s needs the mark of a red record',
    (field) =>
      expect(faultOf(broken(`output.setlinfo.${field}`, '-0.01'))).toEqual({
        field: `output.setlinfo.${field}`,
        expected: expect.stringContaining('at least 0'),
      }),
  );

  it('takes an amount written as a number, and a day with its time', () => {
    expect(faultOf(broken('output.setlinfo.medfee_sumamt', 5792.53))).toBeUndefined();
    expect(faultOf(broken('output.setlinfo.enddate', '2025-03-03 10:00:00'))).toBeUndefined();
  });
});

describe('the flag of a red record', () => {
  it.each([1, '1'])('is one as %j', (flag) => {
    const line = readLine(broken('output.setlinfo.refd_setl_flag', flag));
    expect('content' in line && line.content.kind).toBe('undo');
  });

  it.each([0, '0', '', null, undefined])('is none as %j', (flag) => {
    const line = readLine(broken('output.setlinfo.refd_setl_flag', flag));
    expect('content' in line && line.content.kind).toBe('settle');
  });

  it.each(['2', ' 1', 'true', true, ['1'], { toString: false }])('that cannot be read, as %j, is not taken for none', (flag) =>
    expect(faultOf(broken('output.setlinfo.refd_setl_flag', flag))).toEqual({
      field: 'output.setlinfo.refd_setl_flag',
      expected: '0 or 1',
    }),
  );
});

describe('no line whatever', () => {
  const unthrowing = (line: string) => {
    const answer = readLine(line);
    expect('fault' in answer ? answer.fault.field !== '' : answer.msgid !== '').toBe(true);
  };

  it('makes the reader throw: any text, any JSON', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), unthrowing));
    fc.assert(fc.property(fc.json(), unthrowing));
  });

  it('makes the reader throw: a sound message with anything anywhere in it', () => {
    const fields = Object.keys(settlement().output.setlinfo).map((field) => `output.setlinfo.${field}`);
    const details = ['fund_pay_type', 'fund_payamt', 'setl_proc_info'].map((field) => `output.setldetail.0.${field}`);
    const path = fc.constantFrom('msgid', 'infno', 'inf_time', 'output', 'output.setldetail', 'output.setlinfo', ...fields, ...details);
    fc.assert(
      fc.property(path, anyJson, (at, value) => unthrowing(broken(at, value))),
      { numRuns: 500 },
    );
  });

  it('makes the reader throw: not even money that no register could hold', () => {
    const details = Array.from({ length: 12 }, () => ({ fund_payamt: '9999999999999.99' }));
    expect(read(settlement({ details }) satisfies SettleMessage)).toMatchObject({ fault: { field: 'output.setldetail[9].fund_payamt' } });
  });
});

it('every amount of a settlement can be named by a plan, and no other', () => expect(SETTLEMENT_FIELDS).toEqual(SETTLEMENT_AMOUNT_FIELDS));
