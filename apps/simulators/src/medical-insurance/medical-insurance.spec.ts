import type { FeedQueryAnswer, InsuranceAnswer, InsuranceEnvelope, PersonAnswer, TotalsAnswer } from '@app/contracts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { call, SetClock } from '../testing.js';
import { startMedicalInsurance, type MedicalInsuranceOptions, type RunningMedicalInsurance } from './start-medical-insurance.js';

interface Received {
  text: string;
  headers: IncomingHttpHeaders;
}

/** Stands for the claims service: keeps what it is sent; `answers` are used up before every further 200. */
class Receiver {
  readonly received: Received[] = [];
  answers: (number | 'hang up')[] = [];
  url = '';
  private readonly server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const answer = this.answers.shift() ?? 200;
      if (answer === 'hang up') return request.socket.destroy();
      if (answer === 200) this.received.push({ text, headers: request.headers });
      response.writeHead(answer).end('{}');
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    this.url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }
}

const settle = (time: string, medfee = '100.00', fund = '60.00', msgid = time) =>
  JSON.stringify({
    infno: '2304',
    msgid,
    inf_time: time,
    output: { setlinfo: { medfee_sumamt: medfee, fund_pay_sumamt: fund }, setldetail: [] },
  });

const PERSON: PersonAnswer = {
  baseinfo: { psn_no: 'P1', psn_name: '李娟', certno: '45991219771109302X', gend: '2', brdy: '1977-11-09' },
  insuinfo: [{ insutype: '310', psn_type: '11', psn_insu_stas: '1', insuplc_admdvs: '459999' }],
};

let receiver: Receiver;
let platform: RunningMedicalInsurance;
const advanced: string[] = [];

beforeEach(async () => {
  receiver = new Receiver();
  await receiver.start();
  advanced.length = 0;
});
afterEach(async () => {
  await platform.close();
  receiver.close();
});

async function start(lines: string[] | undefined, options: Partial<MedicalInsuranceOptions> = {}): Promise<void> {
  platform = await startMedicalInsurance({
    clock: new SetClock('2025-03-07 10:00'),
    pushUrl: receiver.url,
    pushToken: 'secret',
    retry: { attempts: 3, delayMs: 1 },
    persons: [PERSON],
    advanceTo: (time) => void advanced.push(time.toISOString()),
    ...(lines ? { feed: { source: 'feed.ndjson', lines } } : {}),
    ...options,
  });
}

const NINE = settle('2025-03-01 09:00:00');
const TEN = settle('2025-03-01 10:00:00');
const ELEVEN = settle('2025-03-02 11:00:00');
const BROKEN = '{"infno":"2304","msgid":"bro';
const END = new Date('2025-12-31T00:00:00Z');

describe('playback', () => {
  test('lines go out by time, raw, with their place in the file, and with the clock at their time', async () => {
    await start([ELEVEN, '', TEN, BROKEN, NINE]);
    expect(platform.firstAt?.toISOString()).toBe('2025-03-01T01:00:00.000Z');
    expect(platform.lastAt?.toISOString()).toBe('2025-03-02T03:00:00.000Z');
    expect(await platform.playback(END)).toEqual({ delivered: 4, next: null });
    expect(receiver.texts).toEqual([NINE, TEN, BROKEN, ELEVEN]);
    expect(receiver.received.map(({ headers }) => headers['x-feed-line'])).toEqual(['5', '3', '4', '1']);
    expect(receiver.received[0]!.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/x-ndjson',
      'x-feed-source': 'feed.ndjson',
    });
    expect(advanced).toEqual([
      '2025-03-01T01:00:00.000Z',
      '2025-03-01T02:00:00.000Z',
      '2025-03-01T02:00:00.000Z',
      '2025-03-02T03:00:00.000Z',
    ]);
  });

  test('a broken first line goes out with the first readable one, before it', async () => {
    await start([BROKEN, ELEVEN, NINE]);
    await platform.playback(END);
    expect(receiver.texts).toEqual([NINE, BROKEN, ELEVEN]);
  });

  test('only what is due is sent, the time itself included, and the next time is told', async () => {
    await start([NINE, TEN, ELEVEN]);
    expect(platform.peekNext()?.toISOString()).toBe('2025-03-01T01:00:00.000Z');
    expect(await platform.playback(new Date('2025-03-01T02:00:00Z'))).toEqual({ delivered: 2, next: '2025-03-02T03:00:00.000Z' });
    expect(await platform.playback(new Date('2025-03-01T02:00:00Z'))).toEqual({ delivered: 0, next: '2025-03-02T03:00:00.000Z' });
    expect(await platform.playback(END)).toEqual({ delivered: 1, next: null });
    expect(platform.peekNext()).toBeNull();
  });

  test('two calls at once keep the order and send nothing twice', async () => {
    await start([NINE, TEN, ELEVEN]);
    await Promise.all([platform.playback(END), platform.playback(END)]);
    expect(receiver.texts).toEqual([NINE, TEN, ELEVEN]);
  });

  test('a message is sent again after a failure of the line or of the receiver, with a fresh token', async () => {
    let tokens = 0;
    await start([NINE, TEN], { pushToken: () => Promise.resolve(`token-${++tokens}`) });
    receiver.answers = ['hang up', 503];
    expect(await platform.playback(END)).toMatchObject({ delivered: 2 });
    expect(receiver.texts).toEqual([NINE, TEN]);
    expect(receiver.received[0]!.headers.authorization).toBe('Bearer token-3');
  });

  test('a message that is not taken stays undelivered and holds back the rest', async () => {
    await start([NINE, TEN]);
    receiver.answers = [200, 500, 500, 500];
    await expect(platform.playback(END)).rejects.toThrow('line 2 of feed.ndjson');
    expect(platform.peekNext()?.toISOString()).toBe('2025-03-01T02:00:00.000Z');
    expect(await platform.playback(END)).toEqual({ delivered: 1, next: null });
    expect(receiver.texts).toEqual([NINE, TEN]);
  });

  test('a refusal is final at once', async () => {
    await start([NINE]);
    receiver.answers = [401];
    expect(await call('POST', `${platform.url}/control/playback`, { until: END.toISOString() })).toMatchObject({
      status: 502,
      body: { code: 'push-failed' },
    });
  });
});

describe('control', () => {
  const load = (text: string, source = 'a.ndjson') =>
    call('PUT', `${platform.url}/control/feed`, text, { 'content-type': 'text/plain', 'x-feed-source': source });

  test('a feed is loaded and played back over HTTP', async () => {
    await start(undefined);
    expect(platform.firstAt).toBeNull();
    expect(await load(`${NINE}\n${BROKEN}\n`)).toEqual({ status: 200, body: { source: 'a.ndjson', messages: 2 } });
    const play = await call('POST', `${platform.url}/control/playback`, { until: '2025-03-01T01:00:00Z' });
    expect(play).toEqual({ status: 200, body: { delivered: 2, next: null } });
    expect((await load(`${NINE}\n${BROKEN}\n`)).status).toBe(200);
    expect(await load(NINE)).toMatchObject({ status: 409, body: { code: 'feed-in-use' } });
    expect((await load(TEN, 'b.ndjson')).status).toBe(200);
    expect(await platform.playback(END)).toEqual({ delivered: 1, next: null });
    expect((await call('POST', `${platform.url}/control/playback`, { until: 'soon' })).status).toBe(400);
  });

  test('people are loaded over HTTP', async () => {
    await start(undefined, { persons: [] });
    expect((await call('PUT', `${platform.url}/control/persons`, [PERSON])).body).toEqual({ loaded: 1 });
    expect(await ask<PersonAnswer>('1101', { data: { mdtrt_cert_type: '02', mdtrt_cert_no: '45991219771109302x' } })).toMatchObject({
      output: PERSON,
    });
  });
});

const envelope = (infno: string, input: unknown): InsuranceEnvelope => ({
  infno,
  msgid: 'U45999900001202503071000000001',
  mdtrtarea_admvs: '459999',
  insuplc_admdvs: '459999',
  recer_sys_code: 'UNION',
  infver: 'V1.0',
  opter_type: '1',
  opter: 'union',
  inf_time: '2025-03-07 10:00:00',
  fixmedins_code: 'U45999900001',
  signtype: '',
  cainfo: '',
  enc_type: '',
  input,
});

const ask = async <T>(infno: string, input: unknown) =>
  (await call<InsuranceAnswer<T>>('POST', `${platform.url}/fsi/api/${infno}`, envelope(infno, input))).body;

describe('transactions', () => {
  test('1101 answers with the person, or says that there is none', async () => {
    await start([]);
    expect(await ask('1101', { data: { mdtrt_cert_type: '02', mdtrt_cert_no: PERSON.baseinfo.certno } })).toMatchObject({
      infcode: 0,
      err_msg: '',
      output: PERSON,
    });
    expect(await ask('1101', { data: { mdtrt_cert_type: '02', mdtrt_cert_no: '1' } })).toMatchObject({
      infcode: -1,
      err_msg: '未查询到人员信息',
      output: null,
    });
  });

  const NUMBER = PERSON.baseinfo.certno;
  const person = async (certno = NUMBER) =>
    ask<PersonAnswer>('1101', { data: { mdtrt_cert_type: '02', mdtrt_cert_no: certno, psn_name: '李娟' } });
  const set = (setting: string) => call('PUT', `${platform.url}/control/person-settings`, [{ certno: NUMBER, setting }]);

  test.each([
    ['suspended', { output: { insuinfo: [{ psn_insu_stas: '2' }] } }],
    ['ended', { output: { insuinfo: [{ psn_insu_stas: '3' }] } }],
    ['retired', { output: { insuinfo: [{ psn_type: '12' }] } }],
    ['resident', { output: { insuinfo: [{ insutype: '390', psn_type: '15' }] } }],
    ['other-name', { output: { baseinfo: { psn_name: '另李娟' } } }],
    ['unknown', { infcode: -1, err_msg: '未查询到人员信息' }],
    ['error', { infcode: -1, err_msg: '系统处理异常' }],
  ])('1101 of a person set to %s says so, until they are set back', async (setting, said) => {
    await start([]);
    expect((await set(setting)).status).toBe(200);
    expect(await person()).toMatchObject(said);
    await set('normal');
    expect(await person()).toMatchObject({ infcode: 0, output: PERSON });
    expect((await set('rich')).status).toBe(400);
  });

  test('1101 of a platform that knows everybody has any sound number, and tells who asked', async () => {
    const asked: string[] = [];
    await start([], { knowsEverybody: true, persons: [], onPerson: (certno) => asked.push(certno) });
    expect(await person()).toMatchObject({
      output: { baseinfo: { psn_name: '李娟', brdy: '1977-11-09' }, insuinfo: [{ psn_type: '11' }] },
    });
    expect(await person('459912197711093021')).toMatchObject({ err_msg: '未查询到人员信息' });
    expect(asked).toEqual([NUMBER, '459912197711093021']);
  });

  test('every connection breaks while it is down, and 1101 above its rate is told to wait', async () => {
    await start([]);
    const fault = (faults: object) => call('POST', `${platform.url}/faults`, faults);
    await fault({ outage: { from: '2025-03-07T02:00:00Z', until: '2025-03-07T03:00:00Z' } });
    await expect(person()).rejects.toThrow();
    await fault({ outage: { from: '2025-03-07T01:00:00Z', until: '2025-03-07T02:00:00Z' } });
    expect(await person()).toMatchObject({ infcode: 0 });
    await fault({ callsPerSecond: 0 });
    expect(await person()).toMatchObject({ infcode: -1, err_msg: '请求过于频繁，请稍后再试' });
    await fault({});
    expect(await person()).toMatchObject({ infcode: 0 });
  });

  test('an unknown transaction and a malformed envelope are answered with -1', async () => {
    await start([]);
    expect(await ask('9999', { data: {} })).toMatchObject({ infcode: -1, err_msg: expect.stringContaining('9999') });
    for (const body of [
      {},
      [],
      { ...envelope('1101', {}), msgid: 'short' },
      { ...envelope('1101', {}), inf_time: 'now' },
      envelope('3201', {}),
    ]) {
      expect((await call('POST', `${platform.url}/fsi/api/1101`, body)).body).toMatchObject({ infcode: -1, output: null });
    }
  });

  const pull = (begntime: string, endtime: string, after: number, limit: number) =>
    ask<FeedQueryAnswer>('5203', { data: { begntime, endtime, after, limit } }).then(({ output }) => output);

  test('5203 gives what was sent in the range, page by page', async () => {
    await start([ELEVEN, TEN, BROKEN, NINE]);
    expect(await pull('2025-01-01 00:00:00', '2026-01-01 00:00:00', 0, 10)).toEqual({ messages: [], next: null });
    await platform.playback(END);
    const [first, all] = ['2025-03-01 09:00:00', '2025-03-02 11:00:01'];
    const page = await pull(first, all, 0, 3);
    expect(page?.messages).toEqual([NINE, TEN, BROKEN]);
    expect(await pull(first, all, page!.next!, 3)).toEqual({ messages: [ELEVEN], next: null });
    expect(await pull('2025-03-01 09:00:01', '2025-03-02 11:00:00', 0, 10)).toEqual({ messages: [TEN, BROKEN], next: null });
  });

  const totals = (from: string, to: string, medfee: string, fund: string, count: string) =>
    ask<TotalsAnswer>('3201', {
      data: { stmt_begndate: from, stmt_enddate: to, medfee_sumamt: medfee, fund_pay_sumamt: fund, fixmedins_setl_cnt: count },
    }).then(({ output }) => output);

  test('3201 totals the distinct, readable 2304 that were sent, red records with their sign', async () => {
    const red = settle('2025-03-02 12:00:00', '-30.50', '-10.25');
    const undo = JSON.stringify({
      infno: '2305',
      msgid: 'u',
      inf_time: '2025-03-01 12:00:00',
      output: { setlinfo: { medfee_sumamt: '9', fund_pay_sumamt: '9' } },
    });
    await start([NINE, TEN, TEN, undo, ELEVEN, red, settle('2025-03-03 09:00:00'), BROKEN]);
    await platform.playback(new Date('2025-03-02T23:00:00+08:00'));
    expect(await totals('2025-03-01', '2025-03-31', '269.5', '169.75', '4')).toEqual({
      stmt_rslt: '0',
      medfee_sumamt: '269.50',
      fund_pay_sumamt: '169.75',
      fixmedins_setl_cnt: '4',
    });
    expect(await totals('2025-03-01', '2025-03-01', '200.00', '120.00', '2')).toMatchObject({ stmt_rslt: '0' });
    expect(await totals('2025-03-02', '2025-03-02', '70.00', '49.75', '2')).toMatchObject({ stmt_rslt: '1', medfee_sumamt: '69.50' });
  });
});
