import type { BankCredit, GrantAnswer, GrantRequest } from '@app/contracts';
import { Refusal } from '../http.js';
import { payIn } from '../pay-in.js';

const PAYER = '财政专户';

/** Grants money for a batch and pays it out: a grant is only known once the bank has booked it, and asking again ends in the same one. */
export class Grants {
  private readonly granted = new Map<string, { content: string; answer: GrantAnswer }>();
  /** How many of the next new requests are refused, for tests. */
  refuseNext = 0;

  constructor(private readonly bankUrl: string) {}

  async grant(request: GrantRequest): Promise<GrantAnswer> {
    const { reference } = request;
    const content = JSON.stringify(request);
    const known = this.granted.get(reference);
    if (known) {
      if (known.content === content) return known.answer;
      throw new Refusal(409, 'grant-reused', `grant ${reference} was asked for before with another content`);
    }
    const refused = this.refuseNext > 0;
    if (refused) this.refuseNext--;
    else await this.credit({ ...request, reference });
    const answer: GrantAnswer = refused ? { reference, state: 'refused', reason: '额度不足' } : { reference, state: 'granted' };
    this.granted.set(reference, { content, answer });
    return answer;
  }

  find(reference: string): GrantAnswer {
    const known = this.granted.get(reference);
    if (!known) throw new Refusal(404, 'grant-unknown', `no grant ${reference} was asked for`);
    return known.answer;
  }

  private async credit({ reference, payoutAccount, amountFen }: GrantRequest): Promise<void> {
    const credit: BankCredit = { bankReference: `grant-${reference}`, account: payoutAccount, amountFen, reference, payerName: PAYER };
    const status = await payIn(this.bankUrl, credit);
    if (status === undefined) throw new Refusal(503, 'bank-unavailable', 'the bank cannot be reached; ask again under the same reference');
    // Two requests under one reference at the same moment: the bank tells them apart.
    if (status === 409) throw new Refusal(409, 'grant-reused', `grant ${reference} was asked for before with another content`);
    if (status !== 200) throw new Refusal(503, 'bank-unavailable', `the bank answered ${status}; ask again under the same reference`);
  }
}
