/** Of the files that a process may have open, those that no connection takes: of the database, of the queue, of what it reads and writes. */
const KEPT = 256;

/**
 * How many connections a server may hold: whoever comes on top is closed at once, and can come again. With its last file taken, a process can
 * neither ask the database nor read its own memory, and ends. Undefined where the system sets no such limit.
 */
export function connectionsAtMost(): number | undefined {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  // Else it looks up the name of each address that is connected.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? Math.max(soft - KEPT, 1) : undefined;
}
