/**
 * Wakes whatever is due and not moving: after a lost queue, a dead worker, a dropped notification, or simply because a day's hour has
 * come. What is found unchanged in two looks is woken, and all of it at the start; a wake-up too many finds nothing to do.
 */
import type { WakeUp } from '@app/contracts';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '@app/platform';
import { DueWork } from './due-work.js';

@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Sweeper');
  private timer: NodeJS.Timeout | undefined;
  private last = new Map<string, number>();
  private looking: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly dueWork: DueWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.sweep(true);
    this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.looking = this.sweep(false).finally(() => this.schedule());
    }, this.config.sweepEveryMs);
  }

  private async sweep(all: boolean): Promise<void> {
    try {
      const due = await this.dueWork.look();
      const still = due.filter(({ wakeUp, count }) => all || this.last.get(nameOf(wakeUp)) === count);
      if (still.length > 0) await this.dueWork.wake(still);
      this.last = new Map(due.map(({ wakeUp, count }) => [nameOf(wakeUp), count]));
    } catch (error) {
      this.logger.warn(`a look failed and is made again: ${(error as Error).name}`);
    }
  }
}

/** Two queues may have commands of one name. */
const nameOf = ({ queue, command }: WakeUp): string => `${queue}/${command}`;
