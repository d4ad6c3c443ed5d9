import type { WechatTemplate } from '@app/contracts';

/** The way to a member's phone; the app binds it to a gateway. */
export abstract class MemberMessenger {
  /** `clientMessageId` deduplicates a repeated sending. */
  abstract send(memberId: string, template: WechatTemplate, data: Readonly<Record<string, string>>, clientMessageId: string): Promise<void>;
}
