import { loadPlan, quote, readCase, type Quote } from '@app/benefits';
import { civilDate, DomainError } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import type { HeldCover } from './from-acceptance.js';
import { caseOfMember, saysAccumulators, withoutValues, type MemberStanding } from './quote.js';

const plan = loadPlan('guangxi-1-2025');
const covered: HeldCover = {
  planId: plan.id,
  planLine: 'guangxi-1',
  coverFrom: civilDate('2025-01-01'),
  coverTo: civilDate('2025-12-31'),
  enrolledOn: civilDate('2024-10-01'),
  transferredOn: null,
};
const quoteOf = (written: unknown, standing: Partial<MemberStanding>, under = plan): Quote =>
  quote(
    caseOfMember(readCase(written, under, 'the case'), written, { used: {}, covers: [], birthOn: undefined, ...standing }, under),
    under,
  );

describe('a case put upon a member', () => {
  const stay = { base: '11000.00', days: 1 };

  it('goes on from what the member has used', () => {
    expect(quoteOf(stay, { used: {}, covers: [covered] }).totalFen).toBe(305_000);
    expect(quoteOf(stay, { used: { 'paid.medical': 99_900_000 }, covers: [covered] }).benefits).toEqual({
      medical: 100_000,
      allowance: 5_000,
    });
  });

  it('takes the cover of the day, and none where there is none', () => {
    expect(quoteOf({ ...stay, enddate: '2025-12-31' }, { used: {}, covers: [covered] }).reason).toBeNull();
    expect(quoteOf({ ...stay, enddate: '2026-01-01' }, { used: {}, covers: [covered] }).reason).toBe('not-covered');
    expect(quoteOf(stay, { used: {}, covers: [] }).reason).toBe('not-covered');
  });

  it.each([{ coverFrom: '2025-01-01' }, { person: { coverTo: '2025-12-31' } }, { stays: [{ ...stay, covered: true }] }])(
    'keeps the cover that the case names: %j',
    (named) => {
      const written = 'stays' in named ? named : { ...stay, ...named };
      expect(quoteOf(written, { used: {}, covers: [] }).totalFen).toBe(305_000);
    },
  );

  it('of several stays takes for each its own cover', () => {
    const { stays } = quoteOf({ stays: [stay, { ...stay, enddate: '2026-02-01' }] }, { used: {}, covers: [covered] });
    expect(stays!.map(({ reason }) => reason)).toEqual([null, 'not-covered']);
  });
});

it('accumulators of the case are seen', () => {
  expect([saysAccumulators({ accumulators: {} }), saysAccumulators({}), saysAccumulators([])]).toEqual([true, false, false]);
});

describe('what is wrong with a case', () => {
  const faultOf = (written: unknown): DomainError => {
    try {
      readCase(written, plan, 'the case');
    } catch (error) {
      return withoutValues(error as DomainError);
    }
    throw new Error('expected a case that is refused');
  };

  it('names the field and not its value', () => {
    const fault = faultOf({ psn_name: '某人', medfee_sumamt: '4599991980010012' });
    expect(fault).toMatchObject({ code: 'case-invalid', kind: 'invalid', details: { path: 'medfee_sumamt' } });
    expect(JSON.stringify([fault.message, fault.details])).not.toMatch(/4599|某人/);
  });

  it.each(['某人', '45999919800101001X'])('does not repeat a field of the sender’s own: %s', (name) => {
    for (const written of [{ [name]: 1 }, { bases: { [name]: '1.00' } }, { accumulators: { [name]: 1 } }]) {
      const fault = faultOf(written);
      expect(JSON.stringify([fault.message, fault.details])).not.toContain(name);
    }
  });
});
