import { describe, expect, it } from '@jest/globals';
import {
  byDistance,
  CountdownTree,
  paceOver,
  perMille,
  progress,
  project,
  Snapshot,
  sumUp,
  type CountdownNode,
  type Look,
  type NodeProgress,
} from './countdown.js';

const node = (id: string, parent: string | null, kind: CountdownNode['kind'] = 'unit'): CountdownNode => ({
  id,
  parent_id: parent,
  kind,
  code: id,
  name: `某${id}`,
  path: `/${id}/`,
});
const OPENS = new Date('2025-09-01T00:00:00+08:00');
const CLOSES = new Date('2025-12-11T00:00:00+08:00');
const OPENED = OPENS.getTime() / 1000;
const HOUR = 3_600;
const at = (seconds: number): Date => new Date((OPENED + seconds) * 1000);
const look = (change: Partial<Look> = {}): Look => ({
  organisationPath: '/city/',
  opensAt: OPENS,
  closesAt: CLOSES,
  counts: {},
  targets: {},
  samples: [],
  ...change,
});

describe('progress', () => {
  it('is cut to tenths of a percent, so that a hundred means that nobody is missing', () => {
    expect([perMille(0, 7), perMille(1, 3), perMille(99_999, 100_000), perMille(7, 7), perMille(8, 7)]).toEqual([0, 333, 999, 1000, 1142]);
    expect(progress(29, 1000)).toEqual({ enrolled: 29, target: 1000, percent: 2.9, missing: 971 });
    expect(progress(8, 7)).toEqual({ enrolled: 8, target: 7, percent: 114.2, missing: 0 });
  });

  it('has neither percent nor missing where nobody set a target', () =>
    expect(progress(5, null)).toEqual({ enrolled: 5, target: null, percent: null, missing: null }));
});

describe('a tree', () => {
  const nodes = [
    node('city', null, 'city'),
    node('east', 'city', 'county'),
    node('west', 'city', 'county'),
    node('e1', 'east'),
    node('e2', 'east'),
    node('w1', 'west'),
  ];

  it('sums what units enrolled; a target of its own stands for those of its children', () => {
    const counts = { e1: 3, e2: 4, w1: 5 };
    expect(Object.fromEntries(sumUp(nodes, counts, { e1: 10, e2: 20, east: 25, w1: 7 }))).toEqual({
      city: { enrolled: 12, target: 32 },
      east: { enrolled: 7, target: 25 },
      west: { enrolled: 5, target: 7 },
      e1: { enrolled: 3, target: 10 },
      e2: { enrolled: 4, target: 20 },
      w1: { enrolled: 5, target: 7 },
    });
    const bare = sumUp(nodes, {}, { e1: 10 });
    expect([bare.get('city'), bare.get('west')]).toEqual([
      { enrolled: 0, target: 10 },
      { enrolled: 0, target: null },
    ]);
  });

  it('shows a node and its children, who is furthest behind first, and the public only the whole', () => {
    const tree = new CountdownTree(nodes);
    const snapshot = new Snapshot(tree, look({ counts: { e1: 5, w1: 1 }, targets: { e1: 10, w1: 4 } }), at(HOUR));
    expect(snapshot.view(tree.root, true)).toMatchObject({
      state: 'open',
      node: { code: 'city', enrolled: 6, target: 14, percent: 42.8, missing: 8 },
      children: [
        { code: 'west', percent: 25 },
        { code: 'east', percent: 50 },
      ],
    });
    expect(snapshot.view(tree.root, true)).toBe(snapshot.view(tree.root, true));
    expect(snapshot.view(tree.withCode('east')!, false)).not.toHaveProperty('children');
    expect(snapshot.view(tree.withCode('e1')!, true).node).toMatchObject({ perHour: { lastHour: 5 }, projectedFinish: at(2 * HOUR) });
    expect(Object.keys(snapshot.publicView()).join(' ')).toBe('opensAt closesAt now secondsLeft state enrolled target percent missing');
  });

  it('shows of each region where its own pace leads, so that one that will miss its target is seen in time', () => {
    const tree = new CountdownTree(nodes);
    const samples = [
      { second: OPENED + HOUR, members: 50, nodes: null },
      { second: OPENED + 9 * HOUR, members: 100, nodes: { city: 100, east: 100 } },
    ];
    const snapshot = new Snapshot(
      tree,
      look({ counts: { e1: 60, e2: 100, w1: 2 }, targets: { e1: 100, e2: 100, w1: 1_000_000 }, samples }),
      at(10 * HOUR),
    );
    const { children } = snapshot.view(tree.root, true);
    expect(children).toMatchObject([
      { code: 'west', perHour: { lastHour: 2, lastDay: 0.2 }, projectedAtClose: 2 + 2 * (101 * 24 - 10) },
      { code: 'east', perHour: { lastHour: 60, lastDay: 16 }, projectedFinish: at(10 * HOUR + 2_400) },
    ]);
    expect(snapshot.view(tree.withCode('east')!, false).node).toMatchObject(children![1]!);
    expect(snapshot.view(tree.withCode('east')!, true).children![0]).not.toHaveProperty('perHour');
    expect(snapshot.nodes()).toEqual({ city: 162, east: 160, west: 2 });
  });

  it('knows whether a look tells of an organisation that is newer', () => {
    const tree = new CountdownTree(nodes);
    expect([tree.knows(look({ counts: { e1: 1 } })), tree.knows(look({ targets: { x: 1 } }))]).toEqual([true, false]);
  });
});

it('the smallest share comes first, of equal shares the one that misses more, without a target last', () => {
  const child = (code: string, enrolled: number, target: number | null): NodeProgress => ({
    code,
    name: code,
    kind: 'unit',
    ...progress(enrolled, target),
  });
  const sorted = [child('A', 0, null), child('B', 9_999, 10_000), child('C', 5, 10), child('D', 50, 100), child('E', 99_998, 100_000)].sort(
    byDistance,
  );
  expect(sorted.map(({ code }) => code)).toEqual(['D', 'C', 'B', 'E', 'A']);
  expect([child('Z', 1, 2), child('Y', 1, 2)].sort(byDistance).map(({ code }) => code)).toEqual(['Y', 'Z']);
});

describe('the pace', () => {
  const last = { second: OPENED + 10 * HOUR, members: 1_000 };

  it('is what came since the sample of that time', () => {
    const samples = [
      { second: OPENED + 9 * HOUR, members: 880 },
      { second: OPENED + 9 * HOUR + 60, members: 900 },
    ];
    expect(paceOver(HOUR, OPENED, samples, last)).toEqual({ gained: 120, seconds: HOUR });
    expect(paceOver(HOUR, OPENED, samples.toReversed(), last)).toEqual({ gained: 120, seconds: HOUR });
  });

  it('is taken as even where nobody looked, from the opening on', () => {
    expect(paceOver(HOUR, OPENED, [], last)).toEqual({ gained: 100, seconds: HOUR });
    expect(paceOver(HOUR, OPENED, [{ second: OPENED + 8 * HOUR, members: 800 }], last)).toEqual({ gained: 100, seconds: HOUR });
    expect(paceOver(86_400, OPENED, [], last)).toEqual({ gained: 1_000, seconds: 10 * HOUR });
  });

  it('is unknown in the first minute', () => expect(paceOver(HOUR, OPENED, [], { second: OPENED + 59, members: 5 })).toBeUndefined());
});

describe('the projection', () => {
  const samples = [{ second: OPENED + 9 * HOUR, members: 880, nodes: null }];
  const now = at(10 * HOUR);

  it('goes on at the pace of the last hour', () => {
    expect(project(look({ samples }), now, progress(1_000, 1_060))).toEqual({
      perHour: { lastHour: 120, lastDay: 100 },
      projectedFinish: at(10 * HOUR + 1_800),
      projectedAtClose: 1_000 + 120 * (101 * 24 - 10),
    });
    expect(project(look(), at(7 * HOUR), progress(2, 3))).toMatchObject({
      perHour: { lastHour: 0.286 },
      projectedFinish: at(7 * HOUR + 12_600),
    });
  });

  it('takes a part of a person for no whole one, however long nobody looked', () => {
    const slow = 37 * 24;
    expect(project(look(), at(slow * HOUR), progress(6, 12))).toEqual({
      perHour: { lastHour: 0.007, lastDay: 0.007 },
      projectedFinish: at(2 * slow * HOUR),
      projectedAtClose: 16,
    });
  });

  it('has no finish where nothing comes, nobody set a target, or it would be beyond all time', () => {
    const still = look({ samples: [{ second: OPENED + 9 * HOUR, members: 1_000, nodes: null }] });
    expect(project(still, now, progress(1_000, 1_060))).toMatchObject({ projectedFinish: null, projectedAtClose: 1_000 });
    const shrinking = look({ samples: [{ second: OPENED + 9 * HOUR, members: 1_001, nodes: null }] });
    expect(project(shrinking, now, progress(1_000, 1_060))).toMatchObject({
      perHour: { lastHour: -1 },
      projectedFinish: null,
      projectedAtClose: 0,
    });
    expect(project(look({ samples }), now, progress(1_000, null))).toMatchObject({ projectedFinish: null });
    const slow = look({ samples: [{ second: OPENED + 9 * HOUR, members: 999, nodes: null }] });
    expect(project(slow, now, progress(1_000, 1_000_000_000_000))).toMatchObject({ projectedFinish: null });
  });

  it('of a target that is met is now', () =>
    expect(project(look({ samples }), now, progress(1_000, 1_000))).toMatchObject({ projectedFinish: now }));

  it('is none before the opening, and what was enrolled after the closing', () => {
    const unknown = { perHour: { lastHour: null, lastDay: null }, projectedFinish: null };
    expect(project(look(), at(-1), progress(0, 5))).toEqual({ ...unknown, projectedAtClose: null });
    expect(project(look({ samples }), CLOSES, progress(900, 1_000))).toEqual({ ...unknown, projectedAtClose: 900 });
    expect(project(look(), at(30), progress(3, 5))).toEqual({ ...unknown, projectedAtClose: null });
  });
});
