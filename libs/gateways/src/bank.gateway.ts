/** The bank, spoken to in ISO 20022. Submitting is done once and then only asked about; everything else can be asked again. */
import {
  BANK_REASONS,
  readPaymentStatusReport,
  readStatement,
  type BankReturn,
  type BankStatement,
  type PaymentStatusReport,
} from '@app/contracts';
import { DomainError, type CivilDate } from '@app/kernel';
import { z } from 'zod';
import { HttpClient } from './http-client.js';

export type ReturnReason = Pick<BankReturn, 'endToEndId' | 'reason'>;
// As in the bank's reports: one new code must not make a whole list unreadable.
const RETURNS: z.ZodType<ReturnReason[]> = z.array(
  z.object({ endToEndId: z.string(), reason: z.enum(BANK_REASONS).optional().catch(undefined) }),
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
    const report = readPaymentStatusReport(answer.body);
    if (report.originalMessageId !== messageId) throw another('the report on that message');
    return report;
  }

  /** Why money came back on the days `from` to `to`, both included; how much is on the statements. */
  async returns(account: string, from: CivilDate, to: CivilDate): Promise<ReturnReason[]> {
    return this.http.read(await this.http.askJson('GET', `/returns?account=${account}&from=${from}&to=${to}`), RETURNS);
  }

  /** undefined: the statement of that day is not ready yet. */
  async statement(account: string, on: CivilDate): Promise<BankStatement | undefined> {
    const answer = await this.http.ask({ method: 'GET', path: `/statements/${account}/${on}` });
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw this.http.refused(answer);
    const statement = readStatement(answer.body);
    if (statement.account !== account || statement.on !== on) throw another('the statement of that account and day');
    return statement;
  }
}

const another = (expected: string): DomainError =>
  new DomainError('unreadable-answer', 'unavailable', `expected ${expected} of the bank, found another; it will be asked again`);
