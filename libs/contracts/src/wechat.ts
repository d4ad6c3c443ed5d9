/** POST /cgi-bin/message/template/send, the field names of the official-account interface. GET /messages?touser= reads what was sent. */
export interface TemplateMessage {
  /** The member's binding to the official account; here the member id. */
  touser: string;
  template_id: WechatTemplate;
  /** Deduplicates a repeated sending. */
  client_msg_id: string;
  data: Record<string, { value: string }>;
}
export type WechatTemplate = 'login-code' | 'account-needed' | 'subsidy-paid' | 'claim-refused';

export interface TemplateAnswer {
  errcode: number;
  errmsg: string;
  msgid: number;
}

export interface StoredTemplateMessage extends TemplateMessage {
  msgid: number;
  /** ISO instant. */
  sentAt: string;
}
