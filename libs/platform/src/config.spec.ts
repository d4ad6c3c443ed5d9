import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { readConfig, type Config } from './config.js';

const ENV = { DATABASE_URL: 'postgres://nobody@127.0.0.1/none', HUBAO_MASTER_KEY: 'unused' };
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const MERCHANT = {
  appId: 'wx1',
  mchId: '1900000001',
  serial: '5157',
  privateKey,
  apiV3Key: 'k'.repeat(32),
  platformKeys: { A1: publicKey },
};

describe('the merchant of WeChat Pay', () => {
  const read = (value: string | undefined) => readConfig({ ...ENV, WECHAT_PAY_MERCHANT: value }).wechatPayMerchant;

  it('is as it was given, and need not be there', () => {
    expect(read(JSON.stringify(MERCHANT))).toEqual(MERCHANT);
    expect(read(undefined)).toBeUndefined();
    expect(read('')).toBeUndefined();
  });

  it.each<[string, string]>([
    ['no JSON', 'merchant.json'],
    ['a damaged private key', JSON.stringify({ ...MERCHANT, privateKey: privateKey.replace('A', '!').slice(0, -40) })],
    ['a damaged public key', JSON.stringify({ ...MERCHANT, platformKeys: { A1: publicKey.slice(0, 100) } })],
    ['no public key', JSON.stringify({ ...MERCHANT, platformKeys: {} })],
    ['a short key for notifications', JSON.stringify({ ...MERCHANT, apiV3Key: 'k'.repeat(31) })],
    ['no number', JSON.stringify({ ...MERCHANT, mchId: undefined })],
  ])('%s stops the start, and no part of it is said', (_, value) => {
    let message = '';
    try {
      read(value);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^WECHAT_PAY_MERCHANT: expected JSON with appId/);
    for (const line of privateKey.split('\n').slice(1, -2)) expect(message).not.toContain(line);
  });
});

const read = (env: Record<string, string>): Config =>
  readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', HUBAO_MASTER_KEY: Buffer.alloc(32).toString('base64'), ...env });

describe('where the public reaches us', () => {
  it.each([
    ['https://aid.example.org', 'https://aid.example.org'],
    ['https://aid.example.org/hubao//', 'https://aid.example.org/hubao'],
  ])('%s is an address', (value, publicUrl) => {
    expect(read({ PUBLIC_URL: value }).publicUrl).toBe(publicUrl);
  });

  it.each(['aid.example.org', 'ftp://aid.example.org', 'https://', 'https://aid.example.org/?a=1', 'https://aid.example.org/#top', ''])(
    '"%s" is none',
    (value) => {
      expect(() => read({ PUBLIC_URL: value })).toThrow('PUBLIC_URL: expected an address');
    },
  );

  it('is for proxies to say only when they are named', () => {
    expect(read({}).trustedProxies).toEqual([]);
    expect(read({ TRUSTED_PROXIES: '10.0.0.0/8, ::1,' }).trustedProxies).toEqual(['10.0.0.0/8', '::1']);
  });
});
