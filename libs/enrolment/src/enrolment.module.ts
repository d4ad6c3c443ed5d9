import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ContributionService } from './contribution/contribution.service.js';
import { MemberService } from './member/member.service.js';
import { OrganisationService } from './organisation/organisation.service.js';
import { RosterService } from './roster/roster.service.js';
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
  RosterService,
  ContributionService,
  UnderwritingService,
  MemberService,
];

@Module({})
export class EnrolmentModule {
  /** `ports`: providers of CollectionBank, MemberMessenger, PersonRegister and UnderwritingPlans. Stands on PlatformModule. */
  static forRoot(ports: Provider[]): DynamicModule {
    return { module: EnrolmentModule, providers: [...ports, ...SERVICES], exports: SERVICES };
  }
}
