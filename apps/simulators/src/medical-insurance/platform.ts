/** The platform's transactions: 1101 person, 5203 what was sent in a range, 3201 totals of what was sent in a range of days. */
import {
  PERSON_NOT_FOUND,
  TOO_MANY_CALLS,
  type FeedQueryAnswer,
  type InsuranceAnswer,
  type InsuranceEnvelope,
  type PersonAnswer,
  type TotalsAnswer,
} from '@app/contracts';
import { COUNTY_CODE, isPersonNumber } from '../county/numbers.js';
import { addDays, chinaInstant, chinaTimestamp, isDay, parseChinaTimestamp } from '../china-time.js';
import { Fields } from '../fields.js';
import { invalid } from '../http.js';
import type { SimulatorClock } from '../simulator.js';
import type { Playback } from './playback.js';
import { fenOf, yuanOf } from './yuan.js';

const ENVELOPE_TEXTS = [
  'infno',
  'msgid',
  'mdtrtarea_admvs',
  'insuplc_admdvs',
  'recer_sys_code',
  'infver',
  'opter_type',
  'opter',
  'inf_time',
  'fixmedins_code',
  'signtype',
  'cainfo',
  'enc_type',
] as const satisfies readonly (keyof InsuranceEnvelope)[];
/** 12-character institution code + yyyyMMddHHmmss + 4 digits. */
const MESSAGE_ID = /^[0-9A-Za-z]{12}\d{18}$/;
const PLATFORM_AREA = '459999';
const MAX_PAGE = 1000;

/** What 1101 says of a person, whoever the register has under that number; `normal` takes a setting back. */
export const PERSON_SETTINGS = [
  'normal',
  'suspended',
  'ended',
  'unknown',
  'other-name',
  'retired',
  'resident',
  'error',
  'time-out',
] as const;
export type PersonSetting = (typeof PERSON_SETTINGS)[number];

export interface PlatformFaults {
  /** From and until when, by the platform's clock, every connection breaks. */
  readonly outage?: { readonly from: Date; readonly until: Date } | undefined;
  /** 1101 above so many in a second of real time is told to wait. */
  readonly callsPerSecond?: number | undefined;
}

export interface PlatformOptions {
  readonly persons?: readonly PersonAnswer[];
  /** Any sound personal number that is not in the register is somebody in service and insured, of the name that is asked about. */
  readonly knowsEverybody?: boolean;
  /** Told of every 1101 that arrives. */
  readonly onPerson?: (certno: string) => void;
}

export class Platform {
  private readonly persons = new Map<string, PersonAnswer>();
  private readonly settings = new Map<string, PersonSetting>();
  private answers = 0;
  private second = { number: 0, calls: 0 };
  faults: PlatformFaults = {};

  constructor(
    private readonly clock: SimulatorClock,
    private readonly playback: Playback,
    private readonly options: PlatformOptions = {},
  ) {
    this.putPersons(options.persons ?? []);
  }

  setPerson(certno: string, setting: PersonSetting): void {
    if (setting === 'normal') this.settings.delete(certno.toUpperCase());
    else this.settings.set(certno.toUpperCase(), setting);
  }

  /** What becomes of the line instead of an answer. */
  silence(infno: string, body: unknown): 'hang-up' | 'time-out' | undefined {
    const { outage } = this.faults;
    const now = this.clock.now();
    if (infno === '1101') this.options.onPerson?.(numberIn(body));
    if (outage && outage.from <= now && now < outage.until) return 'hang-up';
    return infno === '1101' && this.settings.get(numberIn(body)) === 'time-out' ? 'time-out' : undefined;
  }

  putPersons(persons: readonly PersonAnswer[]): void {
    for (const person of persons) this.persons.set(person.baseinfo.certno.toUpperCase(), person);
  }

  /** A business failure is an answer with infcode -1, as on the real platform. */
  answer(infno: string, body: unknown): InsuranceAnswer {
    const now = this.clock.now();
    const reference = PLATFORM_AREA + chinaTimestamp(now).replace(/\D/g, '') + String(++this.answers).padStart(10, '0');
    const base = { inf_refmsgid: reference, respond_time: chinaTimestamp(now) };
    try {
      return { infcode: 0, ...base, err_msg: '', output: this.output(infno, readInput(infno, body)) };
    } catch (error) {
      return { infcode: -1, ...base, err_msg: error instanceof Error ? error.message : String(error), output: null };
    }
  }

  private output(infno: string, input: Fields): PersonAnswer | FeedQueryAnswer | TotalsAnswer {
    const data = input.object('data');
    if (infno === '1101') return this.person(data);
    if (infno === '5203') return this.sent(data);
    if (infno === '3201') return this.totals(data);
    throw invalid(`未知的交易编号 ${infno}`);
  }

  private person(data: Fields): PersonAnswer {
    if (this.isBusy()) throw invalid(TOO_MANY_CALLS);
    if (data.text('mdtrt_cert_type') !== '02') throw invalid('mdtrt_cert_type 仅支持 02');
    const certno = data.text('mdtrt_cert_no').toUpperCase();
    const setting = this.settings.get(certno);
    if (setting === 'error') throw invalid('系统处理异常');
    const known = this.persons.get(certno);
    const person = known ?? (this.options.knowsEverybody && isPersonNumber(certno) ? insured(certno, data.note('psn_name')) : undefined);
    if (!person || setting === 'unknown') throw invalid(PERSON_NOT_FOUND);
    return setting ? changed(person, setting) : person;
  }

  private isBusy(): boolean {
    const { callsPerSecond } = this.faults;
    if (callsPerSecond === undefined) return false;
    const number = Math.trunc(performance.now() / 1000);
    if (this.second.number !== number) this.second = { number, calls: 0 };
    return ++this.second.calls > callsPerSecond;
  }

  /** `after` is the number of messages, from the very first one sent, that need not be looked at again. */
  private sent(data: Fields): FeedQueryAnswer {
    const [from, to] = [timeOf(data, 'begntime'), timeOf(data, 'endtime')];
    const limit = Math.min(data.integer('limit', 1), MAX_PAGE);
    const messages: string[] = [];
    for (let index = data.integer('after', 0); index < this.playback.delivered.length; index++) {
      const line = this.playback.delivered[index]!;
      if (line.time < from || line.time >= to) continue;
      if (messages.length === limit) return { messages, next: index };
      messages.push(line.text);
    }
    return { messages, next: null };
  }

  private totals(data: Fields): TotalsAnswer {
    const [from, to] = [data.text('stmt_begndate'), data.text('stmt_enddate')];
    if (!isDay(from) || !isDay(to)) throw invalid('stmt_begndate, stmt_enddate 应为 YYYY-MM-DD');
    const [first, end] = [chinaInstant(from, '00:00').getTime(), chinaInstant(addDays(to, 1), '00:00').getTime()];
    const seen = new Set<string>();
    let [medfeeFen, fundFen] = [0, 0];
    for (const { settlement, time } of this.playback.delivered) {
      if (!settlement || time < first || time >= end || seen.has(settlement.msgid)) continue;
      seen.add(settlement.msgid);
      medfeeFen += settlement.medfeeFen;
      fundFen += settlement.fundFen;
    }
    const equal =
      fenOf(data.text('medfee_sumamt')) === medfeeFen &&
      fenOf(data.text('fund_pay_sumamt')) === fundFen &&
      Number(data.text('fixmedins_setl_cnt')) === seen.size;
    return {
      stmt_rslt: equal ? '0' : '1',
      medfee_sumamt: yuanOf(medfeeFen),
      fund_pay_sumamt: yuanOf(fundFen),
      fixmedins_setl_cnt: String(seen.size),
    };
  }
}

function readInput(infno: string, body: unknown): Fields {
  const envelope = new Fields(body);
  for (const name of ENVELOPE_TEXTS) envelope.note(name);
  if (envelope.text('infno') !== infno) throw invalid(`infno 应为 ${infno}`);
  if (!MESSAGE_ID.test(envelope.text('msgid'))) throw invalid('msgid 应为 12 位机构编号 + 时间 + 4 位数字');
  timeOf(envelope, 'inf_time');
  return envelope.object('input');
}

function timeOf(fields: Fields, name: string): number {
  const at = parseChinaTimestamp(fields.text(name));
  if (!at) throw invalid(`${name} 应为 YYYY-MM-DD HH:mm:ss`);
  return at.getTime();
}

/** '' where there is none. */
function numberIn(body: unknown): string {
  const certno = (body as { input?: { data?: { mdtrt_cert_no?: unknown } } } | null | undefined)?.input?.data?.mdtrt_cert_no;
  return typeof certno === 'string' ? certno.toUpperCase() : '';
}

const insured = (certno: string, name: string): PersonAnswer => ({
  baseinfo: {
    psn_no: `P${certno}`,
    psn_name: name,
    certno,
    gend: Number(certno[16]) % 2 === 1 ? '1' : '2',
    brdy: `${certno.slice(6, 10)}-${certno.slice(10, 12)}-${certno.slice(12, 14)}`,
  },
  insuinfo: [{ insutype: '310', psn_type: '11', psn_insu_stas: '1', insuplc_admdvs: COUNTY_CODE }],
});

function changed({ baseinfo, insuinfo }: PersonAnswer, setting: PersonSetting): PersonAnswer {
  const all = (change: Partial<PersonAnswer['insuinfo'][number]>): PersonAnswer => ({
    baseinfo,
    insuinfo: insuinfo.map((one) => ({ ...one, ...change })),
  });
  if (setting === 'suspended') return all({ psn_insu_stas: '2' });
  if (setting === 'ended') return all({ psn_insu_stas: '3' });
  if (setting === 'retired') return all({ psn_type: '12' });
  if (setting === 'resident') return all({ insutype: '390', psn_type: '15' });
  return { baseinfo: { ...baseinfo, psn_name: `另${baseinfo.psn_name}` }, insuinfo };
}
