/** The countdowns that are being followed. However many listen, a window is looked at once a second, and not at all when nobody does. */
import { Injectable, Logger } from '@nestjs/common';
import { Clock, DomainError } from '@app/kernel';
import { Database } from '@app/platform';
import { setImmediate as otherWork } from 'node:timers/promises';
import { CountdownTree, Snapshot, secondOf, type CountdownNode, type Look, type Point } from './countdown.js';
import * as countdowns from './countdown.repository.js';

const TICK_MS = 1_000;
const TREE_MS = 60_000;
const SAMPLE_SECONDS = 60;
/** Some 10 ms of writing; then every other request gets its turn. */
const LISTENERS_AT_ONCE = 500;
const MOST_LISTENERS = 20_000;

/** Every statement of the countdowns, so that they can be counted. */
@Injectable()
export class CountdownReader {
  constructor(private readonly database: Database) {}

  look(windowId: string, now: Date): Promise<Look | undefined> {
    return countdowns.look(this.database.direct, windowId, now);
  }

  nodesUnder(path: string): Promise<CountdownNode[]> {
    return countdowns.nodesUnder(this.database.direct, path);
  }

  unitSamples(windowId: string, unitIds: readonly string[], now: Date): Promise<Map<string, Point[]>> {
    return countdowns.unitSamples(this.database.direct, windowId, unitIds, now);
  }

  insertSample(windowId: string, at: Date, members: number, nodes: Readonly<Record<string, number>>): Promise<void> {
    return countdowns.insertSample(this.database.direct, windowId, at, members, nodes);
  }
}

type Listener = (snapshot: Snapshot) => void;

interface Channel {
  /** With the id of the unit that one of them follows. */
  readonly listeners: Map<Listener, string | undefined>;
  readonly timer: NodeJS.Timeout;
  busy: boolean;
  failing: boolean;
}

interface MinuteOfUnits {
  readonly minute: number;
  readonly samples: Map<string, readonly Point[]>;
}

interface Taken {
  readonly snapshot: Snapshot;
  readonly takenMs: number;
}

@Injectable()
export class CountdownBoard {
  private readonly logger = new Logger('Countdown');
  private readonly channels = new Map<string, Channel>();
  private readonly trees = new Map<string, { tree: CountdownTree; readMs: number }>();
  private readonly units = new Map<string, MinuteOfUnits>();
  private readonly latest = new Map<string, Taken>();
  private readonly coming = new Map<string, Promise<Snapshot>>();
  private listeners = 0;

  constructor(
    private readonly reader: CountdownReader,
    private readonly clock: Clock,
  ) {}

  /** As it is now. Error: `window` (not found). */
  async take(windowId: string, withNewTree = false): Promise<Snapshot> {
    const now = this.clock.now();
    const look = await this.reader.look(windowId, now);
    if (!look) throw new DomainError('window', 'not-found', 'expected the id of an enrolment window, found none; check it');
    const snapshot = new Snapshot(await this.treeOf(look, withNewTree), look, now, this.unitSamplesOf(windowId, now));
    this.latest.set(windowId, { snapshot, takenMs: performance.now() });
    const { state, enrolled } = snapshot.publicView();
    const last = look.samples.at(-1);
    if (state === 'open' && (!last || secondOf(now) - last.second >= SAMPLE_SECONDS))
      await this.reader.insertSample(windowId, now, enrolled, snapshot.nodes());
    return snapshot;
  }

  /** Not older than a second, or than the last tick: what everybody may ask for costs no more than that. Error: `window` (not found). */
  async recent(windowId: string): Promise<Snapshot> {
    const known = this.latest.get(windowId);
    if (known && (this.channels.has(windowId) || performance.now() - known.takenMs < TICK_MS)) return known.snapshot;
    const coming = this.coming.get(windowId) ?? this.take(windowId).finally(() => this.coming.delete(windowId));
    this.coming.set(windowId, coming);
    return coming;
  }

  /** For the pace of these units. However many look, a unit is read once a minute, and together with the others that are followed. */
  async lookAtUnits(windowId: string, { unitSamples, now }: Snapshot, unitIds: Iterable<string>): Promise<void> {
    const unread = [...new Set(unitIds)].filter((id) => !unitSamples.has(id));
    if (unread.length === 0) return;
    for (const [id, samples] of await this.reader.unitSamples(windowId, unread, now)) unitSamples.set(id, samples);
  }

  /**
   * Tells the listener every second, until what is returned is called; of one that follows a unit the pace is looked at. Error: `countdown-full`
   * (unavailable).
   */
  follow(windowId: string, listener: Listener, unitId?: string): () => void {
    if (this.listeners >= MOST_LISTENERS)
      throw new DomainError(
        'countdown-full',
        'unavailable',
        `expected fewer than ${MOST_LISTENERS} listeners, found that many already; come again later, or ask for the countdown now and then`,
      );
    const channel = this.channels.get(windowId) ?? this.open(windowId);
    channel.listeners.set(listener, unitId);
    this.listeners += 1;
    return () => {
      if (!channel.listeners.delete(listener)) return;
      this.listeners -= 1;
      if (channel.listeners.size > 0) return;
      clearInterval(channel.timer);
      this.channels.delete(windowId);
    };
  }

  private open(windowId: string): Channel {
    const timer = setInterval(() => void this.tick(windowId, channel), TICK_MS);
    const channel: Channel = { listeners: new Map(), timer, busy: false, failing: false };
    this.channels.set(windowId, channel);
    return channel;
  }

  private async tick(windowId: string, channel: Channel): Promise<void> {
    if (channel.busy) return;
    channel.busy = true;
    try {
      const snapshot = await this.take(windowId);
      const units = [...channel.listeners.values()].filter((unitId) => unitId !== undefined);
      await this.lookAtUnits(windowId, snapshot, units);
      channel.failing = false;
      let told = 0;
      for (const listener of channel.listeners.keys()) {
        listener(snapshot);
        told += 1;
        if (told % LISTENERS_AT_ONCE === 0) await otherWork();
      }
    } catch (error) {
      // Listeners wait: the next second may do better.
      if (!channel.failing) this.logger.warn(`a window cannot be looked at: ${error instanceof Error ? error.name : 'unknown'}`);
      channel.failing = true;
    } finally {
      channel.busy = false;
    }
  }

  private unitSamplesOf(windowId: string, now: Date): MinuteOfUnits['samples'] {
    const minute = countdowns.minuteOf(now);
    const known = this.units.get(windowId);
    if (known?.minute === minute) return known.samples;
    const samples: MinuteOfUnits['samples'] = new Map();
    this.units.set(windowId, { minute, samples });
    return samples;
  }

  /** Organisations stay as they are, and new ones are news only once they have members or a target: a tree is read anew now and then. */
  private async treeOf(look: Look, anew: boolean): Promise<CountdownTree> {
    const known = this.trees.get(look.organisationPath);
    const now = performance.now();
    if (known && !anew && now - known.readMs < TREE_MS && known.tree.knows(look)) return known.tree;
    const tree = new CountdownTree(await this.reader.nodesUnder(look.organisationPath));
    this.trees.set(look.organisationPath, { tree, readMs: now });
    return tree;
  }
}
