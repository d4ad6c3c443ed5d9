/** What is different in a unit from last period, and who may be one person under two numbers. Pure. */
import { birthDateOf } from '@app/kernel';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** Ids of the units that a person was enrolled in last period, and is in this one. */
export interface Place {
  readonly memberId: string;
  readonly last: string | null;
  readonly now: string | null;
}

export type DifferenceKind = 'joiner' | 'leaver' | 'moved-in' | 'moved-out';

export interface Entry {
  readonly kind: DifferenceKind;
  readonly memberId: string;
  /** Whence somebody moved in, or where to somebody moved out. */
  readonly otherUnitId: string | null;
}

export interface Difference {
  readonly entries: readonly Entry[];
  readonly stays: number;
}

/** The difference of one unit; people who were never in it are passed over. */
export function compare(unitId: string, places: Iterable<Place>): Difference {
  const entries: Entry[] = [];
  let stays = 0;
  for (const { memberId, last, now } of places) {
    if (now === unitId && last === unitId) stays++;
    else if (now === unitId) entries.push({ kind: last === null ? 'joiner' : 'moved-in', memberId, otherUnitId: last });
    else if (last === unitId) entries.push({ kind: now === null ? 'leaver' : 'moved-out', memberId, otherUnitId: now });
  }
  return { entries, stays };
}

/** People by what became of them. */
export interface DifferenceCounts {
  readonly joiners: number;
  readonly leavers: number;
  readonly movedIn: number;
  readonly movedOut: number;
  readonly stays: number;
}

export function countsOf({ entries, stays }: Difference): DifferenceCounts {
  const of = (kind: DifferenceKind) => entries.filter((entry) => entry.kind === kind).length;
  return { joiners: of('joiner'), leavers: of('leaver'), movedIn: of('moved-in'), movedOut: of('moved-out'), stays };
}

export function sumOf(units: readonly DifferenceCounts[]): DifferenceCounts {
  const of = (count: keyof DifferenceCounts) => units.reduce((sum, unit) => sum + unit[count], 0);
  return { joiners: of('joiners'), leavers: of('leavers'), movedIn: of('movedIn'), movedOut: of('movedOut'), stays: of('stays') };
}

const hashOf = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

/**
 * SHA-256 over what was shown of a unit, whatever its order. Whoever was there last period stays, or is an entry: so any change of the unit's
 * enrolments changes it. The repository computes the same in SQL.
 */
export const digestOf = (unitId: string, { entries }: Difference): string => hashOf(`${unitId}\n${entries.map(lineOf).sort().join('\n')}`);

const lineOf = ({ kind, memberId, otherUnitId }: Entry): string => `${kind} ${memberId} ${otherUnitId ?? ''}`;

/** What a clerk confirms in one act: of one unit its own digest, of several the hash over theirs in the order of the codes. */
export function digestOfUnits(units: readonly { readonly code: string; readonly digest: string }[]): string {
  if (units.length === 1) return units[0]!.digest;
  const inOrder = [...units].sort((a, b) => (a.code < b.code ? -1 : 1));
  return hashOf(inOrder.map(({ digest }) => digest).join('\n'));
}

/** `first`: nobody of the unit was enrolled last period, so nothing has to be confirmed. */
export type ConfirmationState = 'first' | 'due' | 'confirmed';

export const stateOf = ({ leavers, movedOut, stays }: DifferenceCounts, confirmed: boolean): ConfirmationState =>
  confirmed ? 'confirmed' : leavers + movedOut + stays === 0 ? 'first' : 'due';

export interface Person {
  readonly memberId: string;
  readonly name: string;
  readonly personalNumber: string;
  readonly phone: string;
}

/** What speaks for one person, beside the name. */
export type ConflictReason = 'number' | 'birth-date' | 'phone';

export interface IdConflict {
  readonly leaver: string;
  readonly joiner: string;
  readonly reasons: readonly ConflictReason[];
}

/** Characters in which a mistyped number may differ. */
const SLIPS = 2;
/** Whom so many others resemble is told apart by none of them. */
const MOST_CANDIDATES = 5;

/** Leavers and joiners of a unit who are likely one person, whose number was corrected or mistyped. */
export function idConflicts(leavers: readonly Person[], joiners: readonly Person[]): IdConflict[] {
  const names = new Set(leavers.map(({ name }) => nameOf(name)));
  const joinersBy = new Map<string, Person[]>();
  for (const joiner of joiners) {
    if (!names.has(nameOf(joiner.name))) continue;
    for (const trait of traitsOf(joiner)) {
      const alike = joinersBy.get(trait);
      if (alike) alike.push(joiner);
      else joinersBy.set(trait, [joiner]);
    }
  }
  return leavers.flatMap((leaver) => {
    const found = new Map<string, IdConflict>();
    for (const trait of traitsOf(leaver)) {
      for (const joiner of joinersBy.get(trait) ?? []) {
        if (found.size === MOST_CANDIDATES) return [...found.values()];
        if (found.has(joiner.memberId)) continue;
        const reasons = reasonsOf(leaver, joiner);
        if (reasons.length > 0) found.set(joiner.memberId, { leaver: leaver.memberId, joiner: joiner.memberId, reasons });
      }
    }
    return [...found.values()];
  });
}

function reasonsOf(a: Person, b: Person): ConflictReason[] {
  const [numbers, birth] = [[longForm(a.personalNumber), longForm(b.personalNumber)] as const, birthDateOf(longForm(a.personalNumber))];
  return [
    ...(differing(...numbers) <= SLIPS ? (['number'] as const) : []),
    ...(birth !== undefined && birth === birthDateOf(numbers[1]) ? (['birth-date'] as const) : []),
    ...(a.phone !== '' && a.phone === b.phone ? (['phone'] as const) : []),
  ];
}

/**
 * Two people of one name who conflict share one of these, so that not everybody has to be held against everybody: two slips leave one of three
 * thirds of a number untouched. A third is every third character, since neighbours come of one region and one time.
 */
function traitsOf({ name, personalNumber, phone }: Person): string[] {
  const number = longForm(personalNumber);
  const thirds = [0, 1, 2].map((third) => `${third} ${[...number].filter((_, i) => i % (SLIPS + 1) === third).join('')}`);
  const birth = birthDateOf(number);
  return [...thirds, ...(birth ? [`birth ${birth}`] : []), ...(phone === '' ? [] : [`phone ${phone}`])].map(
    (trait) => `${nameOf(name)}\n${trait}`,
  );
}

/** A number of 15 digits, as issued before 1999, in the form of 18; its check character was never written, and counts as a slip. */
const longForm = (number: string): string => (/^\d{15}$/.test(number) ? `${number.slice(0, 6)}19${number.slice(6)}-` : number);

/** The dot inside names of several parts is typed in many ways, or not at all. */
const nameOf = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[\s.·•‧・]+/gu, '')
    .toUpperCase();

const differing = (a: string, b: string): number =>
  a.length === b.length ? [...a].filter((character, i) => character !== b[i]).length : Infinity;
