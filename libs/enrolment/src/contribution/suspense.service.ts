/** Suspense: what came in and is not known to be for anything. One person says what it is for, another confirms it. */
import { Injectable } from '@nestjs/common';
import { Clock, chinaDate, daysBetween, sumFen, type CivilDate, type Fen } from '@app/kernel';
import { ledger } from '@app/ledger';
import { Database, newId, type Principal, type Transaction } from '@app/platform';
import * as errors from './contribution.errors.js';
import { referencesIn, splitReceived } from './contribution.js';
import { insertMatches, lockNoticesById, receive } from './contribution.repository.js';
import type { DueNotice } from './matching.js';
import { settlePaid } from './paid-notice.js';
import {
  AGE_BUCKETS,
  ageBucket,
  piecesOf,
  suggest,
  suspenseReason,
  type AgeBucket,
  type Suggestion,
  type SuspenseReason,
} from './suspense.js';
import * as suspense from './suspense.repository.js';

type Actor = Pick<Principal, 'userId'>;

export interface SuspenseView {
  /** Of everything in suspense, by days since it was booked. */
  readonly ages: Readonly<Record<AgeBucket, { credits: number; restFen: number }>>;
  /** The oldest, at most a page. */
  readonly credits: readonly (suspense.SuspendedCredit & {
    readonly ageDays: number;
    readonly age: AgeBucket;
    readonly reason: SuspenseReason;
    readonly suggestions: readonly Suggestion[];
  })[];
}

const PAGE = 100;

@Injectable()
export class SuspenseService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async read(): Promise<SuspenseView> {
    const { direct } = this.database;
    const today = chinaDate(this.clock.now());
    const ageOf = (on: CivilDate) => daysBetween(on, today);
    const ages = Object.fromEntries(AGE_BUCKETS.map((bucket) => [bucket, { credits: 0, restFen: 0 }])) as SuspenseView['ages'];
    for (const { bookedOn, credits, restFen } of await suspense.restByDay(direct)) {
      const age = ages[ageBucket(ageOf(bookedOn))];
      age.credits += credits;
      age.restFen += restFen;
    }
    const credits = await suspense.readSuspended(direct, PAGE);
    const open = await suspense.openNoticesLike(direct, {
      names: credits.map((credit) => credit.payerName),
      amounts: credits.map((credit) => credit.restFen),
      pieces: credits.flatMap((credit) => piecesOf(credit.reference)),
    });
    const paid = await suspense.paidReferences(
      direct,
      credits.flatMap((credit) => referencesIn(credit.reference)),
    );
    return {
      ages,
      credits: credits.map((credit) => ({
        ...credit,
        ageDays: ageOf(credit.bookedOn),
        age: ageBucket(ageOf(credit.bookedOn)),
        reason: suspenseReason(credit, paid),
        suggestions: suggest(credit, open),
      })),
    };
  }

  proposals(): Promise<suspense.ProposalView[]> {
    return suspense.readProposals(this.database.direct, PAGE);
  }

  /** Errors: `suspense-credit`, `notice` (not found), `suspense-rest`, `notice-takes-less`, `already-proposed` (conflict). */
  propose(actor: Actor, creditId: string, lines: readonly suspense.ProposalLine[]): Promise<{ id: string }> {
    return this.database.transaction(async (tx) => {
      await this.check(tx, creditId, lines);
      const id = newId();
      if (!(await suspense.insertProposal(tx, { id, creditId, by: actor.userId, at: this.clock.now() }, lines)))
        throw errors.alreadyProposed();
      return { id };
    });
  }

  /** By another person: the notices get the money. Errors: `match-proposal` (not found), `already-decided` (conflict), `same-person` (forbidden), and those of {@link propose}. */
  confirm(actor: Actor, proposalId: string): Promise<{ noticesPaid: number; coversStarted: number }> {
    return this.database.transaction(async (tx) => {
      const { creditId, proposedBy, lines } = await this.decide(tx, actor, proposalId, 'confirmed');
      const notices = await this.check(tx, creditId, lines);
      const [at, on] = [this.clock.now(), chinaDate(this.clock.now())];
      const rows = lines.map(({ noticeId, amountFen }) => {
        const { memberFen, receivedFen } = notices.get(noticeId)!;
        const split = splitReceived(memberFen, receivedFen, amountFen);
        return {
          id: newId(),
          creditId,
          noticeId,
          rule: 'manual' as const,
          amountFen,
          ...split,
          matchedBy: proposedBy,
          confirmedBy: actor.userId,
        };
      });
      await insertMatches(tx, rows, at);
      const paid = await receive(
        tx,
        rows.map(({ noticeId, amountFen }) => ({ id: noticeId, receivedFen: sumFen([notices.get(noticeId)!.receivedFen, amountFen]) })),
      );
      await ledger.transfer(
        tx,
        rows
          .flatMap((row) => [
            { code: 'suspense-matched-member' as const, subject: row.id, attempt: 1, amountFen: row.memberFen, on },
            { code: 'suspense-matched-unit' as const, subject: row.id, attempt: 1, amountFen: row.unitFen, on },
          ])
          .filter((transfer) => transfer.amountFen > 0),
      );
      return { noticesPaid: paid.length, coversStarted: await settlePaid(tx, paid, at, on) };
    });
  }

  /** Errors: `match-proposal` (not found), `already-decided` (conflict), `same-person` (forbidden). */
  async decline(actor: Actor, proposalId: string): Promise<void> {
    await this.database.transaction((tx) => this.decide(tx, actor, proposalId, 'declined'));
  }

  private async decide(tx: Transaction, actor: Actor, id: string, decision: 'confirmed' | 'declined'): Promise<suspense.Proposal> {
    const proposal = await suspense.lockProposal(tx, id);
    if (!proposal) throw errors.proposalNotFound();
    if (proposal.state !== 'proposed') throw errors.alreadyDecided();
    if (proposal.proposedBy === actor.userId) throw errors.samePerson();
    await suspense.decideProposal(tx, id, decision, actor.userId, this.clock.now());
    return proposal;
  }

  /** Locks the credit and the notices; what holds now is what counts. */
  private async check(tx: Transaction, creditId: string, lines: readonly suspense.ProposalLine[]): Promise<Map<string, DueNotice>> {
    const credit = await suspense.lockCredit(tx, creditId);
    if (!credit) throw errors.creditNotFound();
    if (total(lines) > credit.restFen) throw errors.restTooSmall(credit.restFen);
    const notices = await lockNoticesById(
      tx,
      lines.map((line) => line.noticeId),
    );
    for (const { noticeId, amountFen } of lines) {
      const notice = notices.get(noticeId);
      if (!notice) throw errors.noticeNotFound();
      if (notice.receivedFen + amountFen > notice.amountFen) throw errors.noticeTakesLess(notice.amountFen - notice.receivedFen);
    }
    return notices;
  }
}

const total = (lines: readonly suspense.ProposalLine[]): Fen => sumFen(lines.map((line) => line.amountFen));
