import { listen } from '../http.js';
import { systemClock, type RunningSimulator, type SimulatorOptions } from '../simulator.js';
import type { FeedFile } from './feed.js';
import { MedicalInsuranceController } from './medical-insurance.controller.js';
import { Platform, type PersonSetting, type PlatformFaults, type PlatformOptions } from './platform.js';
import { Playback, type PlaybackResult } from './playback.js';
import { PushClient, type PushOptions } from './push-client.js';

export interface MedicalInsuranceOptions extends SimulatorOptions, PushOptions, PlatformOptions {
  feed?: FeedFile;
  /** Called before each message, so that the receiver's clock stands at the time of the message. */
  advanceTo?: (time: Date) => Promise<void> | void;
}

export interface RunningMedicalInsurance extends RunningSimulator {
  /** Delivers what is due up to and including `until`; fails when a message is not taken, which then stays undelivered. */
  playback(until: Date): Promise<PlaybackResult>;
  peekNext(): Date | null;
  setPerson(certno: string, setting: PersonSetting): void;
  setFaults(faults: PlatformFaults): void;
  /** Times of the first and the last message of all that is loaded. */
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
}

export async function startMedicalInsurance(options: MedicalInsuranceOptions): Promise<RunningMedicalInsurance> {
  const { port, clock = systemClock, feed, advanceTo } = options;
  const client = new PushClient(options);
  const playback = new Playback(clock, client, advanceTo);
  if (feed) playback.load(feed);
  const platform = new Platform(clock, playback, options);
  const { url, close } = await listen({
    controller: MedicalInsuranceController,
    providers: [
      { provide: Platform, useValue: platform },
      { provide: Playback, useValue: playback },
    ],
    textTypes: ['text/plain'],
    port,
  });
  return {
    url,
    async close() {
      client.close();
      await close();
    },
    playback: (until) => playback.playback(until),
    peekNext: () => playback.peekNext(),
    setPerson: (certno, setting) => platform.setPerson(certno, setting),
    setFaults: (faults) => (platform.faults = faults),
    get firstAt() {
      return playback.firstAt;
    },
    get lastAt() {
      return playback.lastAt;
    },
  };
}
