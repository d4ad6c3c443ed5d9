/** A file while it is being stored, for whoever reads it in the meantime: its parts in their order, each as soon as it is stored. */
import { EventEmitter, once } from 'node:events';

/** A reader that keeps up is spared to read back what has just been written; one that does not must not make us keep the file. */
const HELD_PARTS = 8;

export class IncomingFile {
  private readonly news = new EventEmitter<{ news: [] }>();
  private readonly held = new Map<number, Buffer>();
  private stored = 0;
  private ended = false;
  private cut = false;

  /** The next part has been stored. */
  add(bytes: Buffer): void {
    if (this.held.size < HELD_PARTS) this.held.set(this.stored, bytes);
    this.stored++;
    this.news.emit('news');
  }

  /** `whole`, or nothing more will come, or no more is told of it. */
  end(whole: boolean): void {
    [this.ended, this.cut] = [true, !whole];
    if (!whole) this.held.clear();
    this.news.emit('news');
  }

  /** Resolves when the file is stored whole. Errors: {@link FileCut}. */
  async received(): Promise<void> {
    while (!this.ended) await once(this.news, 'news');
    if (this.cut) throw new FileCut();
  }

  /** Whether there is a part of this number; waits as long as it may still come. Errors: {@link FileCut}. */
  async has(part: number): Promise<boolean> {
    while (part >= this.stored && !this.ended) await once(this.news, 'news');
    if (this.cut) throw new FileCut();
    return part < this.stored;
  }

  /** A part that is still held; any other has to be read from where it is stored. */
  take(part: number): Buffer | undefined {
    const bytes = this.held.get(part);
    this.held.delete(part);
    return bytes;
  }
}

/** The rest of a file is not going to come, or is nothing to who read it so far. */
export class FileCut extends Error {}
