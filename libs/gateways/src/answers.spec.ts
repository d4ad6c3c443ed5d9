/** What the parties answer is read by its shape: anything else is a failure to ask about again, and never a value. Against a server that says what it is told to. */
import { writePaymentStatusReport, writeStatement } from '@app/contracts';
import { addDays, civilDate, Clock, DomainError } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anyJson } from '../../../test/support/any-json.js';
import { BankGateway } from './bank.gateway.js';
import { MedicalInsuranceGateway } from './medical-insurance.gateway.js';
import { TreasuryGateway } from './treasury.gateway.js';
import { WechatGateway } from './wechat.gateway.js';

class Standing extends Clock {
  now(): Date {
    return new Date('2025-09-01T01:00:00Z');
  }
}

const DAY = civilDate('2025-03-03');
const RECEIPT = {
  reference: 'R1',
  state: 'issued',
  code: '45060125',
  number: '0000000001',
  checkCode: 'a1b2c3',
  issuedOn: '2025-03-03',
};

let server: Server;
let says = '';
let status = 200;
let url = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(says));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

interface Call {
  readonly name: string;
  readonly sound: object;
  /** Each in place of its own field: no value that anything may be done upon. */
  readonly wrong: readonly object[];
  readonly ask: () => Promise<unknown>;
  readonly result: unknown;
}
const insurance = () => new MedicalInsuranceGateway(url, new Standing(), { retryAfterMs: 0, quietMs: 0 });
const answered = (output: unknown) => ({ infcode: 0, inf_refmsgid: 'M1', respond_time: '2025-03-03 09:00:00', err_msg: '', output });
const totals = {
  stmt_begndate: DAY,
  stmt_enddate: DAY,
  medfee_sumamt: '0.00',
  fund_pay_sumamt: '0.00',
  fixmedins_setl_cnt: '0',
};
const GRANT = { reference: 'G1', amountFen: 1, payoutAccount: '1', purpose: '互助补助' };
const CALLS: readonly Call[] = [
  {
    name: 'a grant',
    sound: { reference: 'G1', state: 'granted' },
    wrong: [{ state: 'asked' }, { state: true }],
    ask: () => new TreasuryGateway(url).requestGrant(GRANT),
    result: { reference: 'G1', state: 'granted' },
  },
  {
    name: 'a voucher',
    sound: { reference: 'V1', voucherNumber: 'PZ1' },
    wrong: [{ voucherNumber: '' }, { voucherNumber: 7 }],
    ask: () => new TreasuryGateway(url).sendVoucher({ reference: 'V1', on: DAY, summary: '', entries: [] }),
    result: { reference: 'V1', voucherNumber: 'PZ1' },
  },
  {
    name: 'a receipt',
    sound: RECEIPT,
    wrong: [{ state: 'due' }, { number: '' }, { code: null }, { issuedOn: '2025-02-30' }, { state: 'refused' }],
    ask: () => new TreasuryGateway(url).issueReceipt({ reference: 'R1', payer: '李娟', amountFen: 1, item: '互助金' }),
    result: RECEIPT,
  },
  {
    name: 'a red receipt',
    sound: { reference: 'R1', state: 'red-flushed', redNumber: '0000000002', flushedOn: '2025-03-03' },
    wrong: [{ state: 'issued' }, { redNumber: '' }, { flushedOn: 'today' }],
    ask: () => new TreasuryGateway(url).redFlushReceipt('R1'),
    result: { reference: 'R1', state: 'red-flushed', redNumber: '0000000002', flushedOn: '2025-03-03' },
  },
  {
    name: 'returns',
    sound: [
      { endToEndId: 'E1', amountFen: 1, reason: 'AC04', returnedOn: '2025-03-03' },
      { endToEndId: 'E2', amountFen: 1, reason: 'ZZ99', returnedOn: '2025-03-03' },
    ],
    wrong: [{ 0: { reason: 'AC04' } }, { 0: null }],
    ask: () => new BankGateway(url).returns('1', DAY, addDays(DAY, 1)),
    result: [
      { endToEndId: 'E1', reason: 'AC04' },
      { endToEndId: 'E2', reason: undefined },
    ],
  },
  {
    name: 'totals',
    sound: answered({ stmt_rslt: '1' }),
    wrong: [{ output: { stmt_rslt: 0 } }, { output: { stmt_rslt: '2' } }, { output: null }],
    ask: () => insurance().totalsAgree(totals),
    result: false,
  },
  {
    name: 'a page of messages',
    sound: answered({ messages: ['{}'], next: 8 }),
    wrong: [{ output: { messages: [{}], next: 8 } }, { output: { messages: ['{}'], next: '8' } }, { output: { messages: ['{}'] } }],
    ask: () => insurance().messages({ begntime: '', endtime: '', after: 7, limit: 1 }),
    result: { messages: ['{}'], next: 8 },
  },
  {
    name: 'a message to a member',
    sound: { errcode: 0, errmsg: 'ok', msgid: 1 },
    wrong: [{ errcode: '0' }, { errcode: null }],
    ask: () => new WechatGateway(url).send({ touser: 'm', template_id: 'claim-refused', client_msg_id: '1', data: {} }),
    result: undefined,
  },
];

const outcome = async ({ ask }: Call): Promise<unknown> => ask().catch((error: unknown) => error);

describe.each(CALLS)('$name', (call) => {
  it('is read', async () => {
    says = JSON.stringify(call.sound);
    expect(await call.ask()).toEqual(call.result);
  });

  it('with a field of another kind is to be asked about again', async () => {
    for (const change of call.wrong) {
      says = JSON.stringify(Array.isArray(call.sound) ? Object.assign([...call.sound], change) : { ...call.sound, ...change });
      expect([change, await outcome(call)]).toMatchObject([change, { code: 'unreadable-answer' }]);
    }
  });

  it.each(['', '<html>李娟</html>', 'null', '[]', '{}', '"李娟"'])(
    'that comes as %j is to be asked about again, and not repeated',
    async (text) => {
      says = text;
      // An empty list is an answer where a list is expected.
      if (Array.isArray(call.sound) && text === '[]') return expect(await call.ask()).toEqual([]);
      const error = await outcome(call);
      expect(error).toMatchObject({ name: 'DomainError', code: 'unreadable-answer', kind: 'unavailable', retry: true });
      expect(JSON.stringify([String(error), (error as DomainError).details])).not.toContain('李娟');
    },
  );

  it('with too many calls or a fault of the party is to be asked about again', async () => {
    for (status of [429, 503]) expect([status, await outcome(call)]).toMatchObject([status, { name: 'DomainError', retry: true }]);
    status = 200;
  });

  it('with anything anywhere in it is read, or a failure of ours', async () => {
    const roots = [call.sound, ...Object.values(call.sound)].filter((value) => typeof value === 'object' && value !== null) as object[];
    const places = roots.flatMap((root) => Object.keys(root).map((key) => ({ root, key })));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), anyJson, async ({ root, key }, value) => {
        // The same answer with one place of it changed, at the top or one below.
        says = JSON.stringify(call.sound, function (this: unknown, name, inner: unknown) {
          return name === key && this === root ? value : inner;
        });
        const result = await outcome(call);
        if (result instanceof Error) expect(result).toBeInstanceOf(DomainError);
      }),
    );
  });
});

it.each(CALLS.slice(0, 4))('$name about another reference is no answer', async (call) => {
  says = JSON.stringify({ ...call.sound, reference: 'another' });
  expect(await outcome(call)).toMatchObject({ code: 'unreadable-answer', details: { field: 'reference' } });
});

it('a statement of another account or day, and a report on another message, are none', async () => {
  const bank = new BankGateway(url);
  const written = {
    statementId: 'S1',
    account: '1',
    on: DAY,
    createdAt: new Date('2025-03-03T12:00:00Z'),
    openingFen: 0,
    closingFen: 0,
    lines: [],
  };
  says = writeStatement(written);
  expect(await bank.statement('1', DAY)).toMatchObject({ statementId: 'S1' });
  await expect(bank.statement('2', DAY)).rejects.toMatchObject({ code: 'unreadable-answer', retry: true });
  await expect(bank.statement('1', addDays(DAY, 1))).rejects.toMatchObject({ code: 'unreadable-answer', retry: true });
  says = writePaymentStatusReport({ reportId: 'R1', createdAt: written.createdAt, originalMessageId: 'M1', rows: [] });
  expect(await bank.status('M1')).toMatchObject({ reportId: 'R1' });
  await expect(bank.status('M2')).rejects.toMatchObject({ code: 'unreadable-answer', retry: true });
});

it.each([
  [43004, 'member-not-reached', false],
  [45009, 'wechat-account', true],
  [-1, 'wechat-account', true],
  [47003, 'wechat', true],
])('a message that is answered with errcode %i is %s', async (errcode, code, retry) => {
  says = JSON.stringify({ errcode, errmsg: 'no', msgid: 0 });
  expect(await outcome(CALLS.find(({ name }) => name === 'a message to a member')!)).toMatchObject({ code, retry });
});

it('a page that does not go on is not gone through for ever', async () => {
  says = JSON.stringify(answered({ messages: [], next: 7 }));
  expect(await outcome(CALLS.find(({ name }) => name === 'a page of messages')!)).toMatchObject({ details: { field: 'output.next' } });
});

it('a person is known, not known or not answered about, whatever comes', async () => {
  const person = {
    baseinfo: { psn_no: 'P1', psn_name: '李娟', certno: '1', gend: '2', brdy: '1977-11-09' },
    insuinfo: [{ insutype: '310', psn_type: '11', psn_insu_stas: '1', insuplc_admdvs: '459999' }],
  };
  const places = [
    (value: unknown) => value,
    (value: unknown) => answered(value),
    (value: unknown) => answered({ ...person, baseinfo: value }),
    (value: unknown) => answered({ ...person, insuinfo: value }),
    (value: unknown) => answered({ ...person, insuinfo: [value] }),
    (value: unknown) => answered({ ...person, insuinfo: [{ ...person.insuinfo[0], insutype: value }] }),
    (value: unknown) => ({ ...answered(null), infcode: value, err_msg: value }),
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), anyJson, async (place, value) => {
      says = JSON.stringify(place(value));
      const reply: unknown = await insurance()
        .person('1', '李娟')
        .catch((error: unknown) => error);
      expect(reply).toMatchObject({ outcome: expect.stringMatching(/^(known|unknown|no-answer)$/) });
    }),
  );
});
