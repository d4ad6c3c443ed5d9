import { Join1700000002200 } from './join/join.migration.js';
import { Contribution1700000002050 } from './contribution/contribution.migration.js';
import { EnrolmentWithdrawal, MemberAlias, RosterConfirmation } from './difference/difference.entity.js';
import { Difference1700000002300 } from './difference/difference.migration.js';
import { Enrolment1700000002000 } from './enrolment.migration.js';
import { Underwriting1700000002100 } from './underwriting/underwriting.migration.js';
import { CollectionStatement, CONTRIBUTION_ENTITIES, ContributionCredit, PaymentNotice } from './contribution/contribution.entity.js';
import { Cover, CoverChange, CoverTransfer } from './cover/cover.entity.js';
import { JoinApplication, PhoneBill, PhonePaymentFlag, PhonePaymentRow } from './join/join.entity.js';
import { LoginCode, Member } from './member/member.entity.js';
import { Organisation } from './organisation/organisation.entity.js';
import { Enrolment, RosterBlockEntity, RosterFilePart, RosterImport, RosterRefusal } from './roster/roster.entity.js';
import { UnderwritingEntity, UnderwritingRun, UnderwritingUnit } from './underwriting/underwriting.entity.js';
import {
  CoverPeriod,
  EnrolmentCount,
  EnrolmentSample,
  EnrolmentTarget,
  EnrolmentWindow,
  WindowExtension,
  WindowExtensionApproval,
} from './window/window.entity.js';

/** In the order in which they are made. */
export const ENROLMENT_MIGRATIONS = [
  Enrolment1700000002000,
  Contribution1700000002050,
  Underwriting1700000002100,
  Join1700000002200,
  Difference1700000002300,
] as const;

export const ENROLMENT_ENTITIES = [
  Organisation,
  CoverPeriod,
  EnrolmentWindow,
  EnrolmentTarget,
  EnrolmentCount,
  EnrolmentSample,
  WindowExtension,
  WindowExtensionApproval,
  RosterImport,
  RosterRefusal,
  RosterFilePart,
  RosterBlockEntity,
  Member,
  LoginCode,
  Enrolment,
  EnrolmentWithdrawal,
  RosterConfirmation,
  MemberAlias,
  ...CONTRIBUTION_ENTITIES,
  Cover,
  CoverChange,
  CoverTransfer,
  UnderwritingEntity,
  UnderwritingUnit,
  UnderwritingRun,
  JoinApplication,
  PhonePaymentRow,
  PhonePaymentFlag,
  PhoneBill,
];
export * from './enrolment.module.js';
export { enrolmentDue } from './enrolment-due.repository.js';
export { enrolmentFigures, planFigures, type EnrolmentFigures, type PlanFigures } from './enrolment-figures.repository.js';
export { CertificateService, type Verification } from './certificate/certificate.service.js';
export { type PlanDescription } from './certificate/certificate.js';
export { PlanCatalogue } from './certificate/plan-catalogue.js';
export { CollectionBank } from './contribution/collection-bank.js';
export { type DoubleView } from './contribution/double.repository.js';
export { ReceiptOffice } from './contribution/receipt-office.js';
export { type ReceiptView } from './contribution/receipt.repository.js';
export { ReceiptService } from './contribution/receipt.service.js';
export { RefundBank } from './contribution/refund-bank.js';
export { type RefundView } from './contribution/refund.repository.js';
export { RefundService, type RefundCause } from './contribution/refund.service.js';
export { type MatchView, type ReversalView } from './contribution/reversal.repository.js';
export { ReversalService } from './contribution/reversal.service.js';
export { ContributionSummaryService, type ContributionSummary } from './contribution/summary.service.js';
export { type ProposalView } from './contribution/suspense.repository.js';
export { SuspenseService, type SuspenseView } from './contribution/suspense.service.js';
export { ContributionService, type IssuedNotices, type MatchedStatement } from './contribution/contribution.service.js';
export { type NoticeView } from './contribution/contribution.repository.js';
export { CoverClaims, type DecidedClaim, type MovedEnd } from './cover/cover-claims.js';
export { coversOf, holdCoversOf, type MemberCover } from './cover/cover.repository.js';
export { CoverService, type CoverConflict, type CoverView, type TransferRequest } from './cover/cover.service.js';
export {
  COVER_ENDS,
  REINSTATE_REASONS,
  TRANSFER_REASONS,
  type CoverEnd,
  type CoverState,
  type ReinstateReason,
  type TransferReason,
} from './cover/cover.js';
export { type Proposal } from './cover/cover-change.repository.js';
export { JOIN_MOVES, JOIN_REASONS, type JoinReason, type JoinState } from './join/join.js';
export { BILL_READY, JoinPaymentService, REFUND_OUTCOMES, type FlaggedPayment, type RefundOutcome } from './join/join-payment.service.js';
export type { RefundUnderWay } from './join/join.repository.js';
export { PHONE_PAYMENT_FAULTS, type PhonePaymentFault } from './join/join.entity.js';
export { JoinService, type JoinOffer, type JoinView, type PayParameters } from './join/join.service.js';
export { PhonePay, type PhoneOrder, type PhonePayment, type PhoneRefund } from './phone-payment/phone-pay.js';
export { lastIds, otherIdsOf } from './difference/difference.repository.js';
export {
  DifferenceService,
  type Confirmation,
  type Confirmed,
  type DifferencePage,
  type UnitDifferences,
} from './difference/difference.service.js';
export { NoLongerNamedService, type NoLongerNamedPage, type NoLongerNamedWithdrawal } from './difference/no-longer-named.service.js';
export { WithdrawalService } from './difference/withdrawal.service.js';
export { personalText } from './member/member.js';
export { MemberMessenger } from './member/member-messenger.js';
export { birthDatesOf, memberCounts, payeesOf, type Payee } from './member/member.repository.js';
export { MemberService, type OwnData } from './member/member.service.js';
export { organisationsByCode } from './organisation/organisation.repository.js';
export { ORGANISATION_KINDS, type OrganisationKind } from './organisation/organisation.js';
export { OrganisationService, type NewOrganisation } from './organisation/organisation.service.js';
export { writeFindings, type Finding, type FindingsFile } from './roster/findings-file.js';
export { REFUSALS, readRecord, type RefusalReason } from './roster/roster.js';
export { readRoster, type RosterBlock, type RosterRecord } from './roster/roster-file.js';
export { CUT_OFF, RosterImportService, uploadCutBefore } from './roster/roster-import.service.js';
export { RosterService, type RosterList, type RosterSummary, type RosterUpload } from './roster/roster.service.js';
export { PersonRegister } from './underwriting/person-register.js';
export { UNDERWRITING_REASONS, type PlanRules, type UnderwritingReason, type UnderwritingState } from './underwriting/underwriting.js';
export { TurnDownService } from './underwriting/turn-down.service.js';
export { UnderwritingPlans } from './underwriting/underwriting-plans.js';
export { UnderwritingService, type UnderwrittenPerson, type WindowUnderwriting } from './underwriting/underwriting.service.js';
export { CountdownBoard, CountdownReader } from './window/countdown-board.js';
export { CountdownService, type CountdownListener, type Following } from './window/countdown.service.js';
export { type CountdownView, type NodeProgress, type PublicCountdown } from './window/countdown.js';
export { addRostered, recount } from './window/enrolment-count.repository.js';
export { type ExtensionView } from './window/extension.repository.js';
export { ExtensionService } from './window/extension.service.js';
export { TargetService, type NewTarget } from './window/target.service.js';
export { UNDERWRITINGS, type Underwriting } from './window/window.js';
export { WindowService, type Countdown, type NewWindow } from './window/window.service.js';
export {
  ContributionCredit,
  CollectionStatement,
  PaymentNotice,
  Cover,
  CoverChange,
  CoverTransfer,
  LoginCode,
  Member,
  Organisation,
  Enrolment,
  EnrolmentWithdrawal,
  RosterConfirmation,
  MemberAlias,
  RosterImport,
  RosterRefusal,
  RosterFilePart,
  RosterBlockEntity,
  CoverPeriod,
  EnrolmentWindow,
  EnrolmentTarget,
  EnrolmentCount,
  EnrolmentSample,
  WindowExtension,
  WindowExtensionApproval,
  JoinApplication,
  PhonePaymentRow,
  PhonePaymentFlag,
  PhoneBill,
};
