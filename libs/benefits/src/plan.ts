/**
 * The plan language: how a published plan is written as data (plans/), and the compiled form that the calculator runs on. A plan that is
 * not fully understood is refused whole.
 */
import { parseDocument } from 'yaml';
import { ZERO_FEN, formatYuan, type CivilDate, type Fen, type Rounding } from '@app/kernel';
import { planHash } from './plan-hash.js';
import * as read from './plan-reader.js';
import type { Place } from './plan-reader.js';

/** B1 in-scope self-pay, B2 official self-pay, B3 personal burden (domain facts §4). */
export type BaseSelector = 'B1' | 'B2' | 'B3';
/** A: bands over what is left after the deductible. B: bands over the base, the deductible's part of it unpaid. */
export type Reading = 'A' | 'B';

/** Where a value of the plan comes from: printed in a source, or chosen because the sources are silent. */
export type Ground = { readonly source: string; readonly clause: string } | { readonly interpreted: string };

/** A slice of the amount, above `aboveFen` up to and including `upToFen`. */
export interface CompiledBand {
  /** Key into {@link CompiledPlan.clauses}. */
  readonly clause: string;
  readonly aboveFen: Fen;
  /** null: no upper bound. */
  readonly upToFen: Fen | null;
  /** As published, "30%". */
  readonly rate: string;
  readonly rateBasisPoints: number;
}

export interface CompiledPlan {
  readonly id: string;
  readonly version: number;
  readonly title: { readonly zh: string; readonly en: string };
  readonly issuer: string;
  /** sha256 of the content with the selection in place; a decision keeps it. */
  readonly hash: string;
  /** First and last day of the cover period. */
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  readonly sources: Readonly<Record<string, { readonly title: string; readonly grade: string }>>;
  /** By the path of the value in the plan ("medical.deductible"): the clause keys of traces and reasons. */
  readonly clauses: Readonly<Record<string, Ground>>;
  /** Prefixes of med_type. */
  readonly medTypes: readonly string[];
  /** Last day to claim; the day after discharge is day 1. */
  readonly deadlineDays: number;
  readonly base: BaseSelector;
  readonly reading: Reading;
  /** Per stay. */
  readonly deductibleFen: Fen;
  /** Contiguous from 0, the last one open. */
  readonly bands: readonly CompiledBand[];
  readonly rounding: Rounding;
  /** Per cover period, on the medical line. */
  readonly capFen: Fen;
  readonly allowance: { readonly perDayFen: Fen; readonly limitFen: Fen; readonly minimumDays: number };
}

/** Answers chosen among a value's `options`, by its path: `{ 'base.selector': 'B2' }`. */
export type Selection = Readonly<Record<string, string | number>>;

type Clauses = Record<string, Ground>;
const GROUND_KEYS = ['source', 'clause', 'interpreted'] as const;

function readGround(at: Place, places: Partial<Record<(typeof GROUND_KEYS)[number], Place>>, sources: ReadonlySet<string>): Ground {
  const { source, clause, interpreted } = places;
  if (source && clause && !interpreted) {
    if (!sources.has(read.text(source)))
      read.refuse(source, `one of the sources ${[...sources].join(', ')}`, 'name a source listed under "sources"');
    return { source: read.text(source), clause: read.text(clause) };
  }
  if (interpreted && !source && !clause) return { interpreted: read.text(interpreted) };
  return read.refuse(
    at,
    'either source and clause, or interpreted',
    'say where the value is printed, or why it was chosen',
    describeGround(places),
  );
}

const describeGround = (places: object): string => GROUND_KEYS.filter((key) => key in places).join(', ') || 'no ground';

/** The values of a mapping together with its ground, which is recorded under the mapping's path. */
function grounded<R extends string, O extends string = never>(at: Place, required: readonly R[], optional: readonly O[], known: Known) {
  const places = read.mapping<R, O | (typeof GROUND_KEYS)[number]>(at, required, [...optional, ...GROUND_KEYS]);
  known.clauses[at.path] = readGround(at, places, known.sources);
  return places;
}

interface Known {
  readonly sources: ReadonlySet<string>;
  readonly clauses: Clauses;
}

function parameter<T>(at: Place, readValue: (at: Place) => T, known: Known): T {
  const places = grounded(at, ['value'], ['options'], known);
  if (places.options) {
    const options = read.list(places.options);
    options.forEach(readValue);
    if (!options.some((option) => option.value === places.value.value)) {
      read.refuse(places.value, `one of the options ${options.map((option) => option.value).join(', ')}`, 'choose one of them');
    }
  }
  return readValue(places.value);
}

function readBands(at: Place, known: Known): CompiledBand[] {
  const bands: CompiledBand[] = [];
  const items = read.list(at);
  items.forEach((item, index) => {
    const places = grounded(item, ['above', 'rate'], ['up_to'], known);
    const aboveFen = read.yuan(places.above);
    const upToFen = places.up_to ? read.yuan(places.up_to) : null;
    const startFen = bands.at(-1)?.upToFen ?? ZERO_FEN;
    if (aboveFen !== startFen) {
      const fault = aboveFen < startFen ? 'this band overlaps the one before' : 'a band is missing before this one';
      read.refuse(places.above, `'${formatYuan(startFen)}', where the band before ends`, `${fault}: make the bands meet`);
    }
    if (upToFen !== null && upToFen <= aboveFen)
      read.refuse(places.up_to ?? item, 'an upper bound above the lower one', 'correct the bounds');
    if ((upToFen === null) !== (index === items.length - 1)) {
      read.refuse(
        item,
        'an upper bound on every band but the last, and none on the last',
        'add or remove "up_to"',
        upToFen === null ? 'none' : 'one on the last',
      );
    }
    bands.push({ clause: item.path, aboveFen, upToFen, rate: read.text(places.rate), rateBasisPoints: read.percent(places.rate) });
  });
  return bands;
}

function medType(at: Place): string {
  const prefix = read.text(at);
  return /^\d{2,6}$/.test(prefix) ? prefix : read.refuse(at, 'two to six digits of a med_type', 'write the prefix in quotes');
}

function positiveYuan(at: Place): Fen {
  const amount = read.yuan(at);
  return amount > 0 ? amount : read.refuse(at, 'an amount above 0', 'correct the amount');
}

/** The content with the selected answers in place; an answer that is not among the options is refused. */
function select(content: unknown, selection: Selection, file: string): unknown {
  const copy: unknown = structuredClone(content);
  for (const [path, answer] of Object.entries(selection)) {
    const node = path.split('.').reduce<unknown>((at, key) => (read.isMapping(at) && Object.hasOwn(at, key) ? at[key] : undefined), copy);
    if (!read.isMapping(node) || !Array.isArray(node['options'])) {
      read.refuse({ file, path, value: node }, 'a value with options', 'select only values that list options', `the selection ${answer}`);
    }
    const options: readonly unknown[] = node['options'];
    if (!options.includes(answer))
      read.refuse({ file, path, value: answer }, `one of the options ${options.join(', ')}`, 'select one of them');
    node['value'] = answer;
  }
  return copy;
}

function parseYaml(yamlText: string, file: string): unknown {
  const document = parseDocument(yamlText);
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) read.refuse({ file, path: '', value: undefined }, 'YAML', 'correct the text', fault.message);
  return document.toJS();
}

/**
 * Compiles a plan, once, to integers of fen and basis points. `file` only names the text in messages; `selection` replaces the default of
 * values that list options, and changes the hash. Throws DomainError `plan-invalid` (kind invalid, details file, path, expected, found,
 * remedy) on anything it does not fully understand. Meaning of the fields: domain facts §3 and the comments of plans/.
 */
export function parsePlan(yamlText: string, file: string, selection: Selection = {}): CompiledPlan {
  const content = select(parseYaml(yamlText, file), selection, file);
  const root = read.mapping({ file, path: '', value: content }, [
    'id',
    'version',
    'title',
    'issuer',
    'sources',
    'cover_period',
    'scope',
    'cover',
    'claim',
    'base',
    'medical',
    'cap',
    'allowance',
  ]);
  const sources: Record<string, { title: string; grade: string }> = {};
  for (const [name, at] of read.entries(root.sources)) {
    const source = read.mapping(at, ['title', 'grade']);
    sources[name] = { title: read.text(source.title), grade: read.text(source.grade) };
  }
  const known: Known = { sources: new Set(Object.keys(sources)), clauses: {} };
  const title = read.mapping(root.title, ['zh', 'en']);

  const period = grounded(root.cover_period, ['from', 'to'], [], known);
  const coverFrom = read.date(period.from);
  const coverTo = read.date(period.to);
  if (coverTo < coverFrom) read.refuse(period.to, `a date not before ${coverFrom}`, 'correct the cover period');

  const scope = read.mapping(root.scope, ['med_types']);
  const cover = read.mapping(root.cover, ['decided_by']);
  const claim = read.mapping(root.claim, ['deadline_days', 'counted_from']);
  const base = read.mapping(root.base, ['selector']);
  const medical = read.mapping(root.medical, ['reading', 'deductible', 'deductible_per', 'bands', 'rounding']);
  const cap = read.mapping(root.cap, ['amount', 'per', 'applies_to']);
  const allowance = read.mapping(root.allowance, ['per_day', 'limit', 'limit_per', 'minimum_days']);

  // One answer is implemented for each of these: they are declared so that a plan that means something else is refused, not misread.
  parameter(cover.decided_by, read.oneOf('discharge'), known);
  parameter(claim.counted_from, read.oneOf('day-after-discharge'), known);
  parameter(medical.deductible_per, read.oneOf('stay'), known);
  parameter(cap.per, read.oneOf('period'), known);
  parameter(cap.applies_to, read.oneOf('medical'), known);
  parameter(allowance.limit_per, read.oneOf('stay'), known);

  const perDayFen = parameter(allowance.per_day, positiveYuan, known);
  const limitFen = parameter(allowance.limit, positiveYuan, known);
  if (limitFen < perDayFen) read.refuse(allowance.limit, 'a limit of at least one day', 'correct the limit or the amount a day');

  return {
    id: read.text(root.id),
    version: read.integer(root.version, 1),
    title: { zh: read.text(title.zh), en: read.text(title.en) },
    issuer: read.text(root.issuer),
    hash: planHash(content),
    coverFrom,
    coverTo,
    sources,
    medTypes: parameter(scope.med_types, (at) => read.list(at).map(medType), known),
    deadlineDays: parameter(claim.deadline_days, (at) => read.integer(at, 1), known),
    base: parameter(base.selector, read.oneOf('B1', 'B2', 'B3'), known),
    reading: parameter(medical.reading, read.oneOf('A', 'B'), known),
    deductibleFen: parameter(medical.deductible, read.yuan, known),
    bands: readBands(medical.bands, known),
    rounding: parameter(medical.rounding, read.oneOf('half-up', 'down', 'up'), known),
    capFen: parameter(cap.amount, positiveYuan, known),
    allowance: { perDayFen, limitFen, minimumDays: parameter(allowance.minimum_days, (at) => read.integer(at, 0), known) },
    clauses: known.clauses,
  };
}
