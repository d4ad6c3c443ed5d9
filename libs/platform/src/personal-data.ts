/**
 * Personal data at rest: sealed with AES-256-GCM under a key of this installation, found again by a keyed blind index. The member id is
 * itself that index of the personal number (architecture: keys that distribute), so a roster row or a settlement finds its member
 * without a look-up and importing twice is idempotent.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { DomainError, assert } from '@app/kernel';
import { SealingThread } from './sealing.js';

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES;

export class PersonalDataVault {
  private readonly sealKey: KeyObject;
  private readonly memberKey: Buffer;
  private readonly memberHmac: OneShotHmac;
  private readonly signKey: Buffer;
  private readonly fingerprintKey: string;
  /** Signs login tokens; derived here so that an installation keeps one secret. */
  readonly tokenKey: Uint8Array;
  private ivPool = Buffer.alloc(0);
  private ivOffset = 0;

  /** `masterKey`: 32 bytes as base64. */
  constructor(private readonly masterKey: string) {
    const master = Buffer.from(masterKey, 'base64');
    if (master.length !== 32) {
      throw new DomainError(
        'master-key',
        'invalid',
        `HUBAO_MASTER_KEY: expected 32 bytes in base64, found ${master.length}; make one with: openssl rand -base64 32`,
      );
    }
    const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `hubao/${purpose}/1`, 32));
    // Prepared once: from bytes, every cipher would prepare it again.
    this.sealKey = createSecretKey(derive('seal'));
    this.memberKey = derive('member-id');
    this.memberHmac = new OneShotHmac(this.memberKey);
    this.signKey = derive('sign');
    this.fingerprintKey = derive('fingerprint').toString('hex');
    this.tokenKey = derive('token');
  }

  seal(text: string): Buffer {
    const sealed = Buffer.allocUnsafe(this.sealedLength(text));
    this.sealInto(sealed, 0, text);
    return sealed;
  }

  /** Bytes of the sealed form of `text`. */
  sealedLength(text: string): number {
    return HEAD_BYTES + Buffer.byteLength(text);
  }

  /** Writes {@link sealedLength} bytes at `at`; for sets, where a buffer each would cost as much as the cipher. */
  sealInto(target: Buffer, at: number, text: string): void {
    const iv = this.nextIv();
    const cipher = createCipheriv('aes-256-gcm', this.sealKey, iv);
    const body = cipher.update(text, 'utf8');
    // Ends the computation of the tag; GCM has no padding, so nothing more comes out.
    cipher.final();
    target[at] = FORMAT;
    iv.copy(target, at + 1);
    cipher.getAuthTag().copy(target, at + 1 + IV_BYTES);
    body.copy(target, at + HEAD_BYTES);
  }

  open(sealed: Buffer): string {
    assert(sealed[0] === FORMAT, `sealed data of format ${FORMAT} expected, found ${sealed[0]}`);
    const decipher = createDecipheriv('aes-256-gcm', this.sealKey, sealed.subarray(1, 1 + IV_BYTES));
    decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, HEAD_BYTES));
    return decipher.update(sealed.subarray(HEAD_BYTES), undefined, 'utf8') + decipher.final('utf8');
  }

  /** A UUID (version 8) of the keyed hash of the normalised personal number. */
  memberId(personalNumber: string): string {
    const hex = this.memberIdHex(personalNumber);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** {@link memberId} as 32 hexadecimal digits. */
  memberIdHex(personalNumber: string): string {
    const hex = this.memberHmac.hex(personalNumber);
    const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
    return `${hex.slice(0, 12)}8${hex.slice(13, 16)}${variant}${hex.slice(17, 32)}`;
  }

  /** Keyed hash of any other identifier that must be compared but not read. */
  blindIndex(text: string): Buffer {
    return createHmac('sha256', this.memberKey).update('index\0').update(text).digest();
  }

  /** Keyed seal of a text that must not change between being signed and being sent. */
  sign(text: string): Buffer {
    return createHmac('sha256', this.signKey).update(text).digest();
  }

  /** 128 bits in hex, to see whether a text is the same as before. Only compared with itself, so a secret in front of the text is key enough, at a sixth of an HMAC. */
  fingerprint(text: string): string {
    return hash('sha256', this.fingerprintKey + text).slice(0, 32);
  }

  /** Another thread with the same keys; to be closed. */
  startThread(): SealingThread {
    return new SealingThread(this.masterKey);
  }

  // One random read for many values: asking the kernel for 12 bytes costs more than the encryption.
  private nextIv(): Buffer {
    if (this.ivOffset + IV_BYTES > this.ivPool.length) {
      this.ivPool = randomBytes(IV_BYTES * 512);
      this.ivOffset = 0;
    }
    const iv = Buffer.from(this.ivPool.subarray(this.ivOffset, this.ivOffset + IV_BYTES));
    this.ivOffset += IV_BYTES;
    return iv;
  }
}

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** HMAC-SHA-256 (RFC 2104) of short texts by two one-shot hashes: an Hmac object for each costs a roster import twice as much. Compared with Node's in the tests. */
class OneShotHmac {
  private readonly outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  private readonly inner: Buffer = Buffer.alloc(BLOCK_BYTES);

  /** `key` of at most a block. */
  constructor(key: Buffer) {
    for (let i = 0; i < BLOCK_BYTES; i++) {
      this.inner[i] = (key[i] ?? 0) ^ 0x36;
      this.outer[i] = (key[i] ?? 0) ^ 0x5c;
    }
  }

  hex(text: string): string {
    const message = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
    this.inner.copy(message);
    message.write(text, BLOCK_BYTES);
    hash('sha256', message, 'buffer').copy(this.outer, BLOCK_BYTES);
    return hash('sha256', this.outer);
  }
}
