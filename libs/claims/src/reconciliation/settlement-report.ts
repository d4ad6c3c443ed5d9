/** The settlement report: where every message, claim and fen of a run is, and whether the books agree. Pure part. */
import { elapsedWorkingDays, type Pause } from '@app/kernel';

export interface PaidClaimTimes {
  readonly acceptedAt: Date;
  readonly settledAt: Date;
  readonly pauses: readonly Pause[];
}

export interface WorkingDays {
  /** Net of pauses; null when nothing was paid. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
  /** Share of paid claims that took at most two. */
  readonly withinTwo: number | null;
  /** With the pauses in. */
  readonly grossMax: number | null;
  /** Years the count rests on whose table of days off is not published. */
  readonly unpublishedYears: readonly number[];
}

/** The value below which the share `q` of the sorted values lies (nearest rank). */
const quantile = (sorted: readonly number[], q: number): number | null =>
  sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;

export function workingDaysOf(claims: readonly PaidClaimTimes[]): WorkingDays {
  const elapsed = claims.map((claim) => elapsedWorkingDays(claim.acceptedAt, claim.settledAt, claim.pauses));
  const net = elapsed.map((one) => one.net).sort((a, b) => a - b);
  return {
    p50: quantile(net, 0.5),
    p95: quantile(net, 0.95),
    max: net.at(-1) ?? null,
    withinTwo: net.length === 0 ? null : net.filter((days) => days <= 2).length / net.length,
    grossMax: elapsed.length === 0 ? null : elapsed.reduce((max, one) => Math.max(max, one.total), 0),
    unpublishedYears: [...new Set(elapsed.flatMap((one) => one.unpublishedYears))].sort((a, b) => a - b),
  };
}

export interface SettlementReport {
  readonly members: number;
  readonly covers: number;
  readonly rosterRefused: Readonly<Record<string, number>>;
  readonly feedMessages: number;
  readonly ignored: { readonly 'cancelled-before-payout': number; readonly 'duplicate-message': number };
  readonly quarantined: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly declined: number;
  /** Cancels whose settlement has not come. */
  readonly cancelsWaiting: number;
  /** Claims that have not reached an end. */
  readonly openClaims: number;
  readonly faults: number;
  readonly claimsPaid: number;
  readonly paidFen: number;
  readonly clawbacks: { readonly count: number; readonly fen: number };
  readonly settledClaims: number;
  readonly settledFen: number;
  readonly bank: {
    readonly rejected: number;
    readonly returned: number;
    readonly unknownResolved: number;
    readonly doubleAckIgnored: number;
  };
  readonly approvals: { readonly automatic: number; readonly byPerson: number };
  readonly feedDays: { readonly compared: number; readonly different: number; readonly pulled: number };
  readonly workingDays: WorkingDays;
  readonly paused: Readonly<Record<string, number>>;
  readonly invariants: {
    readonly ledgerBalanced: boolean;
    readonly claimsEqualLedger: boolean;
    readonly ledgerEqualsBank: boolean;
    readonly openUnknown: number;
  };
}
