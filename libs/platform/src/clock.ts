import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { Clock, assert } from '@app/kernel';

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/**
 * The virtual clock of the demo and the simulation: one instant in a small file, so that every process of a run reads the same time
 * without asking a server. Only the conductor of the run moves it, and only forward.
 */
export class VirtualClock extends Clock {
  private readonly handle: number;
  private readonly buffer = Buffer.alloc(8);

  constructor(file: string, access: 'read' | 'create' | 'continue' = 'read') {
    super();
    this.handle = openSync(file, { read: 'r', create: 'w+', continue: 'r+' }[access]);
  }

  now(): Date {
    const bytes = readSync(this.handle, this.buffer, 0, 8, 0);
    assert(bytes === 8, 'the virtual clock was read before it was set');
    return new Date(this.buffer.readDoubleLE(0));
  }

  /** Sets the first instant, or moves to a later one; an earlier one is ignored, since time does not go back. */
  advanceTo(instant: Date): void {
    const bytes = readSync(this.handle, this.buffer, 0, 8, 0);
    if (bytes === 8 && this.buffer.readDoubleLE(0) >= instant.getTime()) return;
    this.buffer.writeDoubleLE(instant.getTime(), 0);
    writeSync(this.handle, this.buffer, 0, 8, 0);
  }

  close(): void {
    closeSync(this.handle);
  }
}
