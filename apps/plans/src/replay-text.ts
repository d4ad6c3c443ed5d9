import type { ReplayReport } from '@app/claims';

export const replayText = ({ decisions, same, changed, unknownPlans, examples }: ReplayReport): string =>
  [
    `${decisions} decisions made again: ${same} the same to the byte, ${changed} changed, ${decisions - same - changed} of a plan that is not known`,
    ...examples.map(({ claimId, parts }) => `  claim ${claimId}: ${parts.join(', ')}`),
    ...(examples.length < changed ? [`  and ${changed - examples.length} more`] : []),
    ...Object.entries(unknownPlans).map(([hash, count]) => `  plan ${hash}: ${count} decisions`),
  ].join('\n');
