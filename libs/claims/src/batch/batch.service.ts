/** Batch: one finance person makes it, another checks it against its digest, and only then it can be paid. */
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '@app/kernel';
import { addToOutbox, CONFIG, Database, JOB_IDS, newId, type Config, type Principal, type Transaction } from '@app/platform';
import { move } from '../claim.repository.js';
import { batchCut, checkFault } from './batch.js';
import { batchNotDue, batchNotFound, checkRefused, noClaims } from './batch.errors.js';
import * as batches from './batch.repository.js';

@Injectable()
export class BatchService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Takes every approved claim accepted on an earlier date. Errors: not-a-working-day, before-cut-off, after-office-hours, nothing-to-pay. */
  make(principal: Pick<Principal, 'userId'>): Promise<batches.BatchView> {
    return this.database.transaction(async (tx) => {
      const now = this.clock.now();
      const cut = batchCut(now, this.config.hours);
      if ('notDue' in cut) throw batchNotDue(cut.notDue, this.config.hours);
      const id = newId();
      const cause = { actor: principal.userId, reason: `batch ${id}`, at: now };
      const made = batches.insertBatch(tx, { id, cutOn: cut.on, madeBy: principal.userId, madeAt: now });
      for (let taken = JOB_IDS; taken === JOB_IDS;) {
        const [, claims] = await Promise.all([made, batches.takeApproved(tx, cut.on, JOB_IDS)]);
        await Promise.all([move(tx, claims, 'approved', 'batched', cause), batches.insertItems(tx, id, claims)]);
        taken = claims.length;
      }
      const [, batch] = await Promise.all([batches.sealBatch(tx, id), batches.lockBatch(tx, id)]);
      if (batch!.claims === 0) throw noClaims();
      return batch!;
    });
  }

  /** Releases the batch to the bank. Errors: batch-not-found, already-decided, same-person, digest-differs, claims-cancelled. */
  check(principal: Pick<Principal, 'userId'>, batchId: string, digestSeen: string): Promise<batches.BatchView> {
    return this.database.transaction(async (tx) => {
      const [batch, digestNow, cancelled] = await Promise.all([
        this.lock(tx, batchId),
        batches.digestNow(tx, batchId),
        batches.cancelledIn(tx, batchId),
      ]);
      const fault = checkFault({
        state: batch.state,
        madeBy: batch.madeBy,
        actor: principal.userId,
        digestSeen,
        digestMade: batch.digest,
        digestNow,
        cancelled,
      });
      if (fault) throw checkRefused(fault);
      await Promise.all([
        batches.decideBatch(tx, batchId, 'checked', principal.userId, this.clock.now()),
        addToOutbox(tx, [{ queue: 'payment', command: 'pay', ids: [batchId] }]),
      ]);
      return { ...batch, state: 'checked' };
    });
  }

  /** Puts the claims back to approved; those cancelled meanwhile are withdrawn from there. Errors: batch-not-found, already-decided, same-person. */
  reject(principal: Pick<Principal, 'userId'>, batchId: string, note: string): Promise<batches.BatchView> {
    return this.database.transaction(async (tx) => {
      const batch = await this.lock(tx, batchId);
      if (batch.state !== 'made') throw checkRefused('already-decided');
      if (batch.madeBy === principal.userId) throw checkRefused('same-person');
      const at = this.clock.now();
      const items = await batches.readItems(tx, batchId);
      for (let first = 0; first < items.length; first += JOB_IDS) {
        await move(tx, items.slice(first, first + JOB_IDS), 'batched', 'approved', { actor: principal.userId, reason: note, at });
      }
      await batches.decideBatch(tx, batchId, 'rejected', principal.userId, at);
      await addToOutbox(tx, [{ queue: 'reconciliation', command: 'cancel', ids: [] }]);
      return { ...batch, state: 'rejected' };
    });
  }

  list(limit: number): Promise<batches.BatchView[]> {
    return batches.readBatches(this.database.direct, limit);
  }

  private async lock(tx: Transaction, batchId: string): Promise<batches.BatchView> {
    const batch = await batches.lockBatch(tx, batchId);
    if (!batch) throw batchNotFound();
    return batch;
  }
}
