import { parseChinaTimestamp } from '../china-time.js';
import { fenOf } from './yuan.js';

export interface FeedFile {
  /** Name of the file, in printable ASCII since it travels in a header. */
  source: string;
  lines: readonly string[];
}

/** One message of a feed file, as the raw text of its line. */
export interface FeedLine {
  source: string;
  /** From 1, blank lines counted. */
  line: number;
  text: string;
  /** Milliseconds; of a line that cannot be read, the time of the line before it in the file. */
  time: number;
  /** Only of a readable 2304. */
  settlement?: { msgid: string; medfeeFen: number; fundFen: number };
}

interface Readable {
  time?: number;
  settlement?: FeedLine['settlement'];
}

function read(text: string): Readable {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof message !== 'object' || message === null) return {};
  const { infno, msgid, inf_time: infTime, output } = message as Record<string, unknown>;
  const time = typeof infTime === 'string' ? parseChinaTimestamp(infTime)?.getTime() : undefined;
  const info = (output as { setlinfo?: Record<string, unknown> } | null | undefined)?.setlinfo;
  const [medfeeFen, fundFen] = [fenOf(info?.medfee_sumamt), fenOf(info?.fund_pay_sumamt)];
  if (infno !== '2304' || typeof msgid !== 'string' || medfeeFen === undefined || fundFen === undefined) return { time };
  return { time, settlement: { msgid, medfeeFen, fundFen } };
}

/** The messages of a file in file order; blank lines are none. `otherwise` is the time of a file of which no line can be read. */
export function readFeed({ source, lines }: FeedFile, otherwise: Date): FeedLine[] {
  const readLines = lines.flatMap((text, index) => (text.trim() === '' ? [] : [{ source, line: index + 1, text, ...read(text) }]));
  let time = readLines.find((one) => one.time !== undefined)?.time ?? otherwise.getTime();
  return readLines.map((one) => ({ ...one, time: (time = one.time ?? time) }));
}

/** By time; equal times keep the order in which they stand. */
export const inSendingOrder = (lines: readonly FeedLine[]): FeedLine[] => lines.toSorted((a, b) => a.time - b.time);
