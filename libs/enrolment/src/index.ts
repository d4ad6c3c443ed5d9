import { ContributionCredit, CollectionStatement, PaymentNotice } from './contribution/contribution.entity.js';
import { Cover } from './cover/cover.entity.js';
import { EnrolmentWithdrawal, MemberAlias, RosterConfirmation } from './difference/difference.entity.js';
import { LoginCode, Member } from './member/member.entity.js';
import { Organisation } from './organisation/organisation.entity.js';
import { Enrolment, RosterBlock, RosterFilePart, RosterImport, RosterRefusal } from './roster/roster.entity.js';
import {
  CoverPeriod,
  EnrolmentCount,
  EnrolmentSample,
  EnrolmentTarget,
  EnrolmentWindow,
  WindowExtension,
  WindowExtensionApproval,
} from './window/window.entity.js';

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
  RosterBlock,
  Member,
  LoginCode,
  Enrolment,
  EnrolmentWithdrawal,
  RosterConfirmation,
  MemberAlias,
  PaymentNotice,
  CollectionStatement,
  ContributionCredit,
  Cover,
];
export * from './enrolment.migration.js';
export * from './enrolment.module.js';
export { enrolmentFigures, planFigures, type EnrolmentFigures, type PlanFigures } from './enrolment-figures.repository.js';
export { CertificateService, type Verification } from './certificate/certificate.service.js';
export { type PlanDescription } from './certificate/certificate.js';
export { PlanCatalogue } from './certificate/plan-catalogue.js';
export { CollectionBank } from './contribution/collection-bank.js';
export { ContributionService, type IssuedNotices, type MatchedStatement } from './contribution/contribution.service.js';
export { type NoticeView } from './contribution/contribution.repository.js';
export { coversOf, type MemberCover } from './cover/cover.repository.js';
export * from './difference/difference.migration.js';
export { formerIdsOf } from './difference/difference.repository.js';
export {
  DifferenceService,
  type Confirmation,
  type Confirmed,
  type DifferencePage,
  type UnitDifferences,
} from './difference/difference.service.js';
export { personalText } from './member/member.js';
export { MemberMessenger } from './member/member-messenger.js';
export { birthDatesOf, memberCounts, payeesOf, type Payee } from './member/member.repository.js';
export { MemberService, type OwnData } from './member/member.service.js';
export { organisationsByCode } from './organisation/organisation.repository.js';
export { ORGANISATION_KINDS, type OrganisationKind } from './organisation/organisation.js';
export { OrganisationService, type NewOrganisation } from './organisation/organisation.service.js';
export { PhonePay, type PhoneOrder, type PhonePayment, type PhoneRefund } from './phone-payment/phone-pay.js';
export { REFUSALS, type RefusalReason } from './roster/roster.js';
export { RosterImportService } from './roster/roster-import.service.js';
export { RosterService, type RosterSummary, type RosterUpload } from './roster/roster.service.js';
export { CountdownBoard, CountdownReader } from './window/countdown-board.js';
export { CountdownService, type CountdownListener, type Following } from './window/countdown.service.js';
export { type CountdownView, type NodeProgress, type PublicCountdown } from './window/countdown.js';
export { addEnrolled, recount } from './window/enrolment-count.repository.js';
export { type ExtensionView } from './window/extension.repository.js';
export { ExtensionService } from './window/extension.service.js';
export { TargetService, type NewTarget } from './window/target.service.js';
export { WindowService, type Countdown, type NewWindow } from './window/window.service.js';
export {
  ContributionCredit,
  CollectionStatement,
  PaymentNotice,
  Cover,
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
  RosterBlock,
  CoverPeriod,
  EnrolmentWindow,
  EnrolmentTarget,
  EnrolmentCount,
  EnrolmentSample,
  WindowExtension,
  WindowExtensionApproval,
};
