/** Money in suspense: how old it is, why it is there, and which notices it may be meant for. Pure; a person decides. */
import { normaliseIdentifier, type Fen } from '@app/kernel';
import { referencesIn } from './contribution.js';

export const AGE_BUCKETS = ['0-7', '8-30', '31-90', 'over-90'] as const;
export type AgeBucket = (typeof AGE_BUCKETS)[number];

/** `days` since the money was booked. */
export const ageBucket = (days: number): AgeBucket => (days <= 7 ? '0-7' : days <= 30 ? '8-30' : days <= 90 ? '31-90' : 'over-90');

/** Why a credit, or a rest of it, could not be matched. */
export type SuspenseReason = 'taken-back' | 'over-paid' | 'notice-paid' | 'reference-unknown' | 'no-reference';

/** `paid`: the references of the notices that are paid. */
export function suspenseReason(
  credit: { reference: string; matchedFen: Fen; takenBackFrom: readonly string[] },
  paid: ReadonlySet<string>,
): SuspenseReason {
  if (credit.takenBackFrom.length > 0) return 'taken-back';
  if (credit.matchedFen > 0) return 'over-paid';
  const references = referencesIn(credit.reference);
  if (references.length === 0) return 'no-reference';
  return references.some((reference) => paid.has(reference)) ? 'notice-paid' : 'reference-unknown';
}

export interface OpenNotice {
  readonly id: string;
  readonly reference: string;
  readonly unitName: string;
  readonly openFen: Fen;
}

export type SuggestionReason = 'similar-reference' | 'same-unit-name' | 'same-amount';

export interface Suggestion extends OpenNotice {
  readonly reasons: readonly SuggestionReason[];
}

const MOST_SUGGESTIONS = 5;

/** Open notices with at least one thing in common with the credit, the one with most first; none that it had been matched to by mistake. */
export function suggest(
  credit: { readonly reference: string; readonly payerName: string; readonly restFen: Fen; readonly takenBackFrom: readonly string[] },
  notices: readonly OpenNotice[],
): Suggestion[] {
  const text = normaliseIdentifier(credit.reference);
  return notices
    .filter(({ id }) => !credit.takenBackFrom.includes(id))
    .map((notice) => {
      const reasons: SuggestionReason[] = [];
      if (holdsSimilar(text, notice.reference)) reasons.push('similar-reference');
      if (notice.unitName === credit.payerName) reasons.push('same-unit-name');
      if (notice.openFen === credit.restFen) reasons.push('same-amount');
      return { ...notice, reasons };
    })
    .filter(({ reasons }) => reasons.length > 0)
    .sort((a, b) => b.reasons.length - a.reasons.length || (a.reference < b.reference ? -1 : 1))
    .slice(0, MOST_SUGGESTIONS);
}

/** Half a reference: one wrong character leaves the first or the last of it whole, so notices can be looked up by it. */
export const REFERENCE_PIECE = 15;
export function piecesOf(text: string): string[] {
  const whole = normaliseIdentifier(text);
  return Array.from({ length: Math.max(0, whole.length - REFERENCE_PIECE + 1) }, (_, at) => whole.slice(at, at + REFERENCE_PIECE));
}

/** Whether the reference stands somewhere in the text with at most one character wrong, missing or too many. */
export function holdsSimilar(text: string, reference: string): boolean {
  for (const length of [reference.length - 1, reference.length, reference.length + 1]) {
    for (let at = 0; at + length <= text.length; at++) if (withinOne(text.slice(at, at + length), reference)) return true;
  }
  return false;
}

function withinOne(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return a.length - start - end <= 1 && b.length - start - end <= 1;
}
