/** Sealing of sets. A thread of its own is for sets so large that sealing them would hold up everybody else: it doubles what a core can take. */
import { Worker } from 'node:worker_threads';

export const MEMBER_ID_BYTES = 16;
export const FINGERPRINT_BYTES = 16;

/** One entry a person, in both. */
export interface PersonalSet {
  readonly personalNumbers: readonly string[];
  readonly texts: readonly string[];
}

/** Side by side in the order of the set; the sealed text of person i ends at `ends[i]` and begins where that of i - 1 ends. */
export interface SealedSet {
  readonly memberIds: Buffer;
  readonly fingerprints: Buffer;
  readonly sealed: Buffer;
  readonly ends: Uint32Array;
}

/** What is needed of the vault; named here since the vault itself starts the thread. */
export interface Sealer {
  memberIdHex(personalNumber: string): string;
  fingerprint(text: string): string;
  sealedLength(text: string): number;
  sealInto(target: Buffer, at: number, text: string): void;
}

export function sealSet(vault: Sealer, { personalNumbers, texts }: PersonalSet): SealedSet {
  const count = texts.length;
  const memberIds = Buffer.alloc(count * MEMBER_ID_BYTES);
  const fingerprints = Buffer.alloc(count * FINGERPRINT_BYTES);
  const ends = new Uint32Array(count);
  for (let i = 0; i < count; i++) ends[i] = (ends[i - 1] ?? 0) + vault.sealedLength(texts[i]!);
  // Not from the pool: the memory is handed over to the other thread.
  const sealed = Buffer.allocUnsafeSlow(ends[count - 1] ?? 0);
  for (let i = 0; i < count; i++) {
    memberIds.write(vault.memberIdHex(personalNumbers[i]!), i * MEMBER_ID_BYTES, 'hex');
    fingerprints.write(vault.fingerprint(texts[i]!), i * FINGERPRINT_BYTES, FINGERPRINT_BYTES, 'hex');
    vault.sealInto(sealed, ends[i - 1] ?? 0, texts[i]!);
  }
  return { memberIds, fingerprints, sealed, ends };
}

export class SealingThread {
  private readonly worker: Worker;
  private readonly waiting: { resolve: (set: SealedSet) => void; reject: (error: Error) => void }[] = [];
  private started = false;

  constructor(masterKey: string) {
    this.worker = startWorker(masterKey);
    this.worker.unref();
    this.worker.on('message', (message: SealedSet | 'started') => {
      if (message === 'started') this.started = true;
      else this.waiting.shift()!.resolve(asBuffers(message));
    });
    // A thread that could not start is one that never has time.
    this.worker.on('error', (error: Error) => {
      this.started = false;
      this.waiting.splice(0).forEach(({ reject }) => reject(error));
    });
  }

  /** Whether it runs and has at most one set to go on with. */
  get hasTime(): boolean {
    return this.started && this.waiting.length < 2;
  }

  /** Answers come in the order of the calls. */
  seal(set: PersonalSet): Promise<SealedSet> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(set);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

/** A buffer arrives from another thread as the plain array it is. */
const asBuffers = ({ memberIds, fingerprints, sealed, ends }: SealedSet): SealedSet => ({
  memberIds: viewOf(memberIds),
  fingerprints: viewOf(fingerprints),
  sealed: viewOf(sealed),
  ends,
});
const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

function startWorker(workerData: string): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./sealing-worker.js', import.meta.url), { workerData });
  // Run from its sources (tests, benchmarks), the thread needs what compiles them.
  const source = new URL('./sealing-worker.ts', import.meta.url).href;
  const script = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(source)}); })`;
  return new Worker(script, { eval: true, workerData, execArgv: [] });
}
