/** The parts of an .xlsx file. What the directory claims is checked before a part is read, and what comes out while it is. */
import { DomainError } from '@app/kernel';
import { posix } from 'node:path';
import { crc32 } from 'node:zlib';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { refuse } from './sheet.js';

/** Compressed: held in memory, since a zip file is read from its end and no personal data may lie in a temporary file. */
export const MAX_FILE_BYTES = 128 * 1024 * 1024;
/** A million rows of a roster are some 600 MB. */
const MAX_PART_BYTES = 1024 * 1024 * 1024;
/** What is held whole: the list of sheets, formats, relations. */
const MAX_SMALL_PART_BYTES = 16 * 1024 * 1024;
/** A sheet shrinks to a tenth, one of empty formatted cells to a fiftieth; only what is made to burst does so much. */
const MAX_RATIO = 200;
const RATIO_FROM_BYTES = 8 * 1024 * 1024;
const MAX_ENTRIES = 4096;

export const damaged = (): DomainError =>
  refuse(
    'roster-xlsx-damaged',
    'expected a whole .xlsx file, found one that is cut off or damaged; open it, save it again (or send it again) and import that',
  );
const bomb = (): DomainError =>
  refuse(
    'roster-zip-bomb',
    'expected a spreadsheet, found a file that unpacks to far more than a roster can be; copy the people into a new file and import that',
  );
export const fileTooLarge = (): DomainError =>
  refuse(
    'roster-too-large',
    `expected at most ${MAX_FILE_BYTES / 1024 / 1024} MB, found more; split the file, or save it as CSV, and import that`,
  );

export class XlsxZip {
  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** Errors (invalid): `roster-xlsx-damaged`, `roster-zip-bomb`, `roster-password`. */
  static async open(file: Buffer): Promise<XlsxZip> {
    const entries = new Map<string, Entry>();
    let zip: ZipFile;
    try {
      zip = await fromBufferPromise(file, { lazyEntries: true });
      for await (const entry of zip.eachEntry()) {
        if (entries.size >= MAX_ENTRIES) throw bomb();
        if (entry.isEncrypted())
          throw refuse(
            'roster-password',
            'expected a spreadsheet that can be read, found one with a password; remove the password and import it again',
          );
        const { compressedSize, uncompressedSize } = entry;
        if (uncompressedSize > MAX_PART_BYTES) throw bomb();
        if (uncompressedSize > RATIO_FROM_BYTES && uncompressedSize > compressedSize * MAX_RATIO) throw bomb();
        const name = entry.fileName.toLowerCase();
        // Which of two would be the sheet that the sender saw?
        if (entries.has(name)) throw damaged();
        entries.set(name, entry);
      }
    } catch (error) {
      throw asDamage(error);
    }
    return new XlsxZip(zip, entries);
  }

  has(name: string): boolean {
    return this.entries.has(name.toLowerCase());
  }

  get names(): Iterable<string> {
    return this.entries.keys();
  }

  /** A part that is small in every sound file; undefined when there is none. */
  async text(name: string): Promise<string | undefined> {
    const entry = this.entries.get(name.toLowerCase());
    if (!entry) return undefined;
    if (entry.uncompressedSize > MAX_SMALL_PART_BYTES) throw bomb();
    let text = '';
    for await (const piece of this.texts(name)) text += piece;
    return text;
  }

  /** The bytes as they unpack; when the last has come they are what was packed. */
  async *bytes(name: string): AsyncGenerator<Buffer> {
    const entry = this.entries.get(name.toLowerCase());
    if (!entry) throw damaged();
    let sum = 0;
    try {
      // yauzl stops where more comes out than the directory says.
      const stream = await this.zip.openReadStreamPromise(entry);
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        sum = crc32(chunk, sum);
        yield chunk;
      }
    } catch (error) {
      throw asDamage(error);
    }
    if (sum !== entry.crc32) throw damaged();
  }

  async *texts(name: string): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.bytes(name)) yield decoder.decode(chunk, { stream: true });
      yield decoder.decode();
    } catch (error) {
      throw asDamage(error);
    }
  }
}

/** What the libraries say of a file can quote it; ours says what to do. */
export const asDamage = (error: unknown): Error => (error instanceof DomainError ? error : damaged());

/** Where a relation leads, seen from the part that has it. */
export const target = (from: string, to: string): string => (to.startsWith('/') ? to.slice(1) : posix.join(posix.dirname(from), to));
