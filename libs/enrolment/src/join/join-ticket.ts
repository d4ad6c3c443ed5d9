/**
 * The signed paper of a join: which member asked to join in which window, and when that was received. Whoever comes back with it has the place of
 * that instant, also after a restart. It holds ids and an instant: the id of a member is a keyed hash.
 */
import type { PersonalDataVault } from '@app/platform';
import { hash, timingSafeEqual } from 'node:crypto';

export interface JoinTicket {
  readonly windowId: string;
  readonly memberId: string;
  readonly receivedAt: Date;
}

const VERSION = 1;
const UUID_BYTES = 16;
const INSTANT_BYTES = 6;
const PAYLOAD_BYTES = 1 + 2 * UUID_BYTES + INSTANT_BYTES;
/** 128 bits of the signature. */
const SEAL_BYTES = 16;
const TICKET = /^[0-9A-Za-z_-]{74}$/;

export function writeTicket(vault: PersonalDataVault, { windowId, memberId, receivedAt }: JoinTicket): string {
  const bytes = Buffer.allocUnsafe(PAYLOAD_BYTES + SEAL_BYTES);
  bytes[0] = VERSION;
  bytes.write(windowId.replaceAll('-', ''), 1, 'hex');
  bytes.write(memberId.replaceAll('-', ''), 1 + UUID_BYTES, 'hex');
  bytes.writeUIntBE(receivedAt.getTime(), 1 + 2 * UUID_BYTES, INSTANT_BYTES);
  sealOf(vault, bytes).copy(bytes, PAYLOAD_BYTES, 0, SEAL_BYTES);
  return bytes.toString('base64url');
}

/** undefined when it was not written here. */
export function readTicket(vault: PersonalDataVault, text: string): JoinTicket | undefined {
  if (!TICKET.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== PAYLOAD_BYTES + SEAL_BYTES || bytes[0] !== VERSION) return undefined;
  if (!timingSafeEqual(sealOf(vault, bytes).subarray(0, SEAL_BYTES), bytes.subarray(PAYLOAD_BYTES))) return undefined;
  return {
    windowId: uuidAt(bytes, 1),
    memberId: uuidAt(bytes, 1 + UUID_BYTES),
    receivedAt: new Date(bytes.readUIntBE(1 + 2 * UUID_BYTES, INSTANT_BYTES)),
  };
}

const sealOf = (vault: PersonalDataVault, bytes: Buffer): Buffer =>
  vault.sign(`join-ticket/${bytes.toString('base64url', 0, PAYLOAD_BYTES)}`);

function uuidAt(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + UUID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const MEMBER_CHARACTERS = 22;
const TAIL_CHARACTERS = 8;
const ORDER = /^[0-9A-Za-z_-]{30}$/;

/** The same for ever for a member, a period and an attempt. It begins with the member, so that a payment finds its rows by their key. */
export const orderNumberOf = (memberId: string, periodId: string, attempt: number): string =>
  Buffer.from(memberId.replaceAll('-', ''), 'hex').toString('base64url') +
  hash('sha256', `${memberId}/${periodId}/${attempt}`, 'base64url').slice(0, TAIL_CHARACTERS);

/** undefined when it cannot be one of ours. */
export const memberOfOrder = (orderNumber: string): string | undefined =>
  ORDER.test(orderNumber) ? uuidAt(Buffer.from(orderNumber.slice(0, MEMBER_CHARACTERS), 'base64url'), 0) : undefined;

/** One refund an order: asked for again, it is the same. */
export const refundNumberOf = (orderNumber: string): string => `${orderNumber}-R`;
