import { Module, type DynamicModule, type OnModuleInit, type Provider } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  CollectionBank,
  CoverClaims,
  ENROLMENT_ENTITIES,
  EnrolmentModule,
  MemberMessenger,
  PhonePay,
  PlanCatalogue,
  ReceiptOffice,
  RefundBank,
  PersonRegister,
  UnderwritingPlans,
} from '@app/enrolment';
import { BankGateway, GatewaysModule, MedicalInsuranceGateway, TreasuryGateway, WechatGateway, WechatPayGateway } from '@app/gateways';
import { decidedClaims, PlanVersionService } from '@app/claims';
import { PlatformModule, type Config } from '@app/platform';
import type { FastifyInstance } from 'fastify';
import { AccountController } from './account.controller.js';
import { CertificateController } from './certificate.controller.js';
import { ContributionController, NoticeReceiptController } from './contribution.controller.js';
import { CountdownController } from './countdown.controller.js';
import { CoverController } from './cover.controller.js';
import { DifferenceController } from './difference.controller.js';
import { EventStreams } from './event-stream.js';
import { ExtensionController } from './extension.controller.js';
import { LoginController } from './login.controller.js';
import { MemberController } from './member.controller.js';
import { OrganisationController } from './organisation.controller.js';
import { PublicCountdownController } from './public-countdown.controller.js';
import { ROSTER_TYPES, RosterController } from './roster.controller.js';
import { ShippedPlans } from './shipped-plans.js';
import { TargetController } from './target.controller.js';
import { VerificationController } from './verification.controller.js';
import { UnderwritingController } from './underwriting.controller.js';
import { WindowController } from './window.controller.js';

const PORTS: Provider[] = [
  { provide: CoverClaims, useValue: { decided: decidedClaims } satisfies CoverClaims },
  { provide: CollectionBank, useExisting: BankGateway },
  { provide: PlanCatalogue, useClass: ShippedPlans },
  { provide: PhonePay, useExisting: WechatPayGateway },
  { provide: RefundBank, useExisting: BankGateway },
  { provide: ReceiptOffice, useExisting: TreasuryGateway },
  { provide: PersonRegister, useExisting: MedicalInsuranceGateway },
  PlanVersionService,
  { provide: UnderwritingPlans, useExisting: PlanVersionService },
  {
    provide: MemberMessenger,
    useFactory: (wechat: WechatGateway): MemberMessenger => ({
      send: (memberId, template, data, clientMessageId) =>
        wechat.send({
          touser: memberId,
          template_id: template,
          client_msg_id: clientMessageId,
          data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, { value }])),
        }),
    }),
    inject: [WechatGateway],
  },
];

@Module({})
export class EnrolmentAppModule implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  static forRoot(config: Config): DynamicModule {
    return {
      module: EnrolmentAppModule,
      imports: [
        PlatformModule.forRoot({ config, entities: ENROLMENT_ENTITIES }),
        GatewaysModule.forRoot(config),
        EnrolmentModule.forRoot(PORTS),
      ],
      controllers: [
        LoginController,
        AccountController,
        OrganisationController,
        WindowController,
        ContributionController,
        NoticeReceiptController,
        TargetController,
        ExtensionController,
        CountdownController,
        PublicCountdownController,
        RosterController,
        DifferenceController,
        UnderwritingController,
        MemberController,
        CertificateController,
        VerificationController,
        CoverController,
      ],
      providers: [EventStreams],
    };
  }

  /** A roster is read as it arrives, whatever its size. */
  onModuleInit(): void {
    const server: FastifyInstance = this.host.httpAdapter.getInstance();
    server.addContentTypeParser([...ROSTER_TYPES], (_request, payload, done) => done(null, payload));
  }
}
