import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ContributionService } from './contribution/contribution.service.js';
import { MemberService } from './member/member.service.js';
import { OrganisationService } from './organisation/organisation.service.js';
import { RosterService } from './roster/roster.service.js';
import { WindowService } from './window/window.service.js';

const SERVICES = [OrganisationService, WindowService, RosterService, ContributionService, MemberService];

@Module({})
export class EnrolmentModule {
  /** `ports`: providers of CollectionBank and MemberMessenger. Stands on PlatformModule. */
  static forRoot(ports: Provider[]): DynamicModule {
    return { module: EnrolmentModule, providers: [...ports, ...SERVICES], exports: SERVICES };
  }
}
