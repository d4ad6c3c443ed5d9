/**
 * A match that was a mistake, such as money that names another unit's notice: one person proposes to take it back, another confirms it. Nothing is
 * undone in the books but by further transfers. The money is in suspense again, from where it goes to whom it was for, and a notice that it had
 * paid is open, without its covers, as long as nothing hangs on these.
 */
import { Injectable } from '@nestjs/common';
import { Clock, addDays, chinaDate, subtractFen } from '@app/kernel';
import { ledger } from '@app/ledger';
import { Database, JOB_IDS, newId, type Principal, type Transaction } from '@app/platform';
import { CoverClaims } from '../cover/cover-claims.js';
import { lined, readBaseLines, type BaseLines } from '../cover/base-lines.js';
import { addsTo } from '../cover/cover.js';
import { coversBeside, lockCoversOf, type NoticeCover } from '../cover/cover.repository.js';
import { UnderwritingPlans } from '../underwriting/underwriting-plans.js';
import * as errors from './contribution.errors.js';
import { splitReceived } from './contribution.js';
import { lockNoticesById, pathOfNotice, receive } from './contribution.repository.js';
import type { DueNotice } from './matching.js';
import { unsettle } from './paid-notice.js';
import * as reversals from './reversal.repository.js';
import { lockCredit } from './suspense.repository.js';

type Actor = Pick<Principal, 'userId'>;

const PAGE = 100;

@Injectable()
export class ReversalService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly claims: CoverClaims,
    private readonly plans: UnderwritingPlans,
  ) {}

  /** Which credits paid the notice. Error: `notice` (not found). */
  async matches(noticeId: string): Promise<reversals.MatchView[]> {
    if ((await pathOfNotice(this.database.direct, noticeId)) === undefined) throw errors.noticeNotFound();
    return reversals.matchesOf(this.database.direct, noticeId);
  }

  proposals(): Promise<reversals.ReversalView[]> {
    return reversals.readReversals(this.database.direct, PAGE);
  }

  /** Errors: `match` (not found), `match-reversed`, `notice-doubled`, `covers-changed`, `covers-claimed` (conflict). */
  async propose(actor: Actor, matchId: string, reason: string): Promise<{ id: string }> {
    const bases = await this.basesBeside(matchId);
    return this.database.transaction(async (tx) => {
      const match = await reversals.matchById(tx, matchId);
      if (!match) throw errors.matchNotFound();
      await this.check(tx, match, bases);
      const id = newId();
      if (!(await reversals.insertReversal(tx, { id, matchId, reason, by: actor.userId, at: this.clock.now() })))
        throw errors.matchReversed();
      return { id };
    });
  }

  /** By another person. Errors: `reversal` (not found), `already-decided` (conflict), `same-person` (forbidden), and those of {@link propose}. */
  async confirm(actor: Actor, id: string): Promise<{ noticeReopened: boolean; coversReversed: number }> {
    const bases = await this.basesBeside(await reversals.matchIdOf(this.database.direct, id));
    return this.database.transaction(async (tx) => {
      const match = (await reversals.matchById(tx, (await this.lock(tx, actor, id)).matchId))!;
      const { notice, covers } = await this.check(tx, match, bases);
      const [at, on] = [this.clock.now(), chinaDate(this.clock.now())];
      const reopened = isPaid(notice);
      if (reopened) await unsettle(tx, notice.id, covers, id, at, on);
      const receivedFen = subtractFen(notice.receivedFen, match.amountFen);
      // Not as the match split it: of what is left, the members' share is filled first again.
      const split = splitReceived(notice.memberFen, receivedFen, match.amountFen);
      await reversals.confirmReversal(tx, id, match, { ...split, reopened }, actor.userId, at);
      await receive(tx, [{ id: notice.id, receivedFen }]);
      await ledger.transfer(
        tx,
        [
          { code: 'match-reversed-member' as const, subject: match.id, attempt: 1, amountFen: split.memberFen, on },
          { code: 'match-reversed-unit' as const, subject: match.id, attempt: 1, amountFen: split.unitFen, on },
        ].filter((transfer) => transfer.amountFen > 0),
      );
      return { noticeReopened: reopened, coversReversed: covers.length };
    });
  }

  /** Errors: `reversal` (not found), `already-decided` (conflict), `same-person` (forbidden). */
  async decline(actor: Actor, id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.lock(tx, actor, id);
      await reversals.declineReversal(tx, id, actor.userId, this.clock.now());
    });
  }

  private async lock(tx: Transaction, actor: Actor, id: string): Promise<reversals.Reversal> {
    const reversal = await reversals.lockReversal(tx, id);
    if (!reversal) throw errors.reversalNotFound();
    if (reversal.state !== 'proposed') throw errors.alreadyDecided();
    if (reversal.proposedBy === actor.userId) throw errors.samePerson();
    return reversal;
  }

  /** What the people whom a match has covered are covered by besides, by plan. */
  private async basesBeside(matchId: string | undefined): Promise<BaseLines> {
    const match = matchId === undefined ? undefined : await reversals.matchById(this.database.direct, matchId);
    return readBaseLines(this.plans, match ? await coversBeside(this.database.direct, match.noticeId) : []);
  }

  /** Locks the credit, the notice and its covers; what holds now is what counts. No covers of a notice that is not paid. */
  private async check(
    tx: Transaction,
    match: reversals.NoticeMatch,
    bases: BaseLines,
  ): Promise<{ notice: DueNotice; covers: readonly NoticeCover[] }> {
    await lockCredit(tx, match.creditId);
    const notice = (await lockNoticesById(tx, [match.noticeId])).get(match.noticeId)!;
    if (!isPaid(notice)) return { notice, covers: [] };
    const doubles = await reversals.doublesOf(tx, notice.id);
    if (doubles > 0) throw errors.noticeDoubled(doubles);
    const covers = await lockCoversOf(tx, notice.id);
    const added = new Set<string>();
    const coverOf = new Map(covers.map((cover) => [cover.memberId, cover]));
    for (const other of await coversBeside(tx, notice.id))
      // One of a plan that was not there a moment ago may be an add-on.
      if (!bases.has(other.planId) || addsTo(lined(other, bases), lined(coverOf.get(other.memberId)!, bases))) added.add(other.memberId);
    const changed = covers.filter((cover) => cover.changed || added.has(cover.memberId)).length;
    if (changed > 0) throw errors.coversChanged(changed);
    const days = covers.map(({ memberId, planId, coverFrom, coverTo }) => ({
      memberId,
      planId,
      after: addDays(coverFrom, -1),
      until: coverTo,
    }));
    for (let from = 0; from < days.length; from += JOB_IDS) {
      const granted = (await this.claims.decided(tx, days.slice(from, from + JOB_IDS))).filter((claim) => claim.granted).length;
      if (granted > 0) throw errors.coversClaimed(granted);
    }
    return { notice, covers };
  }
}

const isPaid = ({ amountFen, receivedFen }: DueNotice): boolean => receivedFen === amountFen;
