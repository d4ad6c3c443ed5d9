import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ContributionService } from './contribution/contribution.service.js';
import { Turn } from '@app/platform';
import { JoinPaymentService } from './join/join-payment.service.js';
import { JoinService } from './join/join.service.js';
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
  MemberService,
  JoinService,
  JoinPaymentService,
];

@Module({})
export class EnrolmentModule {
  /** `ports`: providers of CollectionBank, MemberMessenger and PhonePay. Stands on PlatformModule. */
  static forRoot(ports: Provider[]): DynamicModule {
    return {
      module: EnrolmentModule,
      providers: [...ports, ...SERVICES, { provide: Turn, useFactory: () => new Turn() }],
      exports: SERVICES,
    };
  }
}
