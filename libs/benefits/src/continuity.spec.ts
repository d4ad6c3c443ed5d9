import { describe, expect, test } from '@jest/globals';
import { civilDate } from '@app/kernel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { continuityOf, type CoverOfLine } from './calculate.js';
import { parsePlan, type CompiledPlan } from './compile.js';
import { loadPlan } from './load-plans.js';

const text = readFileSync(join(import.meta.dirname, '../plans/guangxi/guangxi-1-2025.yaml'), 'utf8');
const within = (days: number): CompiledPlan =>
  parsePlan(`${text}\nrenewal: { on_time_days: { value: ${days}, interpreted: as the test has it } }\n`, 'plan.yaml');
const silent = parsePlan(text, 'plan.yaml');

const cover = (coverFrom: string, coverTo: string, enrolledOn: string): CoverOfLine => ({
  coverFrom: civilDate(coverFrom),
  coverTo: civilDate(coverTo),
  enrolledOn: civilDate(enrolledOn),
});
const year = (of: number, enrolledOn: string, coverTo = `${of}-12-31`): CoverOfLine => cover(`${of}-01-01`, coverTo, enrolledOn);

describe('continuity of cover', () => {
  test('begins with the first cover', () =>
    expect(continuityOf([year(2025, '2024-11-01')], silent)).toEqual({ kind: 'new', enrolledOn: '2024-11-01', consecutivePeriods: 1 }));

  test('goes on with a renewal, which counts from the first enrolment', () =>
    expect(continuityOf([year(2024, '2023-11-01'), year(2025, '2024-11-01')], within(1))).toEqual({
      kind: 'renewal',
      enrolledOn: '2023-11-01',
      consecutivePeriods: 2,
    }));

  test('starts anew with a late renewal, and goes on from there', () => {
    const late = [year(2023, '2022-11-01'), cover('2024-01-05', '2024-12-31', '2024-01-02')];
    expect(continuityOf(late, within(1))).toEqual({ kind: 'late-renewal', enrolledOn: '2024-01-02', consecutivePeriods: 1 });
    expect(continuityOf(late, within(2))).toMatchObject({ kind: 'renewal', consecutivePeriods: 2 });
    expect(continuityOf([...late, year(2025, '2024-12-01')], within(1))).toEqual({
      kind: 'renewal',
      enrolledOn: '2024-01-02',
      consecutivePeriods: 2,
    });
  });

  test('is broken by a period left out, and by a cover that ended early', () => {
    expect(continuityOf([year(2023, '2022-11-01'), year(2025, '2024-11-01')], within(30))).toMatchObject({ consecutivePeriods: 1 });
    const left = [year(2024, '2023-11-01', '2024-06-30'), year(2025, '2024-11-01')];
    expect(continuityOf(left, within(30))).toMatchObject({ kind: 'late-renewal', enrolledOn: '2024-11-01', consecutivePeriods: 1 });
  });

  test('under a plan that does not say what is in time is broken by a day without cover', () => {
    expect(continuityOf([year(2024, '2023-11-01'), year(2025, '2025-02-01')], silent)).toMatchObject({ consecutivePeriods: 2 });
    expect(continuityOf([year(2024, '2023-11-01', '2024-12-30'), year(2025, '2024-11-01')], silent)).toMatchObject({
      kind: 'renewal',
      enrolledOn: '2024-11-01',
      consecutivePeriods: 1,
    });
  });
});

describe('what a plan asks of the member', () => {
  test('is nothing where no rule depends on it', () => expect(Object.values(silent.asks)).toEqual([false, false, false, false, false]));

  test('is the age where ages are eligible, or a case goes by the age', () => {
    const eligible = parsePlan(`${text}\neligibility: { ages: { from: 16, to: 60, interpreted: as the test has it } }\n`, 'plan.yaml');
    expect(eligible.asks).toMatchObject({ age: true, enrolment: false });
    const byCase = `cases: [{ when: { age: { to: 40 } }, value: 0, interpreted: x }, { value: 30, interpreted: x }]`;
    const waiting = `waiting: { days: { order: first-match, ${byCase} }, counted_from: { value: enrolment, interpreted: x } }`;
    expect(parsePlan(`${text}\n${waiting}\n`, 'plan.yaml').asks).toMatchObject({ age: true, enrolment: true, transfer: false });
  });

  test('is the enrolment where there is a wait, and the transfer where the plan names it', () =>
    expect(loadPlan('guangzhou-2023').asks).toMatchObject({ enrolment: true, transfer: true, age: false }));

  test('is the base plan of an add-on, and the periods where they earn points', () => {
    const points = text.replace(
      '    bands_on:',
      '    extra_points: { per_period: 1%, at_most: 3%, interpreted: as the test has it }\n    bands_on:',
    );
    expect(parsePlan(points, 'plan.yaml').asks).toMatchObject({ consecutivePeriods: true });
    const addOn = `${text}\nrequires: { base_plan: { value: guangxi-0, interpreted: as the test has it } }\n`;
    expect(parsePlan(addOn, 'plan.yaml').asks).toMatchObject({ plansHeld: true });
  });
});
