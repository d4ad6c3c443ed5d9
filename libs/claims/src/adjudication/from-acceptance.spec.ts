import { parsePlan, type Facts } from '@app/benefits';
import { addDays, civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { SHIPPED_TEXT } from '../../../../test/support/plan-file.js';
import { memberFactsOf, type HeldCover } from './from-acceptance.js';

const why = 'interpreted: as the test has it';
const planWith = (rules: string, decidedBy = 'discharge') =>
  parsePlan(`${SHIPPED_TEXT.replace('value: discharge', `value: ${decidedBy}`)}\n${rules}\n`, 'plan.yaml');
const AGES = `eligibility: { ages: { from: 0, to: 99, ${why} } }`;
const BASE = `requires: { base_plan: { value: base, ${why} } }`;
const MOVES = `waiting:
  days: { cases: [{ when: { enrolment: [transfer] }, value: 0, ${why} }, { value: 30, ${why} }] }
  counted_from: { value: enrolment, ${why} }`;

const day = civilDate;
const facts: Facts = { acceptedOn: day('2025-04-01'), admissionOn: day('2025-02-27'), dischargeOn: day('2025-03-03') };
const cover: HeldCover = {
  planId: 'guangxi-1-2025',
  planLine: 'guangxi-1',
  coverFrom: day('2025-01-01'),
  coverTo: day('2025-12-31'),
  enrolledOn: day('2024-10-01'),
  transferredOn: null,
};
const before: HeldCover = {
  ...cover,
  planId: 'guangxi-1-2024',
  coverFrom: day('2024-01-01'),
  coverTo: day('2024-12-31'),
  enrolledOn: day('2023-10-01'),
};
const known = { covers: [cover], birthOn: day('1980-03-01') };

describe('what is told of a member', () => {
  it.each([
    ['discharge', 45],
    ['admission', 44],
  ])('is the age on the day of %s where that day decides', (decidedBy, age) =>
    expect(memberFactsOf(facts, known, cover, planWith(AGES, decidedBy))).toEqual({ age }),
  );

  it('is no age where the birth is not known, and none of a case without a day', () => {
    expect(memberFactsOf(facts, { ...known, birthOn: undefined }, cover, planWith(AGES))).toEqual({});
    expect(memberFactsOf({ acceptedOn: facts.acceptedOn }, known, cover, planWith(AGES))).toEqual({});
  });

  it('is the move from the day it took effect, with the day of the enrolment', () => {
    const told = (transferredOn: HeldCover['transferredOn']) =>
      memberFactsOf(facts, known, { ...cover, transferredOn }, planWith(MOVES)).enrolmentKind;
    expect([told(null), told(addDays(facts.dischargeOn!, 1)), told(facts.dischargeOn!)]).toEqual(['new', 'new', 'transfer']);
  });

  it('counts covers of the same plan line up to the one in question, and no others', () => {
    const other = { ...before, planLine: 'guangxi-2', planId: 'guangxi-2-2024' };
    const later = { ...cover, planId: 'guangxi-1-2026', coverFrom: day('2026-01-01'), coverTo: day('2026-12-31') };
    const told = (...covers: HeldCover[]) => memberFactsOf(facts, { ...known, covers }, cover, planWith(MOVES));
    expect(told(before, cover, later)).toEqual({ enrolmentKind: 'renewal', enrolledOn: '2023-10-01' });
    expect(told(other, cover, later)).toEqual({ enrolmentKind: 'new', enrolledOn: '2024-10-01' });
  });

  it('is every plan held on the day, of whoever holds none an empty list', () => {
    const addOn = { ...cover, planId: 'base', coverFrom: day('2025-03-03') };
    expect(memberFactsOf(facts, { ...known, covers: [before, cover, addOn] }, cover, planWith(BASE))).toEqual({
      plansHeld: ['guangxi-1-2025', 'base'],
    });
    expect(memberFactsOf(facts, { ...known, covers: [] }, undefined, planWith(BASE))).toEqual({ plansHeld: [] });
  });
});
