/** The calculator runs in a browser: it is bundled for one, and the bundle is run with nothing around it that a browser does not have. */
import { expect, test } from '@jest/globals';
import { build, type BuildOptions } from 'esbuild';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SourceTextModule, createContext } from 'node:vm';
import type * as Calculator from '../../libs/benefits/src/browser.js';

const REPOSITORY = join(import.meta.dirname, '../..');
const ENTRY = 'libs/benefits/src/browser.ts';

interface Bundle {
  readonly text: string;
  /** What the bundle still imports when it is loaded. */
  readonly imports: readonly string[];
  /** The files of this repository that are in it. */
  readonly sources: readonly string[];
}

async function bundled(input: Pick<BuildOptions, 'entryPoints' | 'stdin'>): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...input,
    absWorkingDir: REPOSITORY,
    tsconfig: 'tsconfig.json',
    platform: 'browser',
    format: 'esm',
    bundle: true,
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  return {
    text: outputFiles[0]!.text,
    imports: Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path)),
    sources: Object.keys(metafile.inputs).filter((path) => !path.startsWith('node_modules/')),
  };
}
const fixture = (contents: string): Promise<Bundle> => bundled({ stdin: { contents, loader: 'ts', resolveDir: REPOSITORY } });

/** Of a browser's own globals those that the calculator is known to use; none of Node's. */
const BROWSER = { TextEncoder, structuredClone };

async function run({ text }: Bundle): Promise<unknown> {
  const module = new SourceTextModule(text, { context: createContext({ ...BROWSER }) });
  await module.link(() => {
    throw new Error('a bundle imports nothing');
  });
  await module.evaluate();
  return module.namespace;
}

const calculator = await bundled({ entryPoints: [ENTRY] });

test('the calculator is bundled whole, and imports nothing', () => {
  expect(calculator.imports).toEqual([]);
  expect(calculator.sources).toContain('libs/benefits/src/calculate.ts');
  expect(calculator.sources).not.toContain('libs/benefits/src/load-plans.ts');
});

test('of the model plan it pays 1,200.00 on a base of 5,000.00, in a browser', async () => {
  const { parsePlan, calculate, quoteCase, renderTrace, reasonOf } = (await run(calculator)) as typeof Calculator;
  const file = 'libs/benefits/plans/guangxi/guangxi-1-2025.yaml';
  const plan = parsePlan(readFileSync(join(REPOSITORY, file), 'utf8'), file);
  const { totalFen, benefits, trace } = quoteCase({ base: '5000.00' }, plan, 'a case');
  expect([totalFen, benefits['medical']]).toEqual([120_000, 120_000]);
  expect(renderTrace(trace!, plan, 'member', 'zh')).toMatch(/[\u4e00-\u9fff]/);
  expect(renderTrace(trace!, plan, 'auditor', 'en')).toContain(plan.hash);
  expect(calculate({ acceptedOn: plan.coverFrom, dischargeOn: plan.coverFrom, medType: '11' }, {}, plan).reason).toBe('not-inpatient');
  expect(reasonOf('not-inpatient').number).toBe(1);
});

test('a plan that is not understood is refused there as well', async () => {
  const { parsePlan } = (await run(calculator)) as typeof Calculator;
  expect(() => parsePlan('id: broken', 'broken.yaml')).toThrow(expect.objectContaining({ code: 'plan-invalid' }));
});

test('what reads a file is not bundled', async () => {
  await expect(fixture("import { readFileSync } from 'node:fs';\nexport const read = readFileSync;")).rejects.toThrow(
    'Could not resolve "node:fs"',
  );
  await expect(fixture(`export { loadPlan } from './libs/benefits/src/load-plans.js';`)).rejects.toThrow('Could not resolve "node:fs"');
});

test('what a bundle leaves to be imported is seen', async () => {
  const outside = await fixture("import clock from 'https://example.org/clock.js';\nexport const at = clock;");
  expect(outside.imports).toEqual(['https://example.org/clock.js']);
  await expect(run(outside)).rejects.toThrow('a bundle imports nothing');
});

test.each(['process.platform', "Buffer.from('a')", "require(String('fs'))", 'setImmediate', 'global'])(
  'what asks for %s does not run',
  async (of) => {
    await expect(run(await fixture(`export const found: unknown = ${of};`))).rejects.toThrow(/is not defined|is not supported/);
  },
);
