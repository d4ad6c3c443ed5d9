/** The import law holds only if each of its rules can go red: every rule of .dependency-cruiser.cjs is broken once here, in a tree made for it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const REPOSITORY = join(import.meta.dirname, '../..');
const CONFIG = join(REPOSITORY, '.dependency-cruiser.cjs');
const { forbidden } = createRequire(import.meta.url)(CONFIG) as { forbidden: { name: string }[] };

interface Break {
  readonly rule: string;
  /** This file … */
  readonly from: string;
  /** … imports this: a file of the tree, or a package. */
  readonly to: string;
}

const claims = (path: string): string => `libs/claims/src/${path}.ts`;
const index = (lib: string): string => `libs/${lib}/src/index.ts`;

/** In a file of its own each, so that one run shows them all. */
const BREAKS: readonly Break[] = [
  { rule: 'no-later-stage-than-acceptance', from: claims('acceptance/a'), to: claims('adjudication/index') },
  { rule: 'no-later-stage-than-adjudication', from: claims('adjudication/a'), to: claims('approval/index') },
  { rule: 'no-later-stage-than-approval', from: claims('approval/a'), to: claims('batch/index') },
  { rule: 'no-later-stage-than-batch', from: claims('batch/a'), to: claims('payment/index') },
  { rule: 'no-later-stage-than-payment', from: claims('payment/a'), to: claims('reconciliation/index') },
  { rule: 'stage-through-its-index', from: claims('payment/b'), to: claims('batch/batch.repository') },
  { rule: 'composer-through-the-index', from: claims('claims.module'), to: claims('batch/batch.repository') },
  { rule: 'past-the-index-only-claims-migration', from: claims('claims.migration'), to: claims('payment/payment.repository') },
  { rule: 'past-the-index-only-due', from: claims('due'), to: claims('reconciliation/reconciliation.repository') },
  { rule: 'claim-knows-no-stage', from: claims('claim.repository'), to: claims('acceptance/index') },
  { rule: 'kernel-imports-only', from: 'libs/kernel/src/a.ts', to: index('contracts') },
  { rule: 'contracts-imports-only', from: 'libs/contracts/src/a.ts', to: index('platform') },
  { rule: 'benefits-imports-only', from: 'libs/benefits/src/load-plans.ts', to: index('enrolment') },
  { rule: 'platform-imports-only', from: 'libs/platform/src/a.ts', to: index('ledger') },
  { rule: 'ledger-imports-only', from: 'libs/ledger/src/a.ts', to: index('enrolment') },
  { rule: 'gateways-imports-only', from: 'libs/gateways/src/a.ts', to: index('ledger') },
  { rule: 'enrolment-imports-only', from: 'libs/enrolment/src/a.ts', to: index('claims') },
  { rule: 'claims-imports-only', from: claims('payment/payment.service'), to: 'libs/office/src/index.ts' },
  { rule: 'lib-through-its-index', from: 'apps/worker/src/a.ts', to: claims('claim.repository') },
  { rule: 'libs-never-import-apps', from: claims('batch/c'), to: 'apps/worker/src/due-work.ts' },
  { rule: 'apps-apart', from: 'apps/claims/src/b.ts', to: 'apps/worker/src/due-work.ts' },
  { rule: 'simulators-share-only-contracts', from: 'apps/simulators/src/a.ts', to: index('kernel') },
  { rule: 'kernel-imports-nothing', from: 'libs/kernel/src/b.ts', to: 'node:crypto' },
  { rule: 'contracts-import-the-xml-parser-only', from: 'libs/contracts/src/b.ts', to: 'yaml' },
  { rule: 'benefits-import-the-language-only', from: 'libs/benefits/src/calculate.ts', to: 'node:fs' },
  { rule: 'load-plans-reads-files-only', from: 'libs/benefits/src/load-plans.ts', to: 'yaml' },
  { rule: 'rehearsal-page-draws-only', from: 'libs/benefits/src/rehearsal-page.ts', to: 'yaml' },
  { rule: 'pure-without-frameworks', from: claims('payment/from-batch'), to: 'typeorm' },
  { rule: 'pure-calls-only-pure', from: 'libs/ledger/src/ledger.ts', to: index('platform') },
  { rule: 'http-and-queue-in-apps-and-platform', from: 'libs/enrolment/src/b.ts', to: 'bullmq' },
  { rule: 'http-client-in-one-file', from: 'libs/enrolment/src/c.ts', to: 'node:http' },
  { rule: 'no-dev-dependency', from: 'libs/enrolment/src/d.ts', to: 'supertest' },
  { rule: 'no-undeclared-package', from: 'libs/enrolment/src/e.ts', to: 'lodash' },
  { rule: 'no-cycle', from: 'libs/enrolment/src/f.ts', to: 'libs/enrolment/src/f.ts' },
  { rule: 'no-unresolvable', from: 'libs/enrolment/src/g.ts', to: 'not-installed' },
  { rule: 'no-dead-file', from: 'apps/worker/src/main.ts', to: 'libs/enrolment/src/dead.ts' },
];

/** Imports that the law allows, at its edges: none of them may be red. */
const ALLOWED: readonly Omit<Break, 'rule'>[] = [
  { from: claims('reconciliation/ok'), to: claims('acceptance/index') },
  { from: claims('reconciliation/ok'), to: claims('claim.repository') },
  { from: claims('claims.migration'), to: claims('payment/payment') },
  { from: 'libs/gateways/src/http-client.ts', to: 'node:http' },
  { from: 'libs/platform/src/queue.ts', to: 'bullmq' },
  { from: 'apps/standalone/src/gen/ok.ts', to: 'supertest' },
  { from: 'libs/benefits/src/plan.ts', to: 'yaml' },
  { from: 'libs/benefits/src/plan-hash.ts', to: 'yaml' },
  { from: 'apps/standalone/src/main.ts', to: 'apps/worker/src/due-work.ts' },
  { from: 'apps/simulators/src/ok.ts', to: index('contracts') },
  { from: claims('payment/payment.medium-spec'), to: claims('batch/batch.repository') },
  { from: 'libs/kernel/src/money.spec.ts', to: 'supertest' },
  { from: 'test/support/ok.ts', to: claims('batch/batch.repository') },
];

const DEPENDENCIES = ['yaml', 'typeorm', 'bullmq'];
const DEV_DEPENDENCIES = ['supertest'];
const UNDECLARED = ['lodash'];

let tree: string;
let violations: { rule: { name: string }; from: string; to: string }[];

function write(path: string, text: string): void {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function specifier({ from, to }: Omit<Break, 'rule'>): string {
  if (!/^(apps|libs)\//.test(to)) return to;
  const [, lib, inside] = /^libs\/([^/]+)\/src\/(.+)$/.exec(to) ?? [];
  if (lib && inside === 'index.ts' && lib !== 'office' && !from.startsWith(`libs/${lib}/`)) return `@app/${lib}`;
  const path = relative(dirname(from), to).replace(/\.ts$/, '.js');
  return path.startsWith('.') ? path : `./${path}`;
}

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'hubao-import-law-'));
  for (const name of [...DEPENDENCIES, ...DEV_DEPENDENCIES, ...UNDECLARED]) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, 'module.exports = {};\n');
  }
  const versions = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, '1.0.0']));
  write(
    'package.json',
    JSON.stringify({ name: 'tree', type: 'module', dependencies: versions(DEPENDENCIES), devDependencies: versions(DEV_DEPENDENCIES) }),
  );
  copyFileSync(join(REPOSITORY, 'tsconfig.json'), join(tree, 'tsconfig.json'));

  const imports = new Map<string, string[]>();
  for (const edge of [...BREAKS.filter(({ rule }) => rule !== 'no-dead-file'), ...ALLOWED]) {
    imports.set(edge.from, [...(imports.get(edge.from) ?? []), `import '${specifier(edge)}';`]);
    if (/^(apps|libs)\//.test(edge.to) && !imports.has(edge.to)) imports.set(edge.to, []);
  }
  for (const lib of ['contracts', 'kernel', 'platform', 'ledger', 'enrolment', 'claims'])
    imports.set(index(lib), imports.get(index(lib)) ?? []);
  imports.set('libs/enrolment/src/dead.ts', []);
  // Everything but one file is part of a program.
  const live = [...imports.keys()].filter((path) => !path.includes('dead') && !/spec\.ts$|^test\/|\/main\.ts$/.test(path));
  const main = 'apps/standalone/src/main.ts';
  imports.set(main, [
    ...(imports.get(main) ?? []),
    ...live.map((to) => `import '${relative(dirname(main), to).replace(/\.ts$/, '.js')}';`),
  ]);
  for (const [path, lines] of imports) write(path, `${lines.join('\n')}\nexport {};\n`);

  const cli = join(REPOSITORY, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [cli, '--config', CONFIG, '--output-type', 'json', 'apps', 'libs', 'test'],
    {
      cwd: tree,
      maxBuffer: 16 * 1024 * 1024,
    },
  ).catch((error: { stdout: string }) => error);
  ({ violations } = (JSON.parse(stdout) as { summary: { violations: typeof violations } }).summary);
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

test('every rule is broken here once', () => {
  expect(BREAKS.map(({ rule }) => rule).sort()).toEqual(forbidden.map(({ name }) => name).sort());
});

test('the order of the stages is that of the lifecycle', () => {
  const stages = /type Stage =([^;]+);/.exec(readFileSync(join(REPOSITORY, claims('lifecycle')), 'utf8'))![1]!;
  const law = BREAKS.flatMap(({ rule }) => /^no-later-stage-than-(.+)$/.exec(rule)?.[1] ?? []);
  expect([...stages.matchAll(/'([a-z]+)'/g)].map((match) => match[1])).toEqual([...law, 'reconciliation']);
});

test.each(BREAKS)('$rule is red when $from imports $to', ({ rule, from, to }) => {
  const hits = violations.filter((violation) => violation.rule.name === rule);
  expect(hits).toContainEqual(
    rule === 'no-dead-file'
      ? expect.objectContaining({ from: to })
      : expect.objectContaining({ from, to: expect.stringContaining(to.replace('node:', '')) }),
  );
});

test.each(ALLOWED)('$from may import $to', ({ from, to }) => {
  expect(violations.filter((violation) => violation.from === from && violation.to.includes(to.replace('node:', '')))).toEqual([]);
});
