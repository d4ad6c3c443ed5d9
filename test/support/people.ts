/** Sound identifiers of people who do not exist. */
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** GB 11643; another person for each serial up to 30,000. */
export function personalNumber(serial: number): string {
  const body = `4599991980${String(1 + Math.trunc(serial / 10_000)).padStart(2, '0')}${String(10 + (Math.trunc(serial / 1_000) % 10)).padStart(2, '0')}${String(serial % 1_000).padStart(3, '0')}`;
  return body + '10X98765432'[WEIGHTS.reduce((sum, weight, i) => sum + weight * Number(body[i]), 0) % 11]!;
}

/** 19 digits, another account for each serial. */
export const bankAccount = (serial: number): string => `62000000000${String(serial).padStart(8, '0')}`;
