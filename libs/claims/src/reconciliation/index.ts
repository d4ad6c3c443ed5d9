export { ReconciliationService } from './reconciliation.service.js';
export { BankStatementEntity, BankStatementLineEntity, ClawbackCaseEntity } from './reconciliation.entity.js';
export { SettlementReportService } from './settlement-report.service.js';
export type { SettlementReport } from './settlement-report.js';
