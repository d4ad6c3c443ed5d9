/** Approval: the policy lets the plain claims through, people decide on the rest. */
import { Injectable } from '@nestjs/common';
import { Clock } from '@app/kernel';
import { answerWakeUps, Database, JOB_IDS, reachOf, type Principal } from '@app/platform';
import { releaseAccumulators } from '../adjudication/index.js';
import { move } from '../claim.repository.js';
import { APPROVAL_POLICY } from './approval-policy.js';
import { decideByPerson, routeClaim, type Verdict } from './approval.js';
import { notDecidable, unknownClaims } from './approval.errors.js';
import * as approvals from './approval.repository.js';
import { makePayable } from './payable.js';

const STAGE = 'approval';

@Injectable()
export class ApprovalService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Routes adjudicated claims of these ids (none: whatever is due); returns how many were taken. */
  approve(ids: readonly string[]): Promise<number> {
    return this.database.transaction(async (tx) => {
      const claims = await approvals.takeAdjudicated(tx, ids, JOB_IDS);
      if (claims.length === 0) return 0;
      const at = this.clock.now();
      const automatic: approvals.ClaimToApprove[] = [];
      const referred: approvals.ClaimToApprove[] = [];
      const acts = claims.map((claim): approvals.Act => {
        const routing = routeClaim(claim, APPROVAL_POLICY);
        (routing.route === 'automatic' ? automatic : referred).push(claim);
        return {
          claim,
          act: routing.route === 'automatic' ? 'automatic' : 'refer',
          flags: routing.route === 'automatic' ? [] : routing.flags,
        };
      });
      const cause = { actor: STAGE, reason: `policy ${APPROVAL_POLICY.version}`, at };
      await Promise.all([
        approvals.saveActs(tx, acts, STAGE, APPROVAL_POLICY.version, null, at),
        move(tx, referred, 'adjudicated', 'referred', cause),
        makePayable(tx, automatic, 'adjudicated', cause),
        // From a full set the wake-ups stay, for other workers to take the rest meanwhile.
        ids.length === 0 &&
          claims.length < JOB_IDS &&
          answerWakeUps(
            tx,
            STAGE,
            'approve',
            claims.map((claim) => claim.claimId),
          ),
      ]);
      return claims.length;
    });
  }

  waiting(principal: Principal, limit: number): Promise<approvals.WaitingClaim[]> {
    const states = principal.roles.includes('claims-officer') ? (['referred'] as const) : (['endorsed'] as const);
    return approvals.readWaiting(this.database.direct, reachOf(principal, 'approval.read'), states, limit);
  }

  /** One person's verdict on up to 1,000 claims, all or none. Errors: claim-not-found, not-waiting, same-person, second-person-needed. */
  decide(principal: Principal, claimIds: readonly string[], verdict: Verdict, note: string): Promise<Record<string, number>> {
    return this.database.transaction(async (tx) => {
      const claims = await approvals.lockForDecision(tx, claimIds, reachOf(principal, 'approval.decide'));
      const unique = new Set(claimIds).size;
      if (claims.length !== unique) throw unknownClaims(unique - claims.length);
      const outcomes = claims.map((claim) => {
        const outcome = decideByPerson({ ...claim, verdict, actor: principal.userId, roles: principal.roles }, APPROVAL_POLICY);
        if ('refused' in outcome) throw notDecidable(outcome.refused, outcome.expected, `one that is ${claim.state}`);
        return { claim, to: outcome.to };
      });
      const at = this.clock.now();
      const cause = { actor: principal.userId, reason: note, at };
      await approvals.saveActs(
        tx,
        claims.map((claim) => ({ claim, act: verdict, flags: [] })),
        principal.userId,
        APPROVAL_POLICY.version,
        note,
        at,
      );
      for (const from of ['referred', 'endorsed'] as const) {
        const those = (to: string) =>
          outcomes.filter((outcome) => outcome.claim.state === from && outcome.to === to).map((outcome) => outcome.claim);
        await makePayable(tx, those('approved'), from, cause);
        if (from === 'referred') await move(tx, those('endorsed'), from, 'endorsed', cause);
        await move(tx, those('declined'), from, 'declined', cause);
        await releaseAccumulators(tx, those('declined'));
      }
      const counts: Record<string, number> = {};
      for (const outcome of outcomes) counts[outcome.to] = (counts[outcome.to] ?? 0) + 1;
      return counts;
    });
  }
}
