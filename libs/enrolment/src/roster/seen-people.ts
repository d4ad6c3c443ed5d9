/** Who has been accepted so far, by packed personal number: an open-addressing table, since a Set of millions of texts takes more memory than all else. */
import { packPersonalNumber } from '@app/kernel';

const FIRST_SLOTS = 1 << 14;
const EMPTY = -1;

export class SeenPeople {
  /** At most two thirds full; its length is a power of two. */
  private slots = new Float64Array(FIRST_SLOTS).fill(EMPTY);
  private count = 0;

  has(personalNumber: string): boolean {
    const packed = packPersonalNumber(personalNumber);
    return this.slots[this.slotOf(packed)] === packed;
  }

  add(personalNumber: string): void {
    if (this.count * 3 >= this.slots.length * 2) this.grow();
    const packed = packPersonalNumber(personalNumber);
    this.slots[this.slotOf(packed)] = packed;
    this.count++;
  }

  /** Where the number is, or would go. */
  private slotOf(packed: number): number {
    const mask = this.slots.length - 1;
    // Serials of a day and days of a region lie close together; both halves multiplied by large odd numbers they do not.
    const high = Math.floor(packed / 2 ** 32);
    let slot = (Math.imul(packed - high * 2 ** 32, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (this.slots[slot] !== EMPTY && this.slots[slot] !== packed) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const packed = this.slots;
    this.slots = new Float64Array(packed.length * 2).fill(EMPTY);
    for (const number of packed) if (number !== EMPTY) this.slots[this.slotOf(number)] = number;
  }
}
