/**
 * Personal data at rest: sealed with AES-256-GCM under a key of this installation, found again by a keyed blind index. The member id is
 * itself that index of the personal number (architecture: keys that distribute), so a roster row or a settlement finds its member
 * without a look-up and importing twice is idempotent.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hash, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { DomainError, assert } from '@app/kernel';
import { OneShotHmac } from './one-shot-hmac.js';
import { FINGERPRINT_BYTES, MEMBER_ID_BYTES, SealingThread } from './sealing.js';

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEAL_BYTES = 1 + IV_BYTES + TAG_BYTES;

export class PersonalDataVault {
  private readonly sealKey: KeyObject;
  private readonly memberHmac: OneShotHmac;
  private readonly signHmac: OneShotHmac;
  private readonly fingerprintKey: string;
  /** Signs login tokens; derived here so that an installation keeps one secret. */
  readonly tokenKey: Uint8Array;
  /** Seeds of Ed25519 keys: the first signs certificates, and what one behind it signed stays good. */
  readonly certificateSeeds: readonly Buffer[];
  /** Hides in a certificate whose it is. */
  readonly certificateHolderKey: Buffer;
  /** What a sealed text has more than the text. */
  readonly sealLength = SEAL_BYTES;
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
    this.memberHmac = new OneShotHmac(derive('member-id'));
    this.signHmac = new OneShotHmac(derive('sign'));
    this.fingerprintKey = derive('fingerprint').toString('base64');
    this.tokenKey = derive('token');
    this.certificateSeeds = [derive('certificate')];
    this.certificateHolderKey = derive('certificate-holder');
  }

  seal(text: string): Buffer {
    return this.sealBytes(Buffer.from(text));
  }

  /** Writes {@link sealLength} bytes and as many as are given at `at`, and returns how many; for sets, where a buffer each would cost as much as the cipher. */
  sealInto(target: Buffer, at: number, bytes: Buffer): number {
    const iv = this.nextIv();
    const cipher = createCipheriv('aes-256-gcm', this.sealKey, iv);
    const body = cipher.update(bytes);
    // Ends the computation of the tag; GCM has no padding, so nothing more comes out.
    cipher.final();
    target[at] = FORMAT;
    target.set(iv, at + 1);
    target.set(cipher.getAuthTag(), at + 1 + IV_BYTES);
    target.set(body, at + SEAL_BYTES);
    return SEAL_BYTES + body.length;
  }

  open(sealed: Buffer): string {
    return this.openBytes(sealed).toString('utf8');
  }

  /** As {@link seal}, for a piece of a file. */
  sealBytes(bytes: Buffer): Buffer {
    const sealed = Buffer.allocUnsafe(SEAL_BYTES + bytes.length);
    this.sealInto(sealed, 0, bytes);
    return sealed;
  }

  openBytes(sealed: Buffer): Buffer {
    assert(sealed[0] === FORMAT, `sealed data of format ${FORMAT} expected, found ${sealed[0]}`);
    const decipher = createDecipheriv('aes-256-gcm', this.sealKey, sealed.subarray(1, 1 + IV_BYTES));
    decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, SEAL_BYTES));
    const body = decipher.update(sealed.subarray(SEAL_BYTES));
    decipher.final();
    return body;
  }

  /** A UUID (version 8) of the keyed hash of the normalised personal number. */
  memberId(personalNumber: string): string {
    const id = Buffer.allocUnsafe(MEMBER_ID_BYTES);
    this.memberIdInto(id, 0, personalNumber);
    const hex = id.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** Writes {@link memberId} as its 16 bytes at `at`. */
  memberIdInto(target: Buffer, at: number, personalNumber: string): void {
    target.write(this.memberHmac.digest(personalNumber), at, MEMBER_ID_BYTES, 'latin1');
    target[at + 6] = (target[at + 6]! & 0x0f) | 0x80;
    target[at + 8] = (target[at + 8]! & 0x3f) | 0x80;
  }

  /** Keyed hash of any other identifier that must be compared but not read. */
  blindIndex(text: string): Buffer {
    return Buffer.from(this.memberHmac.digest(`index\0${text}`), 'latin1');
  }

  /** Keyed seal of a text that must not change between being signed and being sent. */
  sign(text: string): Buffer {
    return Buffer.from(this.signHmac.digest(text), 'latin1');
  }

  /** Writes 128 bits at `at`, to see whether a text is the same as before. Only compared with itself, so a secret in front of the text is key enough, at a sixth of an HMAC. */
  fingerprintInto(target: Buffer, at: number, text: string): void {
    target.write(hash('sha256', this.fingerprintKey + text, 'binary'), at, FINGERPRINT_BYTES, 'latin1');
  }

  fingerprint(text: string): Buffer {
    const bytes = Buffer.allocUnsafe(FINGERPRINT_BYTES);
    this.fingerprintInto(bytes, 0, text);
    return bytes;
  }

  /** Another thread with the same keys; to be closed. */
  startThread(): SealingThread {
    return new SealingThread(this.masterKey);
  }

  // One random read for many values: asking the kernel for 12 bytes costs more than the encryption.
  private nextIv(): Uint8Array {
    if (this.ivOffset + IV_BYTES > this.ivPool.length) {
      this.ivPool = randomBytes(IV_BYTES * 512);
      this.ivOffset = 0;
    }
    return this.ivPool.subarray(this.ivOffset, (this.ivOffset += IV_BYTES));
  }
}
