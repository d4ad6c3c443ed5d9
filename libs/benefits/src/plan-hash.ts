import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * sha256 (hex) of a plan's content with the selected options in place: the same hash means the same rules, word for word. The order of the
 * keys counts, since duties are computed in it. Pure JavaScript, since browsers have no synchronous hash.
 */
export const planHash = (content: unknown): string => bytesToHex(sha256(utf8ToBytes(JSON.stringify(content))));
