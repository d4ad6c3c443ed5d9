/**
 * The font of certificates, read once: Noto Sans SC is made for the Table of General Standard Chinese Characters (通用规范汉字表),
 * which names are given from. An older name may have a rarer character; see drawableText.
 */
import { createRequire } from 'node:module';
import { openSync, type Font } from 'fontkit';

export interface CertificateFonts {
  readonly regular: Font;
  readonly bold: Font;
}

const open = (file: string): Font => openSync(createRequire(import.meta.url).resolve(`@expo-google-fonts/noto-sans-sc/${file}`)) as Font;

let fonts: CertificateFonts | undefined;

export const certificateFonts = (): CertificateFonts =>
  (fonts ??= { regular: open('400Regular/NotoSansSC_400Regular.ttf'), bold: open('600SemiBold/NotoSansSC_600SemiBold.ttf') });

export const hasGlyph = (codePoint: number): boolean => certificateFonts().regular.hasGlyphForCodePoint(codePoint);
