import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHmac, hkdfSync } from 'node:crypto';
import { PersonalDataVault } from './personal-data.js';

const MASTER = Buffer.alloc(32, 5);
const vault = new PersonalDataVault(MASTER.toString('base64'));

describe('personal data at rest', () => {
  it("finds a member by Node's own HMAC of the personal number", () => {
    const key = Buffer.from(hkdfSync('sha256', MASTER, Buffer.alloc(0), 'hubao/member-id/1', 32));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const digest = createHmac('sha256', key).update(text).digest();
        digest[6] = (digest[6]! & 0x0f) | 0x80;
        digest[8] = (digest[8]! & 0x3f) | 0x80;
        expect(vault.memberId(text).replaceAll('-', '')).toBe(digest.subarray(0, 16).toString('hex'));
      }),
    );
  });

  it("signs with Node's own HMAC, texts of any length", () => {
    const key = Buffer.from(hkdfSync('sha256', MASTER, Buffer.alloc(0), 'hubao/sign/1', 32));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        expect(vault.sign(text)).toEqual(createHmac('sha256', key).update(text).digest());
      }),
    );
  });

  it('opens what it sealed, in as many bytes as it said, and never seals alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = vault.seal(text);
        expect(sealed.length).toBe(vault.sealLength + Buffer.byteLength(text));
        expect(vault.open(sealed)).toBe(text);
        expect(vault.seal(text).equals(sealed)).toBe(false);
      }),
    );
  });

  it('refuses what was changed by a bit', () => {
    const sealed = vault.seal('4500001234');
    sealed[sealed.length - 1]! ^= 1;
    expect(() => vault.open(sealed)).toThrow();
  });
});
