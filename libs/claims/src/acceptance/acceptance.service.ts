/** Acceptance: messages are stored whole when they arrive, and become claims and cancels in bounded sets afterwards. */
import { Injectable } from '@nestjs/common';
import type { FeedReceipt } from '@app/contracts';
import { ZERO_FEN, addDays, chinaDate, Clock, fen, formatYuan, type CivilDate } from '@app/kernel';
import { MedicalInsuranceGateway } from '@app/gateways';
import { addToOutbox, Database, JOB_IDS, PersonalDataVault, newId, type Transaction } from '@app/platform';
import { createHash } from 'node:crypto';
import { insertClaims, markCancelled, type NewClaim } from '../claim.repository.js';
import { decideAcceptance, QUARANTINE_REMEDY, RELEASABLE } from './acceptance.js';
import * as messages from './acceptance.repository.js';
import { readLine } from './from-feed.js';

const DAYS_A_ROUND = 31;
const PULL_PAGE = 500;

@Injectable()
export class AcceptanceService {
  constructor(
    private readonly database: Database,
    private readonly vault: PersonalDataVault,
    private readonly clock: Clock,
    private readonly insurance: MedicalInsuranceGateway,
  ) {}

  /** Stores pushed lines, one transaction each, in order; the answer says of every line what became of it. `firstLine` counts from 1. */
  async receive(lines: readonly string[], source: string, firstLine: number): Promise<FeedReceipt[]> {
    const receipts: FeedReceipt[] = [];
    for (const [index, line] of lines.entries()) receipts.push(await this.store(line, source, firstLine + index));
    return receipts;
  }

  private async store(body: string, source: string, line: number): Promise<FeedReceipt> {
    const message = this.messageOf(body, source, line);
    const stored = await messages.storeMessage(this.database.direct, message);
    if (stored === 'duplicate') return { line, msgid: message.msgid, outcome: 'duplicate' };
    let { quarantine } = message;
    if (stored === 'reused') {
      quarantine = {
        reason: 'message-id-reused',
        field: 'msgid',
        detail: 'expected a msgid of its own, found one that came with another text',
      };
      await messages.storeMessage(this.database.direct, { ...message, msgid: null, quarantine });
    }
    if (!quarantine) return { line, msgid: message.msgid, outcome: 'stored' };
    return {
      line,
      msgid: message.msgid,
      outcome: 'quarantined',
      field: quarantine.field,
      reason: quarantine.reason,
      remedy: `${quarantine.detail}; ${QUARANTINE_REMEDY[quarantine.reason]}`,
    };
  }

  private messageOf(body: string, source: string, line: number): messages.NewMessage {
    const read = readLine(body);
    const receivedAt = this.clock.now();
    const content = 'content' in read ? read.content : undefined;
    const settlement = content?.kind === 'settle' ? content.settlement : undefined;
    return {
      id: newId(),
      msgid: read.msgid,
      infno: 'infno' in read ? read.infno : null,
      source,
      line,
      receivedAt,
      receivedOn: chinaDate(receivedAt),
      sentOn: chinaDate('sentAt' in read ? read.sentAt : receivedAt),
      bodySealed: this.vault.seal(body),
      bodyHash: createHash('sha256').update(body).digest(),
      settlementId: settlement?.settlementId ?? (content?.kind === 'undo' ? content.settlementId : null),
      ...('content' in read ? read.totals : { medfeeFen: ZERO_FEN, fundPayFen: ZERO_FEN }),
      quarantine: 'fault' in read ? { reason: 'unreadable', field: read.fault.field, detail: `expected ${read.fault.expected}` } : null,
    };
  }

  /** Works through stored messages; returns how many were taken, so that the caller comes again while there are more. */
  accept(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const stored = await messages.takeStored(tx, JOB_IDS);
      const results: messages.MessageResult[] = [];
      const claims: NewClaim[] = [];
      const cancels: { message: messages.StoredMessage; target: string; by: 'settlement' | 'message' }[] = [];
      const msgidOf = new Map<string, string>();
      for (const message of stored) {
        const read = readLine(this.vault.open(message.bodySealed));
        if ('fault' in read) {
          results.push({ id: message.id, state: 'quarantined', reason: 'unreadable', detail: `expected ${read.fault.expected}` });
          continue;
        }
        const decision = decideAcceptance(read.content, message.receivedOn);
        if (decision.outcome === 'quarantine') {
          results.push({ id: message.id, state: 'quarantined', reason: decision.reason, detail: decision.detail });
        } else if (decision.outcome === 'cancel') {
          const { target } = decision;
          cancels.push(
            'settlementId' in target
              ? { message, target: target.settlementId, by: 'settlement' }
              : { message, target: target.messageId, by: 'message' },
          );
        } else {
          const claimId = newId();
          msgidOf.set(claimId, read.msgid);
          claims.push({
            ...decision.figures,
            memberId: this.vault.memberId(decision.personalNumber),
            claimId,
            messageId: message.id,
            acceptedAt: message.receivedAt,
            acceptedOn: message.receivedOn,
          });
        }
      }
      const at = this.clock.now();
      const inserted = new Set(await insertClaims(tx, claims, { actor: 'acceptance', reason: 'settlement received', at }));
      for (const claim of claims) {
        results.push(
          inserted.has(claim.claimId)
            ? { id: claim.messageId, state: 'claimed', claimId: claim.claimId }
            : {
                id: claim.messageId,
                state: 'repeated',
                reason: 'settlement-repeated',
                detail: 'expected a new setl_id, found one that is a claim already',
              },
        );
      }
      await Promise.all([messages.saveResults(tx, results), this.applyWaiting(tx, claims, msgidOf, inserted, at)]);
      await this.cancel(tx, cancels, at);
      return stored.length;
    });
  }

  /** Cancels that arrived before these settlements take effect now. */
  private async applyWaiting(
    tx: Transaction,
    claims: readonly NewClaim[],
    msgidOf: ReadonlyMap<string, string>,
    inserted: ReadonlySet<string>,
    at: Date,
  ): Promise<void> {
    const targets = new Map(
      claims
        .filter((claim) => inserted.has(claim.claimId))
        .flatMap((claim) => [[claim.settlementId, claim.claimId] as const, [msgidOf.get(claim.claimId)!, claim.claimId] as const]),
    );
    const waiting = targets.size === 0 ? [] : await messages.findWaiting(tx, [...targets.keys()]);
    await markCancelled(
      tx,
      waiting.map((cancel) => targets.get(cancel.target)!),
      at,
    );
    await messages.saveResults(
      tx,
      waiting.map((cancel) => ({ id: cancel.id, state: 'cancelled' as const, claimId: targets.get(cancel.target)! })),
    );
  }

  private async cancel(
    tx: Transaction,
    cancels: readonly { message: messages.StoredMessage; target: string; by: 'settlement' | 'message' }[],
    at: Date,
  ): Promise<void> {
    if (cancels.length === 0) return;
    const targetsBy = (by: 'settlement' | 'message') => cancels.filter((cancel) => cancel.by === by).map((cancel) => cancel.target);
    const originals = await messages.findOriginals(tx, targetsBy('settlement'), targetsBy('message'));
    const byMessage = new Map(originals.map((original) => [original.msgid, [original]]));
    const bySettlement = new Map<string, messages.OriginalMessage[]>();
    for (const original of originals)
      bySettlement.set(original.settlementId, [...(bySettlement.get(original.settlementId) ?? []), original]);
    const results: messages.MessageResult[] = [];
    const claimIds: string[] = [];
    const takenBack: string[] = [];
    for (const { message, target, by } of cancels) {
      const found = (by === 'settlement' ? bySettlement : byMessage).get(target);
      if (!found) {
        results.push({ id: message.id, state: 'waiting', detail: target });
        continue;
      }
      // A settlement may have come more than once; one of them at most is a claim.
      const claimId = found.find((original) => original.claimId !== null)?.claimId;
      if (claimId) claimIds.push(claimId);
      takenBack.push(...found.flatMap((original) => (original.claimId === null ? [original.id] : [])));
      results.push({ id: message.id, state: 'cancelled', ...(claimId ? { claimId } : {}) });
    }
    await markCancelled(tx, claimIds, at);
    await messages.takeBack(tx, takenBack, at);
    await messages.saveResults(tx, results);
  }

  /** Days whose totals are due for comparison with the platform's. */
  daysToCompare(): Promise<CivilDate[]> {
    return messages.daysToCompare(this.database.direct, chinaDate(this.clock.now()), DAYS_A_ROUND);
  }

  /** Compares a day's totals with the platform (3201) and pulls what is missing (5203): a feed that stops looks like good news. */
  async compareDay(on: CivilDate): Promise<void> {
    const ours = await messages.dayTotals(this.database.direct, on);
    const equal = await this.insurance.totalsAgree({
      stmt_begndate: on,
      stmt_enddate: on,
      medfee_sumamt: formatYuan(fen(ours.medfeeFen)),
      fund_pay_sumamt: formatYuan(fen(ours.fundPayFen)),
      fixmedins_setl_cnt: String(ours.count),
    });
    const pulled = equal ? 0 : await this.pull(on);
    await messages.saveDay(this.database.direct, on, equal, pulled);
  }

  private async pull(on: CivilDate): Promise<number> {
    let pulled = 0;
    for (let after: number | null = 0; after !== null;) {
      const page: { messages: string[]; next: number | null } = await this.insurance.messages({
        begntime: `${on} 00:00:00`,
        endtime: `${addDays(on, 1)} 00:00:00`,
        after,
        limit: PULL_PAGE,
      });
      const read = page.messages.map((line) => ({ line, msgid: readLine(line).msgid }));
      const known = await messages.knownMessageIds(
        this.database.direct,
        read.flatMap((message) => message.msgid ?? []),
      );
      const missing = read.filter((message) => message.msgid !== null && !known.has(message.msgid));
      for (const [index, { line }] of missing.entries()) await this.store(line, `pull ${on}`, after + index + 1);
      pulled += missing.length;
      after = page.next;
    }
    return pulled;
  }

  /** Messages that were set aside are judged again, by the tables as they are now; what is still wrong with one sets it aside again. Returns how many. */
  release(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const released = await messages.releaseQuarantined(tx, RELEASABLE, this.clock.now());
      if (released > 0) await addToOutbox(tx, [{ queue: 'acceptance', command: 'accept', ids: [] }]);
      return released;
    });
  }

  quarantined(limit: number): Promise<messages.QuarantinedMessage[]> {
    return messages.readQuarantined(this.database.direct, limit);
  }
}
