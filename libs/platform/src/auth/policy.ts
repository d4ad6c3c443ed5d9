/**
 * The one policy table: who may do what. A route names its permission with @Requires; a route that names none stops the build and the
 * boot, and a role that is not listed is denied. Scope says over whose data: `own` the member's, `organisation` the subtree of the
 * user's organisation, `all` everything.
 */
import { createMongoAbility, type MongoAbility, type RawRuleOf } from '@casl/ability';

export const ROLES = [
  'member',
  'unit-clerk',
  'claims-officer',
  'reviewer',
  'finance-maker',
  'finance-checker',
  'leader',
  'auditor',
  'administrator',
  /** The medical-insurance platform itself, pushing its feed. */
  'medical-insurance-platform',
] as const;
export type Role = (typeof ROLES)[number];

export type Scope = 'own' | 'organisation' | 'all';

interface Permission {
  readonly roles: Partial<Record<Role, Scope>>;
  /** Each use leaves an audit row. Exempt are the feed, whose messages are all stored whole already, what is published anyway, and headcounts. 'with-the-change': an allowed use is recorded by what it does, in that transaction. */
  readonly audited: boolean | 'with-the-change';
}

export const POLICY = {
  'account.manage': { roles: { administrator: 'all' }, audited: true },
  'audit.read': { roles: { auditor: 'all' }, audited: true },
  'window.manage': { roles: { administrator: 'all' }, audited: true },
  'window.read': {
    roles: { 'unit-clerk': 'organisation', 'claims-officer': 'organisation', leader: 'all', auditor: 'all', administrator: 'all' },
    audited: false,
  },
  'extension.propose': { roles: { administrator: 'all' }, audited: true },
  'extension.approve': { roles: { administrator: 'all', leader: 'all' }, audited: true },
  'roster.import': { roles: { 'unit-clerk': 'organisation' }, audited: true },
  'roster.read': { roles: { 'unit-clerk': 'organisation', auditor: 'all' }, audited: true },
  'underwriting.read': {
    roles: { 'unit-clerk': 'organisation', 'claims-officer': 'organisation', leader: 'all', auditor: 'all' },
    audited: true,
  },
  /** What the people of a unit are judged by was corrected, and is to be looked at again. */
  'underwriting.correct': { roles: { 'unit-clerk': 'organisation', 'claims-officer': 'organisation' }, audited: true },
  'difference.read': { roles: { 'unit-clerk': 'organisation', auditor: 'all' }, audited: true },
  'difference.confirm': { roles: { 'unit-clerk': 'organisation' }, audited: true },
  'enrolment.withdraw': { roles: { 'unit-clerk': 'organisation' }, audited: true },
  'contribution.read': {
    roles: { 'unit-clerk': 'organisation', 'finance-maker': 'all', 'finance-checker': 'all', leader: 'all', auditor: 'all' },
    audited: true,
  },
  'suspense.read': {
    roles: { 'finance-maker': 'all', 'finance-checker': 'all', leader: 'all', auditor: 'all' },
    audited: true,
  },
  'suspense.match': { roles: { 'finance-maker': 'all' }, audited: true },
  'suspense.confirm': { roles: { 'finance-checker': 'all' }, audited: true },
  'refund.make': { roles: { 'finance-maker': 'all' }, audited: true },
  'refund.check': { roles: { 'finance-checker': 'all' }, audited: true },
  'receipt.ask': { roles: { 'finance-maker': 'all' }, audited: true },
  'member.read-own': { roles: { member: 'own' }, audited: true },
  'member.change-own-account': { roles: { member: 'own' }, audited: true },
  'certificate.read-own': { roles: { member: 'own' }, audited: true },
  'certificate.read': { roles: { 'unit-clerk': 'organisation' }, audited: true },
  'cover.read': {
    roles: {
      'unit-clerk': 'organisation',
      reviewer: 'organisation',
      'claims-officer': 'organisation',
      administrator: 'all',
      auditor: 'all',
    },
    audited: true,
  },
  'cover.transfer': { roles: { 'unit-clerk': 'organisation' }, audited: true },
  'cover.end': { roles: { 'unit-clerk': 'organisation' }, audited: true },
  /** A wrong end, by a second person. */
  'cover.reinstate': { roles: { reviewer: 'organisation', administrator: 'all' }, audited: true },
  /** Claims after the end of a cover tell of hospital stays: not for the unit, which is the employer. */
  'cover.review': { roles: { 'claims-officer': 'organisation', reviewer: 'organisation', auditor: 'all' }, audited: true },
  'join.ask': { roles: { member: 'own' }, audited: 'with-the-change' },
  'join.read-own': { roles: { member: 'own' }, audited: false },
  'feed.push': { roles: { 'medical-insurance-platform': 'all' }, audited: false },
  'feed.read': { roles: { 'claims-officer': 'all', auditor: 'all' }, audited: true },
  'feed.release': { roles: { 'claims-officer': 'all' }, audited: true },
  /** Claims that stand aside belong to no organisation yet. */
  'claim-fault.read': { roles: { 'claims-officer': 'all', auditor: 'all' }, audited: true },
  'claim-fault.release': { roles: { 'claims-officer': 'all' }, audited: true },
  'claim.read': { roles: { member: 'own', 'claims-officer': 'organisation', reviewer: 'organisation', auditor: 'all' }, audited: true },
  'approval.read': { roles: { 'claims-officer': 'organisation', reviewer: 'organisation', auditor: 'all' }, audited: true },
  'approval.decide': { roles: { 'claims-officer': 'organisation', reviewer: 'organisation' }, audited: true },
  'batch.make': { roles: { 'finance-maker': 'all' }, audited: true },
  'batch.check': { roles: { 'finance-checker': 'all' }, audited: true },
  'batch.read': { roles: { 'finance-maker': 'all', 'finance-checker': 'all', leader: 'all', auditor: 'all' }, audited: true },
  /** Upon a member's accumulators, which tell of hospital stays: not for the unit, which is the employer. */
  'quote.read': { roles: { member: 'own', 'claims-officer': 'organisation', reviewer: 'organisation', leader: 'all' }, audited: true },
  'plan.read': {
    roles: { administrator: 'all', leader: 'all', reviewer: 'all', 'claims-officer': 'all', auditor: 'all' },
    audited: false,
  },
  'plan.propose': { roles: { administrator: 'all' }, audited: true },
  'plan.sign': { roles: { leader: 'all', reviewer: 'all' }, audited: true },
  'rehearsal.ask': { roles: { administrator: 'all', leader: 'all', reviewer: 'all' }, audited: true },
  'rehearsal.read': { roles: { administrator: 'all', leader: 'all', reviewer: 'all', auditor: 'all' }, audited: true },
  'report.read': { roles: { leader: 'all', auditor: 'all', 'finance-checker': 'all' }, audited: true },
} as const satisfies Record<string, Permission>;

export type PermissionName = keyof typeof POLICY;

/** Routes that need no login: logging in itself, health, the public documents. */
export const PUBLIC = 'public';

type PolicyAbility = MongoAbility<[PermissionName, 'route']>;

const RULES = new Map<Role, RawRuleOf<PolicyAbility>[]>(
  ROLES.map((role) => [
    role,
    (Object.keys(POLICY) as PermissionName[])
      .filter((name) => role in POLICY[name].roles)
      .map((name) => ({ action: name, subject: 'route' as const })),
  ]),
);

const abilities = new Map<string, PolicyAbility>();

/** What these roles allow together. */
export function abilityOf(roles: readonly Role[]): PolicyAbility {
  const key = roles.join();
  let ability = abilities.get(key);
  if (!ability) abilities.set(key, (ability = createMongoAbility<PolicyAbility>(roles.flatMap((role) => RULES.get(role) ?? []))));
  return ability;
}

const WIDTH: Record<Scope, number> = { own: 0, organisation: 1, all: 2 };

/** The widest scope that any of the roles has for the permission; undefined when none has it. */
export function scopeOf(roles: readonly Role[], permission: PermissionName): Scope | undefined {
  const granted: Partial<Record<Role, Scope>> = POLICY[permission].roles;
  return roles
    .map((role) => granted[role])
    .filter((scope) => scope !== undefined)
    .sort((a, b) => WIDTH[b] - WIDTH[a])[0];
}
