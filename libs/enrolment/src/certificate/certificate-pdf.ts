/** The page: A4, legible when it is printed at A5, where the code is still 31 mm wide. The same certificate is the same to the byte. */
import { chinaInstant, type CivilDate } from '@app/kernel';
import Pdf from 'pdfkit';
import { create } from 'qrcode';
import { certificateFonts, hasGlyph } from './certificate-font.js';
import { drawableText, type CertificateText } from './certificate.js';

/** Points. */
const MM = 72 / 25.4;
const [WIDTH, HEIGHT] = [210 * MM, 297 * MM];
const MARGIN = 22 * MM;
const FOOT = 18 * MM;
const INNER = WIDTH - 2 * MARGIN;
const LABEL_WIDTH = 42 * MM;
const CODE = 44 * MM;
/** Longer values are cut with an ellipsis, so that there is one page whatever a unit is called. */
const LINES = 2;

const INK = '#1c2733';
const GREY = '#66727f';
const ACCENT = '#0a5a5c';
const RULE = '#c9d3d6';

export interface CertificatePage {
  readonly text: CertificateText;
  /** What the code says. */
  readonly url: string;
  readonly issuedOn: CivilDate;
  /** Off: the content can be read in a test. */
  readonly compress?: boolean;
}

export function drawCertificate({ text, url, issuedOn, compress = true }: CertificatePage): Promise<Buffer> {
  const page = drawableText(text, hasGlyph);
  const document = newDocument(page, issuedOn, compress);
  const finished = collect(document);
  drawFrame(document);
  const below = drawRows(document, page, drawHead(document, page));
  drawNotes(document, page, below);
  drawFoot(document, page, url);
  document.end();
  return finished;
}

function newDocument({ title }: CertificateText, issuedOn: CivilDate, compress: boolean): PDFKit.PDFDocument {
  const document = new Pdf({
    size: [WIDTH, HEIGHT],
    margin: 0,
    compress,
    lang: 'zh-CN',
    displayTitle: true,
    // The fonts of PDF itself have no Chinese; and this one would be embedded unused.
    font: null as unknown as string,
    info: { Title: title.zh, CreationDate: chinaInstant(issuedOn) },
  });
  for (const [name, font] of Object.entries(certificateFonts()))
    document.registerFont(name, font as unknown as PDFKit.Mixins.PDFFontSource);
  return document;
}

function collect(document: PDFKit.PDFDocument): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => resolve(Buffer.concat(chunks)));
    document.on('error', reject);
  });
}

function drawFrame(document: PDFKit.PDFDocument): void {
  const [outer, inner] = [10 * MM, 11.5 * MM];
  document.lineWidth(1.2).strokeColor(ACCENT);
  document.rect(outer, outer, WIDTH - 2 * outer, HEIGHT - 2 * outer).stroke();
  document.lineWidth(0.4);
  document.rect(inner, inner, WIDTH - 2 * inner, HEIGHT - 2 * inner).stroke();
}

/** Returns where it ends, as the others do. */
function drawHead(document: PDFKit.PDFDocument, { title, number }: CertificateText): number {
  const centred = { width: INNER, align: 'center' } as const;
  document
    .font('bold', 25)
    .fillColor(ACCENT)
    .text(title.zh, MARGIN, 24 * MM, centred);
  document
    .font('regular', 11)
    .fillColor(GREY)
    .text(title.en, MARGIN, 38 * MM, centred);
  document
    .font('regular', 12)
    .fillColor(INK)
    .text(`凭证号码 No. ${number}`, MARGIN, 48 * MM, centred);
  return 59 * MM;
}

function drawRows(document: PDFKit.PDFDocument, { rows }: CertificateText, top: number): number {
  const left = MARGIN + LABEL_WIDTH;
  const width = INNER - LABEL_WIDTH;
  const drawRule = (y: number) =>
    document
      .lineWidth(0.5)
      .strokeColor(RULE)
      .moveTo(MARGIN, y)
      .lineTo(MARGIN + INNER, y)
      .stroke();
  let y = top;
  drawRule(y);
  for (const { label, value, small } of rows) {
    document
      .font('regular', 11)
      .fillColor(INK)
      .text(label.zh, MARGIN, y + 9, { width: LABEL_WIDTH });
    document
      .font('regular', 8.5)
      .fillColor(GREY)
      .text(label.en, MARGIN, y + 26, { width: LABEL_WIDTH });
    document.font('bold', 13).fillColor(INK);
    let bottom = y + 8 + drawLines(document, value, left, y + 8, width);
    if (small !== undefined) {
      document.font('regular', 8.5).fillColor(GREY);
      bottom += drawLines(document, small, left, bottom, width);
    }
    y = Math.max(bottom, y + 36) + 8;
    drawRule(y);
  }
  return y;
}

/** Returns their height. */
function drawLines(document: PDFKit.PDFDocument, text: string, x: number, y: number, width: number): number {
  const height = Math.min(document.heightOfString(text, { width }), LINES * document.currentLineHeight(true));
  document.text(text, x, y, { width, height: height + 1, ellipsis: '…' });
  return height;
}

function drawNotes(document: PDFKit.PDFDocument, { statement, notes }: CertificateText, top: number): void {
  document
    .font('regular', 11.5)
    .fillColor(INK)
    .text(statement.zh, MARGIN, top + 16, { width: INNER });
  document.font('regular', 8.5).fillColor(GREY).text(statement.en, { width: INNER });
  for (const { zh, en } of notes) {
    document.moveDown(0.7);
    document.font('regular', 10).fillColor(INK).text(`※ ${zh}`, { width: INNER });
    document.font('regular', 8.5).fillColor(GREY).text(en, { width: INNER });
  }
}

function drawFoot(document: PDFKit.PDFDocument, { hint, issuer }: CertificateText, url: string): void {
  const top = HEIGHT - FOOT - CODE;
  drawCode(document, url, MARGIN, top);
  const left = MARGIN + CODE + 8 * MM;
  const width = INNER - CODE - 8 * MM;
  document
    .font('bold', 12)
    .fillColor(ACCENT)
    .text('扫码查验', left, top + 6, { width, continued: true });
  document.font('regular', 9).fillColor(GREY).text('  Verify');
  document.moveDown(0.5);
  document.font('regular', 10).fillColor(INK).text(hint.zh, left, document.y, { width, lineGap: 2 });
  document.moveDown(0.4);
  document.font('regular', 8.5).fillColor(GREY).text(hint.en, left, document.y, { width, lineGap: 1 });
  document.moveDown(0.4);
  document.text(`${issuer}  ${url.slice(0, url.indexOf('#'))}`, left, document.y, { width });
}

/** Error level M: a seventh of the code may be soiled. What is around it is white, as a reader needs. */
function drawCode(document: PDFKit.PDFDocument, url: string, left: number, top: number): void {
  const { modules } = create(url, { errorCorrectionLevel: 'M' });
  const side = CODE / modules.size;
  for (let row = 0; row < modules.size; row++) {
    for (let from = 0, to: number; from < modules.size; from = to + 1) {
      // A run of dark squares is one rectangle: rectangles side by side may show a seam.
      for (to = from; to < modules.size && modules.get(row, to);) to++;
      if (to > from) document.rect(left + from * side, top + row * side, (to - from) * side, side);
    }
  }
  document.fill('#000000');
}
