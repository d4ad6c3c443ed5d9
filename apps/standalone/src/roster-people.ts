/** Who the people of a roster are, for the script that plays them; the engine reads the same file by itself. */
import { normaliseIdentifier } from '@app/kernel';
import Papa from 'papaparse';
import type { RosterPerson } from './people.js';

export function rosterPeople(csv: string): RosterPerson[] {
  const { data } = Papa.parse<Record<string, string>>(csv.replace(/^\uFEFF/, ''), { header: true, skipEmptyLines: true });
  return data.map((row) => ({
    personalNumber: normaliseIdentifier(row['身份证号码'] ?? ''),
    phone: normaliseIdentifier(row['手机号'] ?? ''),
    account: normaliseIdentifier(row['银行卡号'] ?? ''),
  }));
}
