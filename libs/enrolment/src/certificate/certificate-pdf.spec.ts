import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { create } from 'qrcode';
import { hasGlyph } from './certificate-font.js';
import { drawCertificate } from './certificate-pdf.js';
import { certificateText, type CertificateFacts } from './certificate.js';

const issuedOn = civilDate('2026-02-03');
const facts: CertificateFacts = {
  cover: {
    number: 'guangxi-1-2025-2026-00000001',
    planId: 'guangxi-1-2025',
    coverFrom: civilDate('2026-01-01'),
    coverTo: civilDate('2026-12-31'),
    endedOn: null,
  },
  plan: { title: { zh: '广西职工医疗互助保障互助1号（2025年度）', en: 'plan No. 1' }, waitingDays: 30 },
  name: '李娟',
  personalNumber: '11010519491231002X',
  unitName: '第一基层工会',
  issuedOn,
  issuer: '职工互助保障中心',
};
const URL_OF_CODE = `https://aid.example.org/verify#${'eyJhbGciOiJFZERTQSJ9.'.repeat(14)}`;
const draw = (change: Partial<CertificateFacts> = {}, compress = false): Promise<Buffer> =>
  drawCertificate({ text: certificateText({ ...facts, ...change }), url: URL_OF_CODE, issuedOn, compress });

interface Line {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/** Text of an uncompressed page, by the tables from glyphs to characters that its fonts bring along. */
function linesOf(pdf: Buffer): Line[] {
  const file = pdf.toString('latin1');
  const objects = new Map([...file.matchAll(/^(\d+) 0 obj\n([\s\S]*?)^endobj/gm)].map(([, id, body]) => [id!, body!]));
  const characters = (font: string): string[] => {
    const id = new RegExp(`/${font} (\\d+) 0 R`).exec(file)![1]!;
    const table = objects.get(/\/ToUnicode (\d+) 0 R/.exec(objects.get(id)!)![1]!)!;
    return [...table.matchAll(/<[0-9a-f]{4}> <[0-9a-f]{4}> \[(.*)\]/g)]
      .flatMap(([, entries]) => [...entries!.matchAll(/<([0-9a-f ]*)>/g)])
      .map(([, units]) => String.fromCharCode(...units!.split(' ').map((unit) => parseInt(unit, 16))));
  };
  const tables = new Map<string, string[]>();
  return [...file.matchAll(/^1 0 0 1 (\S+) (\S+) Tm\n\/(F\d+) \S+ Tf\n\[(.*)\] TJ/gm)].map(([, x, y, font, shown]) => {
    if (!tables.has(font!)) tables.set(font!, characters(font!));
    const glyphs = [...shown!.matchAll(/<([0-9a-f]*)>/g)].flatMap(([, hex]) => hex!.match(/.{4}/g) ?? []);
    return { text: glyphs.map((glyph) => tables.get(font!)![parseInt(glyph, 16)]).join(''), x: Number(x), y: Number(y) };
  });
}
const textOf = async (change: Partial<CertificateFacts> = {}): Promise<string> =>
  linesOf(await draw(change))
    .map(({ text }) => text)
    .join('\n');

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The dark squares, without the two of the frame. */
const squaresOf = (pdf: Buffer): Rectangle[] =>
  [...pdf.toString('latin1').matchAll(/^(\S+) (\S+) (\S+) (\S+) re$/gm)]
    .map(([, ...numbers]) => numbers.map(Number) as [number, number, number, number])
    .map(([x, y, width, height]) => ({ x, y, width, height }))
    .slice(2);

describe('the page', () => {
  it('says whose cover it is, of what, from when until when, and who says so', async () => {
    const text = await textOf();
    for (const words of [
      '职工医疗互助保障凭证',
      'guangxi-1-2025-2026-00000001',
      '李娟',
      '1101**********002X',
      '第一基层工会',
      '广西职工医疗互助保障互助1号（2025年度）',
      '2026年1月1日至2026年12月31日',
      '2026年2月3日',
      '等待期：自参保之日起最长30日',
      '职工互助保障中心',
      'https://aid.example.org/verify',
    ])
      expect(text).toContain(words);
  });

  it('holds the personal number nowhere', async () => {
    const pdf = await draw();
    expect(linesOf(pdf).length).toBeGreaterThan(15);
    expect(linesOf(pdf).some(({ text }) => text.includes('19491231'))).toBe(false);
    expect(pdf.includes(facts.personalNumber)).toBe(false);
  });

  it('is one page of A4 with both fonts in it', async () => {
    const file = (await draw()).toString('latin1');
    expect(file.match(/\/Type \/Page$/gm)).toHaveLength(1);
    expect(/\/MediaBox \[0 0 (\S+) (\S+)\]/.exec(file)!.slice(1).map(Number).map(Math.round)).toEqual([595, 842]);
    expect(file.match(/\/FontFile2 /g)).toHaveLength(2);
  });

  it('is the same to the byte when it is made again, and another on another day', async () => {
    const [once, again] = [await draw({}, true), await draw({}, true)];
    expect(once.equals(again)).toBe(true);
    const text = certificateText(facts);
    const later = await drawCertificate({ text, url: URL_OF_CODE, issuedOn: civilDate('2026-02-04') });
    expect(later.equals(once)).toBe(false);
  });

  it('has a code that says the address, at error level M, wide enough for a phone', async () => {
    const { modules } = create(URL_OF_CODE, { errorCorrectionLevel: 'M' });
    const squares = squaresOf(await draw());
    const [left, top] = [Math.min(...squares.map(({ x }) => x)), Math.min(...squares.map(({ y }) => y))];
    const right = Math.max(...squares.map(({ x, width }) => x + width));
    const side = (right - left) / modules.size;
    const drawn = new Uint8Array(modules.size ** 2);
    for (const { x, y, width } of squares) {
      const at = Math.round((y - top) / side) * modules.size + Math.round((x - left) / side);
      drawn.fill(1, at, at + Math.round(width / side));
    }
    expect([...drawn]).toEqual([...modules.data].map(Number));
    // Millimetres; printed at A5 it is smaller by the root of two.
    expect(((right - left) * 25.4) / 72 / Math.SQRT2).toBeGreaterThan(30);
  });

  it('stays one page with nothing over the code, whatever a person, a unit and a plan are called', async () => {
    const pdf = await draw({
      name: '𠮷\u{E863}\u{E864}\u{E865}\u{E866}\u{E867}'.repeat(20),
      unitName: '某某公司'.repeat(100),
      plan: { title: { zh: '计划'.repeat(100), en: 'plan '.repeat(200) }, waitingDays: 30 },
      cover: { ...facts.cover, endedOn: civilDate('2026-06-30') },
    });
    expect(pdf.toString('latin1').match(/\/Type \/Page$/gm)).toHaveLength(1);
    const squares = squaresOf(pdf);
    const right = Math.max(...squares.map(({ x, width }) => x + width));
    // Rectangles are counted from the top of the page, text from its foot.
    const top = 841.89 - Math.min(...squares.map(({ y }) => y));
    const lines = linesOf(pdf);
    expect(lines.filter(({ text }) => text.includes('…')).length).toBeGreaterThanOrEqual(3);
    // Room for a quiet zone of four squares.
    expect(lines.filter(({ x, y }) => x < right && y < top + 8).map(({ text }) => text)).toEqual([]);
  });
});

describe('the font', () => {
  it('has the characters of names, common and rare', () => {
    for (const character of '李娟王喆镕堃赟犇玥㛃䶮㼆𫍯𬤇𫖯𬭚鿏')
      expect([character, hasGlyph(character.codePointAt(0)!)]).toEqual([character, true]);
    expect(hasGlyph('□'.codePointAt(0)!)).toBe(true);
  });

  it('draws a rare character that it has', async () => {
    expect(await textOf({ name: '李㛃' })).toContain('李㛃');
  });

  it('lacks 𠮷: the page says so instead of showing an empty box in silence', async () => {
    const text = await textOf({ name: '𠮷娟' });
    expect(text).toContain('□娟');
    expect(text).toContain('U+20BB7');
    expect(text).not.toContain('𠮷');
    expect(await textOf()).not.toContain('□');
  });
});
