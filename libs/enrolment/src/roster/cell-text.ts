/** What the text of one cell means: as people type it, as spreadsheets spoil it, and as it may be written back. Pure. */
import { normaliseIdentifier } from '@app/kernel';

// A control character in a name is a slip, and PostgreSQL takes no NUL.
const SPACES = /[\s\u0000-\u001F\u007F]+/gu;
// Marks without width come along when a number is copied out of a chat.
const WIDTHLESS = /\p{Cf}+/gu;
// ="450102…" is how people keep a spreadsheet from changing a number; an apostrophe in front does the same.
const WRAPPED = /^="([^]*)"$/u;
const DECIMALS = /^(\d+)\.0+$/u;
const SCIENTIFIC = /^(\d)(?:\.(\d+))?E\+?(\d{1,3})$/u;
/** What a double keeps of a number, and all that a spreadsheet does. */
const SURE_DIGITS = 15;

/** Repeated until nothing changes: what is taken off can uncover more of its kind. */
function settled(text: string, step: (text: string) => string): string {
  for (let now = text; ;) {
    const next = step(now);
    if (next === now) return now;
    now = next;
  }
}

// Nothing of ours is longer; wrapped a thousand times over it would be work for nothing.
const MAX_WRAPPED = 256;

const unwrapped = (text: string): string => (text.length > MAX_WRAPPED ? text : (WRAPPED.exec(text)?.[1] ?? text.replace(/^'+/u, '')));

/** A name or another text: half-width, single spaces, without what protected it. */
export const cellWords = (text: string): string =>
  settled(text, (now) => unwrapped(now.normalize('NFKC').replace(WIDTHLESS, '').replace(SPACES, ' ').trim()));

/** A number or code: as {@link normaliseIdentifier}, and what a spreadsheet put around it. */
export const cellIdentifier = (text: string): string =>
  settled(text, (now) => inDigits(unwrapped(normaliseIdentifier(now).replace(WIDTHLESS, '')).replace(DECIMALS, '$1')));

/** 1.3812345678E+10 says all its digits. */
function inDigits(text: string): string {
  const [, first = '', more = '', exponent = ''] = SCIENTIFIC.exec(text) ?? [];
  return first !== '' && more.length === Number(exponent) && more.length < SURE_DIGITS ? first + more : text;
}

/** Of a normalised identifier: digits are gone for good. */
export const hasLostDigits = (identifier: string): boolean => SCIENTIFIC.test(identifier);

/** A number of a spreadsheet as it would be exported, with E where digits are lost. */
export function numberText(raw: string): string {
  const number = Number(raw);
  if (!Number.isFinite(number)) return raw;
  const text = String(number);
  if (!Number.isInteger(number) || text.length <= SURE_DIGITS) return text;
  // A spreadsheet keeps fifteen digits and makes the sixteenth 0; a program can have written all of it.
  const whole = Number.isSafeInteger(number) && !text.endsWith('0');
  return whole ? text : number.toExponential(SURE_DIGITS - 1).toUpperCase();
}

const DAY_MS = 86_400_000;
const EPOCHS = { 1900: Date.UTC(1899, 11, 30), 1904: Date.UTC(1904, 0, 1) } as const;
/** 9999-12-31: a number beyond it is no date, whatever its format says. */
const LAST_SERIAL = 2_958_465;

/** A date of a spreadsheet: days since the epoch of its date system. */
export function dateText(raw: string, system: keyof typeof EPOCHS): string {
  const serial = Number(raw);
  if (!(serial >= 0 && serial <= LAST_SERIAL)) return numberText(raw);
  // The system of 1900 has a 29 February that never was.
  const days = system === 1900 && serial < 60 ? serial + 1 : serial;
  const text = new Date(EPOCHS[system] + Math.round((days * DAY_MS) / 1000) * 1000).toISOString();
  const time = text.slice(11, 19);
  if (serial < 1) return time;
  return time === '00:00:00' ? text.slice(0, 10) : `${text.slice(0, 10)} ${time}`;
}

const ERROR_VALUE = /^#(?:N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|GETTING_DATA)$/u;
const DATE = /^\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]?\d{1,2}:\d{2}(?::\d{2})?)?$|^\d{1,2}:\d{2}:\d{2}$/u;

/** What a decoder puts where the bytes are no character. */
export const isUnreadable = (text: string): boolean => text.includes('\uFFFD');
/** #N/A and its kind. */
export const isErrorValue = (text: string): boolean => text.startsWith('#') && ERROR_VALUE.test(text);
export const isDateText = (text: string): boolean => DATE.test(text);
export const isTruthValue = (text: string): boolean => text === 'TRUE' || text === 'FALSE';
/** A formula as its text: what it comes to is not in the file. */
export const isFormulaText = (text: string): boolean => text.startsWith('=');

/** Read by a spreadsheet as a formula, unless something stands before it. */
export const FORMULA_START = /^(?:[\t\r\n]|[\s\p{Cf}]*[=+\-@＝＋－＠])/u;
