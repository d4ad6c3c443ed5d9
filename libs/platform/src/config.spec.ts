import { describe, expect, it } from '@jest/globals';
import { readConfig, type Config } from './config.js';

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
