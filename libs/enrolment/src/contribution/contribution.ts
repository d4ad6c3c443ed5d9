/** What a payment notice asks and is called, which notices a payer names, and which days' statements are due. Pure. */
import {
  addDays,
  addFen,
  chinaDate,
  chinaInstant,
  fen,
  minFen,
  normaliseIdentifier,
  subtractFen,
  sumFen,
  type CivilDate,
  type Fen,
} from '@app/kernel';
import { PHONE_COLLECTOR, type BankStatement } from '@app/contracts';
import type { Shares } from '../window/window.js';

/** What the three pay of a notice. The unit transfers the first two together; the special fund's share is posted when the notice is paid. */
export interface NoticeShares {
  readonly memberFen: Fen;
  readonly unitFen: Fen;
  readonly fundFen: Fen;
}

/** `alone`: members who joined alone and paid their share on the phone; the others' share the unit collects from their wages. */
export const noticeShares = ({ memberFen, unitFen, fundFen }: Shares, members: number, alone: number): NoticeShares => ({
  memberFen: fen(members * memberFen),
  unitFen: fen((members + alone) * unitFen),
  fundFen: fen((members + alone) * fundFen),
});

/** Of an amount that comes in for a notice: the members' share is filled first, since it was taken from their wages, then the unit's. */
export function splitReceived(memberFen: Fen, receivedFen: Fen, amountFen: Fen): { memberFen: Fen; unitFen: Fen } {
  const members = subtractFen(minFen(memberFen, addFen(receivedFen, amountFen)), minFen(memberFen, receivedFen));
  return { memberFen: members, unitFen: subtractFen(amountFen, members) };
}

/** "CB", the window (8 hex digits), the unit's code, the number of the notice: 30 characters of the bank's 35, readable on a transfer form. */
export const noticeReference = (windowId: string, unitCode: string, number: number): string =>
  `CB${windowId.slice(-8).toUpperCase()}${unitCode}${String(number).padStart(2, '0')}`;

/** A number that runs on into other digits (spaces are gone by then) is known only where it starts with 0, since then it has two. */
const REFERENCE = /(CB[0-9A-F]{8}[0-9A-Z]{18})(0\d|\d{2,3}(?!\d))((?:[-~—–至到,、/+和及](?:\d{2,3})(?!\d))*)/g;
const FURTHER = /([-~—–至到,、/+和及])(\d{2,3})/g;
const UNTIL = '-~—–至到';
/** A range wider than this is a typing mistake. */
const WIDEST = 100;

/**
 * The references in what the payer typed, sorted, each once: whole ones, and after a whole one the numbers of further notices of the unit
 * ("…01、03", "…01-03"). Payers add words, spaces and small letters.
 */
export function referencesIn(text: string): string[] {
  const found = new Set<string>();
  for (const [, stem, first, further] of normaliseIdentifier(text).matchAll(REFERENCE)) {
    let last = Number(first);
    const add = (number: number) => found.add(stem! + String(number).padStart(2, '0'));
    add(last);
    for (const [, sign, digits] of further!.matchAll(FURTHER)) {
      const number = Number(digits);
      if (UNTIL.includes(sign!) && number - last <= WIDEST) for (let one = last + 1; one < number; one++) add(one);
      add(number);
      last = number;
    }
  }
  return [...found].sort();
}

const PHONE_SETTLEMENT = /^PHONE\d{8}$/;
/** By the payer too: anybody can type a reference. */
export const isPhoneSettlement = (reference: string, payerName: string): boolean =>
  payerName === PHONE_COLLECTOR && PHONE_SETTLEMENT.test(normaliseIdentifier(reference));

/** Closing balance less what opening balance and lines add up to: anything but 0 is a statement that cannot be used. */
export const statementGap = ({ openingFen, closingFen, lines }: Pick<BankStatement, 'openingFen' | 'closingFen' | 'lines'>): number =>
  closingFen - openingFen - sumFen(lines.map((line) => fen(line.direction === 'credit' ? line.amountFen : -line.amountFen)));

/**
 * From the first opening of a window on, the days whose statement can be had at `now` and is not stored; oldest first. Without an end: units pay
 * late, and refunds come back late.
 */
export function daysDue(opensAt: Date | undefined, stored: ReadonlySet<string>, now: Date, readyAt: string): CivilDate[] {
  if (!opensAt) return [];
  const days: CivilDate[] = [];
  for (let day = chinaDate(opensAt); chinaInstant(day, readyAt) <= now; day = addDays(day, 1)) {
    if (!stored.has(day)) days.push(day);
  }
  return days;
}
