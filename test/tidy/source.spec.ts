/** What the text of the sources may not say, and what they are called. Each check is a function over one text, and is seen red on a text of its own below. */
import { describe, expect, test } from '@jest/globals';
import { QUEUES } from '@app/contracts';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LIFECYCLE } from '../../libs/claims/src/lifecycle.js';
import { PAYMENT_MOVES } from '../../libs/claims/src/payment/payment.js';
import { JOIN_MOVES } from '../../libs/enrolment/src/join/join.js';

const REPOSITORY = join(import.meta.dirname, '../..');
const SKIPPED = new Set(['node_modules', 'dist', '.data', '.git', 'coverage']);
const STAGES = ['acceptance', 'adjudication', 'approval', 'batch', 'payment', 'reconciliation'];

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

function filesUnder(folder: string): string[] {
  if (!existsSync(join(REPOSITORY, folder))) return [];
  return readdirSync(join(REPOSITORY, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesUnder(path);
    return [path];
  });
}

const CODE = ['apps', 'libs', 'test'].flatMap(filesUnder).filter((path) => /\.(ts|mjs)$/.test(path));
const isTest = (path: string): boolean => path.startsWith('test/') || /\.(medium-)?spec\.ts$/.test(path);
const SOURCES = CODE.filter((path) => !isTest(path));

/** The text without its comments; lines stay where they are. */
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')).replace(/(^|\s)\/\/.*$/gm, '$1');

interface Ban {
  readonly name: string;
  readonly pattern: RegExp;
  /** Files that may, and no others; one that no longer does is struck off. */
  readonly allowed: readonly string[];
  /** Tests may, too. */
  readonly inTests: boolean;
  readonly red: string;
  readonly green: string;
}

/** Of those who write plans: on the command line, with its files and its console. */
const PLAN_COMMANDS = ['book', 'plan-check', 'plan-new', 'quote', 'rehearse', 'replay'].map((command) => `apps/plans/src/${command}.ts`);
const PROGRAMS = ['claims', 'enrolment', 'simulators', 'standalone', 'worker'].map((app) => `apps/${app}/src/main.ts`);

const BANS: readonly Ban[] = [
  {
    name: 'the time comes from a clock',
    pattern: /\bDate\.now\(|\bnew Date\(\)/,
    allowed: ['libs/platform/src/clock.ts', 'apps/simulators/src/simulator.ts'],
    inTests: true,
    red: 'const at = new Date();',
    green: 'const at = new Date(text); // never new Date()',
  },
  {
    name: 'a field of a request is there or left out, and never null',
    pattern: /\bIsOptional\b/,
    allowed: [],
    inTests: true,
    red: '@IsOptional() @IsString() parentCode?: string;',
    green: '@MayBeLeftOut() @IsString() parentCode?: string; // not IsOptional',
  },
  {
    name: 'chance comes from node:crypto or a seed',
    pattern: /\bMath\.random\(/,
    allowed: [],
    inTests: false,
    red: 'if (Math.random() < 0.5) return;',
    green: 'if (randomInt(2) === 0) return;',
  },
  {
    name: 'no floating point is read or rounded',
    pattern: /\bparseFloat\(|\.toFixed\(|\bNumber\.parseFloat\b/,
    // Seconds and percentages.
    allowed: ['apps/standalone/src/main.ts', 'apps/standalone/src/summary.ts'],
    inTests: true,
    red: 'const fen = parseFloat(yuan) * 100;',
    green: 'const fen = parseYuan(yuan);',
  },
  {
    name: 'money is not divided',
    pattern: /[fF]en\b\)?\s*\/\s*\d/,
    allowed: [],
    inTests: true,
    red: 'const yuan = paidFen / 100;',
    green: 'const yuan = formatYuan(paidFen);',
  },
  {
    name: 'no any',
    pattern: /(?::|\bas|<)\s*any\b(?=\s*(?:[;,)=>{}\]|&[]|$))/m,
    allowed: [],
    inTests: false,
    red: 'const row = result as any;',
    green: "it('makes the reader throw: any text', () => {}); // any",
  },
  {
    name: 'the environment is read by the programs and handed on',
    pattern: /\bprocess\.env\b/,
    allowed: [
      ...PROGRAMS,
      'apps/standalone/src/migrate.ts',
      'apps/plans/src/command.ts',
      'apps/plans/src/stored-claims.ts',
      // What a child process inherits.
      'apps/standalone/src/system.ts',
      'libs/platform/src/embedded-postgres/postgres-binaries.ts',
    ],
    inTests: true,
    red: 'const url = process.env.BANK_URL;',
    green: 'const url = config.bankUrl;',
  },
  {
    name: 'only programs write to the console',
    pattern: /\bconsole\.\w+\(/,
    allowed: [
      'apps/simulators/src/main.ts',
      'apps/standalone/src/main.ts',
      'apps/standalone/src/gen/main.ts',
      'apps/standalone/src/migrate.ts',
      'apps/plans/src/command.ts',
      ...PLAN_COMMANDS,
    ],
    inTests: true,
    red: "console.log('here');",
    green: "logger.warn('here');",
  },
  {
    name: 'SQL stands in repositories and migrations',
    pattern:
      /['"`]\s*(?:with \w+ as\b|select\s+(?:\(|[\w*"$(]+(?:,|\.|\(|::)|from\b|\w+\s+from\b|\d|\*|count)|insert into |update \w+ (?:\w+ )?set |delete from |create (?:table|index|database|trigger|function|sequence) |drop (?:table|index|database) |truncate |copy |listen |alter (?:table|system) )/i,
    allowed: [
      'apps/standalone/src/conductor.ts',
      'libs/claims/src/due.ts',
      'libs/platform/src/audit.ts',
      'libs/platform/src/database.ts',
      'libs/platform/src/embedded-postgres/embedded-postgres.ts',
      'libs/platform/src/health.controller.ts',
      'libs/platform/src/outbox.ts',
      'libs/platform/src/relay.ts',
    ],
    inTests: true,
    red: 'await tx.query(`\n  update claim set state = $1`);',
    green: "throw refused('select one of them');",
  },
];

const offends = (ban: Ban, text: string): boolean => ban.pattern.test(withoutComments(text));
const mayHoldSql = (path: string): boolean => /\.(repository|migration)\.ts$/.test(path);

describe.each(BANS)('$name', (ban) => {
  const candidates = (ban.inTests ? SOURCES : CODE.filter((path) => !path.startsWith('test/tidy/'))).filter(
    (path) => !(ban.name.startsWith('SQL') && mayHoldSql(path)),
  );

  test('in all files but the ones listed', () => {
    expect(candidates.filter((path) => !ban.allowed.includes(path) && offends(ban, read(path)))).toEqual([]);
  });

  test('the list is no longer than it has to be', () => {
    const unused = ban.allowed.filter(
      (path) => !PROGRAMS.includes(path) && !(existsSync(join(REPOSITORY, path)) && offends(ban, read(path))),
    );
    expect(unused).toEqual([]);
  });

  test('red', () => {
    expect(offends(ban, ban.red)).toBe(true);
    expect(offends(ban, ban.green)).toBe(false);
  });
});

describe('names', () => {
  const KINDS = 'module|service|entity|repository|errors|controller|processor|gateway|migration|bench|spec|medium-spec';
  const NAME = new RegExp(`^[a-z0-9]+(-[a-z0-9]+)*(\\.(${KINDS}))?\\.(ts|mjs)$`);
  const badName = (path: string): boolean => !NAME.test(basename(path));

  test('files are kebab-case, with a kind that is known', () => {
    expect(CODE.filter(badName)).toEqual([]);
    expect(['claimReader.ts', 'claim.helper.ts', '_scratch.ts', 'claim.service.test.ts'].filter((path) => !badName(path))).toEqual([]);
  });

  const missingOf = (stage: string, files: readonly string[]): string[] =>
    ['index.ts', `${stage}.ts`, `${stage}.service.ts`, `${stage}.entity.ts`, `${stage}.repository.ts`].filter(
      (file) => !files.includes(file),
    );

  test('a stage has its door, its decisions, its use cases, its rows and its SQL', () => {
    for (const stage of STAGES) expect(missingOf(stage, readdirSync(join(REPOSITORY, 'libs/claims/src', stage)))).toEqual([]);
    expect(missingOf('batch', ['index.ts', 'batch.service.ts', 'batch.ts', 'batch.repository.ts'])).toEqual(['batch.entity.ts']);
  });

  test('the folders of the path are its stages, in its order', () => {
    const folders = readdirSync(join(REPOSITORY, 'libs/claims/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((entry) => entry.name).sort()).toEqual(STAGES);
    expect(new Set(Object.values(LIFECYCLE).map((row) => row.setBy))).toEqual(new Set(STAGES));
  });

  /** One noun, not in the plural. */
  const isSingularNoun = (name: string): boolean =>
    name === TRADE_NOUN || (/^[a-z]+(_[a-z]+)*$/.test(name) && !/(?<!s|alia)s$|ing$|ed$/.test(name));
  /** The trade's own word, which only looks like a verb. */
  const TRADE_NOUN = 'underwriting';

  test('queues are singular nouns, and those of the path are stages', () => {
    expect(QUEUES.filter((queue) => !isSingularNoun(queue))).toEqual([]);
    expect(QUEUES.filter((queue) => !STAGES.includes(queue))).toEqual([
      'roster',
      'contribution',
      'join',
      'notice',
      'rehearsal',
      'underwriting',
    ]);
    expect(['payments', 'matching', 'sent_ed', 'Payment'].filter(isSingularNoun)).toEqual([]);
  });

  const MIGRATIONS = SOURCES.filter((path) => path.endsWith('.migration.ts'));
  const tablesOf = (sql: string): string[] => [...sql.matchAll(/create table ("?\w+"?)/gi)].map((match) => match[1]!);

  test('tables are singular nouns in snake_case', () => {
    const tables = MIGRATIONS.flatMap((path) => tablesOf(read(path)));
    expect(tables.length).toBeGreaterThan(20);
    expect(tables.filter((table) => !isSingularNoun(table))).toEqual([]);
    expect(tablesOf('create table claims (id uuid); create table "Claim" (id uuid)').filter(isSingularNoun)).toEqual([]);
  });

  /** The two ends of a cover, as the plan names them. */
  const OTHER_DATES = ['cover_from', 'cover_to', 'last_cover_to'];
  const misnamedColumns = (sql: string): string[] =>
    [...sql.matchAll(/^\s*"?(\w+)"? (date|timestamptz|bigint)\b/gm)]
      .filter(([, name, type]) => {
        if (type === 'date') return name !== 'on' && !name!.endsWith('_on') && !OTHER_DATES.includes(name!);
        if (type === 'timestamptz') return name !== 'at' && !name!.endsWith('_at');
        return !name!.endsWith('_fen') && !['id', 'seq'].includes(name!);
      })
      .map((match) => match[1]!);

  test('a date ends in _on, an instant in _at, money in _fen', () => {
    expect(MIGRATIONS.flatMap((path) => misnamedColumns(read(path)))).toEqual([]);
    expect(misnamedColumns('  paid date,\n  paid_on date,\n  sent timestamptz,\n  amount bigint not null,')).toEqual([
      'paid',
      'sent',
      'amount',
    ]);
  });
});

describe('documents', () => {
  /** The moves of the nth mermaid state diagram: "from --> to", aliases resolved, [*] at both ends. */
  function drawnMoves(markdown: string, nth: number): string[] {
    const diagram = [...markdown.matchAll(/```mermaid\s*\nstateDiagram-v2\n([\s\S]*?)```/g)][nth]?.[1] ?? '';
    const aliases = new Map([...diagram.matchAll(/^\s*state "([^"]+)" as (\w+)/gm)].map((match) => [match[2]!, match[1]!]));
    const nameOf = (state: string): string => aliases.get(state) ?? state;
    return [...diagram.matchAll(/^\s*(\S+) --> (\S+?)(?: *:.*)?$/gm)]
      .map((match) => `${nameOf(match[1]!)} --> ${nameOf(match[2]!)}`)
      .sort();
  }

  function movesOf(table: Readonly<Record<string, readonly string[]>>): string[] {
    const states = Object.entries(table);
    return [
      `[*] --> ${states[0]![0]}`,
      ...states.flatMap(([from, next]) => (next.length === 0 ? [`${from} --> [*]`] : next.map((to) => `${from} --> ${to}`))),
    ].sort();
  }

  const claimMoves = Object.fromEntries(Object.entries(LIFECYCLE).map(([state, { next }]) => [state, next]));

  test('the drawing of the claim path is the lifecycle', () => {
    expect(drawnMoves(read('docs/CLAIM-PATH.md'), 0)).toEqual(movesOf(claimMoves));
  });

  test('the drawing of a payment is its table of moves', () => {
    expect(drawnMoves(read('docs/CLAIM-PATH.md'), 1)).toEqual(movesOf(PAYMENT_MOVES));
  });

  test('the drawing of a join is its table of moves', () => {
    expect(drawnMoves(read('docs/adr/0011-surge.md'), 0)).toEqual(movesOf(JOIN_MOVES));
  });

  test('a drawing that lacks a move, or has one too many, is red', () => {
    const drawing = '```mermaid\nstateDiagram-v2\n  state "to be" as toBe\n  [*] --> toBe\n  toBe --> been : told\n  been --> [*]\n```\n';
    expect(drawnMoves(drawing, 0)).toEqual(movesOf({ 'to be': ['been'], been: [] }));
    expect(drawnMoves(drawing, 0)).not.toEqual(movesOf({ 'to be': ['been', 'gone'], been: [], gone: [] }));
    expect(drawnMoves(drawing, 1)).toEqual([]);
  });

  const DOCUMENTS = [
    'README.md',
    'CHANGELOG.md',
    'apps/simulators/README.md',
    'docker/README.md',
    ...filesUnder('docs').filter((path) => path.endsWith('.md')),
  ];
  const linksOf = (markdown: string): string[] =>
    [...markdown.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);

  test('every link leads to a file', () => {
    const broken = DOCUMENTS.flatMap((path) =>
      linksOf(read(path))
        .filter((link) => !existsSync(join(REPOSITORY, dirname(path), link)))
        .map((link) => `${path}: ${link}`),
    );
    expect(broken).toEqual([]);
    expect(linksOf('[a](b/c.md#d), [e](https://example.org), [f](#g)')).toEqual(['b/c.md']);
  });

  test('every variable of the configuration is in the README', () => {
    const variables = new Set([...read('libs/platform/src/config.ts').matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map((match) => match[0]));
    expect([...variables].filter((name) => !read('README.md').includes(`\`${name}\``))).toEqual([]);
    expect(variables.size).toBeGreaterThan(10);
  });

  /** Context, decision and consequences, and the test or rule that holds it, in at most one page. */
  const lacking = (record: string): string[] => [
    ...['## Context', '## Decision', '## Consequences'].filter((heading) => !record.includes(`\n${heading}\n`)),
    ...(/^[*_]Kept by:[*_] \S/.test(record.trimEnd().split('\n').at(-1)!) ? [] : ['Kept by']),
    ...(record.split('\n').length > 50 ? ['one page'] : []),
  ];

  test('a decision record says why, what follows and what keeps it', () => {
    const records = filesUnder('docs/adr');
    expect(records.length).toBeGreaterThan(5);
    expect(records.flatMap((path) => lacking(read(path)).map((part) => `${path}: ${part}`))).toEqual([]);
    expect(lacking('# 1\n\n## Context\n\n## Decision\n\nNo.\n')).toEqual(['## Consequences', 'Kept by']);
  });
});
