/** The file of an import as it came, from its sealed parts. */
import type { Database, PersonalDataVault } from '@app/platform';
import { readPart } from './roster.repository.js';

/** What is handed on at once: rows that are parsed long before they are worked on outlive the young generation. */
const READ_BYTES = 64 * 1024;

/** The next part is fetched while one is read; `onPart` is told how many have been. */
export async function* storedFile(
  database: Database,
  vault: PersonalDataVault,
  importId: string,
  onPart: (parts: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const fetch = (number: number) => {
    const sealed = readPart(database, importId, number);
    // Awaited later, or not at all when the file is left before its end; until then a failure must not count as unhandled.
    sealed.catch(() => {});
    return sealed;
  };
  let next = fetch(0);
  for (let parts = 1; ; parts++) {
    const sealed = await next;
    if (sealed === undefined) return;
    next = fetch(parts);
    const bytes = vault.openBytes(sealed);
    for (let at = 0; at < bytes.length; at += READ_BYTES) yield bytes.subarray(at, at + READ_BYTES);
    onPart(parts);
  }
}
