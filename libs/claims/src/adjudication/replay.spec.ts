import { calculate, loadPlan, type Facts } from '@app/benefits';
import { civilDate, fen } from '@app/kernel';
import { expect, it } from '@jest/globals';
import { changedParts, type DecisionPart, type StoredDecision } from './replay.js';

const plan = loadPlan('guangxi-1-2025');
const facts: Facts = {
  medType: '21',
  admissionOn: civilDate('2025-02-20'),
  dischargeOn: civilDate('2025-03-03'),
  acceptedOn: civilDate('2025-03-03'),
  amounts: { inscp_scp_amt: fen(497_372), fund_pay_sumamt: fen(310_654) },
  coverFrom: civilDate('2025-01-01'),
  coverTo: civilDate('2025-12-31'),
};
const decision = calculate(facts, {}, plan);
const stored: StoredDecision = {
  claimId: 'c',
  planId: plan.id,
  planVersion: String(plan.version),
  planHash: plan.hash,
  usedBefore: '{}',
  changes: JSON.stringify(decision.changes),
  baseFen: String(decision.baseFen),
  benefitFen: String(decision.benefitFen),
  reason: decision.reason,
  capped: decision.capped,
  facts: JSON.stringify(facts),
  trace: JSON.stringify(decision.trace),
};

it('a decision that nobody touched comes out the same', () => expect(changedParts(stored, plan)).toEqual([]));

it.each<[Partial<StoredDecision>, DecisionPart[]]>([
  [{ benefitFen: '46016' }, ['benefitFen']],
  [{ reason: 'not-covered' }, ['reason']],
  [{ capped: true }, ['capped']],
  [{ changes: '{"paid.medical":1}' }, ['changes']],
  [{ trace: `${stored.trace} ` }, ['trace']],
  [{ facts: stored.facts.replace('{', '{ ') }, ['facts']],
  [{ facts: stored.facts.replace('497372', '497373') }, ['changes', 'baseFen', 'benefitFen', 'trace']],
  [{ usedBefore: '{"paid.medical":100000000}' }, ['changes', 'benefitFen', 'capped', 'trace']],
  [{ planVersion: '2' }, ['planVersion']],
])('a change is found: %j', (change, parts) => expect(changedParts({ ...stored, ...change }, plan)).toEqual(parts));

it('what cannot be read has changed in all its parts', () => {
  expect(changedParts({ ...stored, facts: '{' }, plan)).toContain('trace');
});
