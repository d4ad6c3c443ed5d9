import { civilDate, fen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { ageOn, entryOf, type BookedClaim } from './book.js';

describe('an age', () => {
  it.each([
    ['1980-05-10', '2025-05-09', 44],
    ['1980-05-10', '2025-05-10', 45],
    ['1980-02-29', '2025-02-28', 44],
    ['1980-02-29', '2025-03-01', 45],
    ['1980-02-29', '2024-02-29', 44],
    ['2025-05-10', '2025-05-10', 0],
  ])('of somebody born on %s is on %s %d whole years', (birth, day, years) => expect(ageOn(civilDate(birth), civilDate(day))).toBe(years));
});

describe('an entry of the book', () => {
  const claim: BookedClaim = {
    memberId: 'm',
    claimId: 'c',
    dischargeOn: civilDate('2025-03-03'),
    organisationPath: '/45/4599/459999/U1/',
    facts: '{"acceptedOn":"2025-03-03"}',
    benefitFen: '46015',
    reason: null,
    capped: false,
  };

  it('says what was decided, of whom and where, and no name', () => {
    expect(entryOf(claim, civilDate('1980-05-10'), '某单位')).toEqual({
      member: 'm',
      unit: '某单位 U1',
      claim: 'c',
      age: 44,
      facts: { acceptedOn: '2025-03-03' },
      paid: { benefitFen: fen(46_015), reason: null, capped: false },
    });
  });

  it('of a person who is not known has no age and no unit', () => {
    const entry = entryOf({ ...claim, organisationPath: null }, undefined, undefined);
    expect([entry.unit, 'age' in entry]).toEqual(['no unit', false]);
    expect(entryOf(claim, undefined, undefined).unit).toBe('U1');
  });
});
