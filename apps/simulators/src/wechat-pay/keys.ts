/** The keys of both sides, and what is signed and sealed with WeChat's: by the manual, apart from the engine's reading of it. */
import { WECHAT_PAY_HEADERS, type WechatPayMerchant, type WechatPayNotification } from '@app/contracts';
import { createCipheriv, createPrivateKey, createPublicKey, generateKeyPair, randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const APP_ID = 'wx0000000000hubao1';
const MERCHANT_ID = '1900000001';
const SIGNATURE_LIFE_MS = 5 * 60_000;

/** `merchant` is what the engine gets; `platformPrivateKey` stays with WeChat. Plain text, so that it can be kept in a file. */
export interface WechatPayKeys {
  merchant: WechatPayMerchant;
  platformSerial: string;
  platformPrivateKey: string;
}

const newKeyPair = (): Promise<{ publicKey: string; privateKey: string }> =>
  promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

export async function generateWechatPayKeys(): Promise<WechatPayKeys> {
  const [merchant, platform] = await Promise.all([newKeyPair(), newKeyPair()]);
  const platformSerial = newSerial();
  return {
    merchant: {
      appId: APP_ID,
      mchId: MERCHANT_ID,
      serial: newSerial(),
      privateKey: merchant.privateKey,
      apiV3Key: randomBytes(16).toString('hex'),
      platformKeys: { [platformSerial]: platform.publicKey },
    },
    platformSerial,
    platformPrivateKey: platform.privateKey,
  };
}

const newSerial = (): string => randomBytes(20).toString('hex').toUpperCase();

export type SignedHeaders = Record<(typeof WECHAT_PAY_HEADERS)[keyof typeof WECHAT_PAY_HEADERS], string>;

export class Signer {
  private readonly platformKey: KeyObject;
  private readonly merchantKey: KeyObject;

  constructor(private readonly keys: WechatPayKeys) {
    this.platformKey = createPrivateKey(keys.platformPrivateKey);
    this.merchantKey = createPublicKey(keys.merchant.privateKey);
  }

  get merchant(): WechatPayMerchant {
    return this.keys.merchant;
  }

  /** WeChat's signature on what it says. In the thread pool, since it takes a quarter of a millisecond. */
  async headers(body: string, at: Date): Promise<SignedHeaders> {
    const timestamp = String(Math.floor(at.getTime() / 1000));
    const nonce = randomBytes(16).toString('hex');
    const signature = await promisify<string, Buffer, KeyObject, Buffer>(sign)(
      'sha256',
      Buffer.from([timestamp, nonce, body, ''].join('\n')),
      this.platformKey,
    );
    return {
      [WECHAT_PAY_HEADERS.timestamp]: timestamp,
      [WECHAT_PAY_HEADERS.nonce]: nonce,
      [WECHAT_PAY_HEADERS.signature]: signature.toString('base64'),
      [WECHAT_PAY_HEADERS.serial]: this.keys.platformSerial,
    };
  }

  /** Whether the merchant signed this request not long before `at`. */
  isOfMerchant(authorization: string, method: string, url: string, body: string, at: Date): boolean {
    const [scheme, rest = ''] = authorization.split(/ (.*)/s);
    if (scheme !== 'WECHATPAY2-SHA256-RSA2048') return false;
    const said = Object.fromEntries([...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
    const { mchid, nonce_str: nonce, signature, timestamp, serial_no: serial } = said;
    if (mchid !== this.merchant.mchId || serial !== this.merchant.serial || !nonce || !signature || !timestamp) return false;
    const age = Math.abs(at.getTime() - Number(timestamp) * 1000);
    // Not a number is no age either.
    if (!(age <= SIGNATURE_LIFE_MS)) return false;
    const message = [method, url, timestamp, nonce, body, ''].join('\n');
    return verify('sha256', Buffer.from(message), this.merchantKey, Buffer.from(signature, 'base64'));
  }

  seal(text: string, type: string): WechatPayNotification['resource'] {
    const nonce = randomBytes(6).toString('hex');
    const cipher = createCipheriv('aes-256-gcm', this.merchant.apiV3Key, nonce);
    cipher.setAAD(Buffer.from(type));
    const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
    return { original_type: type, algorithm: 'AEAD_AES_256_GCM', ciphertext, nonce, associated_data: type };
  }
}
