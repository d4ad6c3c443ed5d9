/** A year of messages as the platform sends them, with everything that goes wrong in a real one. */
import {
  SETTLEMENT_AMOUNT_FIELDS,
  type FeedMessage,
  type SettlementAmountField,
  type SettlementInfo,
  type SettleMessage,
} from '@app/contracts';
import { addDays, addHours, chinaDay, chinaInstant, chinaTimestamp } from '../china-time.js';
import { yuanOf } from '../medical-insurance/yuan.js';
import { drawTotal, makeBill, unbalance, type Amounts } from './bill.js';
import { COUNTY_CODE } from './numbers.js';
import type { People, Person } from './people.js';
import type { Random } from './random.js';

const INSTITUTION = 'H45999900001';
const FIRST_DAY = '2025-01-02';
/** The last settlements are of 10 December, so that what follows three weeks later is still in the year. */
const DAYS = 342;
const SAMPLE_SETTLEMENTS = 5369;
/** A bill that any plan pays on. */
const SUBSTANTIAL_FEN = 3_000_000;

type Kind = 'ordinary' | 'undone' | 'red' | 'reversed' | 'unbalanced' | 'unknown-fund' | 'outpatient' | 'non-member' | 'before-cover';

/** How many there are in a feed of SAMPLE_SETTLEMENTS; smaller feeds keep at least `least`. */
const SPECIAL: readonly (readonly [kind: Exclude<Kind, 'ordinary'>, inSample: number, least: number])[] = [
  ['undone', 82, 2],
  ['red', 22, 1],
  ['reversed', 17, 1],
  ['unbalanced', 25, 3],
  ['unknown-fund', 15, 1],
  ['outpatient', 60, 3],
  ['non-member', 50, 1],
  ['before-cover', 20, 1],
];
const DUPLICATES = 59;
const OUTPATIENT_TYPES = ['11', '14', '1401'] as const;
const HOSPITAL_LEVELS = ['02', '02', '05', '05', '03', '08'] as const;

export interface Feed {
  settlements: number;
  people: People;
  members: readonly Person[];
  /** Members who must have claims to be paid. */
  certain: readonly Person[];
}

interface Sent {
  at: Date;
  message: FeedMessage;
}

export function makeFeed(random: Random, feed: Feed): string[] {
  const scaled = (inSample: number, least: number): number =>
    Math.max(least, Math.round((inSample * feed.settlements) / SAMPLE_SETTLEMENTS));
  const special = SPECIAL.flatMap(([kind, inSample, least]) => Array<Kind>(scaled(inSample, least)).fill(kind));
  const ordinary = feed.settlements - special.length;
  if (ordinary < feed.certain.length) throw new Error(`a county needs at least ${special.length + feed.certain.length} settlements`);
  const claimants = random.shuffled(feed.members).slice(0, Math.max(5, Math.round(feed.members.length * 0.17)));
  const maker = new FeedMaker(random, feed.people, [...claimants, ...feed.certain]);
  for (const person of feed.certain) maker.settle('ordinary', person);
  random.shuffled([...special, ...Array<Kind>(ordinary - feed.certain.length).fill('ordinary')]).forEach((kind) => maker.settle(kind));
  const lines = maker.inOrder().map((message) => JSON.stringify(message));
  repeatSome(random, lines, scaled(DUPLICATES, 1));
  return [...lines, '{"infno":"2304","msgid":"broken'];
}

/** A line sent twice comes again at once, or some hundred lines later. */
function repeatSome(random: Random, lines: string[], count: number): void {
  const chosen = random.shuffled(lines.map((_, index) => index)).slice(0, count);
  for (const index of chosen.toSorted((a, b) => b - a)) {
    const distance = random.chance(0.8) ? 1 : random.integer(2, 500);
    lines.splice(Math.min(lines.length, index + distance), 0, lines[index]!);
  }
}

class FeedMaker {
  private readonly sent: Sent[] = [];
  private settlements = 0;
  private messages = 0;
  private readonly counts = new Map<Kind, number>();

  constructor(
    private readonly random: Random,
    private readonly people: People,
    private readonly claimants: readonly Person[],
  ) {}

  inOrder(): FeedMessage[] {
    return this.sent.toSorted((a, b) => a.at.getTime() - b.at.getTime()).map(({ message }) => message);
  }

  /** One settlement and whatever follows from its kind; for `certain` people a bill large enough to be paid on. */
  settle(kind: Kind, certain?: Person): void {
    const { random } = this;
    const count = this.counts.get(kind) ?? 0;
    this.counts.set(kind, count + 1);
    const at = this.someTime();
    const person = certain ?? (kind === 'non-member' ? this.people.make('46') : random.pick(this.claimants));
    const bill = makeBill(random, certain ? SUBSTANTIAL_FEN + random.integer(0, 500_000) : drawTotal(random));
    if (kind === 'unbalanced') unbalance(random, bill, count);
    if (kind === 'unknown-fund') bill.details[0]!.fund_pay_type = `888${random.digits(3)}`;
    const medType = kind === 'outpatient' ? OUTPATIENT_TYPES[count % OUTPATIENT_TYPES.length]! : '21';
    const info = this.info(person, at, kind === 'before-cover', medType, bill.amounts);
    const settled: SettleMessage = { ...this.head('2304', at), output: { setlinfo: info, setldetail: bill.details } };
    this.sent.push({ at, message: settled });
    if (kind === 'undone') this.undo(settled, at);
    if (kind === 'red') this.takeBack(settled, bill.amounts, at);
    if (kind === 'reversed') this.reverse(settled, at);
  }

  private someTime(): Date {
    const seconds = this.random.integer(0, 10 * 3600 - 1);
    return new Date(chinaInstant(addDays(FIRST_DAY, this.random.integer(0, DAYS)), '08:00:00').getTime() + seconds * 1000);
  }

  private head<Infno extends FeedMessage['infno']>(infno: Infno, at: Date): { infno: Infno; msgid: string; inf_time: string } {
    const time = chinaTimestamp(at);
    // Four digits that run on: two messages of one second never share them.
    const number = String(this.messages++ % 10_000).padStart(4, '0');
    return { infno, msgid: INSTITUTION + time.replace(/\D/g, '') + number, inf_time: time };
  }

  private info(person: Person, at: Date, beforeCover: boolean, medType: string, amounts: Amounts): SettlementInfo {
    const { random } = this;
    const number = String(++this.settlements).padStart(10, '0');
    const discharge = beforeCover ? addDays('2024-12-31', -random.integer(0, 180)) : chinaDay(at);
    const stay = medType === '21' ? Math.min(104, Math.round(Math.exp(1.9 + 0.8 * random.normal()))) : 0;
    return {
      psn_no: person.personNo,
      psn_name: person.name,
      certno: person.id,
      mdtrt_id: `M${number}`,
      setl_id: `S${number}`,
      fixmedins_code: INSTITUTION,
      hosp_lv: random.pick(HOSPITAL_LEVELS),
      insutype: '310',
      med_type: medType,
      psn_type: '11',
      begndate: addDays(discharge, -stay),
      enddate: discharge,
      setl_time: chinaTimestamp(at),
      insuplc_admdvs: COUNTY_CODE,
      refd_setl_flag: '0',
      ...texts(amounts),
    };
  }

  /** Mostly within hours, sometimes three weeks later, when the subsidy has been paid. */
  private undo({ output }: SettleMessage, settledAt: Date): void {
    const { setlinfo } = output;
    const at = this.random.chance(0.15)
      ? addHours(settledAt, 21 * 24)
      : new Date(settledAt.getTime() + this.random.integer(5, 180) * 60_000);
    const { mdtrt_id, setl_id, psn_no } = setlinfo;
    this.sent.push({ at, message: { ...this.head('2305', at), input: { data: { mdtrt_id, setl_id, psn_no } }, output: { setlinfo } } });
  }

  private takeBack({ output }: SettleMessage, amounts: Amounts, settledAt: Date): void {
    const at = addHours(settledAt, 1);
    const negated = Object.fromEntries(SETTLEMENT_AMOUNT_FIELDS.map((field) => [field, 0 - amounts[field]])) as Amounts;
    const setlinfo = { ...output.setlinfo, refd_setl_flag: '1', ...texts(negated) };
    this.sent.push({ at, message: { ...this.head('2304', at), output: { setlinfo, setldetail: [] } } });
  }

  private reverse({ msgid, infno, output }: SettleMessage, settledAt: Date): void {
    const at = addHours(settledAt, 0.5);
    const data = { psn_no: output.setlinfo.psn_no, omsgid: msgid, oinfno: infno };
    this.sent.push({ at, message: { ...this.head('2601', at), input: { data } } });
  }
}

const texts = (amounts: Amounts): Record<SettlementAmountField, string> =>
  Object.fromEntries(SETTLEMENT_AMOUNT_FIELDS.map((field) => [field, yuanOf(amounts[field])])) as Record<SettlementAmountField, string>;
