import Papa from 'papaparse';

/** With a byte order mark, without which a spreadsheet takes Chinese for something else. */
export const csvHead = (cells: readonly string[]): string => `\uFEFF${csvLines([cells])}`;

// What a spreadsheet takes for the beginning of a formula, in either width: an apostrophe makes it text.
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

export const csvLines = (rows: readonly (readonly string[])[]): string =>
  `${Papa.unparse(rows as string[][], { escapeFormulae: FORMULA, newline: '\r\n' })}\r\n`;
