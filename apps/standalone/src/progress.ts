/** The live line: one that rewrites itself on a terminal, one a month elsewhere. */
export class Progress {
  private lastMonth = '';
  private open = false;

  constructor(private readonly out: NodeJS.WriteStream) {}

  /** A stage that is done. */
  stage(name: string, text: string): void {
    this.end();
    this.out.write(`${name.padEnd(12)} ${text}\n`);
  }

  /** `text` starts with the day. */
  line(text: string): void {
    if (this.out.isTTY) {
      this.out.write(`\r\u001B[K${'path'.padEnd(12)} ${text}`);
      this.open = true;
    } else if (text.slice(0, 7) !== this.lastMonth) {
      this.lastMonth = text.slice(0, 7);
      this.out.write(`${'path'.padEnd(12)} ${text}\n`);
    }
  }

  end(): void {
    if (this.open) this.out.write('\n');
    this.open = false;
  }
}
