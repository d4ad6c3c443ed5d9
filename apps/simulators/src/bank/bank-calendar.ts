/**
 * The bank's own working days. Kept apart from the engine's on purpose: a slip in one of the two must show as a difference. Source: the
 * State Council's notices on the holidays of 2024, 2025 and 2026; of a year without a notice only Saturdays and Sundays are known.
 */
import { addDays } from '../china-time.js';

/** First and last day of each holiday. */
const HOLIDAYS: readonly (readonly [string, string])[] = [
  ['2024-01-01', '2024-01-01'],
  ['2024-02-10', '2024-02-17'],
  ['2024-04-04', '2024-04-06'],
  ['2024-05-01', '2024-05-05'],
  ['2024-06-10', '2024-06-10'],
  ['2024-09-15', '2024-09-17'],
  ['2024-10-01', '2024-10-07'],
  ['2025-01-01', '2025-01-01'],
  ['2025-01-28', '2025-02-04'],
  ['2025-04-04', '2025-04-06'],
  ['2025-05-01', '2025-05-05'],
  ['2025-05-31', '2025-06-02'],
  ['2025-10-01', '2025-10-08'],
  ['2026-01-01', '2026-01-03'],
  ['2026-02-15', '2026-02-23'],
  ['2026-04-04', '2026-04-06'],
  ['2026-05-01', '2026-05-05'],
  ['2026-06-19', '2026-06-21'],
  ['2026-09-25', '2026-09-27'],
  ['2026-10-01', '2026-10-07'],
];

/** Saturdays and Sundays that are worked. */
const WORKED_WEEKENDS = new Set(
  (
    '2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12 ' +
    '2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11 ' +
    '2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10'
  ).split(' '),
);

export function isBankWorkingDay(day: string): boolean {
  if (WORKED_WEEKENDS.has(day)) return true;
  const weekday = new Date(day).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !HOLIDAYS.some(([first, last]) => first <= day && day <= last);
}

export function nextBankWorkingDay(day: string): string {
  let next = addDays(day, 1);
  while (!isBankWorkingDay(next)) next = addDays(next, 1);
  return next;
}
