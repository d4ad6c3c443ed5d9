import type { PersonAnswer } from '@app/contracts';
import { BANK_ENDINGS, bankCard, COUNTY_CODE, personNumber, unitCode } from './numbers.js';
import type { Random } from './random.js';

export interface Person {
  personNo: string;
  name: string;
  id: string;
  phone: string;
  card: string;
}

export interface Unit {
  code: string;
  name: string;
}

const SURNAMES = [...'王李张刘陈杨黄周吴徐孙胡朱高林何郭马罗梁韦覃蒙蓝潘卢莫'];
const GIVEN = [...'伟芳娜敏静丽强磊洋艳勇军杰娟涛超明霞秀平刚桂英华玉兰红春梅海山文'];

export const makeUnits = (count: number): Unit[] =>
  Array.from({ length: count }, (_, index) => ({ code: unitCode(index + 1), name: `第${String(index + 1).padStart(3, '0')}基层工会` }));

/** Makes people whose personal numbers and cards are all different. */
export class People {
  private readonly taken = new Set<string>();
  private readonly made: Person[] = [];

  constructor(private readonly random: Random) {}

  /** `series` tells members (45) from people who are not (46) in the platform's own number. */
  make(series: '45' | '46', ending?: (typeof BANK_ENDINGS)[number]): Person {
    const person: Person = {
      personNo: `P${series}${String(this.made.length + 1).padStart(8, '0')}`,
      name: this.name(),
      id: this.unique(() => personNumber(this.random)),
      phone: `199${this.random.digits(8)}`,
      card: this.unique(() => bankCard(this.random, ending)),
    };
    this.made.push(person);
    return person;
  }

  /** What the medical-insurance platform knows of everybody made so far. */
  register(): PersonAnswer[] {
    return this.made.map(({ personNo, name, id }) => ({
      baseinfo: {
        psn_no: personNo,
        psn_name: name,
        certno: id,
        gend: Number(id[16]) % 2 === 1 ? '1' : '2',
        brdy: `${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`,
      },
      insuinfo: [{ insutype: '310', psn_type: '11', psn_insu_stas: '1', insuplc_admdvs: COUNTY_CODE }],
    }));
  }

  private name(): string {
    const given = Array.from({ length: this.random.chance(2 / 3) ? 2 : 1 }, () => this.random.pick(GIVEN));
    return this.random.pick(SURNAMES) + given.join('');
  }

  private unique(make: () => string): string {
    for (;;) {
      const value = make();
      if (this.taken.has(value)) continue;
      this.taken.add(value);
      return value;
    }
  }
}
