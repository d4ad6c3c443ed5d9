import { rowsOf, newId, type Transaction } from '@app/platform';
import { Organisation } from './organisation.entity.js';
import { pathUnder } from './organisation.js';

export const organisationByCode = (tx: Transaction, code: string): Promise<Organisation | null> => tx.findOneBy(Organisation, { code });

export const organisationById = (tx: Transaction, id: string): Promise<Organisation | null> => tx.findOneBy(Organisation, { id });

export const organisationsByCode = (tx: Transaction, codes: readonly string[]): Promise<Organisation[]> =>
  rowsOf(tx, 'select id, parent_id, kind, code, name, path from organisation where code = any($1::text[])', [codes]);

/** Returns those that are new: those whose code is in use already stay as they are; in the order of the codes, so that two imports cannot wait for each other. */
export async function insertOrganisations(
  tx: Transaction,
  organisations: readonly Organisation[],
): Promise<{ id: string; code: string }[]> {
  if (organisations.length === 0) return [];
  return rowsOf(
    tx,
    `insert into organisation (id, parent_id, kind, code, name, path)
     select id, parent_id, kind, code, name, path from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) as o(id, parent_id, kind, code, name, path)
     order by code
     on conflict (code) do nothing returning id, code`,
    (['id', 'parent_id', 'kind', 'code', 'name', 'path'] as const).map((column) =>
      organisations.map((organisation) => organisation[column]),
    ),
  );
}

export const newUnit = (parent: Pick<Organisation, 'id' | 'path'>, code: string, name: string): Organisation => ({
  id: newId(),
  parent_id: parent.id,
  kind: 'unit',
  code,
  name,
  path: pathUnder(parent.path, code),
});
