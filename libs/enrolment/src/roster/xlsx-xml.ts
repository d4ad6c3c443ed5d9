/**
 * SpreadsheetML as it streams: sheets, shared strings, formats (ECMA-376 part 1, chapter 18). exceljs reads these too, but its stream reader
 * decodes each block of bytes for itself, so that a character on a boundary is lost, puts the phonetic text in the place of a name, keeps the
 * last piece of a formatted inline text only, and takes a sheet that breaks off for a whole one.
 */
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { dateText, numberText } from './cell-text.js';
import type { RefusalReason } from './roster.js';
import { MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS, cutCell, refuse, type SheetRow } from './sheet.js';
import { damaged, fileTooLarge } from './xlsx-zip.js';

type Attributes = Readonly<Record<string, string>>;

/** Elements and text by their local name: some programs write <x:row>. Errors: `roster-xlsx-damaged`, `roster-xml-entities`. */
abstract class PartReader {
  private readonly parser = new SaxesParser<{ xmlns: false }>({ xmlns: false });
  /** Characters since the last element: more than a cell can hold is no cell. */
  private quiet = 0;

  constructor() {
    const { parser } = this;
    parser.on('opentag', (tag: SaxesTagPlain) => {
      this.quiet = 0;
      this.open(local(tag.name), tag.attributes);
    });
    parser.on('closetag', (tag: SaxesTagPlain) => {
      this.quiet = 0;
      this.close(local(tag.name));
    });
    parser.on('text', (text) => this.text(text));
    parser.on('cdata', (text) => this.text(text));
    parser.on('doctype', () => {
      throw refuse(
        'roster-xml-entities',
        'expected a spreadsheet, found one whose parts define entities, as no spreadsheet program writes; save it again as .xlsx and import that',
      );
    });
    parser.on('error', () => {
      throw damaged();
    });
  }

  write(text: string): void {
    this.parser.write(text);
    this.quiet += text.length;
    if (this.quiet > MOST_QUIET) throw damaged();
  }

  /** Errors: `roster-xlsx-damaged` when an element is still open. */
  end(): void {
    this.parser.close();
  }

  protected abstract open(name: string, attributes: Attributes): void;
  protected abstract close(name: string): void;
  protected abstract text(text: string): void;
}

const MOST_QUIET = 4 * 1024 * 1024;

const local = (name: string): string => {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
};

export interface SheetEntry {
  readonly name: string;
  readonly hidden: boolean;
  readonly relation: string;
}

/** The list of sheets. */
export class WorkbookReader extends PartReader {
  readonly sheets: SheetEntry[] = [];
  dateSystem: 1900 | 1904 = 1900;

  protected open(name: string, attributes: Attributes): void {
    if (name === 'workbookPr' && isTrue(attributes.date1904)) this.dateSystem = 1904;
    if (name !== 'sheet') return;
    const relation = Object.entries(attributes).find(([key]) => key.includes(':') && local(key) === 'id')?.[1] ?? '';
    this.sheets.push({ name: attributes.name ?? '', hidden: (attributes.state ?? 'visible') !== 'visible', relation });
  }
  protected close(): void {}
  protected text(): void {}
}

const isTrue = (value: string | undefined): boolean => value === '1' || value === 'true';

/** Where the relations of a part lead, by id and by the end of their type. */
export class RelationsReader extends PartReader {
  readonly byId = new Map<string, { readonly type: string; readonly target: string }>();

  byType(type: string): string | undefined {
    return [...this.byId.values()].find((relation) => relation.type === type)?.target;
  }
  protected open(name: string, { Id, Type, Target }: Attributes): void {
    if (name === 'Relationship' && Id && Type && Target) this.byId.set(Id, { type: Type.slice(Type.lastIndexOf('/') + 1), target: Target });
  }
  protected close(): void {}
  protected text(): void {}
}

/** Which formats show a number as a date. */
export class StylesReader extends PartReader {
  /** By the number that a cell names. */
  readonly isDate: boolean[] = [];
  private readonly codes = new Map<number, string>();
  private inCells = false;

  protected open(name: string, attributes: Attributes): void {
    if (name === 'numFmt') this.codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '');
    else if (name === 'cellXfs') this.inCells = true;
    else if (name === 'xf' && this.inCells) this.isDate.push(this.showsDate(Number(attributes.numFmtId ?? 0)));
  }
  protected close(name: string): void {
    if (name === 'cellXfs') this.inCells = false;
  }
  protected text(): void {}

  private showsDate(id: number): boolean {
    const code = this.codes.get(id);
    if (code === undefined) return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
    // Without what is quoted, escaped, or in brackets; the first of several sections.
    const bare = code.replace(/"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]/giu, '').split(';')[0]!;
    return /[ymdhs]/iu.test(bare) && !/general/iu.test(bare);
  }
}

/** A million people with five texts of their own each are some 120 MB. */
const MAX_STRING_BYTES = 256 * 1024 * 1024;

/** Names, numbers and all other texts of a workbook, packed: a text each would take several times the memory, and hold on to the XML it was cut from. */
export class SharedStrings extends PartReader {
  private bytes = Buffer.allocUnsafe(1 << 16);
  private used = 0;
  private ends = new Uint32Array(1 << 12);
  private count = 0;
  private current = '';
  private depth = 0;
  private reading = false;

  get(index: number): string {
    // One that is not there is not an empty one.
    if (!(index >= 0 && index < this.count)) throw damaged();
    return this.bytes.toString('utf8', index === 0 ? 0 : this.ends[index - 1]!, this.ends[index]!);
  }

  protected open(name: string): void {
    if (name === 'si') this.current = '';
    else if (name === 'rPh') this.depth += 1;
    else if (name === 't') this.reading = this.depth === 0;
  }
  protected text(text: string): void {
    if (this.reading && this.current.length <= MAX_CELL_CHARACTERS) this.current += text;
  }
  protected close(name: string): void {
    if (name === 't') this.reading = false;
    else if (name === 'rPh') this.depth -= 1;
    else if (name === 'si') this.add(unescaped(this.current).slice(0, MAX_CELL_CHARACTERS + 1));
  }

  private add(text: string): void {
    if (this.used > MAX_STRING_BYTES) throw fileTooLarge();
    if (this.used + text.length * 3 > this.bytes.length) {
      const more = Buffer.allocUnsafe(this.bytes.length * 2 + text.length * 3);
      this.bytes.copy(more, 0, 0, this.used);
      this.bytes = more;
    }
    this.used += this.bytes.write(text, this.used);
    if (this.count === this.ends.length) {
      const more = new Uint32Array(this.count * 2);
      more.set(this.ends);
      this.ends = more;
    }
    this.ends[this.count++] = this.used;
  }
}

/** _x000D_ stands for a character that XML cannot hold. */
const unescaped = (text: string): string =>
  text.includes('_x') ? text.replace(/_x([0-9A-Fa-f]{4})_/gu, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))) : text;

export interface SheetContext {
  readonly strings: SharedStrings | undefined;
  readonly isDate: readonly boolean[];
  readonly dateSystem: 1900 | 1904;
  readonly merges: readonly Merge[];
}

/** A value that holds for all rows of its column between two, by line and by place from 0. */
export interface Merge {
  readonly column: number;
  readonly top: number;
  readonly bottom: number;
}

/** What a formula without a result reads like in every format. */
const NO_RESULT = '=';

/** Rows with anything in them, in `rows` until they are taken. */
export class SheetReader extends PartReader {
  private rows: SheetRow[] = [];
  private line = 0;
  private cells: string[] | undefined;
  private faults: Map<number, RefusalReason> | undefined;
  private fault: RefusalReason | undefined;
  private column = -1;
  private type = '';
  private style = 0;
  private value = '';
  private hasValue = false;
  private hasFormula = false;
  private inCell = false;
  private reading = false;
  private phonetic = 0;
  private nextMerge = 0;
  private merged: { readonly merge: Merge; readonly value: string }[] = [];

  constructor(private readonly context: SheetContext) {
    super();
  }

  take(): SheetRow[] {
    const { rows } = this;
    this.rows = [];
    return rows;
  }

  protected open(name: string, attributes: Attributes): void {
    switch (name) {
      case 'c':
        if (this.cells) this.openCell(attributes);
        break;
      case 'row':
        this.openRow(attributes.r);
        break;
      case 'v':
        if (!this.inCell) break;
        this.reading = this.hasValue = true;
        this.value = '';
        break;
      case 't':
        // A formatted text comes in pieces.
        if (this.inCell && this.phonetic === 0) this.reading = this.hasValue = true;
        break;
      case 'f':
        if (this.inCell) this.hasFormula = true;
        break;
      case 'rPh':
        this.phonetic += 1;
        break;
    }
  }

  protected text(text: string): void {
    if (this.reading && this.value.length <= MAX_CELL_CHARACTERS) this.value += text;
  }

  protected close(name: string): void {
    switch (name) {
      case 'c':
        if (this.inCell) this.closeCell();
        break;
      case 'v':
      case 't':
        this.reading = false;
        break;
      case 'row':
        this.closeRow();
        break;
      case 'rPh':
        this.phonetic -= 1;
        break;
    }
  }

  private openRow(number: string | undefined): void {
    const line = number === undefined ? this.line + 1 : Number(number);
    // Rows out of order would be two people on one line.
    if (!(Number.isInteger(line) && line > this.line && line <= MAX_ROWS)) throw damaged();
    this.line = line;
    this.cells = [];
    this.faults = this.fault = undefined;
    this.column = -1;
  }

  private openCell({ r, t, s }: Attributes): void {
    this.column = r === undefined ? this.column + 1 : columnOf(r);
    this.type = t ?? 'n';
    this.style = s === undefined ? 0 : Number(s);
    this.value = '';
    this.hasValue = this.hasFormula = false;
    this.inCell = true;
  }

  private closeCell(): void {
    this.inCell = false;
    const text = this.cellText();
    if (text === '') return;
    const { cells, column } = this;
    if (column >= MAX_COLUMNS) {
      if (text.trim() !== '') this.fault ??= 'row-too-wide';
      return;
    }
    while (cells!.length < column) cells!.push('');
    if (text.length > MAX_CELL_CHARACTERS) this.fault ??= 'cell-too-long';
    cells![column] = cutCell(text);
  }

  private cellText(): string {
    const { value, context } = this;
    if (this.hasFormula && !this.hasValue) return this.faulty('formula-without-value', NO_RESULT);
    if (!this.hasValue) return '';
    switch (this.type) {
      case 's':
        if (!context.strings) throw damaged();
        return value === '' ? '' : context.strings.get(Number(value));
      case 'str':
      case 'inlineStr':
        return unescaped(value);
      case 'e':
        return this.faulty('cell-error', value);
      case 'b':
        return this.faulty('cell-type', isTrue(value.trim()) ? 'TRUE' : 'FALSE');
      case 'd':
        return value;
      default: {
        const raw = value.trim();
        if (raw === '') return this.hasFormula ? this.faulty('formula-without-value', NO_RESULT) : '';
        return context.isDate[this.style] ? dateText(raw, context.dateSystem) : numberText(raw);
      }
    }
  }

  private faulty(reason: RefusalReason, text: string): string {
    (this.faults ??= new Map()).set(this.column, reason);
    return text;
  }

  private closeRow(): void {
    const { cells, faults, fault, line } = this;
    this.cells = undefined;
    if (!cells || cells.every((cell) => cell.trim() === '')) return;
    if (this.context.merges.length > 0) this.fillMerged(cells, line);
    this.rows.push(faults || fault ? { line, cells, ...(faults && { faults }), ...(fault && { fault }) } : { line, cells });
  }

  private fillMerged(cells: string[], line: number): void {
    const { merges } = this.context;
    this.merged = this.merged.filter(({ merge }) => merge.bottom >= line);
    for (; this.nextMerge < merges.length && merges[this.nextMerge]!.top <= line; this.nextMerge++) {
      const merge = merges[this.nextMerge]!;
      if (merge.top === line) this.merged.push({ merge, value: cells[merge.column] ?? '' });
    }
    // Merges cannot overlap.
    if (this.merged.length > MAX_COLUMNS) throw damaged();
    for (const { merge, value } of this.merged) {
      if (value === '' || merge.top === line) continue;
      while (cells.length <= merge.column) cells.push('');
      if (cells[merge.column] === '') cells[merge.column] = value;
    }
  }
}

/** "AB12" is column 27, from 0. */
function columnOf(reference: string): number {
  let column = 0;
  for (let i = 0; i < reference.length; i++) {
    const letter = reference.charCodeAt(i) - 64;
    if (letter < 1 || letter > 26) break;
    column = column * 26 + letter;
  }
  if (column < 1 || column > 16_384) throw damaged();
  return column - 1;
}

const MERGE = /<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"/gu;

/** Of what follows the rows of a sheet: merges over several rows, by their first. */
export function readMerges(tail: string): Merge[] {
  const merges: Merge[] = [];
  for (const [, left, top, , bottom] of tail.matchAll(MERGE))
    if (Number(bottom) > Number(top)) merges.push({ column: columnOf(left!), top: Number(top), bottom: Number(bottom) });
  return merges.filter(({ column }) => column < MAX_COLUMNS).sort((a, b) => a.top - b.top);
}
