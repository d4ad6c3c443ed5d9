/** The organisation tree: region › city › county or industry › work unit. A path scopes users: one sees what lies under one's own. */
import { isUnitCode } from '@app/kernel';

export const ORGANISATION_KINDS = ['region', 'city', 'county', 'industry', 'unit'] as const;
export type OrganisationKind = (typeof ORGANISATION_KINDS)[number];

const RANK: Record<OrganisationKind, number> = { region: 0, city: 1, county: 2, industry: 2, unit: 3 };
// No slash, so that a code is one step of the path.
const CODE = /^[0-9A-Z-]{1,18}$/;

export const isOrganisationCode = (kind: OrganisationKind, code: string): boolean => (kind === 'unit' ? isUnitCode(code) : CODE.test(code));

/** Only a region stands at the top; everything else stands under something of higher rank. */
export const mayStandUnder = (kind: OrganisationKind, parent: OrganisationKind | undefined): boolean =>
  parent === undefined ? kind === 'region' : RANK[parent] < RANK[kind];

export const pathUnder = (parentPath: string | undefined, code: string): string => `${parentPath ?? '/'}${code}/`;

export const liesUnder = (path: string, ancestorPath: string): boolean => path.startsWith(ancestorPath);
