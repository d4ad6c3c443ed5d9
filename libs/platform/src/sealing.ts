/** Sealing of sets. A thread of its own is for sets so large that sealing them would hold up everybody else: it doubles what a core can take. */
import { assert } from '@app/kernel';
import { Worker } from 'node:worker_threads';

export const MEMBER_ID_BYTES = 16;
export const FINGERPRINT_BYTES = 16;

/** One entry a person in both, {@link ENTRY_END} between them: another thread is sent one string far faster than thousands. */
export interface PersonalSet {
  readonly personalNumbers: string;
  readonly texts: string;
}
export const ENTRY_END = '\u001E';

/** Side by side in the order of the set; the sealed text of person i ends at `ends[i]` and begins where that of i - 1 ends. */
export interface SealedSet {
  readonly memberIds: Buffer;
  readonly fingerprints: Buffer;
  readonly sealed: Buffer;
  readonly ends: Uint32Array;
}

/** What is needed of the vault; named here since the vault itself starts the thread. */
export interface Sealer {
  readonly sealLength: number;
  memberIdInto(target: Buffer, at: number, personalNumber: string): void;
  fingerprintInto(target: Buffer, at: number, text: string): void;
  sealInto(target: Buffer, at: number, bytes: Buffer): number;
}

export function sealSet(vault: Sealer, set: PersonalSet): SealedSet {
  const [personalNumbers, texts] = [entries(set.personalNumbers), entries(set.texts)];
  const count = texts.length;
  assert(personalNumbers.length === count, `${count} texts, and ${personalNumbers.length} personal numbers`);
  const memberIds = Buffer.alloc(count * MEMBER_ID_BYTES);
  const fingerprints = Buffer.alloc(count * FINGERPRINT_BYTES);
  const ends = new Uint32Array(count);
  // Made bytes all at once: a text by itself costs the cipher half as much again.
  const bytes = Buffer.from(set.texts);
  // Not from the pool: the memory is handed over to the other thread.
  const sealed = Buffer.allocUnsafeSlow(bytes.length + count * vault.sealLength);
  let [from, end] = [0, 0];
  for (let i = 0; i < count; i++) {
    const text = texts[i]!;
    vault.memberIdInto(memberIds, i * MEMBER_ID_BYTES, personalNumbers[i]!);
    vault.fingerprintInto(fingerprints, i * FINGERPRINT_BYTES, text);
    const until = from + Buffer.byteLength(text);
    ends[i] = end += vault.sealInto(sealed, end, bytes.subarray(from, until));
    from = until + ENTRY_END.length;
  }
  return { memberIds, fingerprints, sealed, ends };
}

const entries = (joined: string): string[] => (joined === '' ? [] : joined.split(ENTRY_END));

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
    // Who comes later seals without it.
    this.worker.on('error', (error: Error) => {
      this.started = false;
      this.waiting.splice(0).forEach(({ reject }) => reject(error));
    });
  }

  /** A start takes a while; until then sets are better sealed without it. */
  get isRunning(): boolean {
    return this.started;
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

/** It keeps nothing: what it needs is one set, and left alone its heap would grow with what it has thrown away. */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 };

function startWorker(workerData: string): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./sealing-worker.js', import.meta.url), { workerData, resourceLimits: LIMITS });
  // Run from its sources (tests, benchmarks), the thread needs what compiles them.
  const source = new URL('./sealing-worker.ts', import.meta.url).href;
  const script = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(source)}); })`;
  return new Worker(script, { eval: true, workerData, execArgv: [] });
}
