/**
 * Accepting an application (承保): what the medical-insurance platform's answer, and the plan, make of it. Pure.
 *
 * Only an answer refuses. As long as there is none, for whatever reason, the application waits and is asked about again; and that nobody of
 * this number is known is believed only when the platform says so on two days, since people reach its register a day late.
 */
import type { KnownPerson } from '@app/contracts';
import { birthDateOf, divideRounded, type CivilDate } from '@app/kernel';

/**
 * due: to be asked about; an add-on not before its base is decided and paid. not-answered: asked about in vain, and to be asked about again. waiting: sound, but of a unit of which too few take
 * part. passed: its cover may start. refused: it may not.
 */
export const UNDERWRITING_STATES = ['due', 'not-answered', 'waiting', 'passed', 'refused'] as const;
export type UnderwritingState = (typeof UNDERWRITING_STATES)[number];

/** In the order in which they are looked for; an application has the first that applies. New ones go to the end. */
export const UNDERWRITING_REASONS = {
  'not-known': {
    zh: '医保平台查无此人：请按身份证核对姓名和号码，改正后重新导入并再次核验。',
    en: 'The medical-insurance platform knows nobody of this number: check number and name, import the row again and ask again.',
  },
  'identity-differs': {
    zh: '姓名与医保登记不一致：请按身份证核对，改正后重新导入并再次核验。',
    en: 'The name is not the one registered under this number: check it, import the row again and ask again.',
  },
  'not-insured': {
    zh: '医保状态为暂停或终止：请先恢复缴纳基本医疗保险，再次核验。',
    en: 'The medical insurance is suspended or ended: resume it, then ask again.',
  },
  insutype: {
    zh: '所参医保险种不在本计划范围内：请核对险种，或参加适用的计划。',
    en: 'The medical insurance is not of a kind that the plan takes: check it, or join the plan that does.',
  },
  'not-in-service': {
    zh: '人员类别不在本计划范围内（例如已退休）：请核对，或参加适用的计划。',
    en: 'The person is not of a kind that the plan takes (retired, for example): check it, or join the plan that does.',
  },
  age: {
    zh: '保障生效日的年龄不在本计划范围内。',
    en: 'The age on the first day of cover is outside of what the plan takes.',
  },
  'base-cover-missing': {
    zh: '未参加本计划所要求的基础计划：请先参加基础计划，再次核验。',
    en: 'The base plan that this one adds to is not held: enrol in it, then ask again.',
  },
  'participation-too-low': {
    zh: '截至参保期结束，本单位参保比例未达到计划要求。',
    en: 'When the window closed, fewer of the unit’s staff took part than the plan asks for.',
  },
} as const satisfies Record<string, { zh: string; en: string }>;
export type UnderwritingReason = keyof typeof UNDERWRITING_REASONS;

/** What a plan asks of whoever joins; null where it asks nothing. */
export interface PlanRules {
  readonly insutypes: readonly string[] | null;
  readonly psnTypes: readonly string[] | null;
  /** Whole years on the first day of cover, both included. */
  readonly ages: { readonly from: number; readonly to: number } | null;
  readonly basePlan: string | null;
  readonly minimumParticipation: { readonly text: string; readonly basisPoints: number } | null;
}

export interface Application {
  readonly personalNumber: string;
  readonly name: string;
  /** As the roster says. */
  readonly insutype: string;
  readonly coverFrom: CivilDate;
  readonly holdsBase: boolean;
  readonly askedOn: CivilDate;
  /** When the platform first knew nobody of this number. */
  readonly unknownOn: CivilDate | null;
}

export type Insurance = KnownPerson['insuinfo'][number];

export type Verdict =
  | { readonly state: 'passed' | 'waiting'; readonly insurance: Insurance }
  | { readonly state: 'refused'; readonly reason: UnderwritingReason; readonly insurance: Insurance | null }
  /** Nobody known, for the first time. */
  | { readonly state: 'due'; readonly unknownOn: CivilDate };

/** `answer` is undefined when the platform knows nobody of this number. */
export function decide(application: Application, answer: KnownPerson | undefined, rules: PlanRules): Verdict {
  if (!answer) {
    const { unknownOn, askedOn } = application;
    return unknownOn !== null && unknownOn < askedOn
      ? { state: 'refused', reason: 'not-known', insurance: null }
      : { state: 'due', unknownOn: unknownOn ?? askedOn };
  }
  const insurance = insuranceOf(answer.insuinfo, application.insutype, rules);
  const reason = reasonAgainst(application, answer, insurance, rules);
  if (reason || !insurance) return { state: 'refused', reason: reason ?? 'not-insured', insurance: insurance ?? null };
  return { state: rules.minimumParticipation === null ? 'passed' : 'waiting', insurance };
}

function reasonAgainst(
  { name, personalNumber, coverFrom, holdsBase }: Application,
  answer: KnownPerson,
  insurance: Insurance | undefined,
  rules: PlanRules,
): UnderwritingReason | undefined {
  if (!sameName(name, answer.baseinfo.psn_name)) return 'identity-differs';
  if (insurance?.psn_insu_stas !== NORMAL) return 'not-insured';
  if (!takes(rules.insutypes, insurance.insutype)) return 'insutype';
  if (!takes(rules.psnTypes, insurance.psn_type)) return 'not-in-service';
  const birth = birthDateOf(personalNumber);
  if (rules.ages && birth) {
    const age = ageOn(birth, coverFrom);
    if (age < rules.ages.from || age > rules.ages.to) return 'age';
  }
  return rules.basePlan !== null && !holdsBase ? 'base-cover-missing' : undefined;
}

const NORMAL = '1';

const takes = (allowed: readonly string[] | null, found: string): boolean => allowed === null || allowed.includes(found);

/** Of several insurances the one that speaks most for the person; of equal ones that of the roster, then the first. */
export function insuranceOf(insurances: readonly Insurance[], rosterInsutype: string, rules: PlanRules): Insurance | undefined {
  const merit = (one: Insurance): number =>
    (one.psn_insu_stas === NORMAL ? 8 : 0) +
    (takes(rules.insutypes, one.insutype) ? 4 : 0) +
    (takes(rules.psnTypes, one.psn_type) ? 2 : 0) +
    (one.insutype === rosterInsutype ? 1 : 0);
  return insurances.reduce<Insurance | undefined>((best, one) => (best && merit(best) >= merit(one) ? best : one), undefined);
}

/** Names are typed with any of these between their parts, or with none. */
const BETWEEN_PARTS = /[\s\u00B7\u2022\u2027\u2219\u22C5\u30FB\uFF65.\u3002]+/gu;

export const sameName = (a: string, b: string): boolean => plainName(a) === plainName(b);
const plainName = (name: string): string => name.normalize('NFKC').replace(BETWEEN_PARTS, '').toUpperCase();

/** Whole years; somebody born on 29 February is a year older on 1 March. */
export function ageOn(birth: CivilDate, on: CivilDate): number {
  const years = Number(on.slice(0, 4)) - Number(birth.slice(0, 4));
  return on.slice(5) < birth.slice(5) ? years - 1 : years;
}

/** A work unit's part in the plan: `enrolled` are the applications that are not refused, `staff` null while nobody has said how many there are. */
export interface Participation {
  readonly enrolled: number;
  readonly staff: number | null;
}

const ALL_BASIS_POINTS = 10_000;

/** How many more have to enrol; 0 when enough take part, null while the staff is not known. */
export function missingOf(
  { enrolled, staff }: Participation,
  { minimumParticipation }: Pick<PlanRules, 'minimumParticipation'>,
): number | null {
  if (minimumParticipation === null) return 0;
  if (staff === null) return null;
  return Math.max(0, divideRounded(staff * minimumParticipation.basisPoints, ALL_BASIS_POINTS, 'up') - enrolled);
}

/** What becomes of a unit's waiting applications. As long as its staff is not known they wait: nobody is refused for what was not asked. */
export function decideUnit(unit: Participation, rules: Pick<PlanRules, 'minimumParticipation'>, closed: boolean): UnderwritingState {
  const missing = missingOf(unit, rules);
  if (missing === 0) return 'passed';
  return closed && missing !== null ? 'refused' : 'waiting';
}

/** A refusal stands for so long before the money goes back: in the meantime data can be corrected and the platform asked again. */
const CORRECTION_MS = 7 * 86_400_000;
export const turnedDownBefore = (now: Date): Date => new Date(now.getTime() - CORRECTION_MS);

/** In vain this often, a person should look; the asking goes on. */
export const ATTEMPTS_SHOWN = 5;

const DAY_MINUTES = 1_440;

/** Until a person who was asked about in vain is asked about again. */
export const pauseMinutes = (attempts: number): number => Math.min(4 ** Math.min(attempts - 1, 10), DAY_MINUTES);

const LONGEST_OUTAGE_PAUSE = 10;

/** Until a platform that is down is tried again. */
export const outageMinutes = (outages: number): number => Math.min(2 ** Math.min(outages - 1, 10), LONGEST_OUTAGE_PAUSE);
