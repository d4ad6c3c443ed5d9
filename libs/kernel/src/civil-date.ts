/**
 * A civil date is a day of the calendar in China, written YYYY-MM-DD; an instant is a `Date`. China has had one zone without summer
 * time (UTC+8) since 1991, so the two convert by a fixed offset.
 */
import { assert } from './assert.js';

declare const civilDateBrand: unique symbol;
export type CivilDate = string & { readonly [civilDateBrand]: 'civil-date' };

const DAY_MS = 86_400_000;
const CHINA_OFFSET_MS = 8 * 3_600_000;
const SHAPE = /^\d{4}-\d{2}-\d{2}$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** undefined when the text is not a day that exists. */
export function parseCivilDate(text: string): CivilDate | undefined {
  if (!SHAPE.test(text)) return undefined;
  return isDay(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))) ? (text as CivilDate) : undefined;
}

/** Whether there is such a day. */
export function isDay(year: number, month: number, day: number): boolean {
  const days = month === 2 && isLeapYear(year) ? 29 : (DAYS[month - 1] ?? 0);
  return year >= 1 && day >= 1 && day <= days;
}

export function civilDate(text: string): CivilDate {
  const date = parseCivilDate(text);
  assert(date !== undefined, `expected a date YYYY-MM-DD, found "${text}"`);
  return date;
}

const two = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

/** Days since 1970-01-01; years run from March, so that the leap day comes last. Parsing a text as an instant takes three times as long. */
function dayNumber(date: CivilDate): number {
  const month = two(date, 5);
  const year = two(date, 0) * 100 + two(date, 2) - (month < 3 ? 1 : 0);
  const inEra = year % 400;
  const ofYear = Math.trunc((153 * (month + (month < 3 ? 9 : -3)) + 2) / 5) + two(date, 8) - 1;
  return ((year - inEra) / 400) * 146_097 + inEra * 365 + Math.trunc(inEra / 4) - Math.trunc(inEra / 100) + ofYear - 719_468;
}

export const addDays = (date: CivilDate, days: number): CivilDate =>
  new Date((dayNumber(date) + days) * DAY_MS).toISOString().slice(0, 10) as CivilDate;

/** The days from `from` to `until`, both included, but at most `limit`. */
export function daysFrom(from: CivilDate, until: CivilDate, limit: number): CivilDate[] {
  const days: CivilDate[] = [];
  for (let day = from; day <= until && days.length < limit; day = addDays(day, 1)) days.push(day);
  return days;
}

/** Whole days from `from` to `to`; negative when `to` is earlier. */
export const daysBetween = (from: CivilDate, to: CivilDate): number => dayNumber(to) - dayNumber(from);

/** 0 Sunday … 6 Saturday. */
export const dayOfWeek = (date: CivilDate): number => (dayNumber(date) + 4) % 7;

export const yearOf = (date: CivilDate): number => Number(date.slice(0, 4));

export const chinaDate = (instant: Date): CivilDate =>
  new Date(instant.getTime() + CHINA_OFFSET_MS).toISOString().slice(0, 10) as CivilDate;

/** `time` as HH:mm or HH:mm:ss on the clock in China. */
export function chinaInstant(date: CivilDate, time = '00:00'): Date {
  const instant = new Date(`${date}T${time}+08:00`);
  assert(!Number.isNaN(instant.getTime()), `expected a time HH:mm, found "${time}"`);
  return instant;
}

/** "YYYY-MM-DD HH:mm:ss" of the medical-insurance platform, China time; undefined when it is not one. */
export function parseChinaTimestamp(text: string): Date | undefined {
  const [day, time] = [text.slice(0, 10), text.slice(11)];
  if (!parseCivilDate(day) || text[10] !== ' ' || !/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(time)) return undefined;
  return new Date(`${day}T${time}+08:00`);
}
