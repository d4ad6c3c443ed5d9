/**
 * The token in the code of a certificate: a compact JWS under an Ed25519 key of the installation, so that anyone who has the public key can
 * check it. Whose cover it is stands in it enciphered: without the key the tokens of one person cannot even be told to belong together.
 */
import { Injectable } from '@nestjs/common';
import { PersonalDataVault } from '@app/platform';
import { CompactSign, compactVerify, errors, type JWK } from 'jose';
import { createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readTokenPayload, tokenPayload, type SignedCover } from './certificate.js';

const ALGORITHM = 'EdDSA';
/** PKCS #8 in front of the 32 bytes of an Ed25519 key (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const KEY_ID_LENGTH = 8;
const BLOCK_BYTES = 16;

/** A certificate as it was issued. */
export type Certificate = Omit<SignedCover, 'holder'> & { readonly memberId: string };

interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JWK;
}

@Injectable()
export class CertificateTokens {
  private readonly keys: readonly SigningKey[];
  private readonly holderKey: Buffer;

  constructor(vault: PersonalDataVault) {
    this.keys = vault.certificateSeeds.map(signingKey);
    this.holderKey = vault.certificateHolderKey;
  }

  issue({ memberId, ...cover }: Certificate): Promise<string> {
    const [key] = this.keys;
    const payload = tokenPayload({ ...cover, holder: this.hide(memberId, cover) });
    return new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: ALGORITHM, kid: key!.id }).sign(key!.privateKey);
  }

  /** undefined for whatever was not issued here, or was changed. */
  async read(token: string): Promise<Certificate | undefined> {
    try {
      const { payload } = await compactVerify(token, ({ kid }) => this.publicKeyOf(kid), { algorithms: [ALGORITHM] });
      const signed = readTokenPayload(Buffer.from(payload).toString('utf8'));
      if (!signed) return undefined;
      const { holder, ...cover } = signed;
      return { ...cover, memberId: this.reveal(holder, cover) };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** For anyone who checks signatures without us (RFC 7517). */
  get jwks(): { keys: JWK[] } {
    return { keys: this.keys.map(({ jwk }) => jwk) };
  }

  private publicKeyOf(id: string | undefined): KeyObject {
    const key = this.keys.find((candidate) => candidate.id === id);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  }

  // One block, so that the token stays short; that nobody changed it is for the signature to say.
  private hide(memberId: string, cover: Salt): string {
    const cipher = createCipheriv('aes-256-cbc', this.holderKey, salt(cover)).setAutoPadding(false);
    return Buffer.concat([cipher.update(memberId.replaceAll('-', ''), 'hex'), cipher.final()]).toString('base64url');
  }

  private reveal(holder: string, cover: Salt): string {
    const decipher = createDecipheriv('aes-256-cbc', this.holderKey, salt(cover)).setAutoPadding(false);
    const hex = decipher.update(holder, 'base64url', 'hex') + decipher.final('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

type Salt = Pick<SignedCover, 'number' | 'issuedOn'>;

/** Another one for each certificate, and the same for the same: a certificate made twice on a day is the same to the byte. */
const salt = ({ number, issuedOn }: Salt): Buffer =>
  createHash('sha256').update(`${number}\n${issuedOn}`).digest().subarray(0, BLOCK_BYTES);

function signingKey(seed: Buffer): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const { kty, crv, x } = publicKey.export({ format: 'jwk' });
  // The beginning of the thumbprint (RFC 7638), whose members stand in this order.
  const id = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url').slice(0, KEY_ID_LENGTH);
  return { id, privateKey, publicKey, jwk: { kty: kty!, crv: crv!, x: x!, kid: id, alg: ALGORITHM, use: 'sig' } };
}
