/** With its last file taken, a process can neither ask its database nor read its own memory, and ends. So a server takes fewer connections. */
import type { Server } from 'node:http';

/** Of the files that a process may have open, those that no connection takes: of the database, of the queue, of what it reads and writes. */
const KEPT = 256;
/** Between two looks for connections that nobody uses. */
const ROOM_MS = 1_000;

/** How many a server may hold. Endless where the system sets no limit. */
export function connectionsAtMost(): number {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  // Else it looks up the name of each address that is connected.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? Math.max(soft - KEPT, 1) : Infinity;
}

/** Whoever comes on top is closed, and can come again; for them go those who are kept for a question they may never ask. */
export function limitConnections(server: Server): void {
  const most = connectionsAtMost();
  if (most === Infinity) return;
  server.maxConnections = most;
  let lookedMs = -Infinity;
  server.on('drop', () => {
    const now = performance.now();
    if (now - lookedMs < ROOM_MS) return;
    lookedMs = now;
    server.closeIdleConnections();
  });
}
