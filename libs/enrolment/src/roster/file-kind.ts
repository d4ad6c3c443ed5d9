/** What a file is by its first bytes: its name says little, since many systems export one kind under the name of another. */
import { refuse } from './sheet.js';

export type FileKind = 'zip' | 'text';

/** Enough for every mark below. */
export const KIND_BYTES = 4096;
const OLE2 = Buffer.from('d0cf11e0a1b11ae1', 'hex');
// A directory entry of the container, in UTF-16.
const ENCRYPTED = Buffer.from('EncryptedPackage', 'utf16le');
const OTHERS: readonly (readonly [name: string, start: Buffer])[] = [
  ['a PDF', Buffer.from('%PDF')],
  ['a RAR archive', Buffer.from('Rar!')],
  ['a 7-Zip archive', Buffer.from('377abcaf271c', 'hex')],
  ['a gzip archive', Buffer.from('1f8b', 'hex')],
  ['a picture', Buffer.from('89504e47', 'hex')],
  ['a picture', Buffer.from('ffd8ff', 'hex')],
  ['a picture', Buffer.from('GIF8')],
  ['a text document (RTF)', Buffer.from('{\\rtf')],
];

/** Undefined for the container of old and of encrypted spreadsheets, which takes the whole file to tell. Errors: `roster-pdf`, `roster-kind`, `roster-nul`. */
export function kindOf(start: Buffer): FileKind | undefined {
  const starts = (mark: Buffer): boolean => start.subarray(0, mark.length).equals(mark);
  if (starts(Buffer.from('PK\x03\x04')) || starts(Buffer.from('PK\x05\x06'))) return 'zip';
  if (starts(OLE2)) return undefined;
  const other = OTHERS.find(([, mark]) => starts(mark))?.[0];
  if (other === 'a PDF')
    throw refuse(
      'roster-pdf',
      'expected a spreadsheet, found a PDF; ask for the spreadsheet that it was made of, save it as .xlsx and import that',
    );
  if (other !== undefined)
    throw refuse('roster-kind', `expected a spreadsheet, found ${other}; save the roster as .xlsx or CSV and import that`);
  if (start.length > 0 && start.every((byte) => byte === 0))
    throw refuse(
      'roster-nul',
      'expected a spreadsheet, found a file of zero bytes, as a broken copy leaves it; copy or export the file again',
    );
  return 'text';
}

/** Of a file in that container. */
export function oldFormat(file: Buffer): Error {
  return file.includes(ENCRYPTED)
    ? refuse(
        'roster-password',
        'expected a spreadsheet that can be read, found one with a password; remove the password, save it as .xlsx and import it again',
      )
    : refuse('roster-xls', 'expected .xlsx or CSV, found the old format .xls; save the file as .xlsx and import that');
}
