import { Clock, chinaInstant, civilDate } from '@app/kernel';

/** A clock that stands until it is set. */
export class SetClock extends Clock {
  private instant: Date;

  constructor(china: string) {
    super();
    this.instant = SetClock.at(china);
  }

  now(): Date {
    return this.instant;
  }

  /** "YYYY-MM-DD HH:mm", China time. */
  set(china: string): void {
    this.instant = SetClock.at(china);
  }

  private static at(china: string): Date {
    const [day, time] = china.split(' ');
    return chinaInstant(civilDate(day!), time);
  }
}
