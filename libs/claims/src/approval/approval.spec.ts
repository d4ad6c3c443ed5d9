import { fen } from '@app/kernel';
import type { Role } from '@app/platform';
import { describe, expect, it } from '@jest/globals';
import type { RiskFlag } from '../claim.js';
import { CLAIM_STATES } from '../lifecycle.js';
import { APPROVAL_POLICY } from './approval-policy.js';
import { decideByPerson, routeClaim, type PersonsDecision } from './approval.js';

const route = (benefit: number, flags: readonly RiskFlag[] = []) => routeClaim({ benefitFen: fen(benefit), flags }, APPROVAL_POLICY);
const decide = (change: Partial<PersonsDecision> = {}) =>
  decideByPerson(
    {
      state: 'referred',
      benefitFen: fen(500_000),
      verdict: 'approve',
      actor: 'officer',
      roles: ['claims-officer'],
      endorsedBy: null,
      ...change,
    },
    APPROVAL_POLICY,
  );
const endorsed = (change: Partial<PersonsDecision> = {}) =>
  decide({ state: 'endorsed', benefitFen: fen(500_001), actor: 'reviewer', roles: ['reviewer'], endorsedBy: 'officer', ...change });

describe('an adjudicated claim', () => {
  it('of up to 3,000 yuan and without flags needs nobody', () => expect(route(300_000)).toEqual({ route: 'automatic' }));

  it('of a fen more goes to an officer', () => expect(route(300_001)).toEqual({ route: 'officer', flags: ['amount'] }));

  it.each<RiskFlag>(['funds-do-not-add-up', 'payments-do-not-add-up', 'long-stay', 'old-discharge'])(
    'with the flag %s goes to an officer, whatever the amount',
    (flag) => {
      expect(route(1, [flag])).toEqual({ route: 'officer', flags: [flag] });
      expect(route(300_001, [flag])).toEqual({ route: 'officer', flags: [flag, 'amount'] });
    },
  );

  it('is not referred for a flag that the policy does not name', () =>
    expect(routeClaim({ benefitFen: fen(1), flags: ['long-stay'] }, { ...APPROVAL_POLICY, referOn: [] })).toEqual({ route: 'automatic' }));
});

describe('an officer', () => {
  it('approves a referred claim of up to 5,000 yuan', () => expect(decide()).toEqual({ to: 'approved' }));

  it('can only endorse one of a fen more', () => expect(decide({ benefitFen: fen(500_001) })).toEqual({ to: 'endorsed' }));

  it('may decline one of any amount', () =>
    expect(decide({ verdict: 'decline', benefitFen: fen(99_999_999) })).toEqual({ to: 'declined' }));

  it.each<Role>(['reviewer', 'finance-maker', 'leader', 'administrator', 'member'])('is not a %s', (role) =>
    expect(decide({ roles: [role] })).toMatchObject({ refused: 'not-waiting' }),
  );
});

describe('a second person', () => {
  it('approves or declines what an officer endorsed', () => {
    expect(endorsed()).toEqual({ to: 'approved' });
    expect(endorsed({ verdict: 'decline' })).toEqual({ to: 'declined' });
  });

  it('is never the first one, whatever the roles', () => {
    for (const roles of [['reviewer'], ['claims-officer', 'reviewer'], ['claims-officer']] as const)
      for (const verdict of ['approve', 'decline'] as const)
        expect(endorsed({ actor: 'officer', roles, verdict })).toMatchObject({ refused: 'same-person' });
  });

  it('is a reviewer', () =>
    expect(endorsed({ actor: 'another-officer', roles: ['claims-officer'] })).toMatchObject({ refused: 'second-person-needed' }));
});

it.each(CLAIM_STATES.filter((state) => state !== 'referred' && state !== 'endorsed'))(
  'a claim that is %s waits for nobody’s verdict',
  (state) => {
    for (const verdict of ['approve', 'decline'] as const)
      expect(decide({ state, verdict, roles: ['claims-officer', 'reviewer'] })).toMatchObject({ refused: 'not-waiting' });
  },
);
