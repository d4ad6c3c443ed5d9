/**
 * Gives up enrolments that underwriting has refused and nobody has put right in time, and has the money go back: on the phone to a member who
 * joined alone, by two people of finance to a unit. Whoever is turned down may be enrolled again while the window is open.
 */
import { Injectable } from '@nestjs/common';
import { Clock, chinaDate } from '@app/kernel';
import { Database, addToOutbox, type Transaction } from '@app/platform';
import { bookDoubles } from '../contribution/book-doubles.js';
import { insertRefused } from '../contribution/double.repository.js';
import { forgetBlocks } from '../difference/difference.repository.js';
import * as joins from '../join/join.repository.js';
import { turnedDownBefore } from './underwriting.js';
import { somebodyTurnedDown, turnDown, type TurnedDown } from './underwriting.repository.js';

/** In one transaction. */
const SET = 500;

@Injectable()
export class TurnDownService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  isDue(): Promise<boolean> {
    return somebodyTurnedDown(this.database.direct, turnedDownBefore(this.clock.now()));
  }

  async turnDown(): Promise<void> {
    while ((await this.turnDownSet()) === SET);
  }

  private turnDownSet(): Promise<number> {
    const at = this.clock.now();
    return this.database.transaction(async (tx) => {
      const people = await turnDown(tx, turnedDownBefore(at), SET, at);
      const noticed = people.flatMap(({ noticeId, ...person }) => (noticeId === null ? [] : [{ ...person, noticeId }]));
      await bookDoubles(tx, await insertRefused(tx, noticed, at), chinaDate(at));
      const back = await this.refund(
        tx,
        people.filter(({ noticeId }) => noticeId === null),
      );
      // The same roster must find them missing when it comes again.
      for (const windowId of new Set(people.map((person) => person.windowId))) await forgetBlocks(tx, windowId);
      await addToOutbox(tx, back.length > 0 ? [{ queue: 'join', command: 'refund', ids: back }] : []);
      return people.length;
    });
  }

  /** The ids of the joins that paid something. */
  private async refund(tx: Transaction, alone: readonly TurnedDown[]): Promise<string[]> {
    const pairs = new Set(alone.map(joins.pairKey));
    const applications = await joins.applicationsOf(
      tx,
      alone.map(({ memberId }) => memberId),
    );
    const theirs = applications.filter((application) => pairs.has(joins.pairKey(application)));
    const paid = await joins.unkeepPayments(tx, theirs, 'not-accepted', this.clock.now());
    await joins.moveApplications(
      tx,
      theirs.map((application) => ({
        ...application,
        from: ['covered'],
        to: paid.has(application.id) ? 'refunding' : 'expired',
        reason: 'not-accepted',
      })),
    );
    return [...paid];
  }
}
