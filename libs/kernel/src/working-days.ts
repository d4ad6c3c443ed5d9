/**
 * The working-day clock: "within two working days" is counted here and nowhere else. Day 0 is the start, so a claim accepted on a Friday
 * and paid on the Monday took one working day. Source: the State Council's yearly notice on holidays, one table a year.
 */
import { addDays, chinaDate, civilDate, dayOfWeek, yearOf, type CivilDate } from './civil-date.js';

interface YearTable {
  /** Ranges of days off, MM-DD or MM-DD..MM-DD. */
  readonly off: readonly string[];
  /** Saturdays and Sundays that are worked to make up for them. */
  readonly makeUp: readonly string[];
}

const TABLES: Readonly<Record<number, YearTable>> = {
  2024: {
    off: ['01-01', '02-10..02-17', '04-04..04-06', '05-01..05-05', '06-10', '09-15..09-17', '10-01..10-07'],
    makeUp: ['02-04', '02-18', '04-07', '04-28', '05-11', '09-14', '09-29', '10-12'],
  },
  2025: {
    off: ['01-01', '01-28..02-04', '04-04..04-06', '05-01..05-05', '05-31..06-02', '10-01..10-08'],
    makeUp: ['01-26', '02-08', '04-27', '09-28', '10-11'],
  },
  2026: {
    off: ['01-01..01-03', '02-15..02-23', '04-04..04-06', '05-01..05-05', '06-19..06-21', '09-25..09-27', '10-01..10-07'],
    makeUp: ['01-04', '02-14', '02-28', '05-09', '09-20', '10-10'],
  },
};

function expand(year: number, ranges: readonly string[]): CivilDate[] {
  return ranges.flatMap((range) => {
    const [first, last = first] = range.split('..');
    const days: CivilDate[] = [];
    for (let day = civilDate(`${year}-${first}`); day <= civilDate(`${year}-${last}`); day = addDays(day, 1)) days.push(day);
    return days;
  });
}

const SETS = new Map(
  Object.entries(TABLES).map(([year, table]) => [
    Number(year),
    { off: new Set<string>(expand(Number(year), table.off)), makeUp: new Set<string>(expand(Number(year), table.makeUp)) },
  ]),
);

export type DayKind = 'working' | 'off';

/** In a year whose table is unpublished only the week counts, and whoever asks is told so by {@link isPublished}. */
export function dayKind(date: CivilDate): DayKind {
  const year = SETS.get(yearOf(date));
  if (year?.makeUp.has(date)) return 'working';
  const weekday = dayOfWeek(date);
  return weekday === 0 || weekday === 6 || year?.off.has(date) ? 'off' : 'working';
}

export const isWorkingDay = (date: CivilDate): boolean => dayKind(date) === 'working';

export const isPublished = (date: CivilDate): boolean => SETS.has(yearOf(date));

/** A count or a date, and whether it rests on a year whose table is not published yet. */
export interface Counted<T> {
  readonly value: T;
  readonly unpublishedYears: readonly number[];
}

const unpublishedYears = (from: CivilDate, to: CivilDate): number[] => {
  const years: number[] = [];
  for (let year = yearOf(from); year <= yearOf(to); year++) if (!SETS.has(year)) years.push(year);
  return years;
};

/** The date `count` working days after `start` (day 0). */
export function addWorkingDays(start: CivilDate, count: number): Counted<CivilDate> {
  let date = start;
  for (let left = count; left > 0;) {
    date = addDays(date, 1);
    if (isWorkingDay(date)) left--;
  }
  return { value: date, unpublishedYears: unpublishedYears(start, date) };
}

/** Working days after `start` up to and including `end`; 0 when `end` is not later. */
export function workingDaysBetween(start: CivilDate, end: CivilDate): Counted<number> {
  let count = 0;
  for (let date = addDays(start, 1); date <= end; date = addDays(date, 1)) if (isWorkingDay(date)) count++;
  return { value: count, unpublishedYears: start <= end ? unpublishedYears(start, end) : [] };
}

export interface Pause {
  readonly reason: string;
  readonly from: Date;
  readonly to: Date;
}

/** Working days from acceptance to the end, and those of them that fell into pauses with a coded reason (shown beside, never hidden in it). */
export interface ElapsedWorkingDays {
  readonly total: number;
  readonly net: number;
  readonly unpublishedYears: readonly number[];
}

export function elapsedWorkingDays(start: Date, end: Date, pauses: readonly Pause[]): ElapsedWorkingDays {
  const [first, last] = [chinaDate(start), chinaDate(end)];
  const total = workingDaysBetween(first, last);
  const paused = new Set<CivilDate>();
  for (const pause of pauses) {
    const [from, to] = [chinaDate(pause.from), chinaDate(pause.to)];
    for (let date = addDays(from, 1); date <= to; date = addDays(date, 1)) {
      if (date > first && date <= last && isWorkingDay(date)) paused.add(date);
    }
  }
  return { total: total.value, net: total.value - paused.size, unpublishedYears: total.unpublishedYears };
}
