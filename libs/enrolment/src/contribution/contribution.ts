/** Which contribution belongs to which payment notice, and which days' statements are due. Pure. */
import {
  ZERO_FEN,
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
import type { BankStatement } from '@app/contracts';

/** "CB", the window (8 hex digits), the unit's code, the number of the notice: 30 characters of the bank's 35, readable on a transfer form. */
export const noticeReference = (windowId: string, unitCode: string, number: number): string =>
  `CB${windowId.slice(-8).toUpperCase()}${unitCode}${String(number).padStart(2, '0')}`;

const REFERENCE = /CB[0-9A-F]{8}[0-9A-Z]{18}\d{2,3}/;

/** The notice's reference in what the payer typed; undefined when there is none. Payers add words, spaces and small letters. */
export const referenceIn = (text: string): string | undefined => REFERENCE.exec(normaliseIdentifier(text))?.[0];

export interface Credit {
  readonly bankReference: string;
  readonly amountFen: Fen;
  readonly reference: string;
}

export interface DueNotice {
  readonly id: string;
  readonly reference: string;
  readonly amountFen: Fen;
  readonly receivedFen: Fen;
}

export interface Match {
  readonly bankReference: string;
  readonly noticeId: string | null;
  /** What goes to the notice; the rest of the credit goes to suspense. */
  readonly matchedFen: Fen;
  readonly suspenseFen: Fen;
}

/** In the order of the credits; a notice takes no more than it lacks, and a credit whose notice is paid already goes to suspense whole. */
export function match(credits: readonly Credit[], notices: readonly DueNotice[]): { matches: Match[]; notices: DueNotice[] } {
  const due = new Map(notices.map((notice) => [notice.reference, notice]));
  const changed = new Map<string, DueNotice>();
  const matches = credits.map(({ bankReference, amountFen, reference }): Match => {
    const notice = due.get(referenceIn(reference) ?? '');
    const matchedFen = notice ? minFen(amountFen, subtractFen(notice.amountFen, notice.receivedFen)) : ZERO_FEN;
    if (notice && matchedFen > 0) {
      const after = { ...notice, receivedFen: addFen(notice.receivedFen, matchedFen) };
      due.set(notice.reference, after);
      changed.set(notice.id, after);
    }
    return { bankReference, noticeId: notice?.id ?? null, matchedFen, suspenseFen: subtractFen(amountFen, matchedFen) };
  });
  return { matches, notices: [...changed.values()] };
}

/** Closing balance less what opening balance and lines add up to: anything but 0 is a statement that cannot be used. */
export const statementGap = ({ openingFen, closingFen, lines }: Pick<BankStatement, 'openingFen' | 'closingFen' | 'lines'>): number =>
  closingFen - openingFen - sumFen(lines.map((line) => fen(line.direction === 'credit' ? line.amountFen : -line.amountFen)));

/** Units pay late: statements are looked at for this long after the last window has closed. */
const LATE_DAYS = 30;

/** Days of the windows and the weeks after, whose statement can be had at `now` and is not stored; oldest first. */
export function daysDue(
  windows: { opensAt: Date; closesAt: Date } | undefined,
  stored: ReadonlySet<string>,
  now: Date,
  readyAt: string,
): CivilDate[] {
  if (!windows) return [];
  const last = addDays(chinaDate(windows.closesAt), LATE_DAYS);
  const days: CivilDate[] = [];
  for (let day = chinaDate(windows.opensAt); day <= last && chinaInstant(day, readyAt) <= now; day = addDays(day, 1)) {
    if (!stored.has(day)) days.push(day);
  }
  return days;
}
