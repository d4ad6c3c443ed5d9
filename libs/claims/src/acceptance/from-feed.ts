/** The door in: one line of the feed, read strictly. Pure. Field names are the platform's own. */
import { hospitalLevelOf } from '@app/benefits';
import { FUND_CODE_IN_PROCESS_INFO, FUND_CODES, SETTLEMENT_AMOUNT_FIELDS, type SettlementAmountField } from '@app/contracts';
import {
  ZERO_FEN,
  addFen,
  fen,
  normaliseIdentifier,
  parseChinaTimestamp,
  parseCivilDate,
  parseYuan,
  type CivilDate,
  type Fen,
} from '@app/kernel';

export interface Settlement {
  readonly settlementId: string;
  readonly personalNumber: string;
  readonly medType: string;
  readonly admissionOn: CivilDate;
  readonly dischargeOn: CivilDate;
  readonly amounts: Readonly<Record<SettlementAmountField, Fen>>;
  readonly hospitalLevel: number;
  /** As the platform codes them; a rule that needs one that was not sent does not hold. */
  readonly insutype?: string;
  readonly psnType?: string;
  /** Whether the hospital lies in another city than the insurance. */
  readonly elsewhere?: boolean;
  /** Per true fund code; a code that comes twice is summed. */
  readonly funds: ReadonlyMap<string, Fen>;
  readonly unknownFunds: readonly { readonly code: string; readonly amountFen: Fen }[];
}

export type FeedContent =
  | { readonly kind: 'settle'; readonly settlement: Settlement }
  /** 2305, or a red record: the settlement is taken back. */
  | { readonly kind: 'undo'; readonly settlementId: string }
  /** 2601: the message of that id is taken back. */
  | { readonly kind: 'reverse'; readonly messageId: string };

export interface FeedFault {
  readonly field: string;
  readonly expected: string;
}

/** What a 2304 adds to the platform's totals of its day; a red record counts with its sign, the other messages not at all. */
export interface FeedTotals {
  readonly medfeeFen: Fen;
  readonly fundPayFen: Fen;
}

export type ReadLine =
  | { readonly msgid: string; readonly infno: string; readonly sentAt: Date; readonly content: FeedContent; readonly totals: FeedTotals }
  | { readonly msgid: string | null; readonly fault: FeedFault };

type Json = Record<string, unknown>;

class Unreadable extends Error {
  constructor(
    readonly field: string,
    readonly expected: string,
  ) {
    super(`${field}: ${expected}`);
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function object(parent: Json, field: string, path: string): Json {
  const value = parent[field];
  if (!isObject(value)) throw new Unreadable(`${path}${field}`, 'an object');
  return value;
}

function text(parent: Json, field: string, path: string): string {
  const value = parent[field];
  // The database keeps no NUL and no half of a surrogate pair, and indexes no text without end.
  if (typeof value !== 'string' || !/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(value.trim()))
    throw new Unreadable(`${path}${field}`, 'a text of 1 to 100 characters');
  return value.trim();
}

function day(parent: Json, field: string, path: string): CivilDate {
  const date = parseCivilDate(text(parent, field, path).slice(0, 10));
  if (!date) throw new Unreadable(`${path}${field}`, 'a day YYYY-MM-DD');
  return date;
}

function amount(parent: Json, field: string, path: string): Fen {
  const value = parent[field];
  const yuan = parseYuan(typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '');
  if (yuan === undefined) throw new Unreadable(`${path}${field}`, 'yuan with at most two decimals');
  return yuan;
}

/** Never throws: a line that cannot be read comes back with the first field at fault and what was expected there. */
export function readLine(line: string): ReadLine {
  let msgid: string | null = null;
  try {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      throw new Unreadable('(line)', 'one JSON object');
    }
    if (!isObject(message)) throw new Unreadable('(line)', 'one JSON object');
    msgid = text(message, 'msgid', '');
    const infno = text(message, 'infno', '');
    const sentAt = parseChinaTimestamp(text(message, 'inf_time', ''));
    if (!sentAt) throw new Unreadable('inf_time', 'China time YYYY-MM-DD HH:mm:ss');
    return { msgid, infno, sentAt, content: contentOf(infno, message), totals: totalsOf(infno, message) };
  } catch (error) {
    if (error instanceof Unreadable) return { msgid, fault: { field: error.field, expected: error.expected } };
    throw error;
  }
}

function totalsOf(infno: string, message: Json): FeedTotals {
  if (infno !== '2304') return { medfeeFen: ZERO_FEN, fundPayFen: ZERO_FEN };
  const info = object(object(message, 'output', ''), 'setlinfo', 'output.');
  return { medfeeFen: amount(info, 'medfee_sumamt', 'output.setlinfo.'), fundPayFen: amount(info, 'fund_pay_sumamt', 'output.setlinfo.') };
}

function contentOf(infno: string, message: Json): FeedContent {
  switch (infno) {
    case '2304': {
      const output = object(message, 'output', '');
      const info = object(output, 'setlinfo', 'output.');
      if (isRed(info)) return { kind: 'undo', settlementId: text(info, 'setl_id', 'output.setlinfo.') };
      return { kind: 'settle', settlement: settlementOf(info, output.setldetail, message.mdtrtarea_admvs) };
    }
    case '2305':
      return { kind: 'undo', settlementId: text(object(object(message, 'input', ''), 'data', 'input.'), 'setl_id', 'input.data.') };
    case '2601':
      return { kind: 'reverse', messageId: text(object(object(message, 'input', ''), 'data', 'input.'), 'omsgid', 'input.data.') };
    default:
      throw new Unreadable('infno', 'one of 2304, 2305, 2601');
  }
}

/** Left empty is no. A flag that cannot be read might be one: the message waits for a person, rather than that its money is paid. */
function isRed(info: Json): boolean {
  const flag = info.refd_setl_flag ?? '';
  if (flag === '1' || flag === 1) return true;
  if (flag === '' || flag === '0' || flag === 0) return false;
  throw new Unreadable('output.setlinfo.refd_setl_flag', '0 or 1');
}

const DECIDING = ['medfee_sumamt', 'inscp_scp_amt', 'fund_pay_sumamt', 'psn_part_amt', 'fulamt_ownpay_amt'] as const;

function settlementOf(info: Json, detail: unknown, treatedAt: unknown): Settlement {
  const path = 'output.setlinfo.';
  const amounts = {} as Record<SettlementAmountField, Fen>;
  for (const field of SETTLEMENT_AMOUNT_FIELDS) amounts[field] = amount(info, field, path);
  // A negative one would swell the base of the benefit; the others may be corrections.
  for (const field of DECIDING)
    if (amounts[field] < 0) throw new Unreadable(`${path}${field}`, 'an amount of at least 0 without refd_setl_flag 1');
  const [admissionOn, dischargeOn] = [day(info, 'begndate', path), day(info, 'enddate', path)];
  if (dischargeOn < admissionOn) throw new Unreadable(`${path}enddate`, 'a day not before begndate');
  return {
    settlementId: text(info, 'setl_id', path),
    personalNumber: normaliseIdentifier(text(info, 'certno', path)),
    medType: text(info, 'med_type', path),
    admissionOn,
    dischargeOn,
    amounts,
    ...fundsOf(detail),
    hospitalLevel: hospitalLevelOf(code(info.hosp_lv) ?? ''),
    ...circumstancesOf(info, treatedAt),
  };
}

/** Codes are short digits; whatever else stands there is not known. */
const code = (value: unknown): string | undefined => (typeof value === 'string' && /^\d{1,6}$/.test(value) ? value : undefined);
/** The first four digits of a division code are the city. */
const cityOf = (division: string): string => division.slice(0, 4);

function circumstancesOf(info: Json, treatedAt: unknown): Pick<Settlement, 'insutype' | 'psnType' | 'elsewhere'> {
  const [insutype, psnType, insuredAt, treated] = [code(info.insutype), code(info.psn_type), code(info.insuplc_admdvs), code(treatedAt)];
  return {
    ...(insutype ? { insutype } : {}),
    ...(psnType ? { psnType } : {}),
    ...(insuredAt && treated ? { elsewhere: cityOf(insuredAt) !== cityOf(treated) } : {}),
  };
}

function fundsOf(detail: unknown): Pick<Settlement, 'funds' | 'unknownFunds'> {
  if (!Array.isArray(detail)) throw new Unreadable('output.setldetail', 'a list');
  const funds = new Map<string, Fen>();
  const unknownFunds: { code: string; amountFen: Fen }[] = [];
  let total = 0;
  for (const [index, row] of detail.entries()) {
    const path = `output.setldetail[${index}].`;
    if (!isObject(row)) throw new Unreadable(path.slice(0, -1), 'an object');
    const stated = text(row, 'fund_pay_type', path);
    const paid = amount(row, 'fund_payamt', path);
    if (!Number.isSafeInteger((total += Math.abs(paid)))) throw new Unreadable(`${path}fund_payamt`, 'amounts that can be added up');
    const code = stated === FUND_CODE_IN_PROCESS_INFO ? codeIn(row.setl_proc_info) : stated;
    if (Object.hasOwn(FUND_CODES, code)) funds.set(code, addFen(funds.get(code) ?? ZERO_FEN, paid));
    else unknownFunds.push({ code: stated, amountFen: paid });
  }
  return { funds, unknownFunds };
}

/** Regions write the true code anywhere in this free text. */
const codeIn = (info: unknown): string => (typeof info === 'string' ? (/\d{6}/.exec(info)?.[0] ?? '') : '');

/** Identities 1 and 2 of a settlement: to the fen, or a person looks at it. */
export const amountsAddUp = ({ amounts: a }: Settlement): boolean =>
  a.medfee_sumamt === fen(a.fund_pay_sumamt + a.psn_part_amt + a.hosp_part_amt) &&
  a.medfee_sumamt === fen(a.inscp_scp_amt + a.preselfpay_amt + a.overlmt_selfpay + a.fulamt_ownpay_amt);

/** Identity 3: the funds' fields and, where the platform sends them, the details add up to what the funds paid. */
export function fundsAddUp({ amounts: a, funds, unknownFunds }: Settlement): boolean {
  const fields = a.hifp_pay + a.cvlserv_pay + a.hifes_pay + a.hifmi_pay + a.hifob_pay + a.maf_pay + a.oth_pay + a.hifdm_pay;
  const details = [...funds.values(), ...unknownFunds.map((fund) => fund.amountFen)];
  return (
    fields === a.fund_pay_sumamt && (details.length === 0 || details.reduce<number>((sum, value) => sum + value, 0) === a.fund_pay_sumamt)
  );
}

/** Identity 4: what the person bore is what the accounts and the cash paid. */
export const paymentsAddUp = ({ amounts: a }: Settlement): boolean =>
  a.psn_part_amt === fen(a.acct_pay + a.acct_mulaid_pay + a.psn_cash_pay);
