import { describe, expect, it } from '@jest/globals';
import { isOrganisationCode, liesUnder, mayStandUnder, pathUnder } from '../organisation/organisation.js';
import { secondsLeft, windowState } from './window.js';

describe('an enrolment window', () => {
  const window = { opens_at: new Date('2026-09-01T00:00:00+08:00'), closes_at: new Date('2026-12-11T00:00:00+08:00') };

  it.each([
    ['2026-08-31T23:59:59+08:00', 'upcoming', 1],
    ['2026-09-01T00:00:00+08:00', 'open', 101 * 86_400],
    ['2026-12-10T23:59:59.500+08:00', 'open', 1],
    ['2026-12-11T00:00:00+08:00', 'closed', 0],
  ] as const)('at %s is %s', (now, state, seconds) => {
    expect([windowState(window, new Date(now)), secondsLeft(window, new Date(now))]).toEqual([state, seconds]);
  });
});

describe('an organisation', () => {
  it('stands under one of higher rank, and only a region at the top', () => {
    expect(mayStandUnder('region', undefined)).toBe(true);
    expect(mayStandUnder('unit', undefined)).toBe(false);
    expect(mayStandUnder('unit', 'industry')).toBe(true);
    expect(mayStandUnder('county', 'region')).toBe(true);
    expect(mayStandUnder('county', 'industry')).toBe(false);
  });

  it('has a path that scopes its users to what lies under it', () => {
    const county = pathUnder(pathUnder('/45/', '4599'), '459999');
    expect(county).toBe('/45/4599/459999/');
    expect(liesUnder(county, '/45/4599/')).toBe(true);
    expect(liesUnder('/45/45999/', '/45/4599/')).toBe(false);
  });

  it('has a code that is one step of the path', () => {
    expect(isOrganisationCode('county', '459999')).toBe(true);
    expect(isOrganisationCode('county', '45/99')).toBe(false);
    expect(isOrganisationCode('unit', '459999')).toBe(false);
    expect(isOrganisationCode('unit', '91350100M000100Y43')).toBe(true);
  });
});
