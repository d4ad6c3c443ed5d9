/** The amounts of one hospital bill, in fen; every identity of the settlement record holds by construction. */
import type { SettlementAmountField, SettlementDetail } from '@app/contracts';
import { yuanOf } from '../medical-insurance/yuan.js';
import type { Random } from './random.js';

export type Amounts = Record<SettlementAmountField, number>;

export interface Bill {
  amounts: Amounts;
  details: SettlementDetail[];
}

/** A median bill of 8,800 yuan and one in a hundred above 76,000, as in the sample. */
const MEDIAN_FEN = 880_000;
const SPREAD = 0.94;
const MIN_FEN = 57_500;
const MAX_FEN = 18_050_000;
/** Where employee large-amount insurance begins to help. */
const LARGE_FUND_FEN = 5_500_000;

export const drawTotal = (random: Random): number =>
  Math.min(MAX_FEN, Math.max(MIN_FEN, Math.round(MEDIAN_FEN * Math.exp(SPREAD * random.normal()))));

export function makeBill(random: Random, totalFen: number): Bill {
  const share = (power: number, most: number): number => Math.floor(totalFen * most * random.next() ** power);
  const [ownFen, overFen, firstFen] = [share(2.2, 0.27), share(5, 0.08), share(1.8, 0.24)];
  const scopeFen = totalFen - ownFen - overFen - firstFen;
  const deductibleFen = random.pick([20_000, 40_000, 60_000, 80_000, 100_000]);
  const basicFen = Math.floor(Math.max(0, scopeFen - deductibleFen) * (0.72 + 0.22 * random.next()));
  const largeFen = basicFen > LARGE_FUND_FEN ? Math.floor((scopeFen - basicFen) * 0.15) : 0;
  const fundFen = basicFen + largeFen;
  const personFen = totalFen - fundFen;
  const accountFen = Math.min(personFen, random.integer(0, 250_000));
  const familyFen = random.chance(0.2) ? Math.min(personFen - accountFen, 20_000) : 0;
  return {
    amounts: {
      medfee_sumamt: totalFen,
      fulamt_ownpay_amt: ownFen,
      overlmt_selfpay: overFen,
      preselfpay_amt: firstFen,
      inscp_scp_amt: scopeFen,
      act_pay_dedc: deductibleFen,
      hifp_pay: basicFen,
      cvlserv_pay: 0,
      hifes_pay: 0,
      hifmi_pay: 0,
      hifob_pay: largeFen,
      maf_pay: 0,
      oth_pay: 0,
      hifdm_pay: 0,
      hosp_part_amt: 0,
      fund_pay_sumamt: fundFen,
      psn_part_amt: personFen,
      acct_pay: accountFen,
      acct_mulaid_pay: familyFen,
      psn_cash_pay: personFen - accountFen - familyFen,
    },
    details: [detail('310100', scopeFen, basicFen), ...(largeFen > 0 ? [detail('330100', 0, largeFen)] : [])],
  };
}

const detail = (fund: string, scopeFen: number, paidFen: number): SettlementDetail => ({
  fund_pay_type: fund,
  inscp_scp_amt: yuanOf(scopeFen),
  fund_payamt: yuanOf(paidFen),
  setl_proc_info: '',
});

/** Breaks an identity by a fen or a yuan: the total against both sides, the scope against the total, or the person's part against the total. */
export function unbalance(random: Random, { amounts }: Bill, way: number): void {
  const slip = random.pick([1, 1, 100]);
  if (way % 3 === 0) amounts.medfee_sumamt += slip;
  else if (way % 3 === 1) amounts.inscp_scp_amt += random.chance(0.5) ? slip : -slip;
  else {
    amounts.psn_part_amt += slip;
    amounts.psn_cash_pay += slip;
  }
}
