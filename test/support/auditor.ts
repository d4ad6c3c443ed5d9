/**
 * The auditor: a small, slow model of its own of what a roster and a feed must come to. It shares no code with the engine, so that it
 * cannot share its mistakes; money is BigInt hundredths of a fen, days are counted on its own table.
 */
export interface Expected {
  readonly members: number;
  readonly rosterRefused: Record<string, number>;
  readonly feedMessages: number;
  readonly duplicates: number;
  readonly quarantined: Record<string, number>;
  readonly refused: Record<string, number>;
  readonly withdrawn: number;
  readonly claimsPaid: number;
  readonly paidFen: number;
  readonly clawbacks: { readonly count: number; readonly fen: number };
  readonly settledClaims: number;
  readonly settledFen: number;
}

const IDENTITY_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const UNIT_LETTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY';

const squeeze = (text: string): string => text.normalize('NFKC').replace(/\s/g, '').toUpperCase();

function rosterFault(unit: string, name: string, id: string): string | undefined {
  let unitSum = 0;
  for (let i = 0, weight = 1; i < 17; i++, weight = (weight * 3) % 31) unitSum += UNIT_LETTERS.indexOf(unit[i] ?? '?') * weight;
  if (unit.length !== 18 || UNIT_LETTERS[(31 - (unitSum % 31)) % 31] !== unit[17]) return 'unit-code';
  if (name.trim() === '') return 'name-missing';
  if (!/^\d{17}[\dX]$/.test(id)) return 'id-checksum';
  const sum = IDENTITY_WEIGHTS.reduce((total, weight, i) => total + weight * Number(id[i]), 0);
  if ('10X98765432'[sum % 11] !== id[17]) return 'id-checksum';
  const [year, month, day] = [Number(id.slice(6, 10)), Number(id.slice(10, 12)), Number(id.slice(12, 14))];
  const birth = new Date(Date.UTC(year, month - 1, day));
  return birth.getUTCFullYear() === year && birth.getUTCMonth() === month - 1 && birth.getUTCDate() === day ? undefined : 'id-birth-date';
}

const OFF = new Set<string>();
for (const [from, to] of [
  ['2025-01-01', '2025-01-01'],
  ['2025-01-28', '2025-02-04'],
  ['2025-04-04', '2025-04-06'],
  ['2025-05-01', '2025-05-05'],
  ['2025-05-31', '2025-06-02'],
  ['2025-10-01', '2025-10-08'],
  ['2026-01-01', '2026-01-03'],
] as const) {
  for (let day = Date.parse(from); day <= Date.parse(to); day += 86_400_000) OFF.add(new Date(day).toISOString().slice(0, 10));
}
const WORKED = new Set(['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11', '2026-01-04']);

/** 10:00 of the first working day after the day of `at` ("YYYY-MM-DD HH:mm:ss"), in the same notation: when the claim is in a batch. */
function cutAfter(at: string): string {
  for (let day = Date.parse(at.slice(0, 10)) + 86_400_000; ; day += 86_400_000) {
    const date = new Date(day).toISOString().slice(0, 10);
    const weekday = new Date(day).getUTCDay();
    if (WORKED.has(date) || (weekday !== 0 && weekday !== 6 && !OFF.has(date))) return `${date} 10:00:00`;
  }
}

const fenOf = (yuan: string): bigint => BigInt(yuan.replace('.', ''));

function benefit(info: Record<string, string>): bigint {
  const base = fenOf(info.inscp_scp_amt!) - fenOf(info.fund_pay_sumamt!);
  const over = base > 100_000n ? base - 100_000n : 0n;
  let hundredths = 0n;
  for (const [low, high, percent] of [
    [0n, 1_000_000n, 30n],
    [1_000_000n, 3_000_000n, 40n],
    [3_000_000n, 5_000_000n, 60n],
    [5_000_000n, 1n << 60n, 95n],
  ] as const) {
    if (over > low) hundredths += ((over < high ? over : high) - low) * percent;
  }
  const nights = BigInt(Math.max(1, (Date.parse(info.enddate!.slice(0, 10)) - Date.parse(info.begndate!.slice(0, 10))) / 86_400_000));
  return (hundredths + 50n) / 100n + (nights * 5_000n < 20_000n ? nights * 5_000n : 20_000n);
}

interface Message {
  infno: string;
  msgid: string;
  inf_time: string;
  input?: { data: { setl_id?: string; omsgid?: string } };
  output?: { setlinfo: Record<string, string>; setldetail: { fund_pay_type: string }[] };
}

interface Case {
  readonly info: Record<string, string>;
  readonly at: string;
  readonly held: string | undefined;
  cancelledAt?: string;
}

/** For a county whose amounts stay far below the plan's cap. */
export function audit(rosterCsv: string, feedLines: readonly string[]): Expected {
  const rosterRefused: Record<string, number> = { 'id-checksum': 0, 'id-birth-date': 0, duplicate: 0, 'name-missing': 0, 'unit-code': 0 };
  const members = new Set<string>();
  const [header, ...rows] = rosterCsv
    .replace(/^\uFEFF/, '')
    .trim()
    .split(/\r?\n/)
    .map((row) => row.split(','));
  const column = (name: string) => header!.indexOf(name);
  for (const row of rows) {
    const id = squeeze(row[column('身份证号码')]!);
    const fault =
      rosterFault(squeeze(row[column('单位统一社会信用代码')]!), row[column('姓名')]!, id) ?? (members.has(id) ? 'duplicate' : undefined);
    if (fault) rosterRefused[fault] = (rosterRefused[fault] ?? 0) + 1;
    else members.add(id);
  }

  const quarantined: Record<string, number> = { 'amounts-do-not-add-up': 0, 'unknown-fund-code': 0, unreadable: 0 };
  const messages: Message[] = [];
  let feedMessages = 0;
  for (const line of feedLines.filter((text) => text.trim() !== '')) {
    feedMessages++;
    try {
      messages.push(JSON.parse(line) as Message);
    } catch {
      quarantined.unreadable = (quarantined.unreadable ?? 0) + 1;
    }
  }
  messages.sort((a, b) => (a.inf_time < b.inf_time ? -1 : a.inf_time > b.inf_time ? 1 : 0));

  const seen = new Set<string>();
  const cases = new Map<string, Case>();
  const settlementOf = new Map<string, string>();
  let duplicates = 0;
  for (const message of messages) {
    if (seen.has(message.msgid)) {
      duplicates++;
      continue;
    }
    seen.add(message.msgid);
    const info = message.output?.setlinfo;
    const cancels =
      message.infno === '2601'
        ? settlementOf.get(message.input!.data.omsgid!)
        : message.infno === '2305'
          ? message.input!.data.setl_id
          : info!.refd_setl_flag === '1'
            ? info!.setl_id
            : undefined;
    if (cancels !== undefined) {
      const cancelled = cases.get(cancels);
      if (cancelled) cancelled.cancelledAt ??= message.inf_time;
      continue;
    }
    const sum = (...fields: string[]) => fields.reduce((total, field) => total + fenOf(info![field]!), 0n);
    const sound =
      fenOf(info!.medfee_sumamt!) === sum('fund_pay_sumamt', 'psn_part_amt', 'hosp_part_amt') &&
      fenOf(info!.medfee_sumamt!) === sum('inscp_scp_amt', 'preselfpay_amt', 'overlmt_selfpay', 'fulamt_ownpay_amt');
    const held = !sound
      ? 'amounts-do-not-add-up'
      : message.output!.setldetail.some((row) => row.fund_pay_type.startsWith('888'))
        ? 'unknown-fund-code'
        : undefined;
    if (held) quarantined[held] = (quarantined[held] ?? 0) + 1;
    cases.set(info!.setl_id!, { info: info!, at: message.inf_time, held });
    settlementOf.set(message.msgid, info!.setl_id!);
  }

  const refused: Record<string, number> = { 'not-inpatient': 0, 'not-covered': 0 };
  const totals = { withdrawn: 0, paid: 0, paidFen: 0n, clawed: 0, clawedFen: 0n };
  for (const { info, at, held, cancelledAt } of cases.values()) {
    if (held) continue;
    const inpatient = info.med_type!.startsWith('21') || info.med_type!.startsWith('24');
    const covered = members.has(info.certno!) && info.enddate! >= '2025-01-01' && info.enddate!.slice(0, 10) <= '2025-12-31';
    const late = (Date.parse(at.slice(0, 10)) - Date.parse(info.enddate!.slice(0, 10))) / 86_400_000 > 120;
    const reason = !inpatient ? 'not-inpatient' : !covered ? 'not-covered' : late ? 'claimed-late' : undefined;
    if (reason) {
      refused[reason] = (refused[reason] ?? 0) + 1;
    } else if (cancelledAt !== undefined && cancelledAt < cutAfter(at)) {
      totals.withdrawn++;
    } else {
      totals.paid++;
      totals.paidFen += benefit(info);
      if (cancelledAt !== undefined) {
        totals.clawed++;
        totals.clawedFen += benefit(info);
      }
    }
  }
  return {
    members: members.size,
    rosterRefused,
    feedMessages,
    duplicates,
    quarantined,
    refused,
    withdrawn: totals.withdrawn,
    claimsPaid: totals.paid,
    paidFen: Number(totals.paidFen),
    clawbacks: { count: totals.clawed, fen: Number(totals.clawedFen) },
    settledClaims: totals.paid - totals.clawed,
    settledFen: Number(totals.paidFen - totals.clawedFen),
  };
}
