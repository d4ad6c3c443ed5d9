/** The official account's template messages; deduplicated by `client_msg_id`. */
import type { TemplateAnswer, TemplateMessage } from '@app/contracts';
import { DomainError } from '@app/kernel';
import { HttpClient } from './http-client.js';

export class WechatGateway {
  private readonly http: HttpClient;

  constructor(url: string) {
    this.http = new HttpClient('official account', url);
  }

  async send(message: TemplateMessage): Promise<void> {
    const answer = this.http.read<TemplateAnswer>(await this.http.askJson('POST', '/cgi-bin/message/template/send', message));
    if (answer.errcode !== 0)
      throw new DomainError(
        'wechat',
        'unavailable',
        `expected errcode 0, found ${answer.errcode}; see the code in the official account's manual`,
      );
  }
}
