import { FUND_CODES, SETTLEMENT_AMOUNT_FIELDS, type FeedMessage, type SettleMessage } from '@app/contracts';
import { describe, expect, test } from '@jest/globals';
import { generateCounty, type County } from './county.js';

const SMALL = { seed: 7, members: 300, units: 12, settlements: 200 };

const halfWidth = (text: string) => text.normalize('NFKC').trim().toUpperCase();

function rosterOf({ rosterCsv }: County) {
  const [header, ...lines] = rosterCsv.slice(1).trimEnd().split('\r\n');
  const rows = lines.map((line) => {
    const [unit = '', unitName = '', name = '', id = '', phone = '', insutype = '', card = '', bank = ''] = line.split(',');
    return { unit, unitName, name, id, phone, insutype, card, bank };
  });
  return { header, rows };
}

function faultOf(id: string): 'checksum' | 'birth-date' | undefined {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, i) => total + weight * Number(id[i]), 0);
  if (!/^\d{17}[\dX]$/.test(id) || '10X98765432'[sum % 11] !== id[17]) return 'checksum';
  const birth = `${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`;
  const real = new Date(birth);
  return Number.isNaN(real.getTime()) || real.toISOString().slice(0, 10) !== birth ? 'birth-date' : undefined;
}

function isUnitCode(code: string): boolean {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  const sum = [...code].slice(0, 17).reduce((total, c, i) => total + alphabet.indexOf(c) * (3 ** i % 31), 0);
  return code.length === 18 && alphabet[(31 - (sum % 31)) % 31] === code[17];
}

const passesLuhn = (number: string) =>
  [...number].reverse().reduce((sum, c, i) => sum + (i % 2 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(c)]! : Number(c)), 0) % 10 === 0;

const messagesOf = ({ feedLines }: County) => feedLines.slice(0, -1).map((line) => JSON.parse(line) as FeedMessage);
const isSettlement = (message: FeedMessage): message is SettleMessage => message.infno === '2304';
const distinct = (messages: FeedMessage[]) => [...new Map(messages.map((message) => [message.msgid, message])).values()];
/** Every amount of the feed has two places. */
const fen = (text: string) => Number(text.replace('.', ''));

function identities({ output: { setlinfo, setldetail } }: SettleMessage): boolean[] {
  const f = Object.fromEntries(SETTLEMENT_AMOUNT_FIELDS.map((field) => [field, fen(setlinfo[field])])) as Record<
    (typeof SETTLEMENT_AMOUNT_FIELDS)[number],
    number
  >;
  const funds = f.hifp_pay + f.cvlserv_pay + f.hifes_pay + f.hifmi_pay + f.hifob_pay + f.maf_pay + f.oth_pay + f.hifdm_pay;
  const details = setldetail.reduce((sum, detail) => sum + fen(detail.fund_payamt), 0);
  return [
    f.medfee_sumamt === f.fund_pay_sumamt + f.psn_part_amt + f.hosp_part_amt,
    f.medfee_sumamt === f.inscp_scp_amt + f.preselfpay_amt + f.overlmt_selfpay + f.fulamt_ownpay_amt,
    f.fund_pay_sumamt === funds && (setlinfo.refd_setl_flag === '1' || details === f.fund_pay_sumamt),
    f.psn_part_amt === f.acct_pay + f.acct_mulaid_pay + f.psn_cash_pay,
  ];
}

/** What the roster's defects come to, with the first row of a person taken as the sound one. */
function defectsOf(county: County) {
  const counts = { checksum: 0, 'birth-date': 0, duplicate: 0, name: 0, unit: 0, sound: 0 };
  const seen = new Set<string>();
  for (const row of rosterOf(county).rows) {
    const id = halfWidth(row.id);
    const fault = faultOf(id) ?? (seen.has(id) ? 'duplicate' : row.name === '' ? 'name' : isUnitCode(row.unit) ? 'sound' : 'unit');
    counts[fault]++;
    seen.add(id);
  }
  return counts;
}

describe('county of the sample size', () => {
  const county = generateCounty({ seed: 2025 });
  const { header, rows } = rosterOf(county);
  const messages = messagesOf(county);
  const settlements = distinct(messages).filter(isSettlement);

  test('the roster is written as spreadsheets write it', () => {
    expect(county.rosterCsv.startsWith('\uFEFF')).toBe(true);
    expect(county.rosterCsv.endsWith('\r\n')).toBe(true);
    expect(header).toBe('单位统一社会信用代码,单位名称,姓名,身份证号码,手机号,医保险种,银行卡号,开户银行');
    expect(rows).toHaveLength(11_172);
  });

  test('40 rows are defective, each in its way', () => {
    expect(defectsOf(county)).toEqual({ checksum: 12, 'birth-date': 4, duplicate: 16, name: 5, unit: 3, sound: 11_132 });
    expect(defectsOf(generateCounty({ ...SMALL, rosterDefects: false }))).toMatchObject({ sound: 300, duplicate: 0, unit: 0 });
  });

  test('328 units, cards of a fictional bank, phones of a fictional network', () => {
    expect(new Set(rows.map((row) => row.unit).filter(isUnitCode)).size).toBe(328);
    expect(rows.every((row) => /^620000\d{10,13}$/.test(row.card) && passesLuhn(row.card))).toBe(true);
    expect(rows.every((row) => /^199\d{8}$/.test(row.phone.trim()))).toBe(true);
    expect(rows.every((row) => halfWidth(row.id).startsWith('4599'))).toBe(true);
    expect(new Set(rows.map((row) => row.card)).size).toBe(11_172 - 16);
  });

  test('numbers are typed in the ways people type them', () => {
    expect(rows.filter((row) => /[０-９]/.test(row.id)).length).toBeGreaterThan(50);
    expect(rows.filter((row) => row.id.endsWith('x')).length).toBeGreaterThan(100);
    expect(rows.filter((row) => row.phone !== row.phone.trim()).length).toBeGreaterThan(100);
  });

  test('the feed has the settlements, cancels, red records and reversals of the sample', () => {
    const red = settlements.filter(({ output }) => output.setlinfo.refd_setl_flag === '1');
    expect(settlements.length - red.length).toBe(5_369);
    expect(red).toHaveLength(22);
    expect(distinct(messages).filter(({ infno }) => infno === '2305')).toHaveLength(82);
    expect(distinct(messages).filter(({ infno }) => infno === '2601')).toHaveLength(17);
    expect(messages.length - distinct(messages).length).toBe(59);
    expect(county.feedLines.at(-1)).toBe('{"infno":"2304","msgid":"broken');
    expect(messages.every((message) => /^H45999900001\d{18}$/.test(message.msgid) && message.inf_time.startsWith('2025-'))).toBe(true);
  });

  test('25 settlements do not add up, the others do in all four ways', () => {
    const wrong = settlements.filter((message) => identities(message).includes(false));
    expect(wrong).toHaveLength(25);
    expect(wrong.every((message) => !identities(message)[0] || !identities(message)[1])).toBe(true);
  });

  test('15 settlements name a fund that nobody knows', () => {
    const unknown = settlements.filter(({ output }) => output.setldetail.some((detail) => !(detail.fund_pay_type in FUND_CODES)));
    expect(unknown).toHaveLength(15);
  });

  test('the register knows everybody but those whose number is wrong', () => {
    const known = new Set(county.persons.map((person) => person.baseinfo.certno));
    expect(settlements.every(({ output }) => known.has(output.setlinfo.certno))).toBe(true);
    expect(rows.filter((row) => faultOf(halfWidth(row.id)) === undefined).every((row) => known.has(halfWidth(row.id)))).toBe(true);
  });
});

describe('small county', () => {
  const county = generateCounty(SMALL);
  const messages = messagesOf(county);
  const settlements = distinct(messages).filter(isSettlement);
  const { rows } = rosterOf(county);

  test('the same seed makes the same county, another seed another', () => {
    expect(generateCounty(SMALL)).toEqual(county);
    expect(generateCounty({ ...SMALL, seed: 8 }).feedLines).not.toEqual(county.feedLines);
  });

  test('there is at least one of every kind', () => {
    const defects = defectsOf(county);
    expect(Object.values(defects).every((count) => count > 0)).toBe(true);
    expect(defects.sound).toBe(300);
    const members = new Set(rows.map((row) => halfWidth(row.id)));
    const some = (holds: (message: SettleMessage) => boolean) => settlements.some(holds);
    expect(settlements.filter(({ output }) => output.setlinfo.refd_setl_flag === '0')).toHaveLength(200);
    expect(some(({ output }) => output.setlinfo.refd_setl_flag === '1')).toBe(true);
    expect(some(({ output }) => output.setlinfo.enddate < '2025-01-01')).toBe(true);
    expect(some(({ output }) => output.setlinfo.med_type === '1401')).toBe(true);
    expect(some(({ output }) => !members.has(output.setlinfo.certno))).toBe(true);
    expect(some((message) => identities(message).includes(false))).toBe(true);
    expect(some(({ output }) => output.setldetail.some((detail) => detail.fund_pay_type.startsWith('888')))).toBe(true);
    expect(messages.some(({ infno }) => infno === '2305') && messages.some(({ infno }) => infno === '2601')).toBe(true);
    expect(messages.length).toBeGreaterThan(distinct(messages).length);
  });

  test('a cancel, a red record and a reversal follow what they take back', () => {
    const bySettlement = new Map(
      settlements
        .filter(({ output }) => output.setlinfo.refd_setl_flag === '0')
        .map((message) => [message.output.setlinfo.setl_id, message]),
    );
    for (const message of distinct(messages)) {
      if (message.infno === '2601') {
        const target = settlements.find(({ msgid }) => msgid === message.input.data.omsgid);
        expect(target!.inf_time < message.inf_time).toBe(true);
      } else if (message.infno === '2305') {
        const target = bySettlement.get(message.input.data.setl_id)!;
        expect(target.inf_time < message.inf_time).toBe(true);
        expect(message.output!.setlinfo).toEqual(target.output.setlinfo);
      } else if (message.output.setlinfo.refd_setl_flag === '1') {
        const target = bySettlement.get(message.output.setlinfo.setl_id)!;
        expect(target.inf_time < message.inf_time).toBe(true);
        for (const field of SETTLEMENT_AMOUNT_FIELDS)
          expect(fen(message.output.setlinfo[field]) + fen(target.output.setlinfo[field])).toBe(0);
      }
    }
  });

  test.each(['0002', '0010', '0028', '0036', '0044'])('members with account ending %s have claims to be paid', (ending) => {
    const ids = new Set(rows.filter((row) => row.card.endsWith(ending) && isUnitCode(row.unit)).map((row) => halfWidth(row.id)));
    expect(ids.size).toBeGreaterThan(0);
    for (const id of ids) {
      const burdens = settlements
        .filter(
          (message) =>
            message.output.setlinfo.certno === id && message.output.setlinfo.med_type === '21' && !identities(message).includes(false),
        )
        .map(({ output }) => fen(output.setlinfo.inscp_scp_amt) - fen(output.setlinfo.fund_pay_sumamt));
      expect(Math.max(...burdens)).toBeGreaterThan(100_000);
    }
  });
});
