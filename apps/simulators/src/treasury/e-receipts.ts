import type { EReceiptAnswer, EReceiptRequest, RedFlushAnswer } from '@app/contracts';
import { createHash } from 'node:crypto';
import { chinaDay } from '../china-time.js';
import { Refusal } from '../http.js';
import type { SimulatorClock } from '../simulator.js';
import type { EInvoices, RegisteredEInvoice } from './e-invoices.js';

/** The code of the union's receipts; numbers count from 1. */
const CODE = '45070126';
const NUMBER_DIGITS = 10;
const CHECK_LENGTH = 6;

interface Known {
  readonly content: string;
  readonly answer: EReceiptAnswer;
  readonly amountFen: number;
  flushed?: RedFlushAnswer;
}

/** Issues fiscal receipts and takes them back whole; each stands in the register of e-invoices, so it can be checked like any other. */
export class EReceipts {
  private readonly known = new Map<string, Known>();
  private numbers = 0;
  /** How many of the next new requests are refused, and how many requests of any kind find the office closed, for tests. */
  refuseNext = 0;
  unavailableNext = 0;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly register: EInvoices,
  ) {}

  issue(request: EReceiptRequest): EReceiptAnswer {
    this.open();
    const { reference, amountFen } = request;
    const content = JSON.stringify(request);
    const known = this.known.get(reference);
    if (known) {
      if (known.content === content) return known.answer;
      throw new Refusal(409, 'receipt-reused', `receipt ${reference} was asked for before with another content`);
    }
    const answer = this.decide(request);
    this.known.set(reference, { content, answer, amountFen });
    return answer;
  }

  find(reference: string): EReceiptAnswer {
    return this.knownBy(reference).answer;
  }

  redFlush(reference: string): RedFlushAnswer {
    this.open();
    const known = this.knownBy(reference);
    const { answer, amountFen } = known;
    if (answer.state !== 'issued') throw new Refusal(409, 'receipt-not-issued', `receipt ${reference} was refused: nothing to take back`);
    if (!known.flushed) {
      known.flushed = { reference, state: 'red-flushed', redNumber: this.nextNumber(), flushedOn: chinaDay(this.clock.now()) };
      this.register.put([{ ...registered(answer, amountFen), state: 'red-flushed' }]);
    }
    return known.flushed;
  }

  private decide({ reference, amountFen }: EReceiptRequest): EReceiptAnswer {
    if (this.refuseNext > 0) {
      this.refuseNext--;
      return { reference, state: 'refused', reason: '收费项目未备案' };
    }
    const answer = {
      reference,
      state: 'issued' as const,
      code: CODE,
      number: this.nextNumber(),
      checkCode: createHash('sha256').update(reference).digest('hex').slice(0, CHECK_LENGTH),
      issuedOn: chinaDay(this.clock.now()),
    };
    this.register.put([{ ...registered(answer, amountFen), state: 'valid' }]);
    return answer;
  }

  private knownBy(reference: string): Known {
    const known = this.known.get(reference);
    if (!known) throw new Refusal(404, 'receipt-unknown', `no receipt ${reference} was asked for`);
    return known;
  }

  private nextNumber(): string {
    return String(++this.numbers).padStart(NUMBER_DIGITS, '0');
  }

  private open(): void {
    if (this.unavailableNext === 0) return;
    this.unavailableNext--;
    throw new Refusal(503, 'receipts-unavailable', 'the office is closed; ask again under the same reference');
  }
}

const registered = (
  { code, number, checkCode, issuedOn }: Extract<EReceiptAnswer, { state: 'issued' }>,
  amountFen: number,
): Omit<RegisteredEInvoice, 'state'> => ({ code, number, checkCode, issuedOn, amountFen });
