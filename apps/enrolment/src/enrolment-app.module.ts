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
import { WECHAT_PAY_NOTIFICATION } from '@app/contracts';
import { BankGateway, GatewaysModule, MedicalInsuranceGateway, TreasuryGateway, WechatGateway, WechatPayGateway } from '@app/gateways';
import { decidedClaims, PlanVersionService } from '@app/claims';
import { Clock } from '@app/kernel';
import { PlatformModule, type Config } from '@app/platform';
import { errorCodes, type FastifyInstance } from 'fastify';
import { AccountController } from './account.controller.js';
import { CertificateController } from './certificate.controller.js';
import { ContributionController, NoticeReceiptController } from './contribution.controller.js';
import { CountdownController } from './countdown.controller.js';
import { CoverController } from './cover.controller.js';
import { DifferenceController } from './difference.controller.js';
import { EventStreams } from './event-stream.js';
import { ExtensionController } from './extension.controller.js';
import { JoinController } from './join.controller.js';
import { shedLoad } from './load-shedding.js';
import { LoginController } from './login.controller.js';
import { MemberController } from './member.controller.js';
import { NoLongerNamedController } from './no-longer-named.controller.js';
import { OrganisationController } from './organisation.controller.js';
import { PhoneMoneyController } from './phone-money.controller.js';
import { PhonePaymentController } from './phone-payment.controller.js';
import { PublicCountdownController } from './public-countdown.controller.js';
import { ROSTER_TYPES, RosterController, ROSTERS } from './roster.controller.js';
import { ShippedPlans } from './shipped-plans.js';
import { stampReceiveTime } from './receive-time.js';
import { TargetController } from './target.controller.js';
import { VerificationController } from './verification.controller.js';
import { UnderwritingController } from './underwriting.controller.js';
import { WindowController } from './window.controller.js';

const PORTS: Provider[] = [
  { provide: CoverClaims, useValue: { decided: decidedClaims } satisfies CoverClaims },
  { provide: CollectionBank, useExisting: BankGateway },
  { provide: PlanCatalogue, useClass: ShippedPlans },
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

const PHONE_PAY: Provider = { provide: PhonePay, useExisting: WechatPayGateway };

@Module({})
export class EnrolmentAppModule implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly clock: Clock,
  ) {}

  /** `phonePay`: another provider of the outside party. */
  static forRoot(config: Config, phonePay: Provider = PHONE_PAY): DynamicModule {
    return {
      module: EnrolmentAppModule,
      imports: [
        PlatformModule.forRoot({ config, entities: ENROLMENT_ENTITIES }),
        GatewaysModule.forRoot(config),
        EnrolmentModule.forRoot([...PORTS, phonePay]),
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
        NoLongerNamedController,
        DifferenceController,
        UnderwritingController,
        MemberController,
        CertificateController,
        VerificationController,
        CoverController,
        JoinController,
        PhoneMoneyController,
        PhonePaymentController,
      ],
      providers: [EventStreams],
    };
  }

  async onModuleInit(): Promise<void> {
    const server: FastifyInstance = this.host.httpAdapter.getInstance();
    stampReceiveTime(server, this.clock);
    await shedLoad(server);
    takeFiles(server);
    keepSignedBodies(server);
  }
}

/** A roster is read as it arrives, whatever its size. Anywhere else the open stream would go where a parsed body is expected. */
function takeFiles(server: FastifyInstance): void {
  server.addContentTypeParser([...ROSTER_TYPES], (request, payload, done) => {
    if (request.routeOptions.url === ROSTERS) done(null, payload);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type']));
  });
  // Nothing of it is read: the route says which types it takes, to who may send it a file.
  server.addContentTypeParser('*', (request, _payload, done) => {
    if (request.routeOptions.url === ROSTERS) done(null);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type']));
  });
}

/** What is signed is read as it was sent; all other JSON is parsed as before. */
function keepSignedBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (request.routeOptions.url === NOTIFICATIONS) done(null, body);
    else void parse(request, body, done);
  });
}
const NOTIFICATIONS = WECHAT_PAY_NOTIFICATION.path;
