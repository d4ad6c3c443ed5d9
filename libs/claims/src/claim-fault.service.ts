/** Claims that made a stage fail stand aside; a person puts right what they failed for, says what it was, and they go on from where they were. */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '@app/kernel';
import { Database, type Principal } from '@app/platform';
import { faultOf, readFaults, releaseFault, type FaultyClaim } from './claim-fault.repository.js';

const LIST = 1_000;
/** Before money moved; what the bank refused is not tried again by a word alone. */
const RELEASABLE = new Set(['accepted', 'adjudicated']);

@Injectable()
export class ClaimFaultService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The oldest first. */
  list(): Promise<FaultyClaim[]> {
    return readFaults(this.database.direct, LIST);
  }

  /** Errors: `claim-fault` (not found), `claim-fault-payment` (conflict). */
  release(principal: Principal, claimId: string, remark: string): Promise<void> {
    return this.database.transaction(async (tx) => {
      const claim = await faultOf(tx, claimId);
      if (!claim) throw new DomainError('claim-fault', 'not-found', 'expected a claim that stands aside, found none of this id; list them');
      if (!RELEASABLE.has(claim.state))
        throw new DomainError(
          'claim-fault-payment',
          'conflict',
          'expected a claim that stands aside before its payment, found one that the bank refused; have finance look into it at the bank',
        );
      await releaseFault(tx, claim, { by: principal.userId, at: this.clock.now(), remark });
    });
  }
}
