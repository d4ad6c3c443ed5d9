import type { StoredTemplateMessage, TemplateAnswer, TemplateMessage } from '@app/contracts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RunningSimulator } from '../simulator.js';
import { call, SetClock } from '../testing.js';
import { startWechat } from './start-wechat.js';

let wechat: RunningSimulator;

beforeEach(async () => {
  wechat = await startWechat({ clock: new SetClock('2025-03-07 10:00') });
});
afterEach(() => wechat.close());

const MESSAGE: TemplateMessage = {
  touser: 'member-1',
  template_id: 'subsidy-paid',
  client_msg_id: 'c1',
  data: { amount: { value: '416.94' } },
};
const send = (message: unknown) => call<TemplateAnswer>('POST', `${wechat.url}/cgi-bin/message/template/send`, message);
const list = async (query: string) => (await call<StoredTemplateMessage[]>('GET', `${wechat.url}/messages?${query}`)).body;

test('what was sent can be read, newest last, by member and template', async () => {
  expect(await send(MESSAGE)).toEqual({ status: 200, body: { errcode: 0, errmsg: 'ok', msgid: 1 } });
  await send({ ...MESSAGE, client_msg_id: 'c2', template_id: 'login-code', data: { code: { value: '123456' } } });
  await send({ ...MESSAGE, client_msg_id: 'c3', touser: 'member-2' });
  expect(await list('touser=member-1')).toMatchObject([
    { ...MESSAGE, msgid: 1, sentAt: '2025-03-07T02:00:00.000Z' },
    { client_msg_id: 'c2' },
  ]);
  expect(await list('touser=member-1&template_id=login-code')).toMatchObject([{ client_msg_id: 'c2' }]);
  expect(await list('touser=nobody')).toEqual([]);
  expect(await list('')).toHaveLength(3);
});

test('a repeated sending is one message, another content under its id a conflict', async () => {
  expect((await send(MESSAGE)).body.msgid).toBe(1);
  expect((await send(MESSAGE)).body.msgid).toBe(1);
  expect(await list('touser=member-1')).toHaveLength(1);
  expect(await send({ ...MESSAGE, touser: 'member-2' })).toMatchObject({ status: 409, body: { code: 'client-msg-id-reused' } });
});

test('a member who does not follow is not reached until they do', async () => {
  const follow = (errcode: unknown) => call('PUT', `${wechat.url}/control/errcodes`, { touser: 'member-1', errcode });
  expect(await follow(43004)).toMatchObject({ status: 200 });
  expect((await send(MESSAGE)).body.errcode).toBe(43004);
  expect(await list('')).toEqual([]);
  expect((await send({ ...MESSAGE, touser: 'member-2', client_msg_id: 'c2' })).body.errcode).toBe(0);
  await follow(0);
  expect((await send(MESSAGE)).body.errcode).toBe(0);
  expect(await follow('43004')).toMatchObject({ status: 400 });
});

test.each([{}, { ...MESSAGE, template_id: 'toString' }, { ...MESSAGE, data: { amount: 1 } }, { ...MESSAGE, touser: '' }])(
  '%j is refused',
  async (message) => {
    expect(await send(message)).toMatchObject({ status: 400, body: { code: 'invalid' } });
  },
);
