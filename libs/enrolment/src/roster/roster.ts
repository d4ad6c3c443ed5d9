/** What a row of a roster means and why it is refused. Pure: the file, the members already seen and the day come in. */
import { isBankCardShape, isUnitCode, passesLuhn, personalNumberFault, type CivilDate } from '@app/kernel';
import {
  cellIdentifier,
  cellWords,
  hasLostDigits,
  isDateText,
  isErrorValue,
  isFormulaText,
  isTruthValue,
  isUnreadable,
} from './cell-text.js';
import { COLUMNS, type RosterField, type RosterLayout } from './roster-column.js';
import { isNoteRow } from './roster-header.js';

export { COLUMNS, type RosterField, type RosterLayout };

/** In the order in which they are looked for; a row has the first that applies. */
export const REFUSALS = {
  'row-too-wide': {
    field: '整行',
    zh: '该行在第200列以后还有内容：请删除多出的单元格后重新导入。',
    en: 'The row has something beyond column 200: delete it.',
  },
  'cell-too-long': {
    field: '整行',
    zh: '有单元格超过32767个字符：请缩短内容，并检查引号是否成对。',
    en: 'A cell has more than 32767 characters: shorten it, or look for a quotation mark that is not closed.',
  },
  columns: {
    field: '整行',
    zh: '列数与表头不一致：请检查该行是否多了或少了逗号、引号是否成对，改正后重新导入。',
    en: 'The row has not as many columns as the header: look for a missing or stray comma or quotation mark.',
  },
  'open-quote': {
    field: '整行',
    zh: '该行有引号未成对，无法确定单元格到哪里结束：请删除或补全引号后重新导入。',
    en: 'The row has a quotation mark that is not closed: delete it, or close it.',
  },
  'unreadable-text': {
    field: '整行',
    zh: '有单元格含无法识别的字符（编码错误，显示为“\uFFFD”）：请重新填写该单元格，并另存为.xlsx或“CSV UTF-8”。',
    en: 'A cell holds bytes that are no text in the encoding of the file, shown as \uFFFD: fill it in again, and save as .xlsx or as "CSV UTF-8".',
  },
  'note-row': {
    field: '整行',
    zh: '该行不是职工信息（合计、签名、说明或重复的表头），未导入，无需处理；如确为职工，请补填姓名和身份证号码。',
    en: 'The row is not about a person (a total, a signature, a note, the header again): nothing to do; if it is, fill in name and personal number.',
  },
  'cell-error': {
    field: '整行',
    zh: '有单元格是错误值（如 #N/A、#REF!）：请改正公式，或直接填写内容。',
    en: 'A cell holds an error such as #N/A or #REF!: correct the formula, or fill in the value itself.',
  },
  'formula-without-value': {
    field: '整行',
    zh: '有单元格是没有计算结果的公式：请用表格软件打开并保存，或将公式粘贴为数值。',
    en: 'A cell holds a formula without its result: open and save the file in a spreadsheet program, or paste the formula as a value.',
  },
  'cell-type': {
    field: '整行',
    zh: '有单元格是日期或逻辑值，应为文本或号码：请将该列设为文本格式后重新填写。',
    en: 'A cell holds a date or TRUE/FALSE where a text or a number is expected: format the column as text and fill it in again.',
  },
  'unit-code-lost': {
    field: COLUMNS.unitCode,
    zh: '单位代码被表格软件当作数字，末几位已丢失：请将该列设为文本格式后重新填写。',
    en: 'The spreadsheet took the unit code for a number and lost its last digits: format the column as text and fill it in again.',
  },
  'unit-code': {
    field: COLUMNS.unitCode,
    zh: '应为18位统一社会信用代码且校验位正确：请按单位登记证书核对。',
    en: 'Expected an 18-character unified social credit code with a right check character.',
  },
  'unit-elsewhere': {
    field: COLUMNS.unitCode,
    zh: '该单位属于其他组织：请由其所属组织导入，或核对单位代码。',
    en: 'The unit belongs to another organisation, which has to import it.',
  },
  'name-missing': { field: COLUMNS.name, zh: '姓名为空：请补填。', en: 'The name is empty.' },
  name: {
    field: COLUMNS.name,
    zh: '应为姓名，至少有一个汉字或字母，不超过50个字：请按身份证核对。',
    en: 'Expected a name with a letter or an ideograph, of at most 50 characters.',
  },
  'id-number-lost': {
    field: COLUMNS.personalNumber,
    zh: '身份证号码被表格软件当作数字，末几位已丢失：请将该列设为文本格式后重新填写。',
    en: 'The spreadsheet took the personal number for a number and lost its last digits: format the column as text and fill it in again.',
  },
  'id-checksum': {
    field: COLUMNS.personalNumber,
    zh: '应为18位身份证号码且校验位正确：请按身份证核对。',
    en: 'Expected an 18-character personal number with a right check character.',
  },
  'id-birth-date': {
    field: COLUMNS.personalNumber,
    zh: '号码中的出生日期不存在或晚于今天：请按身份证核对。',
    en: 'The birth date in the personal number does not exist or is not past.',
  },
  duplicate: {
    field: COLUMNS.personalNumber,
    zh: '同一人在本参保期内已由先前的行或其他单位参保：只保留一次，请与相关单位核对。',
    en: 'The same person is enrolled already, by an earlier row or by another unit.',
  },
  insutype: {
    field: COLUMNS.insutype,
    zh: '应为3位医保险种代码或其名称，例如310或职工医保。',
    en: 'Expected a medical-insurance type: a code of three digits, such as 310, or its name.',
  },
  'phone-lost': {
    field: COLUMNS.phone,
    zh: '手机号被表格软件当作数字，部分数位已丢失：请将该列设为文本格式后重新填写。',
    en: 'The spreadsheet took the phone number for a number and lost digits: format the column as text and fill it in again.',
  },
  'account-number-lost': {
    field: COLUMNS.bankAccount,
    zh: '银行卡号被表格软件当作数字，末几位已丢失：请将该列设为文本格式后重新填写。',
    en: 'The spreadsheet took the bank card number for a number and lost its last digits: format the column as text and fill it in again.',
  },
  'bank-account': {
    field: COLUMNS.bankAccount,
    zh: '应为16至19位数字的银行卡号：请按银行卡核对。',
    en: 'Expected a bank card number of 16 to 19 digits.',
  },
} as const satisfies Record<string, { field: string; zh: string; en: string }>;
export type RefusalReason = keyof typeof REFUSALS;

export type RosterRow = Readonly<Record<RosterField, string>>;

/** A row of a file that stands below the header and is not blank. */
export interface RosterRecord {
  /** As a person sees it in a spreadsheet, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Found while the cells were read. */
  readonly fault?: RefusalReason;
  /** The unit is that of the row above. */
  readonly carried?: boolean;
}

// What normalisation would leave as it is: almost every value of a sound file.
const PLAIN_IDENTIFIER = /^[0-9A-Z]*$/;
const PLAIN_WORD = /^[0-9A-Za-z\u4E00-\u9FFF]*$/;

const identifier = (text: string): string => (PLAIN_IDENTIFIER.test(text) ? text : cellIdentifier(text));
const words = (text: string): string => (PLAIN_WORD.test(text) ? text : cellWords(text));

/** Of the national code list, as the codes are named there and by people. */
const INSUTYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '310': ['职工基本医疗保险', '城镇职工基本医疗保险', '职工基本医保', '城镇职工医保', '职工医保'],
    '320': ['公务员医疗补助'],
    '330': ['大额医疗费用补助'],
    '340': ['离休人员医疗保障'],
    '390': ['城乡居民基本医疗保险', '居民基本医疗保险', '城乡居民基本医保', '城乡居民医保', '居民医保'],
    '392': ['城乡居民大病医疗保险', '城乡居民大病保险'],
    '510': ['生育保险'],
  }).flatMap(([code, names]) => names.map((name) => [name, code])),
);

/** The code of a type of insurance that is named, or written as code and name; anything else as it is. */
function insutypeOf(text: string): string {
  const { code, name } = /^(?<code>\d{3})?[-_:.、()]*(?<name>\p{Script=Han}+)\)?$/u.exec(text)?.groups ?? {};
  const named = name === undefined ? undefined : INSUTYPES.get(name);
  return named !== undefined && (code === undefined || code === named) ? named : text;
}

export const normaliseRow = (row: RosterRow): RosterRow => ({
  unitCode: identifier(row.unitCode),
  unitName: words(row.unitName),
  name: words(row.name),
  personalNumber: identifier(row.personalNumber),
  phone: identifier(row.phone),
  insutype: insutypeOf(identifier(row.insutype)),
  bankAccount: identifier(row.bankAccount),
  bankName: words(row.bankName),
});

export interface RosterContext {
  readonly layout: RosterLayout;
  readonly today: CivilDate;
  /** Who has been accepted so far, by sound personal number. */
  readonly seen: { has(personalNumber: string): boolean };
  /** Codes of this organisation's units, which are right by being there. */
  readonly units: { has(code: string): boolean };
  /** Codes of units that belong to another organisation. */
  readonly elsewhere: ReadonlySet<string>;
}

export type RowReading =
  | { readonly row: RosterRow; readonly normalised: boolean; readonly cardWarning: boolean; readonly phoneWarning: boolean }
  | { readonly reason: RefusalReason };

/** A record as a person of this file, or the reason why it is none. */
export function readRecord(record: RosterRecord, context: RosterContext): RowReading {
  const reading: RowReading = record.fault ? { reason: record.fault } : readRow(record.cells, context);
  if ('reason' in reading) return isNoteRow(record.cells, context.layout) ? { reason: 'note-row' } : reading;
  return record.carried ? { ...reading, normalised: true } : reading;
}

export function readRow(cells: readonly string[], context: RosterContext): RowReading {
  if (cells.length !== context.layout.width) return { reason: cells.some(isUnreadable) ? 'unreadable-text' : 'columns' };
  const raw = rawRow(cells, context.layout);
  // Almost every row: what a value must be shows that normalisation would leave it as it is.
  if (context.units.has(raw.unitCode) && NAME.test(raw.name) && isPlain(raw) && !identifierFault(raw, context))
    return { row: raw, normalised: false, ...warnings(raw) };
  const row = normaliseRow(raw);
  const spoiled = cellFault(row);
  if (spoiled) return { reason: spoiled };
  if (hasLostDigits(row.unitCode)) return { reason: 'unit-code-lost' };
  if (!context.units.has(row.unitCode) && !isUnitCode(row.unitCode)) return { reason: 'unit-code' };
  if (context.elsewhere.has(row.unitCode)) return { reason: 'unit-elsewhere' };
  if (row.name === '') return { reason: 'name-missing' };
  if (!NAME.test(row.name)) return { reason: 'name' };
  const reason = lostDigits(row) ?? identifierFault(row, context);
  return reason ? { reason } : { row, normalised: !same(row, raw), ...warnings(row) };
}

const NAME = /^(?=\P{L}*\p{L}).{1,50}$/su;
const MOBILE = /^1[3-9]\d{9}$/;
const ZEROS = /^0+$/;

/** What may be meant so: some banks issue cards that fail Luhn. Without a phone that is one, a member cannot log in. */
const warnings = ({ phone, bankAccount }: RosterRow): { cardWarning: boolean; phoneWarning: boolean } => ({
  cardWarning: !passesLuhn(bankAccount) || ZEROS.test(bankAccount),
  phoneWarning: !MOBILE.test(phone),
});

/** What a cell cannot mean, whatever its column. */
function cellFault(row: RosterRow): RefusalReason | undefined {
  const texts = [row.unitCode, row.unitName, row.name, row.personalNumber, row.phone, row.insutype, row.bankAccount, row.bankName];
  if (texts.some(isUnreadable)) return 'unreadable-text';
  if (texts.some(isErrorValue)) return 'cell-error';
  if (texts.some(isFormulaText)) return 'formula-without-value';
  return texts.some((text) => isDateText(text) || isTruthValue(text)) ? 'cell-type' : undefined;
}

function lostDigits({ personalNumber, phone, bankAccount }: RosterRow): RefusalReason | undefined {
  if (hasLostDigits(personalNumber)) return 'id-number-lost';
  if (hasLostDigits(phone)) return 'phone-lost';
  return hasLostDigits(bankAccount) ? 'account-number-lost' : undefined;
}

// Fifteen digits that a spreadsheet kept, shown with all their places.
const ZEROED = /^\d{15}000$/;

function identifierFault({ personalNumber, insutype, bankAccount }: RosterRow, { today, seen }: RosterContext): RefusalReason | undefined {
  const fault = personalNumberFault(personalNumber, today);
  if (fault) return fault === 'id-checksum' && ZEROED.test(personalNumber) ? 'id-number-lost' : fault;
  if (seen.has(personalNumber)) return 'duplicate';
  // Kept unsealed, so nothing but a code may stand there.
  if (!/^\d{3}$/.test(insutype)) return 'insutype';
  return isBankCardShape(bankAccount) ? undefined : 'bank-account';
}

// Of the values that no check of identifiers looks at.
const isPlain = ({ unitName, name, phone, bankName }: RosterRow): boolean =>
  PLAIN_WORD.test(unitName) && PLAIN_WORD.test(name) && PLAIN_IDENTIFIER.test(phone) && PLAIN_WORD.test(bankName);

// Field by field: a loop over names would cost a large roster more than reading it.
const same = (a: RosterRow, b: RosterRow): boolean =>
  a.unitCode === b.unitCode &&
  a.unitName === b.unitName &&
  a.name === b.name &&
  a.personalNumber === b.personalNumber &&
  a.phone === b.phone &&
  a.insutype === b.insutype &&
  a.bankAccount === b.bankAccount &&
  a.bankName === b.bankName;

const rawRow = (cells: readonly string[], { at }: RosterLayout): RosterRow => ({
  unitCode: cells[at.unitCode]!,
  unitName: cells[at.unitName]!,
  name: cells[at.name]!,
  personalNumber: cells[at.personalNumber]!,
  phone: cells[at.phone]!,
  insutype: cells[at.insutype]!,
  bankAccount: cells[at.bankAccount]!,
  bankName: cells[at.bankName]!,
});

/** The unit code of a row that may be unknown yet, before the row is read whole. */
export const unitCodeOf = (cells: readonly string[], layout: RosterLayout): string => identifier(cells[layout.at.unitCode] ?? '');

export const personalNumberOf = (cells: readonly string[], layout: RosterLayout): string =>
  identifier(cells[layout.at.personalNumber] ?? '');
