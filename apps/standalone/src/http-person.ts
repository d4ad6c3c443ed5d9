/** Somebody at a screen: logs in and calls the services over HTTP like any client. */
import { assert } from '@app/kernel';

export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly problem: { title?: string; detail?: string },
  ) {
    super(`${status} ${problem.title ?? ''}: ${problem.detail ?? ''}`);
  }
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

  private async call<T>(base: string, method: string, path: string, body: unknown, headers: Record<string, string>): Promise<T> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    const answer = await response.text();
    if (!response.ok) throw new HttpError(response.status, answer.startsWith('{') ? (JSON.parse(answer) as HttpError['problem']) : {});
    return (answer === '' ? undefined : JSON.parse(answer)) as T;
  }
}
