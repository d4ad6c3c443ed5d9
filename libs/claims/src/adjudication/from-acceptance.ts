/** The door in: an accepted claim with its cover becomes the facts of the calculator. Pure. */
import type { SettlementFacts } from '@app/benefits';
import type { CivilDate, Fen } from '@app/kernel';
import type { ClaimKey } from '../claim.js';

export interface AcceptedClaim extends ClaimKey {
  readonly medType: string;
  readonly admissionOn: CivilDate;
  readonly dischargeOn: CivilDate;
  readonly acceptedOn: CivilDate;
  readonly medfeeFen: Fen;
  readonly inscpScpFen: Fen;
  readonly fundPayFen: Fen;
  readonly psnPartFen: Fen;
  readonly fulamtOwnpayFen: Fen;
}

export interface CoverPeriod {
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
}

export const factsOf = (claim: AcceptedClaim, cover: CoverPeriod | undefined): SettlementFacts => ({
  medType: claim.medType,
  admissionOn: claim.admissionOn,
  dischargeOn: claim.dischargeOn,
  acceptedOn: claim.acceptedOn,
  amounts: {
    medfeeFen: claim.medfeeFen,
    inscpScpFen: claim.inscpScpFen,
    fundPayFen: claim.fundPayFen,
    psnPartFen: claim.psnPartFen,
    fulamtOwnpayFen: claim.fulamtOwnpayFen,
  },
  ...(cover ? { coverFrom: cover.coverFrom, coverTo: cover.coverTo } : {}),
});
