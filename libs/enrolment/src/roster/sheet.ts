/** A sheet as rows of text, whatever file it comes from. */
import { DomainError } from '@app/kernel';
import type { RefusalReason } from './roster.js';
import type { HeaderFault, RosterHeader } from './roster-header.js';

export interface SheetRow {
  /** From 1, as a person sees it. */
  readonly line: number;
  readonly cells: string[];
  /** By column: cells whose value the file does not hold, or cannot be meant. */
  readonly faults?: ReadonlyMap<number, RefusalReason>;
  /** Of the row as a whole. */
  readonly fault?: RefusalReason;
}

/** A sheet up to its header, and the rest of it. */
export interface RosterSheet {
  readonly name: string;
  readonly header: RosterHeader;
  /** The rows with the header and those above it. */
  readonly head: readonly SheetRow[];
  readonly rows: AsyncGenerator<SheetRow[]>;
  /** Cells have no address but their place: a row with too few or too many says nothing for sure. */
  readonly ragged: boolean;
}

/** Of a spreadsheet in any program. A CSV file may be a whole province's, and then some. */
export const MAX_ROWS = 1_048_576;
export const MAX_CSV_ROWS = 8_000_000;
export const MAX_CELL_CHARACTERS = 32_767;
export const MAX_COLUMNS = 200;
/** Rows that are not blank, among which the header has to be. */
export const HEADER_WITHIN = 20;

export const refuse = (code: string, message: string, details: Readonly<Record<string, string | number>> = {}): DomainError =>
  new DomainError(code, 'invalid', message, details);

export const tooManyRows = (): DomainError =>
  refuse('roster-too-long', `expected at most ${MAX_CSV_ROWS} rows, found more; split the file and import the parts`);
export const tooManyColumns = (line: number): DomainError =>
  refuse(
    'roster-too-wide',
    `expected at most ${MAX_COLUMNS} columns, found more in the header, row ${line}; delete the others and import the file again`,
    {
      line,
    },
  );
/** As much of a text as a cell may hold; copied, since a part of a text would keep all of it in memory. */
export const cutCell = (text: string): string =>
  text.length > MAX_CELL_CHARACTERS ? Buffer.from(text.slice(0, MAX_CELL_CHARACTERS)).toString() : text;
export const emptyFile = (): DomainError =>
  refuse('roster-empty', 'expected a roster, found an empty file; choose the file again, and save it first if it is still open');

export const isBlank = (cells: readonly string[]): boolean => cells.every((cell) => cell === '' || cell.trim() === '');

/** What to say of a sheet without a header that can be used; of what was found only our own names are told. */
export function headerError(fault: HeaderFault, names: readonly string[]): DomainError {
  const expected = `expected a header with the columns ${names.join('、')}`;
  switch (fault.fault) {
    case 'none':
      return refuse(
        'roster-header',
        `${expected} in the first ${HEADER_WITHIN} rows, found none; put the header above the first person and import the file again`,
      );
    case 'people-above':
      return refuse(
        'roster-header-below',
        `${expected} above the first person, found people above it; move the header to the top and import the file again`,
      );
    case 'missing':
      return refuse(
        'roster-columns',
        `${expected}, found ${fault.found.join('、')}; add ${fault.missing.join('、')} and import the file again`,
        { missing: fault.missing.join('、') },
      );
    case 'twice': {
      const [one, other] = fault.columns;
      return refuse(
        'roster-column-twice',
        `expected one column ${fault.field}, found columns ${one} and ${other} that both say so; rename or delete one and import the file again`,
        { column: fault.field, first: one, second: other },
      );
    }
  }
}
