/** The door in: an accepted claim with its cover becomes the facts of the calculator. Pure. */
import type { Facts } from '@app/benefits';
import type { CivilDate, Fen } from '@app/kernel';
import type { ClaimKey, SettlementContext } from '../claim.js';

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
  readonly context: SettlementContext;
}

export interface CoverPeriod {
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
}

export const factsOf = (claim: AcceptedClaim, cover: CoverPeriod | undefined): Facts => {
  const { amounts, ...circumstances } = claim.context;
  return {
    medType: claim.medType,
    admissionOn: claim.admissionOn,
    dischargeOn: claim.dischargeOn,
    acceptedOn: claim.acceptedOn,
    amounts: {
      medfee_sumamt: claim.medfeeFen,
      inscp_scp_amt: claim.inscpScpFen,
      fund_pay_sumamt: claim.fundPayFen,
      psn_part_amt: claim.psnPartFen,
      fulamt_ownpay_amt: claim.fulamtOwnpayFen,
      ...amounts,
    },
    ...circumstances,
    ...(cover ? { coverFrom: cover.coverFrom, coverTo: cover.coverTo } : {}),
  };
};
