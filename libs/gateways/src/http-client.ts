/** One way to call an outside party: a time limit, and a retry only where the caller says that asking again is harmless. */
import { DomainError } from '@app/kernel';
import { ConstantBackoff, handleWhen, retry, type RetryPolicy } from 'cockatiel';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import type { ZodType } from 'zod';

const TIMEOUT_MS = 10_000;
const TOO_MANY_REQUESTS = 429;
const RETRY: RetryPolicy = retry(
  handleWhen((error) => error instanceof NoAnswer),
  { maxAttempts: 2, backoff: new ConstantBackoff(200) },
);
/** A silent party takes no more of a process's open files, whoever asks about how much; and together no more than its server leaves (connections.ts). */
const SOCKETS = { keepAlive: true, maxSockets: 100, maxTotalSockets: 120 };
const agents = { 'http:': new Agent(SOCKETS), 'https:': new TlsAgent(SOCKETS) };

/** The party gave no answer: refused, timed out or cut off. Whether it acted is not known. */
export class NoAnswer extends DomainError {
  constructor(party: string, timeoutMs = TIMEOUT_MS) {
    super('no-answer', 'unavailable', `expected an answer of the ${party}, found none in ${timeoutMs / 1000} s; it will be asked again`);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly type: string; readonly text: string };
}

export class HttpClient {
  constructor(
    private readonly party: string,
    private readonly baseUrl: string,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  /** Asks again by itself after no answer: for reading, and for what the party deduplicates. */
  ask(call: Call): Promise<Answer> {
    return RETRY.execute(() => this.once(call));
  }

  /** Never asks again: for what must be queried after no answer. Error: {@link NoAnswer}. */
  once(call: Call): Promise<Answer> {
    const url = new URL(call.path, this.baseUrl);
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        {
          method: call.method,
          agent: secure ? agents['https:'] : agents['http:'],
          timeout: this.timeoutMs,
          headers: {
            ...call.headers,
            ...(call.body ? { 'content-type': call.body.type, 'content-length': Buffer.byteLength(call.body.text) } : {}),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', () => reject(new NoAnswer(this.party, this.timeoutMs)));
          response.on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }),
          );
        },
      );
      // Waiting for a socket is waiting for the party, too.
      const unheard = setTimeout(() => request.destroy(), this.timeoutMs);
      request.once('socket', () => clearTimeout(unheard)).once('close', () => clearTimeout(unheard));
      request.on('timeout', () => request.destroy());
      request.on('error', () => reject(new NoAnswer(this.party, this.timeoutMs)));
      request.end(call.body?.text);
    });
  }

  askJson(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
    return this.ask({ method, path, ...(body === undefined ? {} : { body: { type: 'application/json', text: JSON.stringify(body) } }) });
  }

  /**
   * The JSON of a 2xx answer, which must be of that shape; what the shape does not name is left out. Errors, without a word of the body:
   * `refused-by-party`, `too-many-calls`; `unreadable-answer` (unavailable).
   */
  read<T>(answer: Answer, shape: ZodType<T>): T {
    if (answer.status < 200 || answer.status > 299) throw this.refused(answer);
    const read = shape.safeParse(parsed(answer.body));
    if (read.success) return read.data;
    const field = read.error.issues[0]!.path.join('.') || '(body)';
    throw new DomainError(
      'unreadable-answer',
      'unavailable',
      `expected an answer of the ${this.party} as its contract says, found another at ${field}; it will be asked again`,
      { party: this.party, field },
    );
  }

  refused(answer: Answer): DomainError {
    if (answer.status === TOO_MANY_REQUESTS)
      return new DomainError(
        'too-many-calls',
        'unavailable',
        `expected the ${this.party} to accept, found too many calls; it will be asked again`,
        {
          party: this.party,
        },
      );
    const kind = answer.status >= 500 ? 'unavailable' : 'conflict';
    return new DomainError(
      'refused-by-party',
      kind,
      `expected the ${this.party} to accept, found status ${answer.status}; see its own record of this call`,
      { party: this.party, status: answer.status },
    );
  }
}

/** undefined: not JSON. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Its own error would repeat the beginning of the body.
    return undefined;
  }
}
