/** Who has been accepted so far, by packed personal number: open-addressing tables, since a Set of millions of texts takes more memory than all else. */
import { packPersonalNumber } from '@app/kernel';

/** Bits of a hash that choose the table. One table for all would be there twice while it grows, and hold up everybody else. */
const TABLE_BITS = 6;
const FIRST_SLOTS = 256;
const EMPTY = -1;

export class SeenPeople {
  private readonly tables = Array.from({ length: 1 << TABLE_BITS }, () => new Table());

  has(personalNumber: string): boolean {
    const packed = packPersonalNumber(personalNumber);
    const hash = hashOf(packed);
    return this.tables[hash >>> (32 - TABLE_BITS)]!.has(packed, hash);
  }

  add(personalNumber: string): void {
    const packed = packPersonalNumber(personalNumber);
    const hash = hashOf(packed);
    this.tables[hash >>> (32 - TABLE_BITS)]!.add(packed, hash);
  }
}

class Table {
  /** At most two thirds full; its length is a power of two. */
  private slots = new Float64Array(FIRST_SLOTS).fill(EMPTY);
  private count = 0;

  has(packed: number, hash: number): boolean {
    return this.slots[this.slotOf(packed, hash)] === packed;
  }

  add(packed: number, hash: number): void {
    if (this.count * 3 >= this.slots.length * 2) this.grow();
    const slot = this.slotOf(packed, hash);
    if (this.slots[slot] === packed) return;
    this.slots[slot] = packed;
    this.count++;
  }

  /** Where the number is, or would go. */
  private slotOf(packed: number, hash: number): number {
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    while (this.slots[slot] !== EMPTY && this.slots[slot] !== packed) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const slots = this.slots;
    this.slots = new Float64Array(slots.length * 2).fill(EMPTY);
    for (const packed of slots) if (packed !== EMPTY) this.slots[this.slotOf(packed, hashOf(packed))] = packed;
  }
}

/** Serials of a day and days of a region lie close together; both halves multiplied by large odd numbers they do not. */
function hashOf(packed: number): number {
  const high = Math.floor(packed / 2 ** 32);
  const mixed = Math.imul(packed - high * 2 ** 32, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
