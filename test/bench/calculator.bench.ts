/** The pure calculator on one core, against the promise of so many claims a second. */
import { calculate, calculateAmounts, loadPlan, type SettlementFacts } from '@app/benefits';
import { civilDate, fen, ZERO_FEN } from '@app/kernel';
import { median, type Measured } from './measure.js';

const CLAIMS = 200_000;
const RUNS = 5;
const PROMISE = 100_000;

export function calculatorBench(): Measured[] {
  const plan = loadPlan('guangxi-1-2025');
  const facts: SettlementFacts[] = Array.from({ length: 1_000 }, (_, i) => ({
    medType: '21',
    admissionOn: civilDate('2025-06-01'),
    dischargeOn: civilDate('2025-06-05'),
    acceptedOn: civilDate('2025-06-05'),
    amounts: {
      medfeeFen: fen(12_000_000),
      inscpScpFen: fen(10_000_000),
      fundPayFen: fen(10_000_000 - i * 9_973),
      psnPartFen: fen(2_000_000 + i * 9_973),
      fulamtOwnpayFen: ZERO_FEN,
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
      for (let i = 0; i < CLAIMS; i++) sum += compute(facts[i % facts.length]!, { paidFen: ZERO_FEN }, plan).benefitFen;
      times.push(performance.now() - start);
    }
    if (sum <= 0) throw new Error('the calculator granted nothing');
    const ownMs = median(times);
    const floorMs = (CLAIMS / PROMISE) * 1_000;
    return {
      name: `calculator ${name}: ${Math.round((CLAIMS / ownMs) * 1_000).toLocaleString('en')} claims/s (floor: ${PROMISE.toLocaleString('en')})`,
      floorMs,
      ownMs,
      ratio: ownMs / floorMs,
      limit: 1,
    };
  });
}
