import type { BankStatementLine } from '@app/contracts';

interface BookedDay {
  on: string;
  openingFen: number;
  closingFen: number;
  lines: BankStatementLine[];
}

/** One account: its bookings, day by day in booking order. */
export class AccountBook {
  private readonly days: BookedDay[] = [];

  /** `sequence` numbers the accounts of the bank in the order they were opened. */
  constructor(
    readonly account: string,
    readonly sequence: number,
  ) {}

  get balanceFen(): number {
    return this.days.at(-1)?.closingFen ?? 0;
  }

  /** A day that was left is closed: should the clock ever stand earlier, the booking goes to the last day, never into a closed statement. */
  book(line: BankStatementLine, on: string): void {
    let day = this.days.at(-1);
    if (!day || day.on < on) {
      day = { on, openingFen: this.balanceFen, closingFen: this.balanceFen, lines: [] };
      this.days.push(day);
    }
    day.lines.push(line);
    day.closingFen += line.direction === 'credit' ? line.amountFen : -line.amountFen;
  }

  day(on: string): Readonly<BookedDay> {
    const last = this.days.findLast((day) => day.on <= on);
    if (last?.on === on) return last;
    const balanceFen = last?.closingFen ?? 0;
    return { on, openingFen: balanceFen, closingFen: balanceFen, lines: [] };
  }
}
