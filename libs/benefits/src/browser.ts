/** What the portal uses: plans, quotes and explanations without a server. Nothing here reaches a file, a clock or Node. */
export { calculate, calculateAmounts, participates } from './calculate.js';
export { parsePlan } from './compile.js';
export { quoteCase } from './quote.js';
export { REASONS, reasonOf } from './reasons.js';
export { renderTrace } from './render-trace.js';
