import type { StoredTemplateMessage, TemplateMessage, WechatTemplate } from '@app/contracts';
import { Refusal } from '../http.js';
import type { SimulatorClock } from '../simulator.js';

export class Messages {
  private readonly byClientId = new Map<string, { content: string; stored: StoredTemplateMessage }>();
  private readonly errcodes = new Map<string, number>();
  private readonly byMember = new Map<string, StoredTemplateMessage[]>();

  constructor(private readonly clock: SimulatorClock) {}

  /** Why this member cannot be reached; 0: can be. */
  setErrcode(touser: string, errcode: number): void {
    this.errcodes.set(touser, errcode);
  }

  errcodeOf(touser: string): number {
    return this.errcodes.get(touser) ?? 0;
  }

  send(message: TemplateMessage): StoredTemplateMessage {
    const content = JSON.stringify(message);
    const known = this.byClientId.get(message.client_msg_id);
    if (known) {
      if (known.content === content) return known.stored;
      throw new Refusal(409, 'client-msg-id-reused', `message ${message.client_msg_id} was sent before with another content`);
    }
    const stored = { ...message, msgid: this.byClientId.size + 1, sentAt: this.clock.now().toISOString() };
    this.byClientId.set(message.client_msg_id, { content, stored });
    const ofMember = this.byMember.get(message.touser);
    if (ofMember) ofMember.push(stored);
    else this.byMember.set(message.touser, [stored]);
    return stored;
  }

  /** Newest last; of everybody when no member is named. */
  list(touser?: string, template?: WechatTemplate): StoredTemplateMessage[] {
    const messages = touser === undefined ? [...this.byClientId.values()].map(({ stored }) => stored) : (this.byMember.get(touser) ?? []);
    return template === undefined ? messages : messages.filter((message) => message.template_id === template);
  }
}
