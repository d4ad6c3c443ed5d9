/** The platform's transactions: 1101 person, 5203 what was sent in a range, 3201 totals of what was sent in a range of days. */
import type { FeedQueryAnswer, InsuranceAnswer, InsuranceEnvelope, PersonAnswer, TotalsAnswer } from '@app/contracts';
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

export class Platform {
  private readonly persons = new Map<string, PersonAnswer>();
  private answers = 0;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly playback: Playback,
    persons: readonly PersonAnswer[],
  ) {
    this.putPersons(persons);
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
    if (data.text('mdtrt_cert_type') !== '02') throw invalid('mdtrt_cert_type 仅支持 02');
    const person = this.persons.get(data.text('mdtrt_cert_no').toUpperCase());
    if (!person) throw invalid('未查询到人员信息');
    return person;
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
