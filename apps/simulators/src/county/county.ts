/**
 * A county that never was, made from a seed: a roster as a union clerk would send it, a year of settlement messages and the platform's
 * register of people. What the engine should make of them is left out on purpose: it would only repeat the engine's mistakes.
 */
import type { PersonAnswer } from '@app/contracts';
import { makeFeed } from './feed.js';
import { BANK_ENDINGS } from './numbers.js';
import { makeUnits, People } from './people.js';
import { Random } from './random.js';
import { makeRoster } from './roster.js';

export interface CountyOptions {
  seed: number;
  /** Sound members; defective rows come on top. */
  members?: number;
  units?: number;
  rosterDefects?: boolean;
  /** Distinct 2304 messages, red records not counted. */
  settlements?: number;
}

export interface County {
  rosterCsv: string;
  /** One message each, the last one broken. */
  feedLines: string[];
  persons: PersonAnswer[];
}

const MEMBERS_PER_ENDING = 5;
const SAMPLE_MEMBERS = 11_132;

export function generateCounty({
  seed,
  members: count = SAMPLE_MEMBERS,
  units = 328,
  rosterDefects = true,
  settlements = 5369,
}: CountyOptions): County {
  const random = new Random(seed);
  const people = new People(random);
  const perEnding = Math.max(1, Math.round((MEMBERS_PER_ENDING * count) / SAMPLE_MEMBERS));
  const certain = BANK_ENDINGS.flatMap((ending) => Array.from({ length: perEnding }, () => people.make('45', ending)));
  const members = [...certain, ...Array.from({ length: count - certain.length }, () => people.make('45'))];
  const rosterCsv = makeRoster(random, people, random.shuffled(members), makeUnits(units), rosterDefects);
  const feedLines = makeFeed(random, { settlements, people, members, certain });
  return { rosterCsv, feedLines, persons: people.register() };
}
