/** Where the time comes from: the wall clock in production, the virtual clock in the demo and the simulation. */
export abstract class Clock {
  abstract now(): Date;
}
