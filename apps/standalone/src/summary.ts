/** The settlement report as a person reads it. */
import type { SettlementReport } from '@app/claims';
import { fen, formatYuan } from '@app/kernel';

const yuan = (amount: number): string => formatYuan(fen(amount)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([reason, n]) => `${reason} ${n}`)
    .join(', ') || 'none';
const holds = (value: boolean): string => (value ? 'yes' : 'NO');

export function summarise(report: SettlementReport, seconds: { import: number; path: number; total: number }): string {
  const days = report.workingDays;
  const rows: [string, string][] = [
    ['members, covers', `${report.members}, ${report.covers}`],
    ['roster refused', list(report.rosterRefused)],
    ['feed messages', String(report.feedMessages)],
    ['ignored', list(report.ignored)],
    ['quarantined', list(report.quarantined)],
    ['refused', list(report.refused)],
    ['approved', `${report.approvals.automatic} by the policy, ${report.approvals.byPerson} verdicts of people`],
    ['paid', `${report.claimsPaid} claims, ${yuan(report.paidFen)} yuan`],
    ['clawed back', `${report.clawbacks.count} claims, ${yuan(report.clawbacks.fen)} yuan`],
    ['settled', `${report.settledClaims} claims, ${yuan(report.settledFen)} yuan`],
    ['bank', list(report.bank)],
    [
      'working days',
      `median ${days.p50}, 95 % ${days.p95}, most ${days.max}; within two: ${days.withinTwo === null ? 'nothing paid' : `${(days.withinTwo * 100).toFixed(2)} %`}`,
    ],
    ['paused', `${list(report.paused)} (with pauses: at most ${days.grossMax} working days)`],
    ...(days.unpublishedYears.length > 0
      ? ([['unpublished', `days off of ${days.unpublishedYears.join(', ')} are not published: counted by the week only`]] as [
          string,
          string,
        ][])
      : []),
    [
      'books',
      `ledger balanced: ${holds(report.invariants.ledgerBalanced)}; claims equal ledger: ${holds(report.invariants.claimsEqualLedger)}; ledger equals bank: ${holds(report.invariants.ledgerEqualsBank)}; unknown payments: ${report.invariants.openUnknown}`,
    ],
    ['open', `${report.openClaims} claims, ${report.faults} faults, ${report.cancelsWaiting} cancels without a settlement`],
    ['seconds', `import ${seconds.import.toFixed(1)}, path ${seconds.path.toFixed(1)}, total ${seconds.total.toFixed(1)}`],
  ];
  return rows.map(([name, text]) => `  ${name.padEnd(16)} ${text}`).join('\n');
}
