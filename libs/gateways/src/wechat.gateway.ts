/** The official account's template messages; deduplicated by `client_msg_id`. */
import type { TemplateAnswer, TemplateMessage } from '@app/contracts';
import { DomainError } from '@app/kernel';
import { z } from 'zod';
import { HttpClient } from './http-client.js';

/** This member cannot be told: does not follow, is barred, or has refused. An openid of another account (40003) may be a wrong setting of ours. */
const NOT_REACHED: ReadonlySet<number> = new Set([43004, 43019, 43101]);

/** Busy, token, permission, messages of the day: not of this message. */
const OF_ACCOUNT: ReadonlySet<number> = new Set([-1, 40001, 40014, 42001, 45009, 45011, 48001]);

const SENT = z.object({ errcode: z.int() }) satisfies z.ZodType<Partial<TemplateAnswer>>;

export class WechatGateway {
  private readonly http: HttpClient;

  constructor(url: string) {
    this.http = new HttpClient('official account', url);
  }

  /**
   * Errors: `member-not-reached` (conflict), with the `errcode`, when this member cannot be told; `wechat-account`,
   * `wechat` (unavailable) for what is said of the account, and for any other.
   */
  async send(message: TemplateMessage): Promise<void> {
    const { errcode } = this.http.read(await this.http.askJson('POST', '/cgi-bin/message/template/send', message), SENT);
    if (errcode !== 0) throw messageRefused(errcode);
  }
}

/** What an errcode but 0 says. */
export function messageRefused(errcode: number): DomainError {
  if (NOT_REACHED.has(errcode))
    return new DomainError(
      'member-not-reached',
      'conflict',
      `expected a member whom the official account can reach, found errcode ${errcode}; tell them otherwise`,
      { errcode },
    );
  return new DomainError(
    OF_ACCOUNT.has(errcode) ? 'wechat-account' : 'wechat',
    'unavailable',
    `expected errcode 0, found ${errcode}; see the code in the official account's manual`,
  );
}
