/** `npm run -s plan:new`: a plan file to begin with, sound from the start, whose every number is to be replaced. */
import { parsePlan } from '@app/benefits';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fail, readArguments, run, typedPath } from './command.js';

const HELP = `npm run -s plan:new -- FILE.yaml

Writes a small sound plan, with the file's name as its id, to be changed value by value; npm run -s plan:check FILE.yaml says what is wrong.`;

const { positionals } = readArguments({ options: { help: { type: 'boolean', default: false } }, allowPositionals: true } as const, HELP);
const [file, ...more] = positionals;
if (file === undefined || more.length > 0) fail(`expected one file\n\n${HELP}`);
const id = basename(file, '.yaml');
if (!/^[a-z][a-z0-9-]*$/.test(id))
  fail(`expected a file name of small letters, digits and hyphens that ends in .yaml, found ${basename(file)}; it becomes the plan's id`);
const path = typedPath(file);
const SCHEMA = relative(dirname(path), join(import.meta.dirname, '../../../libs/benefits/plans/plan.schema.json'));
if (existsSync(path)) fail(`expected a file that does not exist yet, found one at ${path}; choose another name`);

await run(() => {
  const text = beginning(id);
  parsePlan(text, file);
  writeFileSync(path, text);
  console.log(`${file} is written. Replace every number and every "TODO", then: npm run -s plan:check -- ${file}`);
});

function beginning(id: string): string {
  return `# yaml-language-server: $schema=${SCHEMA}
#
# docs/PLANS.md explains every word. Each value says where it is printed (source and clause), or why it was chosen (interpreted).
id: ${id}
version: 1
title:
  zh: TODO 计划名称
  en: TODO name of the plan
issuer: TODO who issues the plan
effective_on: '2026-01-01'

sources:
  rules:
    title: TODO title, number and date of the published rules
    grade: TODO printed by whom

cover_period:
  from: '2026-01-01'
  to: '2026-12-31'
  source: rules
  clause: TODO

scope:
  med_types:
    value: ['21', '24']
    interpreted: TODO 21 is inpatient, 24 emergency to inpatient

cover:
  decided_by:
    value: discharge
    interpreted: TODO which day of a stay must be covered

rounding:
  unit:
    value: '0.01'
    interpreted: TODO
  mode:
    value: half-up
    interpreted: TODO

duties:
  medical:
    kind: reimbursement
    title: { zh: 医疗补助, en: medical benefit }
    base:
      value: B1
      interpreted: TODO B1 in-scope self-pay, B2 official self-pay, B3 personal burden
    summed_over:
      value: stay
      source: rules
      clause: TODO
    threshold:
      kind:
        value: deductible
        source: rules
        clause: TODO
      amount:
        value: '1000.00'
        source: rules
        clause: TODO
      per:
        value: stay
        source: rules
        clause: TODO
    bands_on:
      value: excess
      source: rules
      clause: TODO
    bands:
      - above: '0.00'
        rate: 50%
        source: rules
        clause: TODO

caps:
  period:
    duties: [medical]
    per:
      value: period
      source: rules
      clause: TODO
    amount:
      value: '50000.00'
      source: rules
      clause: TODO
`;
}
