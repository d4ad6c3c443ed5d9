/**
 * A plan replayed on a book of past claims: what it would have paid, to whom more and to whom less. Pure; a book comes as text in pieces or
 * as entries, and only one member's accumulators and one row for each unit are held, so that a book of any length fits.
 *
 * No date is moved. Cover is decided from each member's own cover in the facts, and the plan's period is read nowhere in a decision: next
 * year's plan on last year's book is applied as if its period were the book's. What a member used up starts at nothing with the book.
 */
import { DomainError, assert, fen, parseCivilDate, type CivilDate, type Fen } from '@app/kernel';
import { calculateAmounts } from './calculate.js';
import type { CompiledPlan } from './compile.js';
import { addAccumulators, type Accumulators, type Facts } from './facts.js';
import type { ReasonCode } from './reasons.js';

/** The first line of a book. */
export interface BookHeader {
  readonly book: 1;
  /** The plan that the claims were decided under. */
  readonly plan: string;
  readonly version: number;
  readonly hash: string;
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  /** Covered, with or without a claim. */
  readonly members: number;
  readonly contributionsFen: Fen;
}

/** Each further line: an accepted claim and what was decided on it. By member in plain string order, then in the order of the decisions. */
export interface BookEntry {
  /** An opaque key. */
  readonly member: string;
  readonly unit: string;
  readonly claim: string;
  /** Whole years on the day of the event. */
  readonly age?: number;
  readonly facts: Facts;
  readonly paid: { readonly benefitFen: Fen; readonly reason: string | null; readonly capped: boolean };
}

export interface Change {
  readonly beforeFen: Fen;
  readonly afterFen: Fen;
  readonly changeFen: Fen;
}

export const AGE_BANDS = ['under 20', '20-29', '30-39', '40-49', '50-59', '60 and over', 'unknown'] as const;
export type AgeBand = (typeof AGE_BANDS)[number];

export interface UnitChange extends Change {
  readonly unit: string;
  readonly claims: number;
}
export interface AgeChange extends Change {
  readonly band: AgeBand;
  readonly claims: number;
}
export interface ClaimChange extends Change {
  readonly claim: string;
  readonly member: string;
  readonly unit: string;
  readonly reasonBefore: string | null;
  readonly reasonAfter: ReasonCode | null;
}

/** `claims` one by one; `members` and `fen` by what a member gets in the whole book, since one claim's gain can be the next one's loss. */
export interface Side {
  readonly claims: number;
  readonly members: number;
  readonly fen: Fen;
}

/** Members by how much more, or less, they get in the whole book: above `aboveFen` up to and including `upToFen`, of the size alone. */
export interface Spread {
  readonly side: 'losers' | 'unchanged' | 'winners';
  readonly aboveFen: Fen;
  /** null: no upper bound. */
  readonly upToFen: Fen | null;
  readonly members: number;
  readonly fen: Fen;
}

/** All money in fen. */
export interface Rehearsal {
  readonly plan: {
    readonly id: string;
    readonly version: number;
    readonly hash: string;
    readonly title: { readonly zh: string; readonly en: string };
  };
  readonly against: BookHeader;
  readonly claims: number;
  /** With a claim in the book. */
  readonly members: number;
  readonly total: Change;
  readonly paidClaims: { readonly before: number; readonly after: number };
  /** By size of the change, the largest first. */
  readonly units: readonly UnitChange[];
  readonly ageBands: readonly AgeChange[];
  readonly winners: Side;
  readonly losers: Side;
  readonly unchanged: Side;
  /** From the greatest loss to the greatest gain. */
  readonly spread: readonly Spread[];
  /** The claims that change most, the largest first; at most {@link LARGEST}. */
  readonly largest: readonly ClaimChange[];
  /** Members from whom a cap took something. */
  readonly capExhausted: { readonly before: number; readonly after: number };
  /** How many claims were paid nothing, by reason. */
  readonly reasons: { readonly before: Readonly<Record<string, number>>; readonly after: Readonly<Record<string, number>> };
  /** What was paid in less what was paid out: a book knows neither older balances nor costs. */
  readonly fund: { readonly contributionsFen: Fen; readonly balanceBeforeFen: Fen; readonly balanceAfterFen: Fen };
}

export const LARGEST = 50;

/** Bounds of {@link Spread} on either side of no change: 100, 500, 1,000, 5,000 and 10,000 yuan. */
const SPREAD_FEN = [10_000, 50_000, 100_000, 500_000, 1_000_000] as const;

/** Far above any entry; what is longer is another kind of file, and would only fill the memory. */
const LONGEST_LINE = 1_000_000;

const REMEDY = 'export the book again';

function bookInvalid(line: number, expected: string, found: string, remedy = REMEDY): DomainError {
  return new DomainError('book-invalid', 'invalid', `line ${line} of the book: expected ${expected}, found ${found}; ${remedy}`, {
    line,
    expected,
    found,
    remedy,
  });
}

/**
 * Replays a whole book that comes as text cut anywhere, such as a file stream in UTF-8. `onProgress` is told after each piece how many claims
 * are done. Throws DomainError `book-invalid` (invalid; details line, expected, found, remedy), which holds nothing of the entry itself.
 */
export async function rehearse(
  pieces: AsyncIterable<string>,
  plan: CompiledPlan,
  onProgress?: (claims: number) => void,
): Promise<Rehearsal> {
  let running: RunningRehearsal | null = null;
  let rest = '';
  for await (const piece of pieces) {
    const text = rest + piece;
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      const line = text.slice(from, to);
      if (running === null) running = startRehearsal(readHeader(line), plan);
      else running.addLine(line);
      from = to + 1;
    }
    rest = text.slice(from);
    if (rest.length > LONGEST_LINE)
      throw bookInvalid(running === null ? 1 : running.claims + 2, 'lines of JSON', 'a line without an end', 'check that this is a book');
    if (running !== null) onProgress?.(running.claims);
  }
  if (running === null) running = startRehearsal(readHeader(rest), plan);
  else if (rest !== '') running.addLine(rest);
  return running.result();
}

/** For a caller that has the lines or the entries itself. */
export const startRehearsal = (header: BookHeader, plan: CompiledPlan): RunningRehearsal => new RunningRehearsal(header, plan);

/** The first line of a book. Throws DomainError `book-invalid`. */
export function readHeader(line: string): BookHeader {
  const header = parseLine(line, 1);
  if (!isMapping(header) || header['book'] !== 1)
    throw bookInvalid(1, 'the header of a book ("book": 1)', 'something else', 'check that this is a book, and export it again');
  const isDay = (value: unknown): boolean => typeof value === 'string' && parseCivilDate(value) !== undefined;
  const part = (key: keyof BookHeader, expected: string, holds: (value: unknown) => boolean): void => {
    if (!holds(header[key])) throw bookInvalid(1, `${expected} at "${key}"`, kindOf(header[key]));
  };
  part('plan', 'a text', isName);
  part('version', 'a whole number', isCount);
  part('hash', 'a text', isName);
  part('coverFrom', 'a date YYYY-MM-DD', isDay);
  part('coverTo', 'a date YYYY-MM-DD', isDay);
  part('members', 'a whole number', isCount);
  part('contributionsFen', 'a whole number of fen', isCount);
  const { plan, version, hash, coverFrom, coverTo, members, contributionsFen } = header as unknown as BookHeader;
  if (coverTo < coverFrom) throw bookInvalid(1, 'a "coverTo" not before "coverFrom"', 'an earlier one');
  return { book: 1, plan, version, hash, coverFrom, coverTo, members, contributionsFen };
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    // The parser's own message quotes the line.
    throw bookInvalid(number, 'one JSON object', line.trim() === '' ? 'an empty line' : 'a text that is not JSON');
  }
}

class Tally {
  claims = 0;
  beforeFen = 0;
  afterFen = 0;

  change(): Change & { readonly claims: number } {
    const { claims, beforeFen, afterFen } = this;
    return { claims, beforeFen: fen(beforeFen), afterFen: fen(afterFen), changeFen: fen(afterFen - beforeFen) };
  }
}

class SideTally {
  claims = 0;
  members = 0;
  fen = 0;

  side(): Side {
    return { claims: this.claims, members: this.members, fen: fen(this.fen) };
  }
}

const NOTHING_USED: Accumulators = {};

/** A rehearsal under way. An entry goes through {@link RunningRehearsal.add} tens of thousands of times a second: nothing is made for it there. */
export class RunningRehearsal {
  claims = 0;
  private members = 0;
  private member: string | null = null;
  private lastClaim = '';
  private used: Accumulators = NOTHING_USED;
  private memberChangeFen = 0;
  private cappedBefore = false;
  private cappedAfter = false;
  private finished = false;

  private readonly asksForAge: boolean;
  private readonly total = new Tally();
  private readonly units = new Map<string, Tally>();
  private readonly ages = AGE_BANDS.map(() => new Tally());
  private readonly winners = new SideTally();
  private readonly losers = new SideTally();
  private readonly unchanged = new SideTally();
  private readonly gains = [...SPREAD_FEN, 0].map(() => new SideTally());
  private readonly losses = [...SPREAD_FEN, 0].map(() => new SideTally());
  /** Sorted, the largest change first. */
  private readonly largest: ClaimChange[] = [];
  private readonly reasonsBefore = new Map<string, number>();
  private readonly reasonsAfter = new Map<string, number>();
  private paidBefore = 0;
  private paidAfter = 0;
  private membersCappedBefore = 0;
  private membersCappedAfter = 0;

  constructor(
    private readonly header: BookHeader,
    private readonly plan: CompiledPlan,
  ) {
    this.asksForAge = plan.ages !== null || hasKey(plan, 'age');
  }

  addLine(line: string): void {
    this.add(parseLine(line, this.claims + 2) as BookEntry);
  }

  /** Throws DomainError `book-invalid`; line 1 was the header. */
  add(entry: BookEntry): void {
    assert(!this.finished, 'the result was taken: start another rehearsal');
    const problem = problemOf(entry);
    if (problem !== null) throw bookInvalid(this.claims + 2, problem.expected, problem.found);
    const { member, unit, claim, facts, paid } = entry;
    if (member !== this.member) this.startMember(member);
    else if (claim === this.lastClaim) throw bookInvalid(this.claims + 2, 'each claim once', 'the claim of the line before');
    this.lastClaim = claim;
    this.claims += 1;

    const age = facts.age ?? entry.age;
    const copied = this.asksForAge && facts.age === undefined && age !== undefined;
    const amounts = calculateAmounts(copied ? { ...facts, age } : facts, this.used, this.plan);
    this.used = this.used === NOTHING_USED ? amounts.changes : addAccumulators(this.used, amounts.changes);

    const beforeFen = paid.benefitFen;
    const afterFen = amounts.benefitFen;
    const changeFen = afterFen - beforeFen;
    this.memberChangeFen += changeFen;
    count(this.total, beforeFen, afterFen);
    count(this.unitOf(unit), beforeFen, afterFen);
    count(this.ages[bandOf(age)]!, beforeFen, afterFen);
    if (beforeFen > 0) this.paidBefore += 1;
    if (afterFen > 0) this.paidAfter += 1;
    if (paid.capped || paid.reason === 'cap-exhausted') this.cappedBefore = true;
    if (amounts.capped || amounts.reason === 'cap-exhausted') this.cappedAfter = true;
    if (paid.reason !== null) addOne(this.reasonsBefore, paid.reason);
    if (amounts.reason !== null) addOne(this.reasonsAfter, amounts.reason);
    if (changeFen === 0) this.unchanged.claims += 1;
    else {
      (changeFen > 0 ? this.winners : this.losers).claims += 1;
      this.keepIfLarge(entry, afterFen, amounts.reason);
    }
  }

  /** Ends the rehearsal. */
  result(): Rehearsal {
    if (!this.finished) this.endMember();
    this.finished = true;
    const { plan, header, total } = this;
    const { contributionsFen } = header;
    const { claims, ...change } = total.change();
    return {
      plan: { id: plan.id, version: plan.version, hash: plan.hash, title: plan.title },
      against: header,
      claims,
      members: this.members,
      total: change,
      paidClaims: { before: this.paidBefore, after: this.paidAfter },
      units: [...this.units]
        .map(([unit, tally]): UnitChange => ({ unit, ...tally.change() }))
        .sort((a, b) => Math.abs(b.changeFen) - Math.abs(a.changeFen) || (a.unit < b.unit ? -1 : 1)),
      ageBands: AGE_BANDS.map((band, i) => ({ band, ...this.ages[i]!.change() })),
      winners: this.winners.side(),
      losers: this.losers.side(),
      unchanged: this.unchanged.side(),
      spread: [
        ...spreadOf('losers', this.losses).reverse(),
        { side: 'unchanged', aboveFen: fen(0), upToFen: fen(0), members: this.unchanged.members, fen: fen(0) },
        ...spreadOf('winners', this.gains),
      ],
      largest: [...this.largest],
      capExhausted: { before: this.membersCappedBefore, after: this.membersCappedAfter },
      reasons: { before: mostFirst(this.reasonsBefore), after: mostFirst(this.reasonsAfter) },
      fund: {
        contributionsFen,
        balanceBeforeFen: fen(contributionsFen - change.beforeFen),
        balanceAfterFen: fen(contributionsFen - change.afterFen),
      },
    };
  }

  private startMember(member: string): void {
    if (this.member !== null && member < this.member)
      throw bookInvalid(
        this.claims + 2,
        'a member not before that of the line before',
        'an earlier one',
        'sort the book by member, and leave the order of a member’s own claims',
      );
    this.endMember();
    this.member = member;
    this.used = NOTHING_USED;
    this.memberChangeFen = 0;
    this.cappedBefore = false;
    this.cappedAfter = false;
  }

  private endMember(): void {
    if (this.member === null) return;
    const change = this.memberChangeFen;
    this.members += 1;
    if (this.cappedBefore) this.membersCappedBefore += 1;
    if (this.cappedAfter) this.membersCappedAfter += 1;
    const side = change > 0 ? this.winners : change < 0 ? this.losers : this.unchanged;
    side.members += 1;
    side.fen += change;
    if (change === 0) return;
    const size = Math.abs(change);
    const at = SPREAD_FEN.findIndex((upTo) => size <= upTo);
    const tally = (change > 0 ? this.gains : this.losses).at(at)!;
    tally.members += 1;
    tally.fen += change;
  }

  private unitOf(unit: string): Tally {
    let tally = this.units.get(unit);
    if (tally === undefined) this.units.set(unit, (tally = new Tally()));
    return tally;
  }

  private keepIfLarge({ claim, member, unit, paid }: BookEntry, afterFen: Fen, reasonAfter: ReasonCode | null): void {
    const { largest } = this;
    const changeFen = afterFen - paid.benefitFen;
    const size = Math.abs(changeFen);
    if (largest.length === LARGEST && !comesBefore(size, claim, largest[LARGEST - 1]!)) return;
    let at = largest.length;
    while (at > 0 && comesBefore(size, claim, largest[at - 1]!)) at -= 1;
    largest.splice(at, 0, {
      claim,
      member,
      unit,
      beforeFen: paid.benefitFen,
      afterFen,
      changeFen: fen(changeFen),
      reasonBefore: paid.reason,
      reasonAfter,
    });
    if (largest.length > LARGEST) largest.pop();
  }
}

/** Whether a mapping anywhere within has the key. */
const hasKey = (value: unknown, key: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ((!Array.isArray(value) && Object.hasOwn(value, key)) || Object.values(value).some((part) => hasKey(part, key)));

function count(tally: Tally, beforeFen: number, afterFen: number): void {
  tally.claims += 1;
  tally.beforeFen += beforeFen;
  tally.afterFen += afterFen;
}

function comesBefore(size: number, claim: string, other: ClaimChange): boolean {
  const otherSize = Math.abs(other.changeFen);
  return size > otherSize || (size === otherSize && claim < other.claim);
}

const addOne = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

/** Index into {@link AGE_BANDS}. */
const bandOf = (age: number | undefined): number =>
  age === undefined ? AGE_BANDS.length - 1 : age < 20 ? 0 : age >= 60 ? AGE_BANDS.length - 2 : Math.trunc(age / 10) - 1;

const mostFirst = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));

const spreadOf = (side: 'losers' | 'winners', tallies: readonly SideTally[]): Spread[] =>
  tallies.map(({ members, fen: sum }, i) => ({
    side,
    aboveFen: fen(SPREAD_FEN[i - 1] ?? 0),
    upToFen: i < SPREAD_FEN.length ? fen(SPREAD_FEN[i]!) : null,
    members,
    fen: fen(sum),
  }));

interface Problem {
  readonly expected: string;
  readonly found: string;
}

/** Only what a decision would otherwise stumble over, or silently take for something else. */
function problemOf(entry: unknown): Problem | null {
  if (!isMapping(entry)) return wrong('one JSON object', entry);
  const { member, unit, claim, age, facts, paid } = entry;
  if (!isName(member)) return wrong('a text at "member"', member);
  if (typeof unit !== 'string') return wrong('a text at "unit"', unit);
  if (!isName(claim)) return wrong('a text at "claim"', claim);
  if (age !== undefined && !isCount(age)) return wrong('whole years at "age", or nothing', age);
  if (!isMapping(paid)) return wrong('a mapping at "paid"', paid);
  if (!isCount(paid['benefitFen'])) return wrong('a whole number of fen at "paid.benefitFen"', paid['benefitFen']);
  if (paid['reason'] !== null && typeof paid['reason'] !== 'string') return wrong('a text or null at "paid.reason"', paid['reason']);
  if (typeof paid['capped'] !== 'boolean') return wrong('true or false at "paid.capped"', paid['capped']);
  if (!isMapping(facts)) return wrong('a mapping at "facts"', facts);
  if (!hasDays(facts)) {
    const day = DAYS.find((name) => (facts[name] !== undefined || name === 'acceptedOn') && !isDayText(facts[name]))!;
    return wrong(`a date YYYY-MM-DD at "facts.${day}"`, facts[day]);
  }
  if (facts['age'] !== undefined && !isCount(facts['age'])) return wrong('whole years at "facts.age"', facts['age']);
  return problemOfSums(facts['amounts'], 'amounts') ?? problemOfSums(facts['items'], 'items') ?? problemOfSums(facts['bases'], 'bases');
}

const DAYS = ['acceptedOn', 'coverFrom', 'coverTo', 'dischargeOn', 'admissionOn', 'deathOn', 'diagnosedOn', 'enrolledOn'] as const;

/** Written out, since it is asked of every entry. */
const hasDays = (facts: Record<string, unknown>): boolean =>
  isDayText(facts['acceptedOn']) &&
  (facts['coverFrom'] === undefined || isDayText(facts['coverFrom'])) &&
  (facts['coverTo'] === undefined || isDayText(facts['coverTo'])) &&
  (facts['dischargeOn'] === undefined || isDayText(facts['dischargeOn'])) &&
  (facts['admissionOn'] === undefined || isDayText(facts['admissionOn'])) &&
  (facts['deathOn'] === undefined || isDayText(facts['deathOn'])) &&
  (facts['diagnosedOn'] === undefined || isDayText(facts['diagnosedOn'])) &&
  (facts['enrolledOn'] === undefined || isDayText(facts['enrolledOn']));

function problemOfSums(sums: unknown, name: string): Problem | null {
  if (sums === undefined) return null;
  if (!isMapping(sums)) return wrong(`a mapping at "facts.${name}"`, sums);
  for (const key in sums) if (!isCount(sums[key])) return wrong(`whole numbers of fen in "facts.${name}"`, sums[key]);
  return null;
}

const wrong = (expected: string, value: unknown): Problem => ({ expected, found: kindOf(value) });

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isDayText = (value: unknown): boolean => typeof value === 'string' && value.length === 10;

/** What kind of thing was found: never the thing, which may be personal. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number')
    return value < 0 ? 'a negative number' : Number.isSafeInteger(value) ? 'a number' : 'a fraction, or too large a number';
  return { string: 'another text', boolean: 'true or false', object: 'a mapping' }[typeof value as string] ?? 'something else';
}
