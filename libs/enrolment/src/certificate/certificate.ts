/** A certificate of a cover: what its token says, what is printed, and what the cover is worth on a day. */
import { maskIdentifier, parseCivilDate, type CivilDate } from '@app/kernel';

/** What is signed: no name and no personal number. */
export interface SignedCover {
  readonly number: string;
  readonly planId: string;
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  readonly issuedOn: CivilDate;
  /** Whose cover it is, readable by the installation alone. */
  readonly holder: string;
}

const HOLDER = /^[\w-]{22}$/;

/** One letter a name: every character makes the squares of the code smaller. */
export const tokenPayload = ({ number, planId, coverFrom, coverTo, issuedOn, holder }: SignedCover): string =>
  JSON.stringify({ n: number, p: planId, f: digits(coverFrom), t: digits(coverTo), i: digits(issuedOn), h: holder });

/** undefined when it is not the payload of a certificate. */
export function readTokenPayload(text: string): SignedCover | undefined {
  const { n: number, p: planId, f, t, i, h: holder } = asRecord(text);
  const [coverFrom, coverTo, issuedOn] = [f, t, i].map(dateOf);
  if (typeof number !== 'string' || typeof planId !== 'string' || typeof holder !== 'string' || !HOLDER.test(holder)) return undefined;
  return coverFrom && coverTo && issuedOn ? { number, planId, coverFrom, coverTo, issuedOn, holder } : undefined;
}

function asRecord(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const digits = (date: CivilDate): number => Number(date.replaceAll('-', ''));
const dateOf = (value: unknown): CivilDate | undefined =>
  typeof value === 'number' ? parseCivilDate(String(value).replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')) : undefined;

export interface CoverDays {
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  /** The last day of a cover that ended early, by death or leaving. */
  readonly endedOn: CivilDate | null;
}

export const lastDayOf = ({ coverTo, endedOn }: Omit<CoverDays, 'coverFrom'>): CivilDate =>
  endedOn !== null && endedOn < coverTo ? endedOn : coverTo;

/** One that ended before its first day: there is nothing to certify. */
export const neverBegan = (cover: CoverDays): boolean => lastDayOf(cover) < cover.coverFrom;

export type CoverState = 'valid' | 'not-started' | 'ended';

export function coverStateOn(cover: CoverDays, today: CivilDate): CoverState {
  if (today > lastDayOf(cover) || neverBegan(cover)) return 'ended';
  return today < cover.coverFrom ? 'not-started' : 'valid';
}

export interface InTwoLanguages {
  readonly zh: string;
  readonly en: string;
}

export interface PlanDescription {
  readonly title: InTwoLanguages;
  /** The longest waiting period of the plan, in days from the enrolment; 0: none. */
  readonly waitingDays: number;
}

export interface CertifiedCover extends CoverDays {
  readonly number: string;
  readonly planId: string;
}

export interface CertificateFacts {
  readonly cover: CertifiedCover;
  readonly plan: PlanDescription;
  readonly name: string;
  readonly personalNumber: string;
  readonly unitName: string;
  readonly issuedOn: CivilDate;
  readonly issuer: string;
}

/** Every word on the page. */
export interface CertificateText {
  readonly title: InTwoLanguages;
  readonly number: string;
  readonly rows: readonly { readonly label: InTwoLanguages; readonly value: string; readonly small?: string }[];
  readonly statement: InTwoLanguages;
  readonly notes: readonly InTwoLanguages[];
  readonly hint: InTwoLanguages;
  readonly issuer: string;
}

export const TITLE: InTwoLanguages = { zh: '职工医疗互助保障凭证', en: "Workers' mutual medical aid – certificate of cover" };

export function certificateText({ cover, plan, name, personalNumber, unitName, issuedOn, issuer }: CertificateFacts): CertificateText {
  const lastDay = lastDayOf(cover);
  return {
    title: TITLE,
    number: cover.number,
    rows: [
      { label: { zh: '姓名', en: 'Name' }, value: name },
      { label: { zh: '身份证号码', en: 'Personal number' }, value: maskIdentifier(personalNumber) },
      { label: { zh: '工作单位', en: 'Unit' }, value: unitName },
      { label: { zh: '保障计划', en: 'Plan' }, value: plan.title.zh, small: plan.title.en },
      {
        label: { zh: '保障期间', en: 'Cover period' },
        value: periodText(cover.coverFrom, lastDay),
        small: `${cover.coverFrom} – ${lastDay}`,
      },
      { label: { zh: '出具日期', en: 'Date of issue' }, value: dayText(issuedOn), small: issuedOn },
    ],
    statement: {
      zh: '兹证明上述职工在保障期间内参加本互助保障计划。',
      en: 'This certifies that the person named above is covered by this plan during the cover period.',
    },
    notes: notesOn(cover, plan),
    issuer,
    hint: {
      zh: '请扫描二维码查验：可查询本凭证的真伪及当前状态；核对持有人时需输入身份证号码。二维码不含姓名和身份证号码。',
      en: 'Scan the code to see whether this certificate is genuine and in force. It holds neither name nor personal number; to check the holder, enter the personal number there.',
    },
  };
}

function notesOn(cover: CertifiedCover, { waitingDays }: PlanDescription): InTwoLanguages[] {
  const notes: InTwoLanguages[] = [];
  if (lastDayOf(cover) !== cover.coverTo)
    notes.push({
      zh: `本保障已提前终止，原定至${dayText(cover.coverTo)}。`,
      en: `This cover ended early; it was to last until ${cover.coverTo}.`,
    });
  if (waitingDays > 0)
    notes.push({
      zh: `等待期：自参保之日起最长${waitingDays}日，等待期内发生的事项按计划规定不予补助。`,
      en: `Waiting period: up to ${waitingDays} days from enrolment, as the plan says.`,
    });
  return notes;
}

const dayText = (date: CivilDate): string => `${Number(date.slice(0, 4))}年${Number(date.slice(5, 7))}月${Number(date.slice(8))}日`;
const periodText = (from: CivilDate, to: CivilDate): string => `${dayText(from)}至${dayText(to)}`;

/** Stands for a character that the font does not have. */
export const REPLACEMENT = '□';
const LISTED = 4;

/** The same page with what cannot be drawn replaced, and a note that says what was; never an empty box in silence. */
export function drawableText(text: CertificateText, hasGlyph: (codePoint: number) => boolean): CertificateText {
  const missing = new Set<string>();
  const replaced = (value: string): string =>
    [...value.normalize('NFC').replace(VARIATION, '')]
      .map((character) => {
        if (hasGlyph(character.codePointAt(0)!)) return character;
        missing.add(`U+${character.codePointAt(0)!.toString(16).toUpperCase()}`);
        return REPLACEMENT;
      })
      .join('');
  const rows = text.rows.map((row) => ({ ...row, value: replaced(row.value), ...(row.small ? { small: replaced(row.small) } : {}) }));
  const [number, issuer] = [replaced(text.number), replaced(text.issuer)];
  if (missing.size === 0) return { ...text, number, issuer, rows };
  const list = [...missing].slice(0, LISTED).join(' ') + (missing.size > LISTED ? ' …' : '');
  const note = {
    zh: `“${REPLACEMENT}”代表字库中没有的字（${list}），以登记的文字为准。`,
    en: `${REPLACEMENT} stands for a character that the font lacks (${list}); what is registered holds.`,
  };
  return { ...text, number, issuer, rows, notes: [...text.notes, note] };
}

/** Chooses among the forms of one character; the character itself stays. */
const VARIATION = /[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/gu;
