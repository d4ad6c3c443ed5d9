/** The door in: the items of a checked batch, cut into parts, become payments. Pure. */
import type { Fen } from '@app/kernel';
import type { ClaimKey } from '../claim.js';
import { endToEndId, PART_ROWS } from './payment.js';

export interface BatchItem extends ClaimKey {
  readonly attempt: number;
  readonly amountFen: Fen;
}

export interface PlannedPayment extends BatchItem {
  readonly part: number;
  readonly endToEndId: string;
}

/** Parts are numbered from 1. */
export const planPayments = (items: readonly BatchItem[]): PlannedPayment[][] => {
  const parts: PlannedPayment[][] = [];
  for (let first = 0; first < items.length; first += PART_ROWS) {
    const part = parts.length + 1;
    parts.push(
      items.slice(first, first + PART_ROWS).map((item) => ({ ...item, part, endToEndId: endToEndId(item.claimId, item.attempt) })),
    );
  }
  return parts;
};
