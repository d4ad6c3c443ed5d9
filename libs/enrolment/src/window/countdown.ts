/** The countdown of a window: how many people each node of the tree has enrolled of those it should, and where that leads. Whole people and seconds; only a pace has fractions. */
import type { OrganisationKind } from '../organisation/organisation.js';
import { secondsLeft, windowState, type WindowState } from './window.js';

export interface CountdownNode {
  readonly id: string;
  readonly parent_id: string | null;
  readonly kind: OrganisationKind;
  readonly code: string;
  readonly name: string;
  readonly path: string;
}

export interface Sample {
  /** Since 1970. */
  readonly second: number;
  readonly members: number;
  /** By the id of a region or industry, those with members; null when it is too long ago. */
  readonly nodes: Readonly<Record<string, number>> | null;
}

/** What the database says of a window at one moment. */
export interface Look {
  readonly organisationPath: string;
  readonly opensAt: Date;
  readonly closesAt: Date;
  /** Members by unit, and headcounts by organisation. */
  readonly counts: Readonly<Record<string, number>>;
  readonly targets: Readonly<Record<string, number>>;
  /** In their order; those around an hour and a day ago, and the last. */
  readonly samples: readonly Sample[];
}

export interface Progress {
  readonly enrolled: number;
  /** Null where nobody has set one. */
  readonly target: number | null;
  /** Of the target, cut to tenths. */
  readonly percent: number | null;
  readonly missing: number | null;
}

export interface NodeProgress extends Progress {
  readonly code: string;
  readonly name: string;
  readonly kind: OrganisationKind;
}

export interface Projection {
  /** To thousandths; null while unknown. */
  readonly perHour: { readonly lastHour: number | null; readonly lastDay: number | null };
  /** When the target would be met at the pace of the last hour; null when never or unknown. */
  readonly projectedFinish: Date | null;
  readonly projectedAtClose: number | null;
}

export interface CountdownTime {
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly now: Date;
  readonly secondsLeft: number;
  readonly state: WindowState;
}

export interface CountdownView extends CountdownTime {
  readonly node: NodeProgress & Projection;
  /** Who is furthest behind comes first. A unit among them has no projection: it has one when it is asked for itself. */
  readonly children?: readonly (NodeProgress & Partial<Projection>)[];
}

export interface PublicCountdown extends CountdownTime, Progress {}

const HOUR = 3_600;
const DAY = 86_400;
/** Less than this tells of no pace. */
const SHORTEST_PACE = 60;
const LATEST_SECOND = 8_640_000_000_000;

export const secondOf = (instant: Date): number => Math.trunc(instant.getTime() / 1000);

/** Of the target, cut: a thousand only when it is met. */
export const perMille = (enrolled: number, target: number): number => Math.trunc((enrolled * 1000) / target);

export const progress = (enrolled: number, target: number | null): Progress => ({
  enrolled,
  target,
  percent: target === null ? null : perMille(enrolled, target) / 10,
  missing: target === null ? null : Math.max(0, target - enrolled),
});

/** The smallest share of the target first, of equal shares the one that misses more people; without a target last. */
export function byDistance(a: NodeProgress, b: NodeProgress): number {
  const inOrderOfCodes = a.code < b.code ? -1 : 1;
  if (a.target === null || b.target === null) return Number(a.target === null) - Number(b.target === null) || inOrderOfCodes;
  return a.enrolled * b.target - b.enrolled * a.target || b.missing! - a.missing! || inOrderOfCodes;
}

/** A node's target is its own, else the sum of its children's. `nodes` come parents first. */
export function sumUp(
  nodes: readonly CountdownNode[],
  counts: Look['counts'],
  targets: Look['targets'],
): Map<string, Pick<Progress, 'enrolled' | 'target'>> {
  const sums = new Map(nodes.map(({ id }) => [id, { enrolled: counts[id] ?? 0, target: targets[id] ?? (null as number | null) }]));
  for (const { id, parent_id } of nodes.toReversed()) {
    const parent = parent_id === null ? undefined : sums.get(parent_id);
    if (parent_id === null || !parent) continue;
    const { enrolled, target } = sums.get(id)!;
    parent.enrolled += enrolled;
    if (target !== null && !(parent_id in targets)) parent.target = (parent.target ?? 0) + target;
  }
  return sums;
}

export type Point = Pick<Sample, 'second' | 'members'>;

interface Pace {
  readonly gained: number;
  readonly seconds: number;
}

/** What was gained in the last `seconds`, or since the opening; between two samples members are taken to have come evenly. */
export function paceOver(seconds: number, opened: number, samples: readonly Point[], last: Point): Pace | undefined {
  const from = Math.max(opened, last.second - seconds);
  if (last.second - from < SHORTEST_PACE) return undefined;
  const points = [
    { second: opened, members: 0 },
    ...samples.filter(({ second }) => second > opened && second < last.second).sort((a, b) => a.second - b.second),
    last,
  ];
  const before = points.findLast(({ second }) => second <= from)!;
  const after = points.find(({ second }) => second > from)!;
  const members = before.members + ((after.members - before.members) * (from - before.second)) / (after.second - before.second);
  return { gained: last.members - members, seconds: last.second - from };
}

const perHour = (pace: Pace | undefined): number | null => (pace ? Math.round((pace.gained * HOUR * 1000) / pace.seconds) / 1000 : null);

/** Of the whole window, or of the node whose `samples` are given. */
export function project(look: Look, now: Date, { enrolled, missing }: Progress, samples: readonly Point[] = look.samples): Projection {
  const state = windowState({ opens_at: look.opensAt, closes_at: look.closesAt }, now);
  const [second, opened, closes] = [now, look.opensAt, look.closesAt].map(secondOf) as [number, number, number];
  const met = missing === 0 ? now : null;
  if (state !== 'open')
    return { perHour: { lastHour: null, lastDay: null }, projectedFinish: met, projectedAtClose: state === 'closed' ? enrolled : null };
  const last = { second, members: enrolled };
  const [hour, day] = [HOUR, DAY].map((seconds) => paceOver(seconds, opened, samples, last));
  const finish = hour && missing !== null && hour.gained > 0 ? second + Math.round((missing * hour.seconds) / hour.gained) : undefined;
  return {
    perHour: { lastHour: perHour(hour), lastDay: perHour(day) },
    projectedFinish: met ?? (finish === undefined || finish > LATEST_SECOND ? null : new Date(finish * 1000)),
    projectedAtClose: hour ? Math.max(0, enrolled + Math.round((hour.gained * (closes - second)) / hour.seconds)) : null,
  };
}

/** The tree under the organisation of a window; parents come first. */
export class CountdownTree {
  private readonly byCode: ReadonlyMap<string, CountdownNode>;
  private readonly ids: ReadonlySet<string>;
  private readonly children = new Map<string, CountdownNode[]>();

  constructor(readonly nodes: readonly CountdownNode[]) {
    this.byCode = new Map(nodes.map((node) => [node.code, node]));
    this.ids = new Set(nodes.map(({ id }) => id));
    for (const node of nodes.slice(1)) {
      const siblings = this.children.get(node.parent_id!);
      if (siblings) siblings.push(node);
      else this.children.set(node.parent_id!, [node]);
    }
  }

  get root(): CountdownNode {
    return this.nodes[0]!;
  }

  withCode(code: string): CountdownNode | undefined {
    return this.byCode.get(code);
  }

  childrenOf(id: string): readonly CountdownNode[] {
    return this.children.get(id) ?? [];
  }

  /** It is as old as this look, or newer. */
  knows({ counts, targets }: Look): boolean {
    return [...Object.keys(counts), ...Object.keys(targets)].every((id) => this.ids.has(id));
  }
}

/** One second of a window, for everybody who asks: each view is made once. */
export class Snapshot {
  private readonly views = new Map<string, CountdownView>();
  private readonly sums: ReturnType<typeof sumUp>;
  private total: PublicCountdown | undefined;

  constructor(
    readonly tree: CountdownTree,
    readonly look: Look,
    readonly now: Date,
    /** By the id of a unit that somebody looks at. */
    readonly unitSamples: Map<string, readonly Point[]> = new Map(),
  ) {
    this.sums = sumUp(tree.nodes, look.counts, look.targets);
  }

  get second(): number {
    return secondOf(this.now);
  }

  publicView(): PublicCountdown {
    return (this.total ??= { ...this.time(), ...this.progressOf(this.tree.root) });
  }

  /** What a sample keeps beside the whole. */
  nodes(): Record<string, number> {
    const nodes: Record<string, number> = {};
    for (const { id, kind } of this.tree.nodes) {
      const { enrolled } = this.sums.get(id)!;
      if (kind !== 'unit' && enrolled > 0) nodes[id] = enrolled;
    }
    return nodes;
  }

  view(node: CountdownNode, withChildren: boolean): CountdownView {
    const key = `${node.id} ${withChildren}`;
    const known = this.views.get(key);
    if (known) return known;
    const view: CountdownView = {
      ...this.time(),
      node: { ...this.describe(node), ...this.projectionOf(node) },
      ...(withChildren
        ? {
            children: this.tree
              .childrenOf(node.id)
              .map((child) => (child.kind === 'unit' ? this.describe(child) : { ...this.describe(child), ...this.projectionOf(child) }))
              .sort(byDistance),
          }
        : {}),
    };
    this.views.set(key, view);
    return view;
  }

  private time(): CountdownTime {
    const { opensAt, closesAt } = this.look;
    const bounds = { opens_at: opensAt, closes_at: closesAt };
    return { opensAt, closesAt, now: this.now, secondsLeft: secondsLeft(bounds, this.now), state: windowState(bounds, this.now) };
  }

  private progressOf({ id }: CountdownNode): Progress {
    const { enrolled, target } = this.sums.get(id)!;
    return progress(enrolled, target);
  }

  private describe(node: CountdownNode): NodeProgress {
    return { code: node.code, name: node.name, kind: node.kind, ...this.progressOf(node) };
  }

  private projectionOf(node: CountdownNode): Projection {
    return project(this.look, this.now, this.progressOf(node), this.samplesOf(node));
  }

  private samplesOf({ id, kind }: CountdownNode): readonly Point[] {
    const { samples } = this.look;
    if (kind === 'unit') return this.unitSamples.get(id) ?? [];
    if (id === this.tree.root.id) return samples;
    return samples.flatMap(({ second, nodes }) => (nodes ? [{ second, members: nodes[id] ?? 0 }] : []));
  }
}
