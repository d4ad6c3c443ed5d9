/** The units that an import knows by their codes; of a province there are so many that what each takes is felt. */
import { UUID_BYTES, copyBytes, uuidBytes, uuidText } from './copy-rows.js';

/** Of which one buffer holds the ids: one each would take as much again as all else. */
const UNITS_TOGETHER = 1_024;

/** One object a unit. */
export interface UnitPlace {
  /** Its id stands at `at`. */
  readonly ids: Buffer;
  readonly at: number;
  /** Number of the payment notice that its next rows are on. */
  notice: number;
  /** A row of it was taken. */
  taken: boolean;
}

export class UnitPlaces {
  private readonly places = new Map<string, UnitPlace>();
  /** Of those whose place nobody has asked for. */
  private readonly takenCodes = new Set<string>();
  private ids = Buffer.alloc(0);
  private end = 0;

  has(code: string): boolean {
    return this.places.has(code);
  }

  get(code: string): UnitPlace | undefined {
    return this.places.get(code);
  }

  add(code: string, id: string, notice: number): UnitPlace {
    if (this.end === this.ids.length) [this.ids, this.end] = [Buffer.allocUnsafeSlow(UNITS_TOGETHER * UUID_BYTES), 0];
    const place: UnitPlace = { ids: this.ids, at: this.end, notice, taken: this.takenCodes.delete(code) };
    this.end += UUID_BYTES;
    setUnitId(place, id);
    this.places.set(ownText(code), place);
    return place;
  }

  /** A row of the unit was taken. */
  take(code: string): void {
    const place = this.places.get(code);
    if (place) place.taken = true;
    else if (!this.takenCodes.has(code)) this.takenCodes.add(ownText(code));
  }

  /** Codes of the units of which a row was taken. */
  taken(): string[] {
    const taken = [...this.takenCodes];
    for (const [code, place] of this.places) if (place.taken) taken.push(code);
    return taken;
  }
}

export const unitIdOf = ({ ids, at }: UnitPlace): string => uuidText(ids.subarray(at, at + UUID_BYTES));

export const setUnitId = ({ ids, at }: UnitPlace, id: string): void => copyBytes(uuidBytes(id), 0, ids, at, UUID_BYTES);

/** A text of its own: a part of what was read would keep all of that in memory. */
export const ownText = (text: string): string => Buffer.from(text).toString();
