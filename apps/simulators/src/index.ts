export { startBank } from './bank/start-bank.js';
export { generateCounty, type County, type CountyOptions } from './county/county.js';
export type { FeedFile } from './medical-insurance/feed.js';
export type { PlaybackResult } from './medical-insurance/playback.js';
export {
  startMedicalInsurance,
  type MedicalInsuranceOptions,
  type RunningMedicalInsurance,
} from './medical-insurance/start-medical-insurance.js';
export { systemClock, type RunningSimulator, type SimulatorClock, type SimulatorOptions } from './simulator.js';
export type { RegisteredEInvoice } from './treasury/e-invoices.js';
export { startTreasury, type TreasuryOptions } from './treasury/start-treasury.js';
export { startWechat } from './wechat/start-wechat.js';
export { generateWechatPayKeys, type WechatPayKeys } from './wechat-pay/keys.js';
export { signPayments, type MadeUpPayment, type SignedNotification } from './wechat-pay/notifications.js';
export { startWechatPay, type RunningWechatPay, type WechatPayOptions } from './wechat-pay/start-wechat-pay.js';
