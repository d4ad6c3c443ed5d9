/** China time by hand (UTC+8 all year since 1991): the simulators share no calendar with the engine. A day is YYYY-MM-DD. */
const HOUR_MS = 3_600_000;
const OFFSET_MS = 8 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
const SHAPE = /^\d{4}-\d{2}-\d{2}$/;

/** "YYYY-MM-DD HH:mm:ss" */
export const chinaTimestamp = (at: Date): string => new Date(at.getTime() + OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');

export const chinaDay = (at: Date): string => chinaTimestamp(at).slice(0, 10);

export const isDay = (text: string): boolean =>
  SHAPE.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

export const addDays = (day: string, days: number): string => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

export const addHours = (at: Date, hours: number): Date => new Date(at.getTime() + hours * HOUR_MS);

export const chinaInstant = (day: string, time: string): Date => new Date(`${day}T${time}+08:00`);

/** undefined when `text` is no "YYYY-MM-DD HH:mm:ss". */
export function parseChinaTimestamp(text: string): Date | undefined {
  const at = new Date(`${text.slice(0, 10)}T${text.slice(11)}+08:00`);
  return Number.isNaN(at.getTime()) || chinaTimestamp(at) !== text ? undefined : at;
}
