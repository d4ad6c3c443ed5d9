/** What every simulated party is to whoever starts it. Time comes from outside, so that a virtual clock can drive all of them. */
export interface SimulatorClock {
  now(): Date;
}

export interface RunningSimulator {
  url: string;
  close: () => Promise<void>;
}

export interface SimulatorOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  clock?: SimulatorClock;
}

export const systemClock: SimulatorClock = { now: () => new Date() };
