/** The file of an import as it came, from its sealed parts. */
import type { Database, PersonalDataVault } from '@app/platform';
import type { IncomingFile } from './incoming-file.js';
import { readPart } from './roster.repository.js';

/** What is handed on at once: rows that are parsed long before they are worked on outlive the young generation. */
const READ_BYTES = 64 * 1024;

/** The next part is fetched while one is read; `onPart` is told how many have been. A file that still comes in is followed. */
export async function* storedFile(
  database: Database,
  vault: PersonalDataVault,
  importId: string,
  { incoming, onPart = () => {} }: { incoming?: IncomingFile; onPart?: (parts: number) => void } = {},
): AsyncGenerator<Buffer> {
  const read = async (part: number): Promise<Buffer | undefined> => {
    if (incoming && !(await incoming.has(part))) return undefined;
    const held = incoming?.take(part);
    if (held) return held;
    const sealed = await readPart(database, importId, part);
    return sealed && vault.openBytes(sealed);
  };
  const fetch = (part: number) => {
    const reading = read(part);
    // Awaited later, or not at all when the file is left before its end; until then a failure must not count as unhandled.
    reading.catch(() => {});
    return reading;
  };
  let next = fetch(0);
  for (let parts = 1; ; parts++) {
    const bytes = await next;
    if (bytes === undefined) return;
    next = fetch(parts);
    for (let at = 0; at < bytes.length; at += READ_BYTES) yield bytes.subarray(at, at + READ_BYTES);
    onPart(parts);
  }
}
