/** What an answer to 1101 comes to, and when the platform counts as down; against a server that says what it is told to. */
import { PERSON_NOT_FOUND, TOO_MANY_CALLS } from '@app/contracts';
import { DomainError, Clock } from '@app/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MedicalInsuranceGateway } from './medical-insurance.gateway.js';

class Standing extends Clock {
  now(): Date {
    return new Date('2025-09-01T01:00:00Z');
  }
}

const NUMBER = '45991219771109302X';
const PERSON = {
  baseinfo: { psn_no: 'P1', psn_name: '李娟', certno: NUMBER, gend: '2', brdy: '1977-11-09' },
  insuinfo: [{ insutype: '310', psn_type: '11', psn_insu_stas: '1', insuplc_admdvs: '459999' }],
};

describe('asking about a person', () => {
  let server: Server;
  let gateway: MedicalInsuranceGateway;
  let status = 200;
  let answer: object = {};
  let asked = 0;

  let url = '';

  beforeEach(async () => {
    [status, asked] = [200, 0];
    server = createServer((request, response) => {
      asked++;
      request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    gateway = new MedicalInsuranceGateway(url, new Standing(), { retryAfterMs: 1, quietMs: 60_000 });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const says = (infcode: 0 | -1, err_msg: string, output: unknown) => {
    answer = { infcode, inf_refmsgid: 'R1', respond_time: '2025-09-01 09:00:00', err_msg, output };
  };

  it.each([
    ['known', 0, '', PERSON],
    ['known', 0, '', { ...PERSON, insuinfo: [] }],
    ['unknown', -1, PERSON_NOT_FOUND, null],
    ['no-answer', -1, '系统处理异常', null],
    ['no-answer', 0, '', null],
    ['no-answer', 0, '', {}],
    ['no-answer', 0, '', { baseinfo: PERSON.baseinfo }],
    ['no-answer', 0, '', { ...PERSON, insuinfo: [{ ...PERSON.insuinfo[0], psn_insu_stas: '4' }] }],
    ['no-answer', 0, '', { ...PERSON, insuinfo: [{ ...PERSON.insuinfo[0], psn_type: '李娟' }] }],
  ] as const)('comes to %s of infcode %d "%s" with %j', async (outcome, infcode, message, output) => {
    says(infcode, message, output);
    expect(await gateway.person(NUMBER, '李娟')).toMatchObject({ outcome });
    expect(asked).toBe(1);
  });

  const failure = async (): Promise<DomainError> => {
    const error = await gateway.person(NUMBER, '李娟').catch((caught: unknown) => caught);
    if (error instanceof DomainError) return error;
    throw new Error('expected a failure');
  };

  it.each([
    ['insurance-busy', 200, TOO_MANY_CALLS],
    ['refused-by-party', 503, ''],
    ['refused-by-party', 401, ''],
  ] as const)('fails with %s at status %d "%s" after three tries, without a word about the person', async (code, of, message) => {
    says(-1, message, null);
    status = of;
    const error = await failure();
    expect([error.code, asked]).toEqual([code, 3]);
    for (const secret of [NUMBER, '李娟']) expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain(secret);
  });

  it('leaves a platform alone that has failed five times in a row', async () => {
    status = 500;
    for (let call = 0; call < 50; call++) await failure();
    expect(asked).toBe(5);
    expect(await failure()).toMatchObject({ code: 'insurance-down', kind: 'unavailable' });
  });

  it('counts a call that finds it still down as part of the outage, and goes on when it is back', async () => {
    gateway = new MedicalInsuranceGateway(url, new Standing(), { retryAfterMs: 0, quietMs: 0 });
    status = 500;
    const codes = new Set<string>();
    for (let call = 0; call < 20; call++) codes.add((await failure()).code);
    // The very first call has failed three times, which is no outage yet.
    expect([...codes]).toEqual(['refused-by-party', 'insurance-down']);
    status = 200;
    says(0, '', PERSON);
    expect(await gateway.person(NUMBER, '李娟')).toMatchObject({ outcome: 'known' });
  });
});
