/** Roster files written by hand, so that each can be as odd as the ones that people send: zip archives and spreadsheets down to the byte. */
import { crc32, deflateRawSync } from 'node:zlib';
import { bankAccount, personalNumber } from './people.js';

export const ROSTER_HEADER = ['单位统一社会信用代码', '单位名称', '姓名', '身份证号码', '手机号', '医保险种', '银行卡号', '开户银行'];
export const UNIT = '91350100M000100Y43';
/** Of another unit, all digits. */
export const OTHER_UNIT = unitCode('81450000000000017');

export const person = (serial: number): string[] => [
  UNIT,
  '第001基层工会',
  `职工${'甲乙丙丁戊己庚辛壬癸'[serial % 10]}`,
  personalNumber(serial),
  `199${String(serial).padStart(8, '0')}`,
  '310',
  bankAccount(serial),
  '模拟银行',
];

export const people = (count: number): string[][] => Array.from({ length: count }, (_, i) => person(i + 1));

export const csvOf = (rows: readonly (readonly string[])[], separator = ',', lineEnd = '\n'): string =>
  rows.map((cells) => cells.join(separator) + lineEnd).join('');

function unitCode(body: string): string {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  const sum = [...body].reduce((total, character, i) => total + alphabet.indexOf(character) * (3 ** i % 31), 0);
  return body + alphabet[(31 - (sum % 31)) % 31]!;
}

/** GB 18030 of a text of ASCII and common characters: the decoder turned round. */
export function gb18030(text: string): Buffer {
  const decoder = new TextDecoder('gb18030');
  if (codes.size === 0)
    for (let high = 0x81; high <= 0xfe; high++)
      for (let low = 0x40; low <= 0xfe; low++) {
        const bytes = Buffer.from([high, low]);
        const character = decoder.decode(bytes);
        if (low !== 0x7f && character.length === 1) codes.set(character, bytes);
      }
  return Buffer.concat([...text].map((character) => codes.get(character) ?? Buffer.from(character, 'latin1')));
}
const codes = new Map<string, Buffer>();

export interface ZipPart {
  readonly name: string;
  readonly data: Buffer | string;
  /** As the directory claims, where it lies. */
  readonly claimedBytes?: number;
  readonly crc?: number;
  readonly encrypted?: boolean;
}

export function zipOf(parts: readonly ZipPart[]): Buffer {
  const [local, central]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, data, claimedBytes, crc, encrypted } of parts) {
    const [raw, path] = [Buffer.from(data), Buffer.from(name)];
    const packed = deflateRawSync(raw);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x800 | (encrypted ? 1 : 0), 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc ?? crc32(raw), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claimedBytes ?? raw.length, 18);
    fields.writeUInt16LE(path.length, 22);
    local.push(Buffer.from('PK\x03\x04'), fields, path, packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, rest, path);
    offset += 30 + path.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

/** A text, or a cell as its XML without the reference: `t="b"><v>1</v>`. */
export type XlsxCell = string | { readonly xml: string };
export interface XlsxSheet {
  readonly name?: string;
  readonly state?: 'visible' | 'hidden' | 'veryHidden';
  readonly rows: readonly (readonly XlsxCell[] | undefined)[];
  readonly merges?: readonly string[];
}
export interface XlsxOptions {
  readonly date1904?: boolean;
  /** Before every element's name, as some programs write it. */
  readonly prefix?: string;
  /** Texts stand in the cells. */
  readonly inline?: boolean;
  readonly doctype?: string;
  readonly parts?: readonly ZipPart[];
  readonly change?: (part: ZipPart) => ZipPart | undefined;
}

/** Formats of cells, by place: General, date, date and time, text. */
const STYLES = '<cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="49"/></cellXfs>';
const NAMESPACES =
  'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

export const number = (value: string | number, style = 0): XlsxCell => ({ xml: `s="${style}"><v>${value}</v>` });

export function xlsxOf(sheets: readonly XlsxSheet[], options: XlsxOptions = {}): Buffer {
  const strings: string[] = [];
  const places = new Map<string, number>();
  const shared = (text: string): number => {
    const place = places.get(text) ?? strings.push(`<si><t xml:space="preserve">${escaped(text)}</t></si>`) - 1;
    places.set(text, place);
    return place;
  };
  const cell = (value: XlsxCell, reference: string): string => {
    if (typeof value !== 'string') return `<c r="${reference}" ${value.xml}</c>`;
    if (value === '') return '';
    return options.inline
      ? `<c r="${reference}" t="inlineStr"><is><t>${escaped(value)}</t></is></c>`
      : `<c r="${reference}" t="s"><v>${shared(value)}</v></c>`;
  };
  const sheetXml = ({ rows, merges = [] }: XlsxSheet): string =>
    `<worksheet ${NAMESPACES}><sheetData>${rows
      .map((cells, i) => cells && `<row r="${i + 1}">${cells.map((value, at) => cell(value, `${columnName(at)}${i + 1}`)).join('')}</row>`)
      .join('')}</sheetData>${
      merges.length > 0
        ? `<mergeCells count="${merges.length}">${merges.map((ref) => `<mergeCell ref="${ref}"/>`).join('')}</mergeCells>`
        : ''
    }</worksheet>`;
  const bodies = sheets.map(sheetXml);
  const relation = (id: string, type: string, to: string): string =>
    `<Relationship Id="${id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${to}"/>`;
  const relations = (inner: string): string =>
    `${DECLARATION}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${inner}</Relationships>`;
  const main = (xml: string): string => DECLARATION + (options.doctype ?? '') + (options.prefix ? prefixed(xml, options.prefix) : xml);
  const parts: ZipPart[] = [
    { name: '[Content_Types].xml', data: `${DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>` },
    { name: '_rels/.rels', data: relations(relation('rId1', 'officeDocument', 'xl/workbook.xml')) },
    {
      name: 'xl/workbook.xml',
      data: main(
        `<workbook ${NAMESPACES}><workbookPr${options.date1904 ? ' date1904="1"' : ''}/><sheets>${sheets
          .map(
            ({ name, state }, i) =>
              `<sheet name="${name ?? `Sheet${i + 1}`}" sheetId="${i + 1}" state="${state ?? 'visible'}" r:id="rId${i + 1}"/>`,
          )
          .join('')}</sheets></workbook>`,
      ),
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      data: relations(
        sheets.map((_, i) => relation(`rId${i + 1}`, 'worksheet', `worksheets/sheet${i + 1}.xml`)).join('') +
          relation('rId98', 'styles', 'styles.xml') +
          relation('rId99', 'sharedStrings', '/xl/sharedStrings.xml'),
      ),
    },
    ...bodies.map((xml, i) => ({ name: `xl/worksheets/sheet${i + 1}.xml`, data: main(xml) })),
    {
      name: 'xl/styles.xml',
      data: main(
        `<styleSheet ${NAMESPACES}><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d hh:mm"/></numFmts>${STYLES}</styleSheet>`,
      ),
    },
    { name: 'xl/sharedStrings.xml', data: main(`<sst ${NAMESPACES}>${strings.join('')}</sst>`) },
    ...(options.parts ?? []),
  ];
  return zipOf(parts.flatMap((part) => (options.change ? (options.change(part) ?? []) : part)));
}

export const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const prefixed = (xml: string, prefix: string): string =>
  xml.replace(/<(\/?)(?=[a-zA-Z])/g, `<$1${prefix}:`).replace(/xmlns="/g, `xmlns:${prefix}="`);

function columnName(at: number): string {
  return at < 26 ? String.fromCharCode(65 + at) : columnName(Math.trunc(at / 26) - 1) + String.fromCharCode(65 + (at % 26));
}
