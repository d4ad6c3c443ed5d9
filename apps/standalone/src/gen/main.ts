/** `npm run gen`: files that are made from others. With `--check` nothing is written, and it fails where one differs from what stands here. */
import { planSchema } from '@app/benefits';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { apiDocuments } from './api-documents.js';
import { errorList } from './error-list.js';

async function generated(): Promise<Map<string, string>> {
  const files = new Map([['libs/benefits/plans/plan.schema.json', `${JSON.stringify(planSchema(), null, 1)}\n`]]);
  const add = async (path: string, text: string) => files.set(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
  for (const [name, document] of Object.entries(await apiDocuments())) await add(`docs/api/${name}.openapi.json`, JSON.stringify(document));
  await add('docs/api/ERRORS.md', errorList());
  return files;
}

function standing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const differing = [...(await generated())].filter(([path, text]) => standing(path) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of differing) console.error(`${path}: expected what it is made from, found another; run npm run gen`);
  process.exitCode = differing.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of differing) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(path);
  }
}
