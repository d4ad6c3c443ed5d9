/** The claim as the stages see it. All amounts are integer fen. */
import type { SettlementField } from '@app/benefits';
import type { CivilDate, Fen } from '@app/kernel';
import type { ClaimState } from './lifecycle.js';

/** A claim is named by both, since the table is spread by member. */
export interface ClaimKey {
  readonly memberId: string;
  readonly claimId: string;
}

/** What was read from the settlement and decides everything after. */
export interface SettlementFigures {
  readonly settlementId: string;
  readonly medType: string;
  readonly admissionOn: CivilDate;
  readonly dischargeOn: CivilDate;
  readonly medfeeFen: Fen;
  readonly inscpScpFen: Fen;
  readonly fundPayFen: Fen;
  readonly psnPartFen: Fen;
  readonly fulamtOwnpayFen: Fen;
  readonly context: SettlementContext;
  /** What a person should look at before money goes out. */
  readonly flags: readonly RiskFlag[];
}

/** What else a plan may ask of a settlement; nothing in it names the person. */
export interface SettlementContext {
  /** 3, 2, 1, or 0 for none. */
  readonly hospitalLevel: number;
  readonly insutype?: string;
  readonly psnType?: string;
  readonly elsewhere?: boolean;
  /** The other amounts of the settlement, where they are above 0. */
  readonly amounts: Readonly<Partial<Record<SettlementField, Fen>>>;
}

export type RiskFlag = 'funds-do-not-add-up' | 'payments-do-not-add-up' | 'long-stay' | 'old-discharge' | 'amount';

/** Who or what made a claim move, for its history. */
export interface Cause {
  /** A user id, or the name of the stage. */
  readonly actor: string;
  readonly reason: string;
  readonly at: Date;
  readonly planVersion?: string;
}

export interface ClaimView extends ClaimKey {
  readonly state: ClaimState;
  readonly settlementId: string;
  readonly acceptedAt: Date;
  readonly dischargeOn: CivilDate;
  readonly benefitFen: Fen | null;
  readonly cancelled: boolean;
}
