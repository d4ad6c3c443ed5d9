/** Rows of a sound roster of any length, some of them the row before again. */
const MEMBERS_A_UNIT = 34; // as in the county of ../shared
export const DUPLICATE_EVERY = 700;

export const ROSTER_HEADER = '单位统一社会信用代码,单位名称,姓名,身份证号码,手机号,医保险种,银行卡号,开户银行';

export function rosterLine(i: number): string {
  const person = i % DUPLICATE_EVERY === DUPLICATE_EVERY - 1 ? i - 1 : i;
  const unit = Math.trunc(i / MEMBERS_A_UNIT);
  const tail = String(person).padStart(9, '0');
  return `${unitCode(unit)},第${unit}基层工会,职工${person},${personalNumber(person)},199${tail.slice(1)},310,6200000${tail}000,模拟银行宾山支行`;
}

const PERSONAL_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

function personalNumber(serial: number): string {
  const day = new Date(Date.UTC(1970, 0, 1 + (Math.trunc(serial / 1000) % 12_000))).toISOString().slice(0, 10).replaceAll('-', '');
  const body = `459999${day}${String(serial % 1000).padStart(3, '0')}`;
  return body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + Number(digit) * PERSONAL_WEIGHTS[i]!, 0) % 11]!;
}

const UNIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

export function unitCode(serial: number): string {
  const body = `81459999MA0${String(serial).padStart(6, '0')}`;
  const sum = [...body].reduce((total, character, i) => total + UNIT_ALPHABET.indexOf(character) * (3 ** i % 31), 0);
  return body + UNIT_ALPHABET[(31 - (sum % 31)) % 31]!;
}
