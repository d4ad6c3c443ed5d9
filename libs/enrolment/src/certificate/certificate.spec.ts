import { addDays, civilDate, type CivilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyJson } from '../../../../test/support/any-json.js';
import {
  certificateText,
  coverStateOn,
  drawableText,
  neverBegan,
  readTokenPayload,
  tokenPayload,
  type CertificateFacts,
  type CertifiedCover,
} from './certificate.js';

const day = (days: number): CivilDate => addDays(civilDate('2026-01-01'), days);
const anyDay = fc.integer({ min: -400, max: 800 }).map(day);

const cover: CertifiedCover = {
  number: 'guangxi-1-2025-2026-00000001',
  planId: 'guangxi-1-2025',
  coverFrom: day(0),
  coverTo: civilDate('2026-12-31'),
  endedOn: null,
};
const facts: CertificateFacts = {
  cover,
  plan: { title: { zh: '互助1号', en: 'plan No. 1' }, waitingDays: 0 },
  name: '李娟',
  personalNumber: '11010519491231002X',
  unitName: '第一基层工会',
  issuedOn: civilDate('2026-02-03'),
  issuer: '职工互助保障中心',
};
const words = (of: CertificateFacts): string => JSON.stringify(certificateText(of));

describe('what a cover is worth on a day', () => {
  it.each([
    ['not-started', '2025-12-31', null],
    ['valid', '2026-01-01', null],
    ['valid', '2026-12-31', null],
    ['ended', '2027-01-01', null],
    ['valid', '2026-05-04', '2026-05-04'],
    ['ended', '2026-05-05', '2026-05-04'],
    ['ended', '2025-12-31', '2025-12-30'],
  ])('%s on %s, when it ended early on %s', (state, today, endedOn) => {
    expect(neverBegan({ ...cover, endedOn: endedOn === null ? null : civilDate(endedOn) })).toBe(endedOn === '2025-12-30');
    expect(coverStateOn({ ...cover, endedOn: endedOn === null ? null : civilDate(endedOn) }, civilDate(today))).toBe(state);
  });

  it('is valid on exactly the days between its first and its last', () => {
    fc.assert(
      fc.property(anyDay, anyDay, fc.option(anyDay), anyDay, (coverFrom, coverTo, endedOn, today) => {
        const covered = coverFrom <= today && today <= coverTo && (endedOn === null || today <= endedOn);
        expect(coverStateOn({ coverFrom, coverTo, endedOn }, today) === 'valid').toBe(covered);
      }),
    );
  });
});

describe('what is signed', () => {
  it('is read as it was written', () => {
    const text = fc.string({ unit: 'grapheme' });
    const holder = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
    fc.assert(
      fc.property(fc.record({ number: text, planId: text, coverFrom: anyDay, coverTo: anyDay, issuedOn: anyDay, holder }), (signed) => {
        expect(readTokenPayload(tokenPayload(signed))).toEqual(signed);
      }),
    );
  });

  it.each(['', 'null', '[]', '{}', '{"n":1,"p":"p","f":20260101,"t":20261231,"i":20260203,"h":"AAAAAAAAAAAAAAAAAAAAAA"}'])(
    'is nothing that has another shape: %s',
    (text) => {
      expect(readTokenPayload(text)).toBeUndefined();
    },
  );

  it('is nothing without a holder or with a day that does not exist', () => {
    const sound = { n: 'n', p: 'p', f: 20_260_101, t: 20_261_231, i: 20_260_203, h: 'A'.repeat(22) };
    expect(readTokenPayload(JSON.stringify(sound))).toMatchObject({ coverFrom: '2026-01-01', coverTo: '2026-12-31' });
    for (const change of [{ h: 'A' }, { h: null }, { f: 20_260_230 }, { t: 'never' }, { i: null }])
      expect(readTokenPayload(JSON.stringify({ ...sound, ...change }))).toBeUndefined();
  });

  it('is never a reason to throw', () => {
    const sound = { n: 'n', p: 'p', f: 20_260_101, t: 20_261_231, i: 20_260_203, h: 'A'.repeat(22) };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(sound)), anyJson, (key, value) => {
        for (const text of [{ ...sound, [key]: value }, value]) expect(() => readTokenPayload(JSON.stringify(text))).not.toThrow();
      }),
    );
  });
});

describe('what is printed', () => {
  it('is the whole name, and of the personal number only its ends', () => {
    expect(words(facts)).toContain('李娟');
    expect(words(facts)).toContain('1101**********002X');
    expect(words(facts)).not.toContain(facts.personalNumber);
  });

  it('tells of a waiting period only where the plan has one', () => {
    expect(words(facts)).not.toContain('等待期');
    expect(words({ ...facts, plan: { ...facts.plan, waitingDays: 30 } })).toContain('最长30日');
  });

  it('tells that a cover ended early, and its last day', () => {
    expect(words(facts)).not.toContain('提前终止');
    const text = words({ ...facts, cover: { ...cover, endedOn: civilDate('2026-06-30') } });
    expect(text).toContain('2026年1月1日至2026年6月30日');
    expect(text).toContain('本保障已提前终止，原定至2026年12月31日');
  });
});

describe('a character that the font does not have', () => {
  const without = (missing: string) => (codePoint: number) => codePoint !== missing.codePointAt(0);

  it('is replaced, and a note says which', () => {
    const page = drawableText(certificateText({ ...facts, name: '𠮷娟' }), without('𠮷'));
    expect(page.rows[0]!.value).toBe('□娟');
    expect(page.notes).toHaveLength(1);
    expect(page.notes[0]!.zh).toContain('U+20BB7');
    expect(page.notes[0]!.en).toContain('U+20BB7');
  });

  it('is missed in the name of the unit and of the plan as well', () => {
    const page = drawableText(
      certificateText({ ...facts, unitName: '𠮷祥厂', plan: { ...facts.plan, title: { zh: '𠮷', en: '𠮷' } } }),
      without('𠮷'),
    );
    expect(JSON.stringify(page)).not.toContain('𠮷');
  });

  it('changes nothing where there is none', () => {
    const text = certificateText(facts);
    expect(drawableText(text, () => true)).toEqual(text);
  });

  it('is not the mark that chooses a form of a character', () => {
    const page = drawableText(certificateText({ ...facts, name: '葛\u{E0100}娟' }), (codePoint) => codePoint < 0xe0000);
    expect(page.rows[0]!.value).toBe('葛娟');
    expect(page.notes).toEqual([]);
  });
});
