/** What acceptance decides about one message: a claim, a cancel, or a quarantine with its reason. Pure. */
import { daysBetween, formatYuan, sumFen, type CivilDate } from '@app/kernel';
import type { RiskFlag, SettlementContext, SettlementFigures } from '../claim.js';
import { amountsAddUp, fundsAddUp, paymentsAddUp, type FeedContent, type Settlement } from './from-feed.js';

export const QUARANTINE_REASONS = [
  'unreadable',
  'amounts-do-not-add-up',
  'unknown-fund-code',
  'message-id-reused',
  'settlement-repeated',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

export const QUARANTINE_REMEDY: Readonly<Record<QuarantineReason, string>> = {
  unreadable: 'correct the field and send the message again under a new msgid',
  'amounts-do-not-add-up': 'compare the bill with the hospital; the platform then cancels and settles again',
  'unknown-fund-code': 'ask the platform what the code means and add it to the table of funds',
  'message-id-reused': 'send the message again under a msgid of its own',
  'settlement-repeated': 'cancel the first settlement and settle again under a setl_id of its own',
};

/** What a message says may read otherwise once the tables know more; one whose id or settlement was used before must be sent again. */
export const RELEASABLE = ['amounts-do-not-add-up', 'unknown-fund-code'] as const satisfies readonly QuarantineReason[];

export type AcceptanceDecision =
  | { readonly outcome: 'claim'; readonly personalNumber: string; readonly figures: SettlementFigures }
  | { readonly outcome: 'cancel'; readonly target: { readonly settlementId: string } | { readonly messageId: string } }
  | { readonly outcome: 'quarantine'; readonly reason: QuarantineReason; readonly detail: string };

const LONG_STAY_DAYS = 60;
const OLD_DISCHARGE_DAYS = 90;

export function decideAcceptance(content: FeedContent, receivedOn: CivilDate): AcceptanceDecision {
  if (content.kind === 'undo') return { outcome: 'cancel', target: { settlementId: content.settlementId } };
  if (content.kind === 'reverse') return { outcome: 'cancel', target: { messageId: content.messageId } };
  const { settlement } = content;
  if (!amountsAddUp(settlement)) {
    const { medfee_sumamt: total, fund_pay_sumamt: funds, psn_part_amt: person } = settlement.amounts;
    return {
      outcome: 'quarantine',
      reason: 'amounts-do-not-add-up',
      detail: `total ${formatYuan(total)}, funds ${formatYuan(funds)}, person ${formatYuan(person)}`,
    };
  }
  if (settlement.unknownFunds.length > 0) {
    const money = formatYuan(sumFen(settlement.unknownFunds.map((fund) => fund.amountFen)));
    return {
      outcome: 'quarantine',
      reason: 'unknown-fund-code',
      detail: `${settlement.unknownFunds.map((fund) => fund.code).join(', ')}: ${money} yuan`,
    };
  }
  return { outcome: 'claim', personalNumber: settlement.personalNumber, figures: figuresOf(settlement, receivedOn) };
}

function figuresOf(settlement: Settlement, receivedOn: CivilDate): SettlementFigures {
  const { amounts, admissionOn, dischargeOn } = settlement;
  const flags: RiskFlag[] = [];
  if (!fundsAddUp(settlement)) flags.push('funds-do-not-add-up');
  if (!paymentsAddUp(settlement)) flags.push('payments-do-not-add-up');
  if (daysBetween(admissionOn, dischargeOn) > LONG_STAY_DAYS) flags.push('long-stay');
  if (daysBetween(dischargeOn, receivedOn) > OLD_DISCHARGE_DAYS) flags.push('old-discharge');
  return {
    settlementId: settlement.settlementId,
    medType: settlement.medType,
    admissionOn,
    dischargeOn,
    medfeeFen: amounts.medfee_sumamt,
    inscpScpFen: amounts.inscp_scp_amt,
    fundPayFen: amounts.fund_pay_sumamt,
    psnPartFen: amounts.psn_part_amt,
    fulamtOwnpayFen: amounts.fulamt_ownpay_amt,
    context: contextOf(settlement),
    flags,
  };
}

const NAMED_AMOUNTS: readonly string[] = ['medfee_sumamt', 'inscp_scp_amt', 'fund_pay_sumamt', 'psn_part_amt', 'fulamt_ownpay_amt'];

function contextOf({ amounts, hospitalLevel, insutype, psnType, elsewhere }: Settlement): SettlementContext {
  return {
    hospitalLevel,
    ...(insutype ? { insutype } : {}),
    ...(psnType ? { psnType } : {}),
    ...(elsewhere === undefined ? {} : { elsewhere }),
    amounts: Object.fromEntries(Object.entries(amounts).filter(([field, amount]) => amount > 0 && !NAMED_AMOUNTS.includes(field))),
  };
}
