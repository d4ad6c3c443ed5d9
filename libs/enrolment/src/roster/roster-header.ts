/** Where the header of a roster stands and what its columns are called; which rows are not about a person. Pure. */
import { isBankCardShape, isUnitCode, personalNumberFault, civilDate } from '@app/kernel';
import { cellIdentifier, cellWords, hasLostDigits } from './cell-text.js';
import { COLUMNS, FIELDS, type RosterField, type RosterLayout } from './roster-column.js';

/** As unions print them. The plain names win over the vague ones, which mean the field where nothing else does. */
const NAMES: Readonly<Record<RosterField, { readonly plain: string; readonly vague: string }>> = {
  unitCode: {
    plain:
      '单位统一社会信用代码 统一社会信用代码 统一信用代码 社会信用代码 社会统一信用代码 单位社会信用代码 单位信用代码 工会统一社会信用代码 用人单位统一社会信用代码 基层工会统一社会信用代码 统一社会信用代码证号',
    vague: '单位代码 单位编码 单位编号 信用代码 机构代码 组织机构代码 工会代码 参保单位代码 所在单位代码',
  },
  unitName: {
    plain: '单位名称 工作单位名称 所在单位名称 用人单位名称 参保单位名称 所属单位名称 基层工会名称 工会名称 单位全称',
    vague: '单位 工作单位 所在单位 所属单位 参保单位 用人单位 基层工会 所在工会',
  },
  name: {
    plain: '姓名 职工姓名 会员姓名 员工姓名 人员姓名 参保人姓名 参保职工姓名 参保人员姓名 参加人姓名 被保障人姓名 参保会员姓名 本人姓名',
    vague: '名字 真实姓名',
  },
  personalNumber: {
    plain:
      '身份证号码 身份证号 身份证 身份证件号码 公民身份号码 公民身份证号 公民身份证号码 居民身份证号 居民身份证号码 职工身份证号 职工身份证号码 会员身份证号码 参保人身份证号码 二代身份证号 二代身份证号码 有效身份证号码',
    vague: '证件号码 证件号 证件编号 有效证件号码 身份号码 社会保障号码 社会保障号',
  },
  phone: {
    plain: '手机号 手机号码 手机 移动电话 移动电话号码 联系手机 联系手机号 联系手机号码 本人手机号 本人手机号码 职工手机号 职工手机号码',
    vague: '电话 电话号码 联系电话 联系电话号码 联系方式 联系号码 本人电话 职工电话 本人联系电话',
  },
  insutype: {
    plain: '医保险种 医保险种代码 医保险种类型 医保类型 医疗保险类型 医疗保险险种 基本医保险种 基本医疗保险类型 险种 险种类型 险种代码',
    vague: '医保类别 参保险种 参保类型 保险类型 保险险种',
  },
  bankAccount: {
    plain:
      '银行卡号 银行卡号码 银行账号 银行帐号 银行账户 银行账户号 银行卡账号 银行卡 开户账号 开户银行账号 收款账号 本人银行卡号 本人银行账号',
    vague: '账号 帐号 卡号 账户 工资卡号 开户行账号 收款卡号',
  },
  bankName: {
    plain: '开户银行 开户银行名称 开户行 开户行名称 开户支行 银行名称 开户网点 收款银行 收款开户行',
    vague: '银行 所属银行 发卡银行 发卡行',
  },
};

interface Meaning {
  readonly field: RosterField;
  readonly plain: boolean;
}

const MEANINGS: ReadonlyMap<string, Meaning> = new Map(
  FIELDS.flatMap((field) =>
    (['vague', 'plain'] as const).flatMap((kind) =>
      NAMES[field][kind].split(' ').map((name): [string, Meaning] => [name, { field, plain: kind === 'plain' }]),
    ),
  ),
);

/** Without these nothing can be enrolled: each is checked in every row. The others may be empty, and so may be missing. */
export const REQUIRED = ['unitCode', 'name', 'personalNumber', 'insutype', 'bankAccount'] as const satisfies RosterField[];
/** Of the file with the findings, which may come back as a roster. */
export const FINDINGS_COLUMN = '核对结果';

const HINT = /[(【[〔〖{<《「][^)】\]〕〗}>》」]*[)】\]〕〗}>》」]/gu;
const EDGES = /^(?:必填|选填|\d+[.、)]|[^\p{L}\p{N}])+|(?:必填|选填|[^\p{L}\p{N}])+$/gu;

/** A cell of a header without spaces, stars, colons and hints such as （必填）. */
function label(cell: string): string {
  const bare = cell.normalize('NFKC').replace(/[\s\p{Cf}\p{Cc}]+/gu, '');
  return (bare.replace(HINT, '') || bare).replace(EDGES, '');
}

const isShort = (cell: string): boolean => cell.length <= 400;

function meaningOf(cell: string): Meaning | undefined {
  // A hint can be long; a page of instructions is none.
  if (cell === '' || !isShort(cell)) return undefined;
  const whole = label(cell);
  const meaning = MEANINGS.get(whole);
  if (meaning || !whole.includes('/')) return meaning;
  // 身份证号/社保卡号
  for (const part of whole.split('/')) {
    const field = MEANINGS.get(part)?.field;
    if (field) return { field, plain: false };
  }
  return undefined;
}

export interface RosterHeader {
  readonly layout: RosterLayout;
  /** How many columns the file itself has; what the layout has beyond them is added to every row. */
  readonly columns: number;
  readonly added: readonly string[];
  /** Rows shorter than this lack more than empty cells at their end. */
  readonly shortest: number;
  /** Of a title above the header. */
  readonly unit?: TitleUnit;
  /** In the rows that were looked at. */
  readonly first: number;
  readonly last: number;
  /** The column of earlier findings. */
  readonly findingsAt?: number;
  readonly fields: number;
}

export interface TitleUnit {
  readonly code: string;
  readonly name: string;
}

/** Why rows hold no header that can be used; columns are counted from 1. */
export type HeaderFault =
  | { readonly fault: 'none' }
  | { readonly fault: 'people-above' }
  | { readonly fault: 'missing'; readonly missing: readonly string[]; readonly found: readonly string[] }
  | { readonly fault: 'twice'; readonly field: string; readonly columns: readonly [number, number] };

interface Match {
  readonly first: number;
  readonly last: number;
  readonly at: ReadonlyMap<RosterField, number>;
  readonly twice?: { readonly field: RosterField; readonly columns: readonly [number, number] };
  readonly cells: readonly string[];
}

/** The best header among the first rows of a sheet: one row, or a row of groups with its parts below. */
export function findHeader(rows: readonly (readonly string[])[]): RosterHeader | HeaderFault {
  let best: Match | undefined;
  const singles = rows.map((cells, i) => matchOf(i, i, cells));
  for (const [i, single] of singles.entries()) {
    const below = rows[i + 1];
    const both = below && mayBeParts(below) ? matchOf(i, i + 1, inOne(rows[i]!, below)) : undefined;
    // A title above a header adds nothing to it.
    const parts = both && both.at.size > Math.max(single?.at.size ?? 0, singles[i + 1]?.at.size ?? 0) ? both : undefined;
    for (const match of [single, parts]) if (match && match.at.size > (best?.at.size ?? 0)) best = match;
  }
  if (!best) return { fault: 'none' };
  const above = rows.slice(0, best.first);
  if (above.some(holdsPerson)) return { fault: 'people-above' };
  if (best.twice) return { fault: 'twice', field: COLUMNS[best.twice.field], columns: best.twice.columns };
  const unit = best.at.has('unitCode') ? undefined : titleUnit(above);
  const found = FIELDS.filter((field) => best.at.has(field));
  const missing = REQUIRED.filter((field) => !best.at.has(field) && !(field === 'unitCode' && unit));
  if (missing.length > 0)
    return { fault: 'missing', missing: missing.map((field) => COLUMNS[field]), found: found.map((field) => COLUMNS[field]) };
  return headerOf(best, unit);
}

/**
 * The header of a page below, where its columns stand otherwise than `header` says; `unit` is that of the page. Undefined when the row is no header;
 * `header` itself when it says no more than that.
 */
export function headerBelow(
  cells: readonly string[],
  header: RosterHeader,
  unit: TitleUnit | undefined,
): RosterHeader | 'faulty' | undefined {
  const match = matchOf(0, 0, cells);
  if (!match) return undefined;
  const { at } = header.layout;
  // The parts of a header of two rows stand in the second.
  if ([...match.at].every(([field, column]) => at[field] === column)) return header;
  const lacking = REQUIRED.some((field) => !match.at.has(field) && !(field === 'unitCode' && unit));
  return match.twice || lacking ? 'faulty' : headerOf(match, unit);
}

function headerOf({ first, last, at, cells }: Match, unit: TitleUnit | undefined): RosterHeader {
  let columns = cells.length;
  while (label(cells[columns - 1]!) === '') columns -= 1;
  const added = FIELDS.filter((field) => !at.has(field));
  const place = (field: RosterField): number => at.get(field) ?? columns + added.indexOf(field);
  const findingsAt = label(cells[columns - 1]!) === FINDINGS_COLUMN ? columns - 1 : undefined;
  return {
    layout: { width: columns + added.length, at: Object.fromEntries(FIELDS.map((field) => [field, place(field)])) as RosterLayout['at'] },
    columns,
    added: added.map((field) => (field === 'unitCode' ? unit!.code : field === 'unitName' && unit ? unit.name : '')),
    shortest: 1 + Math.max(...REQUIRED.map((field) => at.get(field) ?? 0)),
    ...(unit && { unit }),
    first,
    last,
    ...(findingsAt !== undefined && { findingsAt }),
    fields: at.size,
  };
}

function matchOf(first: number, last: number, row: readonly string[]): Match | undefined {
  const cells = split(row);
  const [at, columns] = [new Map<RosterField, number>(), new Map<RosterField, { plain: number[]; vague: number[] }>()];
  for (const [column, cell] of cells.entries()) {
    const meaning = meaningOf(cell);
    if (!meaning) continue;
    const of = columns.get(meaning.field) ?? { plain: [], vague: [] };
    columns.set(meaning.field, of);
    of[meaning.plain ? 'plain' : 'vague'].push(column);
  }
  let twice: Match['twice'];
  for (const [field, { plain, vague }] of columns) {
    const [column, other] = plain.length > 0 ? plain : vague;
    at.set(field, column!);
    if (other !== undefined) twice ??= { field, columns: [column! + 1, other + 1] };
  }
  // A title has labels too: 单位名称, 联系电话.
  if (at.size < 2 || !(at.has('name') || at.has('personalNumber'))) return undefined;
  return { first, last, at, cells, ...(twice && { twice }) };
}

/** A header typed with full-width commas is one cell. */
export const split = (cells: readonly string[]): readonly string[] => {
  const filled = cells.filter((cell) => cell.trim() !== '');
  return filled.length === 1 && filled[0]!.includes('，') ? filled[0]!.split('，') : cells;
};

const mayBeParts = (cells: readonly string[]): boolean =>
  cells.some((cell) => meaningOf(cell)) && !cells.some((cell) => /\d{6}/u.test(cell));

const inOne = (upper: readonly string[], lower: readonly string[]): string[] =>
  Array.from({ length: Math.max(upper.length, lower.length) }, (_, i) => (lower[i]?.trim() ? lower[i]! : (upper[i] ?? '')));

const FAR_FUTURE = civilDate('9999-12-31');

/** Of somebody, whenever they are born. */
export const isPersonal = (identifier: string): boolean => personalNumberFault(identifier, FAR_FUTURE) === undefined;

export const holdsPerson = (cells: readonly string[]): boolean =>
  cells.some((cell) => cell.length >= 18 && cell.length < 40 && isPersonal(cellIdentifier(cell)));

const TITLE_CODE = /(?:信用代码|单位代码|机构代码|工会代码)[^0-9A-Z]*([0-9A-Z]{18})(?![0-9A-Z])/u;
const TITLE_NAME =
  /(?:单位名称|单位全称|工会名称|填报单位|参保单位|工作单位|所在单位|用人单位|投保单位|单位)(?:\([^)]*\))?:\|*([^|]+?)(?=\||统一社会|社会信用|信用代码|单位代码|机构代码|工会代码|联系|经办|填报|填表|日期|人数|电话|$)/u;

const titleText = (cells: readonly string[]): string =>
  cells
    .filter(isShort)
    .map((cell) => cellWords(cell).replace(/ /gu, ''))
    .join('|');

const titleName = (text: string): string => (TITLE_NAME.exec(text)?.[1] ?? '').replace(/[^\p{L}\p{N})]+$/u, '');

/** Of the rows above a header, or of one between people: "单位：… 统一社会信用代码：…", in one cell or several. */
export function titleUnit(rows: readonly (readonly string[])[]): TitleUnit | undefined {
  const text = rows.map(titleText).join('\n');
  const code = TITLE_CODE.exec(text.toUpperCase())?.[1];
  return code !== undefined && isUnitCode(code) ? { code, name: titleName(text) } : undefined;
}

const ANY_CODE = /(?:信用代码|单位代码|机构代码|工会代码)[^0-9A-Z|]*[:|]+([0-9A-Z]{6,})/u;
// 单位：元 is no unit, and 单位(盖章)： is where one signs.
const UNIT_NAMED = /(?:^|\|)(?:单位名称|单位全称|工会名称|填报单位|参保单位|工作单位|所在单位|用人单位|投保单位|单位):\|*[^|:]{4,}/u;

/** Of a row between people, which begins the next page: another unit than that of the page before, though its code be wrong or left out. */
export function pageUnit(cells: readonly string[], before: TitleUnit): TitleUnit | undefined {
  const sound = titleUnit([cells]);
  if (sound) return sound;
  const text = titleText(cells);
  const [code, name] = [ANY_CODE.exec(text.toUpperCase())?.[1], titleName(text)];
  if (code !== undefined) return { code, name };
  return UNIT_NAMED.test(text) && name !== before.name ? { code: '', name } : undefined;
}

const NOTE =
  /^(?:合计|总计|小计|共计|累计|本页|总人数|人数|制表|制单|填表|填报|编制|审核|复核|审批|经办|经手|负责人|法定代表人|领导|盖章|公章|单位[(]?盖章|单位[(]?公章|工会[(]?盖章|签字|签章|签名|日期|注:|注释|备注|说明|填写说明|第.{1,6}页|共.{1,8}[页人]|打印|制表人|联系人|以下空白|以下无正文|以上)/u;

const DIALLED = /^\d{7,}$/u;

/**
 * A total, a signature, a title or the header of the next page: nobody is meant by it. A row that carries something of a person is never taken
 * for one, however little of it.
 */
export function isNoteRow(cells: readonly string[], { at }: RosterLayout): boolean {
  const text = (field: RosterField): string => cells[at[field]] ?? '';
  // Almost every row, as it is.
  if (isPersonal(text('personalNumber'))) return false;
  const [name, personalNumber] = [cellWords(text('name')), cellIdentifier(text('personalNumber'))];
  if (isPersonal(personalNumber)) return false;
  if (titleUnit([cells]) || matchOf(0, 0, cells)) return true;
  if (/\d{6}/u.test(personalNumber) || hasLostDigits(personalNumber)) return false;
  const named = meaningOf(name) !== undefined;
  if ((named || name === '') && (meaningOf(personalNumber) !== undefined || personalNumber === '') && (named || personalNumber !== ''))
    return true;
  if (NOTE.test(name.replace(/ /gu, ''))) return true;
  // A unit may be called as a note begins: 编制委员会办公室.
  if (name !== '' && (DIALLED.test(cellIdentifier(text('phone'))) || isBankCardShape(cellIdentifier(text('bankAccount'))))) return false;
  const first = cells.find((cell) => cell.trim() !== '') ?? '';
  if (NOTE.test(cellWords(first).replace(/ /gu, ''))) return true;
  if (personalNumber !== '') return false;
  if (text('phone').trim() !== '' || text('bankAccount').trim() !== '') return false;
  // Nothing but a unit, or a sentence.
  return name === '' || name.length > 20 || /[:。;]/u.test(name);
}
