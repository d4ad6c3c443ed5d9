/** Tells the merchant of payments until it listens: signed anew for each attempt, with pauses that grow. */
import type { WechatPayNotification, WechatTransaction } from '@app/contracts';
import { Agent, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { SimulatorClock } from '../simulator.js';
import { Signer, type SignedHeaders, type WechatPayKeys } from './keys.js';
import { rfc3339 } from './orders.js';
import type { PayerFate } from './payer-ending.js';

const MINUTE_MS = 60_000;
/** Between two attempts; after the last, WeChat gives up. */
const PAUSES_MS: readonly number[] = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600].map(
  (seconds) => seconds * 1000,
);
const LATE_MS = 30 * MINUTE_MS;
const TIMEOUT_MS = 5_000;
const CONNECTIONS = 64;
const AT_ONCE = 256;

export interface SignedNotification {
  headers: SignedHeaders;
  body: string;
}

/** The notification of one payment as it stands at `at`. */
export async function signNotification(signer: Signer, transaction: WechatTransaction, at: Date): Promise<SignedNotification> {
  const notification: WechatPayNotification = {
    id: `EV-${transaction.transaction_id}`,
    create_time: rfc3339(at),
    event_type: 'TRANSACTION.SUCCESS',
    resource_type: 'encrypt-resource',
    summary: '支付成功',
    resource: signer.seal(JSON.stringify(transaction), 'transaction'),
  };
  const body = JSON.stringify(notification);
  return { headers: await signer.headers(body, at), body };
}

export interface MadeUpPayment {
  orderNumber: string;
  amountFen: number;
  payer: string;
}

/** Notifications of orders that this WeChat never saw, for load without a call to it. Signing takes 0.3 ms of a core each: before measuring. */
export async function signPayments(keys: WechatPayKeys, payments: readonly MadeUpPayment[], at: Date): Promise<SignedNotification[]> {
  const signer = new Signer(keys);
  const { appId: appid, mchId: mchid } = keys.merchant;
  const signed: SignedNotification[] = [];
  for (let from = 0; from < payments.length; from += AT_ONCE)
    signed.push(
      ...(await Promise.all(
        payments.slice(from, from + AT_ONCE).map(({ orderNumber, amountFen, payer }, index) =>
          signNotification(
            signer,
            {
              appid,
              mchid,
              out_trade_no: orderNumber,
              trade_state: 'SUCCESS',
              trade_state_desc: '支付成功',
              amount: { total: amountFen, currency: 'CNY' },
              transaction_id: `421000${String(from + index + 1).padStart(22, '0')}`,
              trade_type: 'JSAPI',
              success_time: rfc3339(at),
              payer: { openid: payer },
            },
            at,
          ),
        ),
      )),
    );
  return signed;
}

interface Waiting {
  readonly transaction: WechatTransaction;
  readonly url: URL;
  dueAt: number;
  attempts: number;
}

export class Notifications {
  private readonly waiting = new Set<Waiting>();
  private readonly underWay = new Set<Promise<boolean>>();
  private readonly agents = {
    'http:': new Agent({ keepAlive: true, maxSockets: CONNECTIONS }),
    'https:': new SecureAgent({ keepAlive: true, maxSockets: CONNECTIONS }),
  };
  private closed = false;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly signer: Signer,
  ) {}

  /** An ordinary one goes out at once. */
  add(transaction: WechatTransaction, notifyUrl: string, fate: PayerFate['notification']): void {
    if (fate === 'never') return;
    const url = new URL(notifyUrl);
    for (let copy = 0; copy < (fate === 'twice' ? 2 : 1); copy++) {
      const one: Waiting = { transaction, url, dueAt: this.clock.now().getTime() + LATE_MS, attempts: 0 };
      if (fate === 'late') this.waiting.add(one);
      else void this.send(one);
    }
  }

  /** Sends what is due, and comes back when that and all that was under way has been answered or has failed. */
  async deliverDue(): Promise<{ delivered: number; waiting: number }> {
    const now = this.clock.now().getTime();
    for (const one of this.waiting)
      if (one.dueAt <= now) {
        this.waiting.delete(one);
        void this.send(one);
      }
    const answers = await Promise.all(this.underWay);
    return { delivered: answers.filter(Boolean).length, waiting: this.waiting.size };
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private async send(one: Waiting): Promise<void> {
    const attempt = this.attempt(one);
    this.underWay.add(attempt);
    await attempt;
    this.underWay.delete(attempt);
  }

  private async attempt(one: Waiting): Promise<boolean> {
    const notification = await signNotification(this.signer, one.transaction, this.clock.now());
    if (this.closed) return false;
    const status = await this.post(one.url, notification).catch(() => 0);
    if (status >= 200 && status < 300) return true;
    const pause = PAUSES_MS[one.attempts++];
    if (pause !== undefined && !this.closed) {
      one.dueAt = this.clock.now().getTime() + pause;
      this.waiting.add(one);
    }
    return false;
  }

  private post(url: URL, { headers, body }: SignedNotification): Promise<number> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const sent = (secure ? secureRequest : request)(url, {
        method: 'POST',
        agent: this.agents[secure ? 'https:' : 'http:'],
        timeout: TIMEOUT_MS,
        headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      sent.on('response', (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
