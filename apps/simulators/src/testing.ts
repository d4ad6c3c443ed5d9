/** For the specs of this folder: a clock that is set by hand, and JSON over HTTP. */
import type { JsapiOrder } from '@app/contracts';
import type { SimulatorClock } from './simulator.js';

export class SetClock implements SimulatorClock {
  private at: Date;

  constructor(china: string) {
    this.at = SetClock.instant(china);
  }

  now(): Date {
    return this.at;
  }

  /** "YYYY-MM-DD HH:mm", China time. */
  set(china: string): void {
    this.at = SetClock.instant(china);
  }

  private static instant(china: string): Date {
    return new Date(`${china.replace(' ', 'T')}:00+08:00`);
  }
}

export interface Answer<T> {
  status: number;
  body: T;
}

export async function call<T = Record<string, unknown>>(
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: (json ? JSON.parse(text) : text) as T };
}

/** An order of 100 yuan that can be paid for a year. */
export const jsapiOrder = (change: Partial<JsapiOrder>): JsapiOrder => ({
  appid: 'app',
  mchid: 'merchant',
  description: '互助金',
  out_trade_no: 'order-0001',
  time_expire: '2025-12-31T00:00:00+08:00',
  notify_url: 'http://127.0.0.1:1/told',
  amount: { total: 10_000, currency: 'CNY' },
  payer: { openid: 'member-1' },
  ...change,
});
