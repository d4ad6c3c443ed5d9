/** Runs every file of cases/: the published arithmetic of each plan, with the trace printed where a case fails. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ZERO_FEN, addDays, assert, civilDate, formatYuan, parseYuan, subtractFen, type Fen } from '@app/kernel';
import { parse } from 'yaml';
import { calculate, type Decision, type SettlementFacts } from './calculate.js';
import { loadPlan } from './load-plans.js';
import type { CompiledPlan, Selection } from './plan.js';

interface Given {
  base?: string;
  settlement?: Record<'medfee_sumamt' | 'inscp_scp_amt' | 'fulamt_ownpay_amt' | 'fund_pay_sumamt' | 'psn_part_amt', string>;
  days?: number;
  discharged?: string;
  claimed?: string;
  med_type?: string;
  cover?: null;
  paid_before?: string;
}
type Expected = Partial<Record<'base' | 'medical' | 'allowance' | 'cap_left', string> & { reason: string | null }>;
interface Case {
  name: string;
  source: string;
  select?: Selection;
  given: Given;
  expect: Expected;
}
interface CaseFile {
  plan: string;
  sources: Record<string, string>;
  cases: Case[];
}

function yuan(text: string): Fen {
  const amount = parseYuan(text);
  assert(amount !== undefined, `expected yuan, found "${text}"`);
  return amount;
}

const KEYS = {
  case: ['name', 'source', 'select', 'given', 'expect'],
  given: ['base', 'settlement', 'days', 'discharged', 'claimed', 'med_type', 'cover', 'paid_before'],
  expect: ['base', 'medical', 'allowance', 'cap_left', 'reason'],
};
const unknownKeys = (value: object, known: readonly string[]): string[] => Object.keys(value).filter((key) => !known.includes(key));

function amountsOf({ base, settlement }: Given): SettlementFacts['amounts'] {
  if (settlement) {
    return {
      medfeeFen: yuan(settlement.medfee_sumamt),
      inscpScpFen: yuan(settlement.inscp_scp_amt),
      fundPayFen: yuan(settlement.fund_pay_sumamt),
      psnPartFen: yuan(settlement.psn_part_amt),
      fulamtOwnpayFen: yuan(settlement.fulamt_ownpay_amt),
    };
  }
  const baseFen = yuan(base ?? '0.00');
  return { medfeeFen: baseFen, inscpScpFen: baseFen, fundPayFen: ZERO_FEN, psnPartFen: baseFen, fulamtOwnpayFen: ZERO_FEN };
}

function factsOf(given: Given, plan: CompiledPlan): SettlementFacts {
  const dischargeOn = civilDate(given.discharged ?? addDays(plan.coverFrom, 100));
  const facts = {
    medType: given.med_type ?? '21',
    admissionOn: addDays(dischargeOn, -(given.days ?? 1)),
    dischargeOn,
    acceptedOn: given.claimed === undefined ? addDays(dischargeOn, 1) : civilDate(given.claimed),
    amounts: amountsOf(given),
  };
  return given.cover === null ? facts : { ...facts, coverFrom: plan.coverFrom, coverTo: plan.coverTo };
}

function resultOf({ baseFen, lines, used, reason }: Decision, plan: CompiledPlan): Required<Expected> {
  const line = (kind: string): string => formatYuan(lines.find((candidate) => candidate.kind === kind)?.amountFen ?? ZERO_FEN);
  return {
    base: formatYuan(baseFen),
    medical: line('medical'),
    allowance: line('allowance'),
    cap_left: formatYuan(subtractFen(plan.capFen, used.paidFen)),
    reason,
  };
}

const CASES = join(import.meta.dirname, '..', 'cases');
const files = readdirSync(CASES).map((name) => parse(readFileSync(join(CASES, name), 'utf8')) as CaseFile);

describe.each(files)('worked cases of $plan', ({ plan: id, sources, cases }) => {
  test.each(cases)('$name', (worked) => {
    expect([
      ...unknownKeys(worked, KEYS.case),
      ...unknownKeys(worked.given, KEYS.given),
      ...unknownKeys(worked.expect, KEYS.expect),
    ]).toEqual([]);
    expect(Object.keys(sources)).toContain(worked.source);
    expect(Object.keys(worked.expect)).not.toEqual([]);

    const plan = loadPlan(id, worked.select);
    const decision = calculate(factsOf(worked.given, plan), { paidFen: yuan(worked.given.paid_before ?? '0.00') }, plan);
    try {
      expect(resultOf(decision, plan)).toMatchObject(worked.expect);
    } catch (error) {
      throw new Error(`${String(error)}\n\ntrace ${JSON.stringify(decision.trace, null, 2)}`, { cause: error });
    }
  });
});
