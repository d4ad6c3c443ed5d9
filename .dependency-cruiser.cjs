/**
 * The import law (docs/ARCHITECTURE.md), generated from the order of the stages and the table of libraries below. test/tidy/import-law.spec.ts
 * breaks each rule once and sees it red.
 */
const STAGES = ['acceptance', 'adjudication', 'approval', 'batch', 'payment', 'reconciliation'];

/** What each library may import of the others. */
const LIBS = {
  kernel: [],
  contracts: ['kernel'],
  benefits: ['kernel'],
  platform: ['contracts', 'kernel'],
  ledger: ['kernel', 'platform'],
  gateways: ['contracts', 'kernel', 'platform'],
  enrolment: ['contracts', 'kernel', 'ledger', 'platform'],
  claims: ['benefits', 'contracts', 'enrolment', 'gateways', 'kernel', 'ledger', 'platform'],
};

/** Files at the root of libs/claims/src that put the stages together; every other root file is open to the stages and imports none. */
const COMPOSERS = ['claim-reader', 'claims.migration', 'claims.module', 'due', 'index'];
/** Constants that the migration and the sweeper's query need without the services of the stage: the one way past an index.ts. */
const PAST_INDEX = { 'claims.migration': 'payment/payment', due: 'reconciliation/reconciliation' };

const TESTS = String.raw`^test/|\.(medium-)?spec\.ts$|^apps/simulators/src/testing\.ts$`;
/** What node starts; a `-worker.ts` is a thread, started by its address. */
const PROGRAMS = String.raw`^apps/[^/]+/src/(gen/main|main|migrate)\.ts$|^apps/plans/src/(book|plan-check|plan-new|quote|rehearse|replay)\.ts$|^libs/benefits/src/browser\.ts$|^libs/.+-worker\.ts$`;
const STAGE = `(?:${STAGES.join('|')})`;
const any = (names) => `(?:${names.join('|')})`;
const npm = (...names) => `(?:^|/)node_modules/${any(names)}(?:/|$)`;
const core = (...names) => `^(?:node:)?${any(names)}(?:/|$)`;

/** Decisions without a clock, I/O or a framework: `<stage>.ts`, `from-<previous>.ts`, and the files that hold only rules and shapes. */
const PURE = [
  ...STAGES.map((stage) => String.raw`^libs/claims/src/${stage}/(?:${stage}|from-[a-z-]+|approval-policy|book|settlement-report)\.ts$`),
  String.raw`^libs/claims/src/(?:claim|lifecycle)\.ts$`,
  ...['certificate', 'contribution', 'cover', 'difference', 'join', 'member', 'organisation', 'roster', 'underwriting', 'window'].map(
    (noun) => String.raw`^libs/enrolment/src/${noun}/${noun}\.ts$`,
  ),
  String.raw`^libs/enrolment/src/roster/(?:cell-text|roster-column|roster-header)\.ts$`,
  String.raw`^libs/enrolment/src/window/(?:countdown|extension)\.ts$`,
  String.raw`^libs/enrolment/src/contribution/(?:matching|refund|suspense)\.ts$`,
  String.raw`^libs/ledger/src/ledger\.ts$`,
  String.raw`^libs/benefits/src/(?!load-plans\.ts$|rehearsal-page\.ts$|index\.ts$)[^/]+\.ts$`,
];
const FRAMEWORKS = [
  npm('@nestjs', 'typeorm', 'bullmq', 'ioredis', 'pg', 'fastify'),
  core('fs', 'http', 'https', 'http2', 'net', 'child_process'),
];

const rule = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from: { ...from, pathNot: [TESTS, ...[from.pathNot ?? []].flat()] },
  to,
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...STAGES.slice(0, -1).map((stage, index) =>
      rule(
        `no-later-stage-than-${stage}`,
        'A stage knows the stages before it, never one after it: what comes next is woken by a state.',
        { path: `^libs/claims/src/${stage}/` },
        { path: `^libs/claims/src/${any(STAGES.slice(index + 1))}/` },
      ),
    ),
    rule(
      'stage-through-its-index',
      'A stage is seen through its index.ts.',
      { path: `^libs/claims/src/(${STAGES.join('|')})/` },
      { path: `^libs/claims/src/${STAGE}/`, pathNot: [`^libs/claims/src/$1/`, String.raw`/index\.ts$`] },
    ),
    rule(
      'composer-through-the-index',
      'What puts the stages together sees them through their index.ts, but for the constants listed above.',
      { path: `^libs/claims/src/${any(COMPOSERS)}\\.ts$`, pathNot: `^libs/claims/src/${any(Object.keys(PAST_INDEX))}\\.ts$` },
      { path: `^libs/claims/src/${STAGE}/`, pathNot: String.raw`/index\.ts$` },
    ),
    ...Object.entries(PAST_INDEX).map(([file, target]) =>
      rule(
        `past-the-index-only-${file.replace('.', '-')}`,
        'This file may pass one index.ts, for the constants of one pure file.',
        { path: `^libs/claims/src/${file}\\.ts$` },
        { path: `^libs/claims/src/${STAGE}/`, pathNot: [String.raw`/index\.ts$`, `^libs/claims/src/${target}\\.ts$`] },
      ),
    ),
    rule(
      'claim-knows-no-stage',
      'The claim itself and its lifecycle are open to the stages, and import none.',
      { path: String.raw`^libs/claims/src/[^/]+\.ts$`, pathNot: `^libs/claims/src/${any(COMPOSERS)}\\.ts$` },
      { path: `^libs/claims/src/${STAGE}/` },
    ),
    ...Object.entries(LIBS).map(([lib, allowed]) =>
      rule(
        `${lib}-imports-only`,
        `${lib} may import ${allowed.length === 0 ? 'no other library' : allowed.join(', ')}.`,
        { path: `^libs/${lib}/` },
        { path: '^libs/', pathNot: `^libs/${any([lib, ...allowed])}/` },
      ),
    ),
    rule(
      'lib-through-its-index',
      'A library is seen through its index.ts.',
      { path: '^(apps|libs)/([^/]+)/' },
      { path: '^libs/', pathNot: [String.raw`^libs/[^/]+/src/index\.ts$`, '^$1/$2/'] },
    ),
    rule('libs-never-import-apps', 'A library does not know who uses it.', { path: '^libs/' }, { path: '^apps/' }),
    rule(
      'apps-apart',
      'No app imports another; standalone alone composes them.',
      { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    rule(
      'simulators-share-only-contracts',
      'The outside world must not share the mistakes of the engine.',
      { path: '^apps/simulators/' },
      { path: '^libs/', pathNot: '^libs/contracts/' },
    ),
    rule('kernel-imports-nothing', 'The kernel stands on the language alone.', { path: '^libs/kernel/' }, { pathNot: '^libs/' }),
    rule(
      'contracts-import-the-xml-parser-only',
      'Shapes on the wire need the kernel and an XML parser.',
      { path: '^libs/contracts/' },
      { pathNot: ['^libs/', npm('fast-xml-parser')] },
    ),
    rule(
      'benefits-import-the-language-only',
      'Benefit rules are data and arithmetic: what reads YAML, checks a shape and hashes, and nothing else.',
      { path: '^libs/benefits/', pathNot: String.raw`^libs/benefits/src/(load-plans|rehearsal-page)\.ts$` },
      { pathNot: ['^libs/', npm('yaml', 'zod', '@noble/hashes')] },
    ),
    rule(
      'rehearsal-page-draws-only',
      'The one file of benefits that draws.',
      { path: String.raw`^libs/benefits/src/rehearsal-page\.ts$` },
      { pathNot: ['^libs/', npm('echarts')] },
    ),
    rule(
      'load-plans-reads-files-only',
      'The one file of benefits that touches the disk.',
      { path: String.raw`^libs/benefits/src/load-plans\.ts$` },
      { pathNot: ['^libs/', core('fs', 'path')] },
    ),
    rule('pure-without-frameworks', 'A decision knows no framework, not even its types.', { path: PURE }, { path: FRAMEWORKS }),
    rule(
      'pure-calls-only-pure',
      'What a decision calls is pure too; it may name the types of anything.',
      { path: PURE },
      {
        pathNot: [...PURE, '^libs/(kernel|contracts|benefits)/', npm('yaml', 'zod', '@noble/hashes')],
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'http-and-queue-in-apps-and-platform',
      'Controllers and processors live in the apps, so a library needs neither HTTP nor BullMQ; platform is the plumbing of both.',
      { path: '^libs/', pathNot: '^libs/platform/' },
      {
        path: npm('bullmq', '@nestjs/bullmq', 'ioredis', 'fastify', '@nestjs/platform-fastify', '@nestjs/swagger', 'class-validator'),
      },
    ),
    rule(
      'http-client-in-one-file',
      'Outside parties are called through one client; the simulators and the demo’s people are the outside themselves.',
      {
        path: '^(libs|apps)/',
        pathNot: [
          String.raw`^libs/gateways/src/http-client\.ts$`,
          '^libs/platform/',
          '^apps/simulators/',
          String.raw`^apps/standalone/src/http-person\.ts$`,
        ],
      },
      { path: core('http', 'https', 'http2') },
    ),
    rule(
      'no-dev-dependency',
      'What runs in production is a dependency; what makes files of the sources does not run there.',
      { path: '^(apps|libs)/', pathNot: '^apps/standalone/src/gen/' },
      { dependencyTypes: ['npm-dev'] },
    ),
    rule(
      'no-undeclared-package',
      'A package that is used is in package.json.',
      { path: '^(apps|libs)/' },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    { name: 'no-cycle', comment: 'Two files that need each other are one.', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', comment: 'Every import is found.', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dead-file',
      comment: 'Every source file is part of a program, or of a test.',
      severity: 'error',
      from: { path: PROGRAMS },
      to: { path: '^(apps|libs)/', pathNot: [PROGRAMS, TESTS], reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
