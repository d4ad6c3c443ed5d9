export { calculate, calculateAmounts } from './calculate.js';
export type { Accumulators, Amounts, BenefitLine, Decision, SettlementFacts } from './calculate.js';
export { loadPlan } from './load-plans.js';
export { parsePlan } from './plan.js';
export type { BaseSelector, CompiledBand, CompiledPlan, Ground, Reading, Selection } from './plan.js';
export { REASONS, reasonOf } from './reasons.js';
export type { Reason, ReasonCode } from './reasons.js';
export type { Trace, TraceStep, TraceStepName, TraceValue } from './trace.js';
