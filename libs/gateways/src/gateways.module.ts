import { Module, type DynamicModule } from '@nestjs/common';
import { Clock } from '@app/kernel';
import type { Config } from '@app/platform';
import { BankGateway } from './bank.gateway.js';
import { MedicalInsuranceGateway } from './medical-insurance.gateway.js';
import { TreasuryGateway } from './treasury.gateway.js';
import { WechatGateway } from './wechat.gateway.js';
import { WechatPayGateway } from './wechat-pay.gateway.js';

@Module({})
export class GatewaysModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: GatewaysModule,
      global: true,
      providers: [
        { provide: BankGateway, useValue: new BankGateway(config.bankUrl) },
        { provide: TreasuryGateway, useValue: new TreasuryGateway(config.treasuryUrl) },
        { provide: WechatGateway, useValue: new WechatGateway(config.wechatUrl) },
        {
          provide: MedicalInsuranceGateway,
          useFactory: (clock: Clock) =>
            new MedicalInsuranceGateway(config.medicalInsuranceUrl, clock, { callsPerSecond: config.insuranceCallsPerSecond }),
          inject: [Clock],
        },
        {
          provide: WechatPayGateway,
          useFactory: (clock: Clock) =>
            new WechatPayGateway(config.wechatPayUrl, config.wechatPayMerchant, config.wechatPayNotifyUrl, clock),
          inject: [Clock],
        },
      ],
      exports: [BankGateway, TreasuryGateway, WechatGateway, MedicalInsuranceGateway, WechatPayGateway],
    };
  }
}
