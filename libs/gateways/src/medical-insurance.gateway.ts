/** The medical-insurance platform, asked: the totals of what it sent, and the messages themselves where ours differ. */
import { randomInt } from 'node:crypto';
import type { FeedQuery, FeedQueryAnswer, InsuranceAnswer, InsuranceEnvelope, TotalsAnswer, TotalsQuery } from '@app/contracts';
import { DomainError, type Clock } from '@app/kernel';
import { HttpClient } from './http-client.js';

const INSTITUTION = 'HUBAO0000001';
const AREA = '459999';

export class MedicalInsuranceGateway {
  private readonly http: HttpClient;

  constructor(
    url: string,
    private readonly clock: Clock,
  ) {
    this.http = new HttpClient('medical-insurance platform', url);
  }

  totals(query: TotalsQuery['data']): Promise<TotalsAnswer> {
    return this.call<TotalsQuery, TotalsAnswer>('3201', { data: query });
  }

  messages(query: FeedQuery['data']): Promise<FeedQueryAnswer> {
    return this.call<FeedQuery, FeedQueryAnswer>('5203', { data: query });
  }

  private async call<Input, Output>(infno: string, input: Input): Promise<Output> {
    const answer = this.http.read<InsuranceAnswer<Output>>(
      await this.http.askJson('POST', `/fsi/api/${infno}`, this.envelope(infno, input)),
    );
    if (answer.infcode !== 0 || answer.output === null) {
      throw new DomainError(
        'insurance-refused',
        'unavailable',
        `expected transaction ${infno} to succeed, found infcode ${answer.infcode}; see the platform's record of ${answer.inf_refmsgid}`,
      );
    }
    return answer.output;
  }

  private envelope<Input>(infno: string, input: Input): InsuranceEnvelope<Input> {
    const china = new Date(this.clock.now().getTime() + 8 * 3_600_000).toISOString();
    return {
      infno,
      msgid: `${INSTITUTION}${china.replace(/\D/g, '').slice(0, 14)}${String(randomInt(10_000)).padStart(4, '0')}`,
      mdtrtarea_admvs: AREA,
      insuplc_admdvs: AREA,
      recer_sys_code: 'HUBAO',
      infver: 'V1.0',
      opter_type: '2',
      opter: 'hubao',
      inf_time: china.slice(0, 19).replace('T', ' '),
      fixmedins_code: INSTITUTION,
      signtype: 'SM2',
      cainfo: '',
      enc_type: '',
      input,
    };
  }
}
