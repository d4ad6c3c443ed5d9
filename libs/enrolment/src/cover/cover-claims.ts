import type { CivilDate, Fen } from '@app/kernel';
import type { Transaction } from '@app/platform';

/** A cover whose end was moved: days after `after` up to and including `until` are covered no more, or again. */
export interface MovedEnd {
  readonly memberId: string;
  readonly planId: string;
  readonly after: CivilDate;
  readonly until: CivilDate;
}

export interface DecidedClaim {
  readonly memberId: string;
  readonly claimId: string;
  readonly state: string;
  readonly dischargeOn: CivilDate;
  readonly benefitFen: Fen | null;
  /** Under the plan of the cover, and it stands; otherwise refused for want of a cover. */
  readonly granted: boolean;
}

/** What was decided already on discharges within days whose cover was changed: nothing takes it back but a person. */
export abstract class CoverClaims {
  abstract decided(tx: Transaction, ends: readonly MovedEnd[]): Promise<DecidedClaim[]>;
}
