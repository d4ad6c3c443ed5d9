/** The pure calculator on one core, against the promise of so many claims a second. */
import { calculate, calculateAmounts, loadPlan, type Facts } from '@app/benefits';
import { civilDate, fen } from '@app/kernel';
import { median, type Measured } from './measure.js';

const CLAIMS = 200_000;
const RUNS = 5;
/** Claims a second on one core. */
const PROMISES = { 'with trace': 100_000, 'without trace': 300_000 } as const;

export function calculatorBench(): Measured[] {
  const plan = loadPlan('guangxi-1-2025');
  const facts: Facts[] = Array.from({ length: 1_000 }, (_, i) => ({
    medType: '21',
    admissionOn: civilDate('2025-06-01'),
    dischargeOn: civilDate('2025-06-05'),
    acceptedOn: civilDate('2025-06-05'),
    amounts: {
      medfee_sumamt: fen(12_000_000),
      inscp_scp_amt: fen(10_000_000),
      fund_pay_sumamt: fen(10_000_000 - i * 9_973),
      psn_part_amt: fen(2_000_000 + i * 9_973),
      fulamt_ownpay_amt: fen(0),
    },
    coverFrom: civilDate('2025-01-01'),
    coverTo: civilDate('2025-12-31'),
  }));
  return (
    [
      ['with trace', calculate],
      ['without trace', calculateAmounts],
    ] as const
  ).map(([name, compute]) => {
    const times: number[] = [];
    let sum = 0;
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      for (let i = 0; i < CLAIMS; i++) sum += compute(facts[i % facts.length]!, {}, plan).benefitFen;
      times.push(performance.now() - start);
    }
    if (sum <= 0) throw new Error('the calculator granted nothing');
    const ownMs = median(times);
    const floorMs = (CLAIMS / PROMISES[name]) * 1_000;
    return {
      name: `calculator ${name}: ${Math.round((CLAIMS / ownMs) * 1_000).toLocaleString('en')} claims/s (floor: ${PROMISES[name].toLocaleString('en')})`,
      floorMs,
      ownMs,
      ratio: ownMs / floorMs,
      limit: 1,
    };
  });
}
