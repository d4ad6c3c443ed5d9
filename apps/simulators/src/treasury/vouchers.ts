import type { Voucher, VoucherAnswer } from '@app/contracts';
import { invalid, Refusal } from '../http.js';

export type BookedVoucher = Voucher & VoucherAnswer;

/** The finance system's journal; numbers run by month. */
export class Vouchers {
  private readonly booked = new Map<string, { content: string; voucher: BookedVoucher }>();
  private readonly lastNumbers = new Map<string, number>();

  book(voucher: Voucher): VoucherAnswer {
    const { reference } = voucher;
    const content = JSON.stringify(voucher);
    const known = this.booked.get(reference);
    if (known) {
      if (known.content === content) return { reference, voucherNumber: known.voucher.voucherNumber };
      throw new Refusal(409, 'voucher-reused', `voucher ${reference} was sent before with another content`);
    }
    refuseUnlessBalanced(voucher);
    const month = voucher.on.slice(0, 7).replace('-', '');
    const number = (this.lastNumbers.get(month) ?? 0) + 1;
    this.lastNumbers.set(month, number);
    const voucherNumber = `PZ${month}-${String(number).padStart(4, '0')}`;
    this.booked.set(reference, { content, voucher: { ...voucher, voucherNumber } });
    return { reference, voucherNumber };
  }

  list(): BookedVoucher[] {
    return [...this.booked.values()].map(({ voucher }) => voucher);
  }
}

function refuseUnlessBalanced({ entries }: Voucher): void {
  if (entries.length < 2) throw invalid('a voucher needs at least two entries');
  if (entries.some(({ debitFen, creditFen }) => (debitFen === 0) === (creditFen === 0)))
    throw invalid('an entry is either a debit or a credit');
  const [debitFen, creditFen] = [sum(entries.map((entry) => entry.debitFen)), sum(entries.map((entry) => entry.creditFen))];
  if (debitFen !== creditFen)
    throw new Refusal(400, 'voucher-unbalanced', `debits of ${debitFen} fen stand against credits of ${creditFen} fen`);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
