/** Who may approve a claim: the policy by itself, one officer, or an officer and a second person. Pure. */
import type { Role } from '@app/platform';
import type { Fen } from '@app/kernel';
import type { RiskFlag } from '../claim.js';
import type { ClaimState } from '../lifecycle.js';
import type { ApprovalPolicy } from './approval-policy.js';

export type Routing = { readonly route: 'automatic' } | { readonly route: 'officer'; readonly flags: readonly RiskFlag[] };

export function routeClaim(claim: { readonly benefitFen: Fen; readonly flags: readonly RiskFlag[] }, policy: ApprovalPolicy): Routing {
  const flags: RiskFlag[] = claim.flags.filter((flag) => policy.referOn.includes(flag));
  if (claim.benefitFen > policy.automaticUpToFen) flags.push('amount');
  return flags.length === 0 ? { route: 'automatic' } : { route: 'officer', flags };
}

export type Verdict = 'approve' | 'decline';

export interface PersonsDecision {
  readonly state: ClaimState;
  readonly benefitFen: Fen;
  readonly verdict: Verdict;
  readonly actor: string;
  readonly roles: readonly Role[];
  /** Who endorsed it first. */
  readonly endorsedBy: string | null;
}

export type PersonsOutcome =
  | { readonly to: 'approved' | 'endorsed' | 'declined' }
  | { readonly refused: 'not-waiting' | 'second-person-needed' | 'same-person'; readonly expected: string };

/** An officer decides on what was referred; above the policy's amount a reviewer who is somebody else decides on what the officer endorsed. */
export function decideByPerson(decision: PersonsDecision, policy: ApprovalPolicy): PersonsOutcome {
  const { state, verdict, actor, roles, endorsedBy } = decision;
  if (state === 'referred') {
    if (!roles.includes('claims-officer')) return { refused: 'not-waiting', expected: 'a claims officer for a referred claim' };
    if (verdict === 'decline') return { to: 'declined' };
    return { to: decision.benefitFen > policy.secondPersonAboveFen ? 'endorsed' : 'approved' };
  }
  if (state === 'endorsed') {
    if (actor === endorsedBy) return { refused: 'same-person', expected: 'a second person for an endorsed claim' };
    if (!roles.includes('reviewer')) return { refused: 'second-person-needed', expected: 'a reviewer for an endorsed claim' };
    return { to: verdict === 'approve' ? 'approved' : 'declined' };
  }
  return { refused: 'not-waiting', expected: 'a claim that is referred or endorsed' };
}
