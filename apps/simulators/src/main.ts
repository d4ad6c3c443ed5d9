/** All outside parties on fixed ports and the system clock; see README.md. */
import 'reflect-metadata';
import { startBank } from './bank/start-bank.js';
import { startMedicalInsurance } from './medical-insurance/start-medical-insurance.js';
import { startTreasury } from './treasury/start-treasury.js';
import { startWechat } from './wechat/start-wechat.js';
import { startWechatPay } from './wechat-pay/start-wechat-pay.js';

const port = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

const bank = await startBank({ port: port('BANK_PORT', 4103) });
const parties = {
  'medical-insurance': await startMedicalInsurance({
    port: port('MEDICAL_INSURANCE_PORT', 4101),
    pushUrl: process.env.FEED_PUSH_URL ?? 'http://127.0.0.1:3000',
    pushToken: process.env.FEED_PUSH_TOKEN ?? '',
  }),
  treasury: await startTreasury({ port: port('TREASURY_PORT', 4102), bankUrl: bank.url }),
  bank,
  wechat: await startWechat({ port: port('WECHAT_PORT', 4104) }),
  'wechat-pay': await startWechatPay({
    port: port('WECHAT_PAY_PORT', 4105),
    settleTo: { bankUrl: bank.url, account: process.env.COLLECTION_ACCOUNT ?? '6200009999000000025' },
  }),
};

for (const [name, { url }] of Object.entries(parties)) console.log(`${name} ${url}`);

const stop = async (): Promise<void> => {
  await Promise.all(Object.values(parties).map((party) => party.close()));
};
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
