/**
 * Reading a roster from a spreadsheet against a bare read of the same file by exceljs that touches every cell. Ours also finds the header, checks
 * the sum of every part before the first row, fills merged cells, and reads and checks every row as a person.
 */
import { readRecord, readRoster } from '@app/enrolment';
import { civilDate } from '@app/kernel';
import ExcelJS from 'exceljs';
import { Readable } from 'node:stream';
import { ROSTER_HEADER, person, xlsxOf } from '../support/roster-files.js';
import { median, type Measured } from './measure.js';

const failed = (error: Error): never => {
  throw error;
};

const ROWS = 100_000;
/** Numbers of people for whom there is a sound one. */
const PEOPLE = 30_000;
const RUNS = 5;
const LIMIT = 3;
const BLOCK = 64 * 1024;

export async function xlsxBench(): Promise<Measured[]> {
  const rows = Array.from({ length: ROWS }, (_, i) =>
    person(i % PEOPLE)
      .with(2, `职工${i}`)
      .with(4, `199${String(i).padStart(8, '0')}`),
  );
  const file = xlsxOf([{ rows: [ROSTER_HEADER, ...rows] }]);
  const [floor, own]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    floor.push(await measure(() => bareRead(file), ROWS + 1));
    own.push(await measure(() => ownRead(file), ROWS));
  }
  const ratio = median(own.map((ms, run) => ms / floor[run]!));
  return [{ name: `roster of ${ROWS} rows in a spreadsheet`, floorMs: median(floor), ownMs: median(own), ratio, limit: LIMIT }];
}

async function measure(read: () => Promise<number>, expected: number): Promise<number> {
  const start = performance.now();
  const found = await read();
  const took = performance.now() - start;
  if (found !== expected) throw new Error(`expected ${expected} rows, found ${found}`);
  return took;
}

function* blocks(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; at += BLOCK) yield file.subarray(at, at + BLOCK);
}

async function bareRead(file: Buffer): Promise<number> {
  let [rows, characters] = [0, 0];
  const options = { worksheets: 'emit', sharedStrings: 'cache', styles: 'cache', hyperlinks: 'ignore', entries: 'ignore' } as const;
  for await (const sheet of new ExcelJS.stream.xlsx.WorkbookReader(Readable.from(blocks(file)), options)) {
    for await (const row of sheet) {
      rows++;
      row.eachCell((cell) => (characters += cell.text.length));
    }
  }
  return characters > 0 ? rows : 0;
}

async function ownRead(file: Buffer): Promise<number> {
  const [units, seen] = [new Set<string>(), new Set<string>()];
  let accepted = 0;
  for await (const { layout, records } of readRoster(Readable.from(blocks(file)), 'bench.xlsx', failed)) {
    const context = { layout, today: civilDate('2026-09-01'), seen, units, elsewhere: new Set<string>() };
    for (const record of records) {
      const reading = readRecord(record, context);
      if ('reason' in reading) continue;
      units.add(reading.row.unitCode);
      accepted++;
    }
  }
  return accepted;
}
