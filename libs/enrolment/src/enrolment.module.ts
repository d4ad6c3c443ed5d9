import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { CertificateTokens } from './certificate/certificate-token.js';
import { CertificateService } from './certificate/certificate.service.js';
import { HolderCheckLimit } from './certificate/holder-check-limit.js';
import { ContributionService } from './contribution/contribution.service.js';
import { CoverService } from './cover/cover.service.js';
import { ReceiptService } from './contribution/receipt.service.js';
import { RefundService } from './contribution/refund.service.js';
import { ContributionSummaryService } from './contribution/summary.service.js';
import { ReversalService } from './contribution/reversal.service.js';
import { SuspenseService } from './contribution/suspense.service.js';
import { JoinPaymentService } from './join/join-payment.service.js';
import { JoinService } from './join/join.service.js';
import { DifferenceService } from './difference/difference.service.js';
import { WithdrawalService } from './difference/withdrawal.service.js';
import { NoLongerNamedService } from './difference/no-longer-named.service.js';
import { MemberService } from './member/member.service.js';
import { OrganisationService } from './organisation/organisation.service.js';
import { RosterImportService } from './roster/roster-import.service.js';
import { RosterService } from './roster/roster.service.js';
import { TurnDownService } from './underwriting/turn-down.service.js';
import { UnderwritingService } from './underwriting/underwriting.service.js';
import { CountdownBoard, CountdownReader } from './window/countdown-board.js';
import { CountdownService } from './window/countdown.service.js';
import { ExtensionService } from './window/extension.service.js';
import { TargetService } from './window/target.service.js';
import { WindowService } from './window/window.service.js';

const SERVICES = [
  OrganisationService,
  WindowService,
  TargetService,
  ExtensionService,
  CountdownReader,
  CountdownBoard,
  CountdownService,
  RosterImportService,
  RosterService,
  DifferenceService,
  WithdrawalService,
  NoLongerNamedService,
  ContributionService,
  SuspenseService,
  ReversalService,
  RefundService,
  ReceiptService,
  ContributionSummaryService,
  UnderwritingService,
  TurnDownService,
  MemberService,
  CertificateTokens,
  HolderCheckLimit,
  CertificateService,
  CoverService,
  JoinService,
  JoinPaymentService,
];

@Module({})
export class EnrolmentModule {
  /** `ports`: providers of CollectionBank, MemberMessenger, PlanCatalogue, PhonePay, RefundBank, ReceiptOffice, CoverClaims, PersonRegister and UnderwritingPlans. Stands on PlatformModule. */
  static forRoot(ports: Provider[]): DynamicModule {
    return {
      module: EnrolmentModule,
      providers: [...ports, ...SERVICES],
      exports: SERVICES,
    };
  }
}
