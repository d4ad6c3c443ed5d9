import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planSchema } from './language.js';

describe('the published JSON Schema', () => {
  const published: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../plans/plan.schema.json'), 'utf8'));

  it('is the one of the language (npm run gen)', () => expect(published).toEqual(JSON.parse(JSON.stringify(planSchema()))));

  it('lets no unknown key pass', () => expect(published).toMatchObject({ additionalProperties: false }));
});
