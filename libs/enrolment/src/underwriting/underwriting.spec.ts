import { parsePlan, participates } from '@app/benefits';
import type { PersonAnswer } from '@app/contracts';
import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SHIPPED_TEXT } from '../../../../test/support/plan-file.js';
import {
  UNDERWRITING_REASONS,
  ageOn,
  decide,
  decideUnit,
  insuranceOf,
  missingOf,
  outageMinutes,
  pauseMinutes,
  sameName,
  type Application,
  type Insurance,
  type PlanRules,
} from './underwriting.js';

const NOTHING_ASKED: PlanRules = { insutypes: null, psnTypes: null, ages: null, basePlan: null, minimumParticipation: null };
const RULES: PlanRules = { ...NOTHING_ASKED, insutypes: ['310'], psnTypes: ['11'], ages: { from: 16, to: 60 }, basePlan: 'guangxi-1-2025' };

const APPLICATION: Application = {
  personalNumber: '45991219771109302X',
  name: '李娟',
  insutype: '310',
  coverFrom: civilDate('2026-01-01'),
  holdsBase: true,
  askedOn: civilDate('2025-09-02'),
  unknownOn: null,
};

const insurance = (change: Partial<Insurance> = {}): PersonAnswer['insuinfo'][number] => ({
  insutype: '310',
  psn_type: '11',
  psn_insu_stas: '1',
  insuplc_admdvs: '459999',
  ...change,
});
const answer = (...insuinfo: PersonAnswer['insuinfo']): PersonAnswer => ({
  baseinfo: { psn_no: 'P1', psn_name: '李娟', certno: APPLICATION.personalNumber, gend: '2', brdy: '1977-11-09' },
  insuinfo,
});
const SOUND = answer(insurance());

describe('an application', () => {
  it('of a person who is known, insured and all that the plan asks for passes', () => {
    expect(decide(APPLICATION, SOUND, RULES)).toMatchObject({ state: 'passed', insurance: { insutype: '310', psn_type: '11' } });
  });

  it.each([
    ['not-known', { unknownOn: civilDate('2025-09-01') }, undefined],
    ['identity-differs', { name: '李绢' }, SOUND],
    ['not-insured', {}, answer(insurance({ psn_insu_stas: '2' }))],
    ['not-insured', {}, answer(insurance({ psn_insu_stas: '3' }))],
    ['not-insured', {}, answer()],
    ['insutype', {}, answer(insurance({ insutype: '390' }))],
    ['not-in-service', {}, answer(insurance({ psn_type: '12' }))],
    ['age', { personalNumber: '45991219641231302X' }, SOUND],
    ['age', { personalNumber: '45991220100102302X' }, SOUND],
    ['base-cover-missing', { holdsBase: false }, SOUND],
  ] as const)('is refused for %s', (reason, change, found) => {
    expect(decide({ ...APPLICATION, ...change }, found, RULES)).toMatchObject({ state: 'refused', reason });
  });

  it('has the first reason that applies', () => {
    const worst = { ...APPLICATION, name: '王', personalNumber: '45991220100102302X', holdsBase: false };
    const found = answer(insurance({ psn_insu_stas: '3', insutype: '390', psn_type: '12' }));
    expect(decide(worst, found, RULES)).toMatchObject({ reason: 'identity-differs' });
    expect(decide({ ...worst, name: '李娟' }, found, RULES)).toMatchObject({ reason: 'not-insured' });
  });

  it('of somebody nobody knows is refused only when nobody does on a second day', () => {
    const [first, second] = [civilDate('2025-09-01'), civilDate('2025-09-02')];
    expect(decide({ ...APPLICATION, askedOn: first }, undefined, RULES)).toEqual({ state: 'due', unknownOn: first });
    expect(decide({ ...APPLICATION, askedOn: first, unknownOn: first }, undefined, RULES)).toEqual({ state: 'due', unknownOn: first });
    expect(decide({ ...APPLICATION, askedOn: second, unknownOn: first }, undefined, RULES)).toMatchObject({ state: 'refused' });
    expect(decide({ ...APPLICATION, askedOn: second, unknownOn: first }, SOUND, RULES)).toMatchObject({ state: 'passed' });
  });

  it('of a plan that asks nothing but insurance passes whatever the kind', () => {
    const retired = answer(insurance({ insutype: '390', psn_type: '16' }));
    expect(decide({ ...APPLICATION, holdsBase: false }, retired, NOTHING_ASKED)).toMatchObject({ state: 'passed' });
  });

  it('of a plan with a least participation waits for the unit', () => {
    const rules = { ...RULES, minimumParticipation: { text: '80%', basisPoints: 8_000 } };
    expect(decide(APPLICATION, SOUND, rules)).toMatchObject({ state: 'waiting' });
    expect(decide({ ...APPLICATION, holdsBase: false }, SOUND, rules)).toMatchObject({ state: 'refused' });
  });

  it('is never refused but for what the answer, or the application, says', () => {
    const insurances = fc.array(
      fc.record({
        insutype: fc.constantFrom('310', '330', '390'),
        psn_type: fc.constantFrom('11', '12', '15'),
        psn_insu_stas: fc.constantFrom('1' as const, '2' as const, '3' as const),
        insuplc_admdvs: fc.constant('459999'),
      }),
      { maxLength: 4 },
    );
    const applications = fc.record({ name: fc.constantFrom('李娟', ' 李　娟 ', '王强'), holdsBase: fc.boolean() });
    fc.assert(
      fc.property(insurances, applications, (insuinfo, change) => {
        const verdict = decide({ ...APPLICATION, ...change }, answer(...insuinfo), RULES);
        const sound =
          change.name !== '王强' &&
          change.holdsBase &&
          insuinfo.some((one) => one.psn_insu_stas === '1' && one.insutype === '310' && one.psn_type === '11');
        expect(verdict.state).toBe(sound ? 'passed' : 'refused');
      }),
    );
  });

  it('goes by the insurance that speaks most for the person, in whatever order they come', () => {
    const [ended, resident, employee] = [
      insurance({ psn_insu_stas: '3' }),
      insurance({ insutype: '390', psn_type: '15' }),
      insurance({ insutype: '310' }),
    ];
    expect(insuranceOf([ended, resident, employee], '310', RULES)).toBe(employee);
    expect(insuranceOf([employee, resident, ended], '310', RULES)).toBe(employee);
    expect(insuranceOf([resident, employee], '390', NOTHING_ASKED)).toBe(resident);
    expect(insuranceOf([], '310', RULES)).toBeUndefined();
  });
});

describe('a name', () => {
  it.each([
    ['阿卜杜拉·买买提', '阿卜杜拉•买买提'],
    ['阿卜杜拉·买买提', '阿卜杜拉买买提'],
    ['ｓｍｉｔｈ　John', 'SMITH john'],
    ['李 娟', '李娟'],
  ])('%s is the same as %s', (a, b) => expect(sameName(a, b)).toBe(true));

  it('of one character more or less is another', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'王李张刘陈伟芳娜敏静'), { minLength: 1, maxLength: 6 }), fc.nat(), (characters, at) => {
        const name = characters.join('');
        const shorter = characters.toSpliced(at % characters.length, 1).join('');
        expect(sameName(name, name)).toBe(true);
        expect(sameName(name, shorter)).toBe(false);
      }),
    );
  });
});

describe('an age', () => {
  it('counts whole years, and a birthday on the day itself', () => {
    const on = civilDate('2026-01-01');
    expect([ageOn(civilDate('1966-01-01'), on), ageOn(civilDate('1966-01-02'), on), ageOn(civilDate('1965-12-31'), on)]).toEqual([
      60, 59, 60,
    ]);
    const leap = civilDate('2000-02-29');
    expect([ageOn(leap, civilDate('2025-02-28')), ageOn(leap, civilDate('2025-03-01'))]).toEqual([24, 25]);
  });
});

describe('a unit', () => {
  const rules = { minimumParticipation: { text: '80%', basisPoints: 8_000 } };

  it('passes with enough of its staff, waits while the window is open, and is refused when it closed with too few', () => {
    expect(decideUnit({ enrolled: 8, staff: 10 }, rules, false)).toBe('passed');
    expect(decideUnit({ enrolled: 7, staff: 10 }, rules, false)).toBe('waiting');
    expect(decideUnit({ enrolled: 7, staff: 10 }, rules, true)).toBe('refused');
    expect(decideUnit({ enrolled: 8, staff: 10 }, rules, true)).toBe('passed');
  });

  it('whose staff nobody has told waits, even after the window', () => {
    expect(decideUnit({ enrolled: 7, staff: null }, rules, true)).toBe('waiting');
    expect(missingOf({ enrolled: 7, staff: null }, rules)).toBeNull();
  });

  it('lacks nobody exactly when the calculator of benefits says that enough take part', () => {
    const shipped = parsePlan(SHIPPED_TEXT, 'the shipped plan');
    const counts = fc.record({ enrolled: fc.nat(5_000), staff: fc.integer({ min: 1, max: 5_000 }), basisPoints: fc.nat(10_000) });
    fc.assert(
      fc.property(counts, ({ enrolled, staff, basisPoints }) => {
        const plan = { ...shipped, minimumParticipation: { text: '', basisPoints } };
        const missing = missingOf({ enrolled, staff }, plan)!;
        expect(missing === 0).toBe(participates({ enrolled, staff }, plan));
        expect(participates({ enrolled: enrolled + missing, staff }, plan)).toBe(true);
        if (missing > 0) expect(participates({ enrolled: enrolled + missing - 1, staff }, plan)).toBe(false);
      }),
    );
  });
});

describe('what is asked again', () => {
  it('is asked after growing pauses, at least once a day', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 100].map(pauseMinutes);
    expect(pauses).toEqual([1, 4, 16, 64, 256, 1_024, 1_440, 1_440]);
    expect([1, 2, 3, 4, 5, 60].map(outageMinutes)).toEqual([1, 2, 4, 8, 10, 10]);
  });
});

describe('the reasons', () => {
  it('stay in their order and each say what to do in two languages', () => {
    expect(Object.keys(UNDERWRITING_REASONS)).toEqual([
      'not-known',
      'identity-differs',
      'not-insured',
      'insutype',
      'not-in-service',
      'age',
      'base-cover-missing',
      'participation-too-low',
    ]);
    for (const { zh, en } of Object.values(UNDERWRITING_REASONS)) expect([zh.length, en.length].every((length) => length > 10)).toBe(true);
  });
});
