import type { EInvoiceCheck, EInvoiceCheckAnswer, EInvoiceResult } from '@app/contracts';
import { chinaDay } from '../china-time.js';
import type { SimulatorClock } from '../simulator.js';

export const E_INVOICE_STATES = ['valid', 'voided', 'red-flushed'] as const;

export interface RegisteredEInvoice extends EInvoiceCheck {
  state: (typeof E_INVOICE_STATES)[number];
}

const keyOf = ({ code, number }: EInvoiceCheck): string => `${code}-${number}`;

/** The national register: an e-invoice is found by code and number, and may be checked a few times a day. */
export class EInvoices {
  private readonly register = new Map<string, RegisteredEInvoice>();
  private readonly checks = new Map<string, { total: number; day: string; today: number }>();
  /** How many of the next checks find the register closed, for tests. */
  unavailableNext = 0;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly dailyLimit: number,
    registered: readonly RegisteredEInvoice[],
  ) {
    this.put(registered);
  }

  put(registered: readonly RegisteredEInvoice[]): void {
    for (const invoice of registered) this.register.set(keyOf(invoice), invoice);
  }

  /** A check that is not carried out (closed, or over the limit) does not count. */
  check(asked: EInvoiceCheck): EInvoiceCheckAnswer {
    const key = keyOf(asked);
    const day = chinaDay(this.clock.now());
    const before = this.checks.get(key) ?? { total: 0, day, today: 0 };
    const today = before.day === day ? before.today : 0;
    if (this.unavailableNext > 0) {
      this.unavailableNext--;
      return { result: 'UNAVAILABLE', checks: before.total };
    }
    if (today >= this.dailyLimit) return { result: 'RATE_LIMITED', checks: before.total };
    this.checks.set(key, { total: before.total + 1, day, today: today + 1 });
    return { result: this.compare(asked, this.register.get(key)), checks: before.total + 1 };
  }

  private compare(asked: EInvoiceCheck, registered: RegisteredEInvoice | undefined): EInvoiceResult {
    if (!registered) return 'NOT_FOUND';
    const same =
      asked.checkCode === registered.checkCode && asked.issuedOn === registered.issuedOn && asked.amountFen === registered.amountFen;
    if (!same) return 'MISMATCH';
    return registered.state === 'voided' ? 'VOIDED' : registered.state === 'red-flushed' ? 'RED_FLUSHED' : 'VERIFIED';
  }
}
