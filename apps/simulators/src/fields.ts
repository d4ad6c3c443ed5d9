/** Reads a JSON body field by field; what is missing or of another kind is refused with the name of the field. */
import { isDay } from './china-time.js';
import { invalid } from './http.js';

export class Fields {
  private readonly body: Readonly<Record<string, unknown>>;

  constructor(
    body: unknown,
    private readonly at = '',
  ) {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid(`${at || 'the body'} must be a JSON object`);
    this.body = body as Record<string, unknown>;
  }

  text(name: string, maxLength = 200): string {
    const value = this.body[name];
    if (typeof value !== 'string' || value.trim() === '' || value.length > maxLength)
      throw this.refuse(name, `a text of 1 to ${maxLength} characters`);
    return value;
  }

  /** A text that may be empty. */
  note(name: string): string {
    const value = this.body[name];
    if (typeof value !== 'string') throw this.refuse(name, 'a text');
    return value;
  }

  integer(name: string, min: number): number {
    const value = this.body[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) throw this.refuse(name, `an integer of at least ${min}`);
    return value;
  }

  optionalInteger(name: string, min: number): number | undefined {
    return this.body[name] === undefined ? undefined : this.integer(name, min);
  }

  day(name: string): string {
    const value = this.text(name);
    if (!isDay(value)) throw this.refuse(name, 'a day YYYY-MM-DD');
    return value;
  }

  object(name: string): Fields {
    return new Fields(this.body[name], `${this.at}${name}`);
  }

  list(name: string): Fields[] {
    return fieldsOfList(this.body[name], `${this.at}${name}`);
  }

  names(): string[] {
    return Object.keys(this.body);
  }

  private refuse(name: string, expected: string): Error {
    return invalid(`${this.at ? `${this.at}.` : ''}${name} must be ${expected}`);
  }
}

export function fieldsOfList(body: unknown, at = 'the body'): Fields[] {
  if (!Array.isArray(body)) throw invalid(`${at} must be a JSON array`);
  return body.map((one: unknown, index) => new Fields(one, `${at}[${index}]`));
}
