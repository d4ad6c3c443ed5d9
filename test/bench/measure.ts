export interface Measured {
  readonly name: string;
  readonly floorMs: number;
  readonly ownMs: number;
  readonly ratio: number;
  /** The ratio that the issue of this figure allows. */
  readonly limit: number;
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.trunc(values.length / 2)]!;
