import type { StoredTemplateMessage, TemplateAnswer, TemplateMessage, WechatTemplate } from '@app/contracts';
import { Body, Controller, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { Fields } from '../fields.js';
import { invalid } from '../http.js';
import { Messages } from './messages.js';

const TEMPLATES: Readonly<Record<WechatTemplate, true>> = {
  'login-code': true,
  'account-needed': true,
  'subsidy-paid': true,
  'claim-refused': true,
};

@Controller()
export class WechatController {
  constructor(private readonly messages: Messages) {}

  @Post('cgi-bin/message/template/send')
  @HttpCode(200)
  send(@Body() body: unknown): TemplateAnswer {
    const fields = new Fields(body);
    const data = fields.object('data');
    const errcode = this.messages.errcodeOf(fields.text('touser'));
    if (errcode !== 0) return { errcode, errmsg: 'refused', msgid: 0 };
    const { msgid } = this.messages.send({
      touser: fields.text('touser'),
      template_id: readTemplate(fields.text('template_id')),
      client_msg_id: fields.text('client_msg_id'),
      data: readData(data),
    });
    return { errcode: 0, errmsg: 'ok', msgid };
  }

  @Put('control/errcodes')
  setErrcode(@Body() body: unknown): { touser: string; errcode: number } {
    const fields = new Fields(body);
    const set = { touser: fields.text('touser'), errcode: fields.integer('errcode', 0) };
    this.messages.setErrcode(set.touser, set.errcode);
    return set;
  }

  @Get('messages')
  list(@Query('touser') touser?: string, @Query('template_id') template?: string): StoredTemplateMessage[] {
    return this.messages.list(touser, template === undefined ? undefined : readTemplate(template));
  }
}

const readData = (data: Fields): TemplateMessage['data'] =>
  Object.fromEntries(data.names().map((name) => [name, { value: data.object(name).note('value') }]));

function readTemplate(text: string): WechatTemplate {
  if (!Object.hasOwn(TEMPLATES, text)) throw invalid(`template_id must be one of ${Object.keys(TEMPLATES).join(', ')}`);
  return text as WechatTemplate;
}
