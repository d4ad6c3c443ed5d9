/** Hands on to the merchant's bank what a day's payments brought, less what went back on it: on the next morning, and until the bank takes it. */
import { PHONE_COLLECTOR, phoneSettlementReference } from '@app/contracts';
import { addDays, chinaInstant } from '../china-time.js';
import { payIn } from '../pay-in.js';
import type { SimulatorClock } from '../simulator.js';
import type { Orders, Trade } from './orders.js';

const SETTLED_AT = '10:00:00';

export interface SettlementAccount {
  readonly bankUrl: string;
  readonly account: string;
}

const netOf = ({ order, refund }: Trade): number => {
  if (!refund) return order.amount.total;
  // One that fails leaves the money with the merchant.
  return refund.fails ? 0 : -refund.request.amount.refund;
};

export class Settlements {
  private lastDay = '';
  /** More went back than came in: the next days make up for it. */
  private owedFen = 0;
  private settling: Promise<void> | undefined;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly orders: Orders,
    private readonly to: SettlementAccount,
  ) {}

  /** Every day whose morning after has come. */
  settleDue(): Promise<void> {
    this.settling ??= this.settle().finally(() => (this.settling = undefined));
    return this.settling;
  }

  private async settle(): Promise<void> {
    for (const day of this.orders.daysAfter(this.lastDay)) {
      if (this.clock.now() < chinaInstant(addDays(day, 1), SETTLED_AT)) return;
      const amountFen = this.orders.tradesOf(day).reduce((sum, trade) => sum + netOf(trade), -this.owedFen);
      if (amountFen > 0 && !(await this.pay(day, amountFen))) return;
      this.owedFen = Math.max(0, -amountFen);
      this.lastDay = day;
    }
  }

  private async pay(day: string, amountFen: number): Promise<boolean> {
    const reference = phoneSettlementReference(day);
    const { bankUrl, account } = this.to;
    return (await payIn(bankUrl, { bankReference: `WX${reference}`, account, amountFen, reference, payerName: PHONE_COLLECTOR })) === 200;
  }
}
