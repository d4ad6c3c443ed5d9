/**
 * Which credit pays which notices, many to many. Pure, and the same whatever the order in which credits and notices are given. Each rule
 * needs a name: a reference, or the unit itself. An amount alone never says whose money it is.
 */
import { ZERO_FEN, addFen, isUnitCode, minFen, normaliseIdentifier, subtractFen, sumFen, type Fen } from '@app/kernel';
import { isPhoneSettlement, referencesIn, splitReceived } from './contribution.js';

export interface Credit {
  readonly bankReference: string;
  readonly amountFen: Fen;
  readonly reference: string;
  readonly payerName: string;
}

export interface DueNotice {
  readonly id: string;
  readonly reference: string;
  readonly unitCode: string;
  readonly unitName: string;
  readonly amountFen: Fen;
  /** Of the amount, what is the members'. */
  readonly memberFen: Fen;
  readonly receivedFen: Fen;
}

/**
 * `reference`: the payer names one notice. `references`: several, filled in their order. `unit-total`: none, but the unit (its code in the
 * text, or its name as the payer), and the amount is exactly what all its open notices lack. `phone-settlement`: no notice, the
 * phone-pay institution hands on what members paid. `manual`: two people.
 */
export const MATCH_RULES = ['reference', 'references', 'unit-total', 'phone-settlement', 'manual'] as const;
export type MatchRule = (typeof MATCH_RULES)[number];

export interface Match {
  readonly bankReference: string;
  /** null: a settlement of the phone-pay institution. */
  readonly noticeId: string | null;
  readonly rule: MatchRule;
  readonly amountFen: Fen;
  /** Of the amount; both 0 without a notice. */
  readonly memberFen: Fen;
  readonly unitFen: Fen;
}

export interface Matched {
  readonly matches: readonly Match[];
  /** Notices that got something, with what they have received by now. */
  readonly notices: readonly DueNotice[];
  /** What is left of each credit, and goes to suspense. */
  readonly restFen: ReadonlyMap<string, Fen>;
}

const lacking = (notice: DueNotice): Fen => subtractFen(notice.amountFen, notice.receivedFen);

export function match(credits: readonly Credit[], notices: readonly DueNotice[]): Matched {
  const state = new Map(notices.map((notice) => [notice.reference, notice]));
  const rest = new Map(credits.map(({ bankReference, amountFen }) => [bankReference, amountFen]));
  const openOfUnit = unitsOf(notices);
  const changed = new Set<string>();
  const matches: Match[] = [];

  const give = ({ bankReference }: Credit, reference: string, rule: MatchRule): void => {
    const notice = state.get(reference);
    if (!notice) return;
    const amountFen = minFen(rest.get(bankReference)!, lacking(notice));
    if (amountFen === 0) return;
    matches.push({
      bankReference,
      noticeId: notice.id,
      rule,
      amountFen,
      ...splitReceived(notice.memberFen, notice.receivedFen, amountFen),
    });
    rest.set(bankReference, subtractFen(rest.get(bankReference)!, amountFen));
    state.set(reference, { ...notice, receivedFen: addFen(notice.receivedFen, amountFen) });
    changed.add(reference);
  };

  const read = credits
    .map((credit) => ({ credit, references: referencesIn(credit.reference) }))
    .sort((a, b) => (a.credit.bankReference < b.credit.bankReference ? -1 : 1));
  for (const { credit, references } of read) if (references.length === 1) give(credit, references[0]!, 'reference');
  for (const { credit, references } of read) if (references.length > 1) for (const one of references) give(credit, one, 'references');
  for (const { credit, references } of read) {
    if (references.length > 0) continue;
    const { bankReference, amountFen } = credit;
    if (isPhoneSettlement(credit.reference, credit.payerName)) {
      matches.push({ bankReference, noticeId: null, rule: 'phone-settlement', amountFen, memberFen: ZERO_FEN, unitFen: ZERO_FEN });
      rest.set(bankReference, ZERO_FEN);
      continue;
    }
    const open = openOfUnit(credit)
      .map((name) => state.get(name)!)
      .filter((notice) => lacking(notice) > 0);
    if (sumFen(open.map(lacking)) === amountFen) for (const notice of open) give(credit, notice.reference, 'unit-total');
  }
  return { matches, notices: [...changed].sort().map((reference) => state.get(reference)!), restFen: rest };
}

/** References of the notices of the one unit that a credit names by code or is paid by, in their order; none when it names no unit, or a name that two units have. */
function unitsOf(notices: readonly DueNotice[]): (credit: Credit) => readonly string[] {
  const codesByName = new Map<string, Set<string>>();
  const referencesByCode = new Map<string, string[]>();
  for (const { unitCode, unitName, reference } of notices.toSorted((a, b) => (a.reference < b.reference ? -1 : 1))) {
    codesByName.set(unitName, (codesByName.get(unitName) ?? new Set()).add(unitCode));
    referencesByCode.set(unitCode, [...(referencesByCode.get(unitCode) ?? []), reference]);
  }
  return ({ reference, payerName }) => {
    const typed = new Set(unitCodesIn(reference));
    const codes = typed.size > 0 ? typed : (codesByName.get(payerName) ?? typed);
    return codes.size === 1 ? (referencesByCode.get([...codes][0]!) ?? []) : [];
  };
}

/** Codes of units that stand alone in what the payer typed. */
export const unitCodesIn = (text: string): string[] =>
  [...normaliseIdentifier(text).matchAll(/(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])/g)].map(([code]) => code).filter(isUnitCode);
