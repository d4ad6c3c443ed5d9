/** For the specs of this folder: a clock that is set by hand, and JSON over HTTP. */
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
