import { personNumber } from './numbers.js';
import type { People, Person, Unit } from './people.js';
import type { Random } from './random.js';

const HEADER = '单位统一社会信用代码,单位名称,姓名,身份证号码,手机号,医保险种,银行卡号,开户银行';
const BANK_NAME = '模拟银行宾山支行';
/** As many members as the defects below are counted for. */
const SAMPLE_MEMBERS = 11_132;

interface Row extends Person {
  unit: Unit;
}

/** Byte-order mark and CR LF, as spreadsheets write it. */
export function makeRoster(random: Random, people: People, members: readonly Person[], units: readonly Unit[], defects: boolean): string {
  // Every unit has somebody; the rest fall where they fall.
  const rows = members.map((member, index): Row => ({ ...member, unit: units[index] ?? random.pick(units) }));
  const all = random.shuffled(defects ? [...rows, ...defectiveRows(random, people, rows, units)] : rows);
  const lines = all.map((row) =>
    [row.unit.code, row.unit.name, row.name, typed(random, row.id), spaced(random, row.phone), '310', row.card, BANK_NAME].join(','),
  );
  return `\uFEFF${[HEADER, ...lines].join('\r\n')}\r\n`;
}

function defectiveRows(random: Random, people: People, rows: readonly Row[], units: readonly Unit[]): Row[] {
  const several = (inSample: number, make: () => Row): Row[] =>
    Array.from({ length: Math.max(1, Math.round((inSample * rows.length) / SAMPLE_MEMBERS)) }, make);
  const stranger = (): Row => ({ ...people.make('45'), unit: random.pick(units) });
  const copies = random.shuffled(rows);
  return [
    ...several(12, () => withRow(stranger(), (row) => ({ id: row.id.slice(0, 17) + (row.id[17] === '0' ? '1' : '0') }))),
    ...several(4, () => withRow(stranger(), () => ({ id: personNumber(random, random.pick(['19850230', '19901131', '19870229'])) }))),
    ...several(16, () => withRow(copies.pop()!, (row) => ({ unit: random.chance(0.5) ? row.unit : random.pick(units) }))),
    ...several(5, () => withRow(stranger(), () => ({ name: '' }))),
    ...several(3, () =>
      withRow(stranger(), ({ unit }) => ({ unit: { ...unit, code: unit.code.slice(0, 17) + (unit.code[17] === 'A' ? 'B' : 'A') } })),
    ),
  ];
}

const withRow = (row: Row, change: (row: Row) => Partial<Row>): Row => ({ ...row, ...change(row) });

/** About one number in a hundred is typed full-width, about a third of the X small: the same number nevertheless. */
function typed(random: Random, id: string): string {
  const cased = random.chance(0.3) ? id.toLowerCase() : id;
  return random.chance(0.01) ? cased.replace(/[\dXx]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)) : cased;
}

const spaced = (random: Random, phone: string): string => (random.chance(0.02) ? ` ${phone}\u3000` : phone);
