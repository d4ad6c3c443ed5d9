/**
 * Rows in PostgreSQL's binary COPY format, packed as they are made: no text is built only to be read again, and nothing stays behind for the
 * garbage collector to carry. https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format".
 */
export interface StagedRow {
  readonly memberId: string;
  readonly unitId: string;
  readonly insutype: string;
  readonly row: number;
  /** In hex. */
  readonly hash: string;
  readonly sealed: Buffer;
}

/** The columns of a `StagedRow`, in its order. */
export const STAGED_COLUMNS = 'member_id uuid, unit_id uuid, insutype text, row int, roster_hash bytea, sealed bytea';
const FIELDS = 6;

const SIGNATURE = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);
const BLOCK_BYTES = 128 * 1024;
/** Room for all of a row but `sealed`. */
const ROW_BYTES = 256;

export class StagedRows {
  private readonly full: Buffer[] = [SIGNATURE];
  private block = Buffer.allocUnsafe(BLOCK_BYTES);
  private at = 0;
  private rows = 0;

  get count(): number {
    return this.rows;
  }

  add({ memberId, unitId, insutype, row, hash, sealed }: StagedRow): void {
    if (this.at + ROW_BYTES + sealed.length > this.block.length) this.turn(ROW_BYTES + sealed.length);
    this.at = this.block.writeInt16BE(FIELDS, this.at);
    this.write(memberId.replaceAll('-', ''), 'hex');
    this.write(unitId.replaceAll('-', ''), 'hex');
    this.write(insutype, 'latin1');
    this.at = this.block.writeInt32BE(4, this.at);
    this.at = this.block.writeInt32BE(row, this.at);
    this.write(hash, 'hex');
    this.at = this.block.writeInt32BE(sealed.length, this.at);
    this.at += sealed.copy(this.block, this.at);
    this.rows++;
  }

  /** Everything added so far, as a whole COPY. */
  blocks(): Buffer[] {
    return [...this.full, this.block.subarray(0, this.at), TRAILER];
  }

  private write(value: string, encoding: 'hex' | 'latin1'): void {
    const length = this.block.write(value, this.at + 4, encoding);
    this.block.writeInt32BE(length, this.at);
    this.at += 4 + length;
  }

  private turn(room: number): void {
    this.full.push(this.block.subarray(0, this.at));
    this.block = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, room));
    this.at = 0;
  }
}
