/** `npm run gen`: files that are made from others. A test fails where they differ from what stands here. */
import { planSchema } from '@app/benefits';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SCHEMA = join(import.meta.dirname, '../../../libs/benefits/plans/plan.schema.json');

writeFileSync(SCHEMA, `${JSON.stringify(planSchema(), null, 1)}\n`);
