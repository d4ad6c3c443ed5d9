/**
 * The medical-insurance platform, asked: about a person; for the totals of what it sent, and the messages themselves where ours differ.
 *
 * People are asked about in great numbers, so these calls have a rate, and a breaker: when the platform is down it is left alone, and
 * whoever asks learns at once that the outage is not about the person. The limiter stands here and not in the queue, whose own limiter
 * counts jobs: one job asks about a thousand people.
 */
import { randomInt } from 'node:crypto';
import {
  PERSON_NOT_FOUND,
  TOO_MANY_CALLS,
  type FeedQuery,
  type FeedQueryAnswer,
  type InsuranceEnvelope,
  type PersonQuery,
  type PersonReply,
  type TotalsAnswer,
  type TotalsQuery,
} from '@app/contracts';
import { DomainError, type Clock } from '@app/kernel';
import {
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  circuitBreaker,
  handleAll,
  handleWhen,
  isBrokenCircuitError,
  retry,
  wrap,
  type CircuitBreakerPolicy,
  type IPolicy,
} from 'cockatiel';
import { z } from 'zod';
import { CallRate } from './call-rate.js';
import { HttpClient } from './http-client.js';

const INSTITUTION = 'HUBAO0000001';
const AREA = '459999';

/** Calls about people that fail one after another before the platform counts as down. */
const FAILURES_OF_AN_OUTAGE = 5;

const answerOf = <Output>(output: z.ZodType<Output>) =>
  z.discriminatedUnion('infcode', [
    z.object({ infcode: z.literal(0), output }),
    // Why it failed is for the log; that it failed is told without.
    z.object({ infcode: z.literal(-1), inf_refmsgid: z.string().catch('none'), err_msg: z.string().catch('') }),
  ]);
const TOTALS = z.object({ stmt_rslt: z.enum(['0', '1']) }) satisfies z.ZodType<Partial<TotalsAnswer>>;
// A page that does not go on would be asked for without end.
const pageAfter = (after: number): z.ZodType<FeedQueryAnswer> =>
  z.object({ messages: z.array(z.string()), next: z.int().gt(after).nullable() });
// Kept unsealed, so nothing but a code may stand there.
const code = z.string().regex(/^\d{2,6}$/);
/** What is decided on must be there and understood. */
const PERSON = z.object({
  baseinfo: z.object({ psn_name: z.string() }),
  insuinfo: z.array(z.object({ insutype: code, psn_type: code, psn_insu_stas: z.enum(['1', '2', '3']) })),
});
const PERSON_ANSWER = answerOf(PERSON);

export interface PersonCalls {
  readonly callsPerSecond?: number;
  /** Real time, like the two below: how long one call may take. */
  readonly timeoutMs?: number;
  /** The wait before the first repetition; the next is longer. */
  readonly retryAfterMs?: number;
  /** How long a platform that is down is left alone. */
  readonly quietMs?: number;
}

export class MedicalInsuranceGateway {
  private readonly http: HttpClient;
  private readonly personHttp: HttpClient;
  private readonly personRate: CallRate;
  private readonly personBreaker: CircuitBreakerPolicy;
  private readonly personPolicy: IPolicy;

  constructor(
    url: string,
    private readonly clock: Clock,
    { callsPerSecond = 200, timeoutMs = 5_000, retryAfterMs = 200, quietMs = 5_000 }: PersonCalls = {},
  ) {
    this.http = new HttpClient('medical-insurance platform', url);
    this.personHttp = new HttpClient('medical-insurance platform', url, timeoutMs);
    this.personRate = new CallRate(callsPerSecond);
    this.personBreaker = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(FAILURES_OF_AN_OUTAGE),
      halfOpenAfter: quietMs,
    });
    this.personPolicy = wrap(
      retry(
        handleWhen((error) => !isBrokenCircuitError(error)),
        { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: retryAfterMs, maxDelay: 10 * retryAfterMs }) },
      ),
      this.personBreaker,
    );
  }

  /**
   * Errors: `insurance-down` while the platform is left alone; of a call that was repeated in vain `no-answer`, `insurance-busy` (unavailable),
   * `refused-by-party`.
   */
  async person(personalNumber: string, name: string): Promise<PersonReply> {
    try {
      return await this.personPolicy.execute(() => this.askPerson(personalNumber, name));
    } catch (error) {
      // A call that was made to see whether the platform is back fails with an error of its own, and is part of the outage too.
      if (this.personBreaker.state === CircuitState.Closed && !isBrokenCircuitError(error)) throw error;
      throw new DomainError(
        'insurance-down',
        'unavailable',
        `expected the medical-insurance platform to answer, found ${FAILURES_OF_AN_OUTAGE} failures in a row; it is left alone for a while and asked again`,
      );
    }
  }

  /** Whether these are the platform's own totals. */
  async totalsAgree(query: TotalsQuery['data']): Promise<boolean> {
    const answer = await this.call('3201', { data: query } satisfies TotalsQuery, TOTALS);
    return answer.stmt_rslt === '0';
  }

  messages(query: FeedQuery['data']): Promise<FeedQueryAnswer> {
    return this.call('5203', { data: query } satisfies FeedQuery, pageAfter(query.after));
  }

  private async askPerson(personalNumber: string, name: string): Promise<PersonReply> {
    const query: PersonQuery = { data: { mdtrt_cert_type: '02', mdtrt_cert_no: personalNumber, psn_name: name } };
    const body = JSON.stringify(this.envelope('1101', query));
    await this.personRate.turn();
    const read = this.personHttp.read(
      await this.personHttp.once({ method: 'POST', path: '/fsi/api/1101', body: { type: 'application/json', text: body } }),
      z.unknown(),
    );
    // Whatever else it may be: it came of this person, and others may be asked about.
    const { data: answer } = PERSON_ANSWER.safeParse(read);
    if (!answer) return { outcome: 'no-answer' };
    if (answer.infcode === 0) return { outcome: 'known', person: answer.output };
    // Its text is all that the platform gives to tell these apart.
    if (answer.err_msg === PERSON_NOT_FOUND) return { outcome: 'unknown' };
    if (answer.err_msg === TOO_MANY_CALLS)
      throw new DomainError(
        'insurance-busy',
        'unavailable',
        'expected the medical-insurance platform to take the call, found that it takes no more for now; lower INSURANCE_CALLS_PER_SECOND',
      );
    return { outcome: 'no-answer' };
  }

  private async call<Output>(infno: string, input: object, output: z.ZodType<Output>): Promise<Output> {
    const answer = this.http.read(await this.http.askJson('POST', `/fsi/api/${infno}`, this.envelope(infno, input)), answerOf(output));
    if (answer.infcode !== 0) {
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
