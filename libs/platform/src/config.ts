/** Everything an installation can set, read once from the environment and checked; a wrong value stops the start with what to do. */
import type { WechatPayMerchant } from '@app/contracts';
import { DomainError } from '@app/kernel';
import { createPrivateKey, createPublicKey } from 'node:crypto';

export interface Config {
  readonly databaseUrl: string;
  /** Set: BullMQ runs on Redis. Unset: on the PostgreSQL of `databaseUrl`. */
  readonly redisUrl: string | undefined;
  readonly masterKey: string;
  /** Path of a virtual clock's file; unset is the wall clock. */
  readonly clockFile: string | undefined;
  readonly medicalInsuranceUrl: string;
  readonly treasuryUrl: string;
  readonly bankUrl: string;
  readonly wechatUrl: string;
  /** Where the public reaches the enrolment service, without a slash at the end; it is printed on certificates. */
  readonly publicUrl: string;
  /** Addresses or networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly wechatPayUrl: string;
  /** undefined: nobody can pay on the phone. */
  readonly wechatPayMerchant: WechatPayMerchant | undefined;
  /** Where WeChat sends notifications to. */
  readonly wechatPayNotifyUrl: string;
  /** The account subsidies are paid from, and the one contributions come into. */
  readonly payoutAccount: string;
  readonly collectionAccount: string;
  readonly payerName: string;
  readonly hours: BusinessHours;
  /** Real milliseconds between two looks of the sweeper. */
  readonly sweepEveryMs: number;
  /** How many people a second the medical-insurance platform is asked about. */
  readonly insuranceCallsPerSecond: number;
}

/** China time HH:mm, on working days. */
export interface BusinessHours {
  readonly officeOpens: string;
  readonly officeCloses: string;
  readonly batchCut: string;
  /** From when the bank's statement of a day can be had, every day. */
  readonly statementReady: string;
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const required = (name: string, what: string): string => {
    const value = env[name];
    if (!value) throw new DomainError('config', 'invalid', `${name}: expected ${what}, found nothing; set it in the environment`);
    return value;
  };
  const time = (name: string, fallback: string): string => {
    const value = env[name] ?? fallback;
    if (!TIME.test(value))
      throw new DomainError('config', 'invalid', `${name}: expected a time HH:mm, found "${value}"; correct it in the environment`);
    return value;
  };
  const publicUrl = (env.PUBLIC_URL ?? 'http://127.0.0.1:3001').replace(/\/+$/, '');
  if (!/^https?:\/\/[^?#]+$/.test(publicUrl) || !URL.canParse(publicUrl))
    throw new DomainError(
      'config',
      'invalid',
      `PUBLIC_URL: expected an address like https://aid.example.org, found "${env.PUBLIC_URL}"; correct it in the environment`,
    );
  const sweepEveryMs = Number(env.SWEEP_EVERY_MS ?? 5_000);
  if (!Number.isInteger(sweepEveryMs) || sweepEveryMs < 50) {
    throw new DomainError(
      'config',
      'invalid',
      `SWEEP_EVERY_MS: expected whole milliseconds of at least 50, found "${env.SWEEP_EVERY_MS}"; correct it in the environment`,
    );
  }
  const insuranceCallsPerSecond = Number(env.INSURANCE_CALLS_PER_SECOND ?? 200);
  if (!Number.isInteger(insuranceCallsPerSecond) || insuranceCallsPerSecond < 1) {
    throw new DomainError(
      'config',
      'invalid',
      `INSURANCE_CALLS_PER_SECOND: expected a whole number of at least 1, found "${env.INSURANCE_CALLS_PER_SECOND}"; correct it in the environment`,
    );
  }
  return {
    databaseUrl: required('DATABASE_URL', 'postgres://user:password@host:port/database'),
    redisUrl: env.REDIS_URL || undefined,
    masterKey: required('HUBAO_MASTER_KEY', '32 random bytes in base64 (openssl rand -base64 32)'),
    clockFile: env.HUBAO_CLOCK_FILE || undefined,
    medicalInsuranceUrl: env.MEDICAL_INSURANCE_URL ?? 'http://127.0.0.1:4101',
    treasuryUrl: env.TREASURY_URL ?? 'http://127.0.0.1:4102',
    bankUrl: env.BANK_URL ?? 'http://127.0.0.1:4103',
    wechatUrl: env.WECHAT_URL ?? 'http://127.0.0.1:4104',
    publicUrl,
    trustedProxies: (env.TRUSTED_PROXIES ?? '').split(',').flatMap((address) => address.trim() || []),
    wechatPayUrl: env.WECHAT_PAY_URL ?? 'http://127.0.0.1:4105',
    wechatPayMerchant: env.WECHAT_PAY_MERCHANT ? readMerchant(env.WECHAT_PAY_MERCHANT) : undefined,
    wechatPayNotifyUrl: env.WECHAT_PAY_NOTIFY_URL ?? 'http://127.0.0.1:3001/wechat-pay/notifications',
    payoutAccount: env.PAYOUT_ACCOUNT ?? '6200009999000000017',
    collectionAccount: env.COLLECTION_ACCOUNT ?? '6200009999000000025',
    payerName: env.PAYER_NAME ?? '职工互助保障中心',
    hours: {
      officeOpens: time('OFFICE_OPENS', '09:00'),
      officeCloses: time('OFFICE_CLOSES', '17:00'),
      batchCut: time('BATCH_CUT', '10:00'),
      statementReady: time('STATEMENT_READY', '20:00'),
    },
    sweepEveryMs,
    insuranceCallsPerSecond,
  };
}

/** The keys are tried here, so that a damaged one stops the start; what is said of it holds no part of it. */
function readMerchant(json: string): WechatPayMerchant {
  try {
    const { appId, mchId, serial, privateKey, apiV3Key, platformKeys } = JSON.parse(json) as WechatPayMerchant;
    createPrivateKey(privateKey);
    const publicKeys = Object.values(platformKeys).map((pem) => createPublicKey(pem));
    if (appId && mchId && serial && Buffer.byteLength(apiV3Key) === 32 && publicKeys.length > 0)
      return { appId, mchId, serial, privateKey, apiV3Key, platformKeys };
  } catch {
    // Said below.
  }
  throw new DomainError(
    'config',
    'invalid',
    'WECHAT_PAY_MERCHANT: expected JSON with appId, mchId, serial, privateKey (PEM), apiV3Key (32 characters) and platformKeys ' +
      '(PEM by serial number), found something else; correct it in the environment',
  );
}

/** For programs: what is wrong with the environment is said in one line, and the program ends with 2. */
export function readConfigOrExit(env: Readonly<Record<string, string | undefined>>): Config {
  try {
    return readConfig(env);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
}
