import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ContributionService } from './contribution/contribution.service.js';
import { ReceiptService } from './contribution/receipt.service.js';
import { RefundService } from './contribution/refund.service.js';
import { ContributionSummaryService } from './contribution/summary.service.js';
import { SuspenseService } from './contribution/suspense.service.js';
import { MemberService } from './member/member.service.js';
import { OrganisationService } from './organisation/organisation.service.js';
import { RosterService } from './roster/roster.service.js';
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
  RosterService,
  ContributionService,
  SuspenseService,
  RefundService,
  ReceiptService,
  ContributionSummaryService,
  MemberService,
];

@Module({})
export class EnrolmentModule {
  /** `ports`: providers of CollectionBank, RefundBank, ReceiptOffice and MemberMessenger. Stands on PlatformModule. */
  static forRoot(ports: Provider[]): DynamicModule {
    return { module: EnrolmentModule, providers: [...ports, ...SERVICES], exports: SERVICES };
  }
}
