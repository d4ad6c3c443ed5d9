import { PersonalDataVault } from '@app/platform';
import { civilDate } from '@app/kernel';
import { hash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { readRecords } from '../../libs/enrolment/src/roster/roster-file.js';
import { readHeader, readRow, unitCodeOf } from '../../libs/enrolment/src/roster/roster.js';
import { RosterRows } from '../../libs/enrolment/src/roster/roster.repository.js';
import { makeRoster, blocks } from './_b.js';
const { file } = makeRoster();
const vault = new PersonalDataVault(Buffer.alloc(32, 1).toString('base64'));
const level = Number(process.argv[2]);
const id = Buffer.alloc(16, 3);
for (let k = 0; k < 2; k++) {
const c0 = process.cpuUsage(); const s = performance.now();
let layout: any; const seen = new Set<string>(); const ctx: any = { today: civilDate('2026-01-01'), seen, elsewhere: new Set() };
let rows = new RosterRows(randomUUID(), randomUUID(), new Date()); let n = 0;
for await (const records of readRecords(Readable.from(blocks(file)))) {
  if (!layout) { layout = readHeader(records.shift()!.cells); ctx.layout = layout; }
  if (level < 1) continue;
  for (const { line, cells } of records) {
    const r = readRow(cells, ctx); if ('reason' in r) continue;
    if (level < 2) continue;
    seen.add(Buffer.from(r.row.personalNumber, 'latin1').toString('latin1'));
    if (level < 3) continue;
    const { personalNumber, name, phone, bankAccount, bankName } = r.row;
    const text = JSON.stringify({ personalNumber, name, phone, bankAccount, bankName });
    if (level < 4) continue;
    const memberId = vault.memberId(personalNumber);
    if (level < 5) continue;
    const h = hash('sha256', 'x'.repeat(64) + text).slice(0, 32);
    if (level < 6) continue;
    const sealed = vault.seal(text);
    if (level < 7) continue;
    rows.add({ memberId, unitId: id, insutype: '310', row: line, hash: h, sealed });
    if (++n % 10000 === 0) rows = new RosterRows(randomUUID(), randomUUID(), new Date());
  }
}
const u = process.cpuUsage(c0);
console.log(level, 'wall', Math.round(performance.now() - s), 'cpu', Math.round((u.user + u.system) / 1000));
}
