/** Somebody at a screen: logs in and calls the services over HTTP like any client. */
import { assert } from '@app/kernel';
import { Agent, request } from 'node:http';

/** node:http because it takes a third of fetch's time. */
const agent = new Agent({ keepAlive: true });

export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly problem: { title?: string; detail?: string },
  ) {
    super(`${status} ${problem.title ?? ''}: ${problem.detail ?? ''}`);
  }
}

/** The parsed body of a 2xx answer. Error: {@link HttpError}. */
export async function callJson<T>(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const { status, answer } = await exchange(method, url, text, {
    ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
    ...headers,
  });
  if (status < 200 || status > 299) throw new HttpError(status, answer.startsWith('{') ? (JSON.parse(answer) as HttpError['problem']) : {});
  return (answer === '' ? undefined : JSON.parse(answer)) as T;
}

function exchange(
  method: string,
  url: string,
  text: string | undefined,
  headers: Record<string, string>,
): Promise<{ status: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
    const sent = request(url, { method, agent, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, answer: Buffer.concat(chunks).toString('utf8') }));
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

export class HttpPerson {
  private token: string | undefined;

  constructor(
    private readonly enrolmentUrl: string,
    private readonly claimsUrl: string,
  ) {}

  async login(login: string, password: string): Promise<this> {
    this.token = (await this.enrolment<{ token: string }>('POST', '/login', { login, password })).token;
    return this;
  }

  async loginAsMember(personalNumber: string, code: string): Promise<this> {
    this.token = (await this.enrolment<{ token: string }>('POST', '/login/member', { personalNumber, code })).token;
    return this;
  }

  get bearer(): string {
    assert(this.token, 'log in first');
    return this.token;
  }

  enrolment<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    return this.call(this.enrolmentUrl, method, path, body, headers);
  }

  claims<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.call(this.claimsUrl, method, path, body, {});
  }

  private call<T>(base: string, method: string, path: string, body: unknown, headers: Record<string, string>): Promise<T> {
    return callJson(method, `${base}${path}`, body, { ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...headers });
  }
}
