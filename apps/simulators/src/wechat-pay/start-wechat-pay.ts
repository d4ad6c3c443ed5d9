import type { WechatPayMerchant } from '@app/contracts';
import { listen } from '../http.js';
import { systemClock, type RunningSimulator, type SimulatorOptions } from '../simulator.js';
import { generateWechatPayKeys, Signer, type WechatPayKeys } from './keys.js';
import { Notifications, signNotification, type SignedNotification } from './notifications.js';
import { Orders } from './orders.js';
import { Payers } from './payer-ending.js';
import { Settlements, type SettlementAccount } from './settlements.js';
import { CLOCK, WechatPayController } from './wechat-pay.controller.js';

/** How often, by the wall clock, it is looked whether a notification or a settlement is due by the simulator's clock. */
const LOOK_MS = 100;

export interface WechatPayOptions extends SimulatorOptions {
  /** Otherwise new ones are made, which takes up to a second. */
  keys?: WechatPayKeys;
  /** Where each day's money is handed on; without one it stays where it is. */
  settleTo?: SettlementAccount;
}

export interface RunningWechatPay extends RunningSimulator {
  /** What the engine is to be configured with. */
  readonly merchant: WechatPayMerchant;
  /** The payer's tap, in this process: the notification is handed back and not sent, for benches that bring it themselves. */
  pay(prepayId: string, payer: string): Promise<SignedNotification>;
  deliverDue(): Promise<{ delivered: number; waiting: number }>;
  settleDue(): Promise<void>;
}

export async function startWechatPay(options: WechatPayOptions = {}): Promise<RunningWechatPay> {
  const { port, clock = systemClock } = options;
  const signer = new Signer(options.keys ?? (await generateWechatPayKeys()));
  const payers = new Payers();
  const orders = new Orders(clock, payers);
  const notifications = new Notifications(clock, signer);
  const { url, close } = await listen({
    controller: WechatPayController,
    providers: [
      { provide: CLOCK, useValue: clock },
      { provide: Signer, useValue: signer },
      { provide: Payers, useValue: payers },
      { provide: Orders, useValue: orders },
      { provide: Notifications, useValue: notifications },
    ],
    rawBody: true,
    port,
  });
  const settlements = options.settleTo && new Settlements(clock, orders, options.settleTo);
  const looking = setInterval(() => {
    void notifications.deliverDue();
    void settlements?.settleDue();
  }, LOOK_MS).unref();
  return {
    url,
    async close() {
      clearInterval(looking);
      notifications.close();
      await close();
    },
    merchant: signer.merchant,
    pay: (prepayId, payer) => signNotification(signer, orders.pay(prepayId, payer).transaction, clock.now()),
    deliverDue: () => notifications.deliverDue(),
    settleDue: async () => settlements?.settleDue(),
  };
}
