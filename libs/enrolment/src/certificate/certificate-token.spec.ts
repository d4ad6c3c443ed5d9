import { civilDate } from '@app/kernel';
import { PersonalDataVault } from '@app/platform';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CompactSign, SignJWT, compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { CertificateTokens, type Certificate } from './certificate-token.js';

const vaultOf = (byte: number): PersonalDataVault => new PersonalDataVault(Buffer.alloc(32, byte).toString('base64'));
const vault = vaultOf(1);
const tokens = new CertificateTokens(vault);
const PERSONAL_NUMBER = '11010519491231002X';
const certificate: Certificate = {
  number: 'guangxi-1-2025-2026-00000001',
  planId: 'guangxi-1-2025',
  coverFrom: civilDate('2026-01-01'),
  coverTo: civilDate('2026-12-31'),
  issuedOn: civilDate('2026-02-03'),
  memberId: vault.memberId(PERSONAL_NUMBER),
};
const token = await tokens.issue(certificate);
const [header, payload, signature] = token.split('.') as [string, string, string];
const decoded = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the token of a certificate', () => {
  it('says what was issued', async () => {
    expect(await tokens.read(token)).toEqual(certificate);
  });

  it('is short enough for a code that is read from paper', () => {
    expect(token.length).toBeLessThanOrEqual(300);
  });

  it('is the same for the same certificate', async () => {
    expect(await tokens.issue(certificate)).toBe(token);
  });

  it('holds neither the personal number nor the id of the member, in any spelling', () => {
    const bytes = Buffer.concat([header, payload].map((part) => Buffer.from(part, 'base64url')));
    const hidden = Buffer.from(String(decoded(payload).h), 'base64url');
    const memberId = Buffer.from(certificate.memberId.replaceAll('-', ''), 'hex');
    for (const secret of [PERSONAL_NUMBER, certificate.memberId, memberId.toString('hex'), memberId])
      expect(bytes.includes(secret)).toBe(false);
    expect(hidden).toHaveLength(16);
    expect(hidden.equals(memberId)).toBe(false);
    expect(Object.keys(decoded(payload)).sort()).toEqual(['f', 'h', 'i', 'n', 'p', 't']);
  });

  it('does not show that two certificates are of one person', async () => {
    const others = await Promise.all([
      tokens.issue({ ...certificate, number: 'guangxi-1-2025-2027-00000002' }),
      tokens.issue({ ...certificate, issuedOn: civilDate('2026-02-04') }),
    ]);
    const holders = [token, ...others].map((one) => decoded(one.split('.')[1]!).h);
    expect(new Set(holders).size).toBe(3);
  });

  it('is checked by anyone who has the published key', async () => {
    const keys = createLocalJWKSet(tokens.jwks as JSONWebKeySet);
    const { payload: seen } = await compactVerify(token, keys);
    expect(JSON.parse(Buffer.from(seen).toString())).toMatchObject({ n: certificate.number, f: 20_260_101, t: 20_261_231 });
    await expect(compactVerify(`${header}.${payload}.${'A'.repeat(86)}`, keys)).rejects.toThrow();
  });

  it('publishes nothing secret', () => {
    expect(tokens.jwks.keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x']]);
    expect(decoded(header)).toEqual({ alg: 'EdDSA', kid: tokens.jwks.keys[0]!.kid });
  });
});

describe('a forged token is', () => {
  it('one of another installation', async () => {
    expect(await new CertificateTokens(vaultOf(2)).read(token)).toBeUndefined();
  });

  it('one that another key signed under our name', async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']);
    const forged = await new CompactSign(Buffer.from(payload, 'base64url'))
      .setProtectedHeader({ alg: 'EdDSA', kid: String(decoded(header).kid) })
      .sign(privateKey as CryptoKey);
    expect(await tokens.read(forged)).toBeUndefined();
  });

  it.each([
    ['n', 'guangxi-1-2025-2026-00000002'],
    ['p', 'another-plan'],
    ['f', 20_250_101],
    ['t', 20_991_231],
    ['i', 20_260_101],
    ['h', 'A'.repeat(22)],
  ])('one whose %s was altered', async (field, value) => {
    expect(await tokens.read([header, encoded({ ...decoded(payload), [field]: value }), signature].join('.'))).toBeUndefined();
  });

  it('one with any byte changed', async () => {
    const parts = [header, payload, signature];
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), async (part, at, flip) => {
        const bytes = Buffer.from(parts[part]!, 'base64url');
        bytes[at % bytes.length]! ^= flip;
        expect(await tokens.read(parts.with(part, bytes.toString('base64url')).join('.'))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('one without a signature, or with one made of the public key', async () => {
    const kid = tokens.jwks.keys[0]!.kid!;
    const secret = Buffer.from(tokens.jwks.keys[0]!.x!, 'base64url');
    const symmetric = await new SignJWT(decoded(payload)).setProtectedHeader({ alg: 'HS256', kid }).sign(secret);
    for (const forged of [`${encoded({ alg: 'none', kid })}.${payload}.`, symmetric]) expect(await tokens.read(forged)).toBeUndefined();
  });

  it('any other text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.string(), fc.string(), fc.string()).map((three) => three.join('.')),
        ),
        async (text) => {
          expect(await tokens.read(text)).toBeUndefined();
        },
      ),
    );
  });

  it('something else that our key signed', async () => {
    const other = vaultOf(1);
    const secret = new CertificateTokens(other) as unknown as { keys: { privateKey: CryptoKey; id: string }[] };
    const { privateKey, id } = secret.keys[0]!;
    const signed = await new CompactSign(Buffer.from('{"sub":"somebody"}')).setProtectedHeader({ alg: 'EdDSA', kid: id }).sign(privateKey);
    expect(await tokens.read(signed)).toBeUndefined();
  });
});

describe('when the key is changed', () => {
  const vaultWith = (...seeds: number[]): PersonalDataVault =>
    ({
      certificateSeeds: seeds.map((byte) => Buffer.alloc(32, byte)),
      certificateHolderKey: vault.certificateHolderKey,
    }) as unknown as PersonalDataVault;
  const changed = new CertificateTokens(vaultWith(8, 7));

  it('what the earlier one signed stays good, and the new one signs', async () => {
    const before = new CertificateTokens(vaultWith(7));
    expect(await changed.read(await before.issue(certificate))).toEqual(certificate);
    expect(await before.read(await changed.issue(certificate))).toBeUndefined();
    expect(changed.jwks.keys).toHaveLength(2);
  });

  it('what was signed by a key that is gone is forged', async () => {
    expect(await changed.read(await new CertificateTokens(vaultWith(6)).issue(certificate))).toBeUndefined();
  });
});
