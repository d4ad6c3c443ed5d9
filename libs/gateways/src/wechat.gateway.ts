/** The official account's template messages; deduplicated by `client_msg_id`. */
import type { TemplateAnswer, TemplateMessage } from '@app/contracts';
import { DomainError } from '@app/kernel';
import { z } from 'zod';
import { HttpClient } from './http-client.js';

const SENT = z.object({ errcode: z.int() }) satisfies z.ZodType<Partial<TemplateAnswer>>;

export class WechatGateway {
  private readonly http: HttpClient;

  constructor(url: string) {
    this.http = new HttpClient('official account', url);
  }

  async send(message: TemplateMessage): Promise<void> {
    const answer = this.http.read(await this.http.askJson('POST', '/cgi-bin/message/template/send', message), SENT);
    if (answer.errcode !== 0)
      throw new DomainError(
        'wechat',
        'unavailable',
        `expected errcode 0, found ${answer.errcode}; see the code in the official account's manual`,
      );
  }
}
