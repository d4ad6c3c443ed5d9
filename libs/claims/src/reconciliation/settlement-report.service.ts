import { Injectable } from '@nestjs/common';
import { enrolmentFigures } from '@app/enrolment';
import { balanceOf, imbalance, ledger } from '@app/ledger';
import { Database } from '@app/platform';
import { workingDaysOf, type SettlementReport } from './settlement-report.js';
import * as figures from './settlement-report.repository.js';

/** The reasons every body asks for are named with their 0; others appear when they occur. */
const NONE = {
  rosterRefused: { 'id-checksum': 0, 'id-birth-date': 0, duplicate: 0, 'name-missing': 0, 'unit-code': 0 },
  quarantined: { 'amounts-do-not-add-up': 0, 'unknown-fund-code': 0, unreadable: 0 },
  refused: { 'not-inpatient': 0, 'not-covered': 0 },
};

@Injectable()
export class SettlementReportService {
  constructor(private readonly database: Database) {}

  /** All figures of one instant: they are read under one snapshot. Amounts in fen. */
  read(): Promise<SettlementReport> {
    return this.database.source.transaction('REPEATABLE READ', async (tx) => {
      const enrolment = await enrolmentFigures(tx);
      const counts = await figures.readCounts(tx);
      const balances = await ledger.trialBalance(tx);
      const faults = await figures.readBookFaults(tx);
      return {
        members: enrolment.members,
        covers: enrolment.covers,
        rosterRefused: { ...NONE.rosterRefused, ...enrolment.rosterRefused },
        feedMessages: counts.feedMessages,
        ignored: { 'cancelled-before-payout': counts.withdrawn, 'duplicate-message': counts.duplicates },
        quarantined: { ...NONE.quarantined, ...(await figures.readQuarantinedBy(tx)) },
        refused: { ...NONE.refused, ...(await figures.readRefusedBy(tx)) },
        declined: counts.declined,
        cancelsWaiting: counts.cancelsWaiting,
        openClaims: counts.openClaims,
        faults: counts.faults,
        claimsPaid: counts.claimsPaid,
        paidFen: Number(counts.paidFen),
        clawbacks: { count: counts.clawbacks, fen: Number(counts.clawbackFen) },
        settledClaims: counts.settledClaims,
        settledFen: Number(counts.settledFen),
        bank: {
          rejected: counts.rejected,
          returned: counts.returned,
          unknownResolved: counts.unknownResolved,
          doubleAckIgnored: counts.doubleAcks,
        },
        approvals: { automatic: counts.automatic, byPerson: counts.byPerson },
        feedDays: { compared: counts.comparedDays, different: counts.differentDays, pulled: counts.pulled },
        workingDays: workingDaysOf(await figures.readTimes(tx)),
        paused: await figures.readPausedBy(tx),
        invariants: {
          ledgerBalanced: imbalance(balances) === 0 && faults.pending === 0,
          claimsEqualLedger: faults.claims === 0,
          ledgerEqualsBank:
            faults.openLines === 0 &&
            faults.gaps === 0 &&
            balanceOf(balances, 'payout-bank') === Number(faults.closingFen) &&
            balanceOf(balances, 'collection-bank') === enrolment.collectionClosingFen,
          openUnknown: counts.openUnknown,
        },
      };
    });
  }
}
