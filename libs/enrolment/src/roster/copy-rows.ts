/**
 * Rows in PostgreSQL's binary COPY format, packed as they are made: no text is built only to be read again, and nothing stays behind for the
 * garbage collector to carry. https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format".
 *
 * A pattern is a row with whatever all rows have in common; the rest is written over its copy.
 */
const SIGNATURE = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);
const BLOCK_BYTES = 128 * 1024;
/** Length of a field, and number of fields. */
const FIELD_HEADER = 4;
const ROW_HEADER = 2;
export const UUID_BYTES = 16;
const EPOCH_MS = Date.UTC(2000, 0, 1);

export interface Pattern {
  readonly row: Buffer;
  /** Where the value of each field stands. */
  readonly at: readonly number[];
}

/** Every field has its value, or a length whose value is written later. */
export function pattern(...fields: readonly (Buffer | number)[]): Pattern {
  const header = Buffer.alloc(ROW_HEADER);
  header.writeInt16BE(fields.length);
  const at: number[] = [];
  let end = ROW_HEADER;
  const parts = fields.map((field) => {
    const value = typeof field === 'number' ? Buffer.alloc(field) : field;
    const length = Buffer.alloc(FIELD_HEADER);
    length.writeInt32BE(value.length);
    at.push(end + FIELD_HEADER);
    end += FIELD_HEADER + value.length;
    return Buffer.concat([length, value]);
  });
  return { row: Buffer.concat([header, ...parts]), at };
}

/** Blocks that are written into again: given back and asked for anew, hundreds of millions of bytes would leave holes in the memory of the process. */
export class CopyBlocks {
  private readonly free: Buffer[] = [];

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafe(BLOCK_BYTES);
  }

  giveBack(blocks: readonly Buffer[]): void {
    this.free.push(...blocks);
  }
}

export class CopyRows {
  private readonly blocks: Buffer[] = [];
  private readonly full: Buffer[] = [];
  /** The block that rows are written into. */
  block = this.nextBlock();
  private end = SIGNATURE.copy(this.block);
  private rows = 0;

  constructor(
    private readonly pattern: Pattern,
    private readonly pool: CopyBlocks,
  ) {}

  get count(): number {
    return this.rows;
  }

  /** Begins a row; returns where it stands in `block`, all of it but a last field of `more` bytes, whose length is written too. */
  begin(more = 0): number {
    const { row } = this.pattern;
    if (this.end + row.length + more > this.block.length) this.turn(row.length + more);
    const at = this.end;
    this.block.set(row, at);
    this.end += row.length + more;
    if (more > 0) this.block.writeInt32BE(more, at + row.length - FIELD_HEADER);
    this.rows++;
    return at;
  }

  /** Everything so far, as a whole COPY; may be read more than once. */
  copy(): Buffer[] {
    return [...this.full, this.block.subarray(0, this.end), TRAILER];
  }

  /** Nothing of it may be read any more. */
  release(): void {
    this.pool.giveBack(this.blocks.splice(0));
  }

  private turn(bytes: number): void {
    this.full.push(this.block.subarray(0, this.end));
    this.block = bytes > BLOCK_BYTES ? Buffer.allocUnsafe(bytes) : this.nextBlock();
    this.end = 0;
  }

  private nextBlock(): Buffer {
    const block = this.pool.take();
    this.blocks.push(block);
    return block;
  }
}

/** For a few bytes far cheaper than `Buffer.copy`, which makes a view of every part that it copies. */
export function copyBytes(from: Buffer, at: number, to: Buffer, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i]!;
}

export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

export const uuidText = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A timestamptz: microseconds since 2000. */
export function instantBytes(instant: Date): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(instant.getTime() - EPOCH_MS) * 1000n);
  return bytes;
}
