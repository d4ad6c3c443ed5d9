import { FeedMessageEntity } from './acceptance/index.js';
import { AccumulatorEntity, DecisionEntity, PlanSignatureEntity, PlanVersionEntity, RehearsalEntity } from './adjudication/index.js';
import { ApprovalActEntity } from './approval/index.js';
import { BatchEntity, BatchItemEntity } from './batch/index.js';
import { ClaimEntity } from './claim.entity.js';
import { GrantEntity, NoticeEntity, PauseEntity, PaymentEntity, PaymentEventEntity, PaymentPartEntity } from './payment/index.js';
import { BankStatementEntity, BankStatementLineEntity, ClawbackCaseEntity } from './reconciliation/index.js';

export const CLAIMS_ENTITIES = [
  FeedMessageEntity,
  ClaimEntity,
  DecisionEntity,
  AccumulatorEntity,
  PlanVersionEntity,
  PlanSignatureEntity,
  RehearsalEntity,
  ApprovalActEntity,
  BatchEntity,
  BatchItemEntity,
  GrantEntity,
  PaymentPartEntity,
  PaymentEntity,
  PaymentEventEntity,
  PauseEntity,
  NoticeEntity,
  BankStatementEntity,
  BankStatementLineEntity,
  ClawbackCaseEntity,
];
export { AcceptanceService, QUARANTINE_REASONS, type QuarantinedMessage } from './acceptance/index.js';
export {
  AdjudicationService,
  BookService,
  DEFAULT_PLAN_ID,
  hasEnded,
  isSound,
  PlanVersionService,
  QuoteService,
  RehearsalService,
  ReplayService,
  type PlanVersionDetail,
  type PlanVersionView,
  type QuoteRequest,
  type RehearsalDetail,
  type RehearsalProgress,
  type RehearsedPlan,
  type ReplayReport,
} from './adjudication/index.js';
export { APPROVAL_POLICY, ApprovalService, type Verdict, type WaitingClaim } from './approval/index.js';
export { BatchService, type BatchView } from './batch/index.js';
export { ClaimFaultService } from './claim-fault.service.js';
export type { FaultyClaim } from './claim-fault.repository.js';
export { ClaimReader, type ClaimDetail } from './claim-reader.js';
export type { ClaimView } from './claim.js';
export type { WaitingForAccount } from './payment/index.js';
export { decidedClaims } from './claim.repository.js';
export { Claims1700000003000 } from './claims.migration.js';
export { ClaimsModule } from './claims.module.js';
export { claimsDue, type Due } from './due.js';
export { CLAIM_STATES, LIFECYCLE, type ClaimState } from './lifecycle.js';
export { PAYMENT_MOVES, PaymentService, type BatchProgress } from './payment/index.js';
export { ReconciliationService, SettlementReportService, type SettlementReport } from './reconciliation/index.js';
