import { loadPlan, type CompiledPlan } from '@app/benefits';
import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { PlansInForce, proposalFault, signatureFault, type DatedVersion, type SignatureCheck } from './plan-version.js';

const dated = (version: number, effectiveOn: string): DatedVersion => ({ version, effectiveOn: civilDate(effectiveOn) });

describe('a proposed version', () => {
  it.each([
    ['is the first of a new plan', dated(1, '2026-01-01'), undefined, undefined],
    ['of a new plan does not begin at two', dated(2, '2026-01-01'), undefined, 'version-not-next'],
    ['is one above the highest', dated(3, '2026-01-01'), dated(2, '2025-06-01'), undefined],
    ['does not repeat a number', dated(2, '2026-01-01'), dated(2, '2025-06-01'), 'version-not-next'],
    ['does not leave a number out', dated(4, '2026-01-01'), dated(2, '2025-06-01'), 'version-not-next'],
    ['does not take effect on the same day', dated(3, '2025-06-01'), dated(2, '2025-06-01'), 'effective-not-later'],
    ['does not take effect earlier', dated(3, '2025-05-31'), dated(2, '2025-06-01'), 'effective-not-later'],
  ])('%s', (_, proposed, latest, fault) => expect(proposalFault(proposed, latest)).toBe(fault));
});

describe('a signature', () => {
  const sound: SignatureCheck = {
    state: 'proposed',
    proposedBy: 'administrator',
    signedBy: ['leader'],
    actor: 'reviewer',
    hash: 'a',
    hashSeen: 'a',
    rehearsed: true,
  };
  it.each<[string, Partial<SignatureCheck>, string | undefined]>([
    ['counts', {}, undefined],
    ['of the proposer does not count', { actor: 'administrator' }, 'same-person'],
    ['counts once', { actor: 'leader' }, 'already-signed'],
    ['is bound to what was read', { hashSeen: 'b' }, 'hash-differs'],
    ['needs a finished rehearsal', { rehearsed: false }, 'not-rehearsed'],
    ['comes too late when the version is active', { state: 'active' }, 'already-active'],
  ])('%s', (_, change, fault) => expect(signatureFault({ ...sound, ...change })).toBe(fault));
});

describe('the version in force', () => {
  const first = loadPlan('guangxi-1-2025');
  const later = (version: number, effectiveOn: string): CompiledPlan => ({ ...first, version, effectiveOn: civilDate(effectiveOn) });
  const plans = new PlansInForce([later(3, '2025-09-01'), later(2, '2025-06-01')], (id) => (id === first.id ? first : undefined));

  it.each([
    ['2024-12-31', 1],
    ['2025-05-31', 1],
    ['2025-06-01', 2],
    ['2025-08-31', 2],
    ['2025-09-01', 3],
  ])('on %s is %d', (day, version) => expect(plans.planOn(civilDate(day))?.version).toBe(version));

  it('of a plan that nobody knows is none', () => {
    expect([plans.planOn(civilDate('2025-06-01'), 'no-plan'), plans.latest('no-plan')]).toEqual([undefined, undefined]);
    expect(plans.latest(first.id)?.version).toBe(3);
  });
});
