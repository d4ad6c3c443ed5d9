/** With its last file taken, a process can neither ask its database nor read its own memory, and ends. So its servers take fewer connections. */
import type { Server } from 'node:http';

/** Of the files that a process may have open, those that no connection takes: of the database, of the queue, of what it reads and writes. */
const KEPT = 256;
/** Between two looks for connections that nobody uses. */
const ROOM_MS = 1_000;

/** How many the servers of this process may hold together. Endless where the system sets no limit. */
export function connectionsAtMost(): number {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  // Else it looks up the name of each address that is connected.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? Math.max(soft - KEPT, 1) : Infinity;
}

/** The servers of this process, which have its files between them, and the connections that they hold. */
const servers = new Set<Server>();
let open = 0;

/** Whoever comes on top is closed, and can come again; for them go those who are kept for a question they may never ask. */
export function limitConnections(server: Server, most = connectionsAtMost()): void {
  if (most === Infinity) return;
  servers.add(server);
  server.on('close', () => servers.delete(server));
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
  });
  // Read whenever a connection comes, which is not taken when as many are there; 0 would be no limit.
  Object.defineProperty(server, 'maxConnections', { get: () => (open < most ? Infinity : -1) });
  let lookedMs = -Infinity;
  server.on('drop', () => {
    const now = performance.now();
    if (now - lookedMs < ROOM_MS) return;
    lookedMs = now;
    for (const one of servers) one.closeIdleConnections();
  });
}
