/** The bank, spoken to in ISO 20022. Submitting is done once and then only asked about; everything else can be asked again. */
import {
  BANK_REASONS,
  readPaymentStatusReport,
  readStatement,
  type BankReturn,
  type BankStatement,
  type PaymentStatusReport,
} from '@app/contracts';
import { parseCivilDate, type CivilDate } from '@app/kernel';
import { z } from 'zod';
import { HttpClient } from './http-client.js';

const RETURNS: z.ZodType<BankReturn[]> = z.array(
  z.object({
    endToEndId: z.string().min(1),
    amountFen: z.int().positive(),
    // As in the bank's reports: one new code must not make a whole list unreadable.
    reason: z.enum(BANK_REASONS).optional().catch(undefined),
    returnedOn: z.string().refine((value) => parseCivilDate(value) !== undefined),
  }),
);

export class BankGateway {
  private readonly http: HttpClient;

  constructor(url: string) {
    this.http = new HttpClient('bank', url);
  }

  /** `pain001` as it was signed. Error `no-answer`: the outcome is unknown, and only {@link status} may follow. */
  async submit(pain001: string): Promise<PaymentStatusReport> {
    const answer = await this.http.once({ method: 'POST', path: '/payments', body: { type: 'application/xml', text: pain001 } });
    if (answer.status >= 300) throw this.http.refused(answer);
    return readPaymentStatusReport(answer.body);
  }

  /** undefined: the bank never received that message. */
  async status(messageId: string): Promise<PaymentStatusReport | undefined> {
    const answer = await this.http.ask({ method: 'GET', path: `/payments/${encodeURIComponent(messageId)}` });
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw this.http.refused(answer);
    return readPaymentStatusReport(answer.body);
  }

  /** Money that came back on the days `from` to `to`, both included. */
  async returns(account: string, from: CivilDate, to: CivilDate): Promise<BankReturn[]> {
    return this.http.read(await this.http.askJson('GET', `/returns?account=${account}&from=${from}&to=${to}`), RETURNS);
  }

  /** undefined: the statement of that day is not ready yet. */
  async statement(account: string, on: CivilDate): Promise<BankStatement | undefined> {
    const answer = await this.http.ask({ method: 'GET', path: `/statements/${account}/${on}` });
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw this.http.refused(answer);
    return readStatement(answer.body);
  }
}
