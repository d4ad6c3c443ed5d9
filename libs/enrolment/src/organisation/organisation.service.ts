import { Injectable } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import { Database, newId } from '@app/platform';
import type { Organisation } from './organisation.entity.js';
import { isOrganisationCode, mayStandUnder, pathUnder, type OrganisationKind } from './organisation.js';
import { insertOrganisations, organisationByCode } from './organisation.repository.js';

export interface NewOrganisation {
  kind: OrganisationKind;
  code: string;
  name: string;
  parentCode?: string;
}

@Injectable()
export class OrganisationService {
  constructor(private readonly database: Database) {}

  /** Errors: `organisation-code`, `organisation-place` (invalid), `organisation-parent` (not found), `organisation-exists` (conflict). */
  create({ kind, code, name, parentCode }: NewOrganisation): Promise<Organisation> {
    if (!isOrganisationCode(kind, code)) {
      const expected = kind === 'unit' ? 'a unified social credit code (GB 32100)' : '1 to 18 digits, capital letters or hyphens';
      throw new DomainError('organisation-code', 'invalid', `code: expected ${expected}, found something else; correct it`);
    }
    return this.database.transaction(async (tx) => {
      const parent = parentCode === undefined ? undefined : await organisationByCode(tx, parentCode);
      if (parent === null)
        throw new DomainError(
          'organisation-parent',
          'not-found',
          'parentCode: expected a known organisation, found none; make the parent first',
        );
      if (!mayStandUnder(kind, parent?.kind)) {
        throw new DomainError(
          'organisation-place',
          'invalid',
          `expected region › city › county or industry › unit, found ${kind} under ${parent?.kind ?? 'nothing'}; name another parent`,
        );
      }
      const organisation: Organisation = {
        id: newId(),
        parent_id: parent?.id ?? null,
        kind,
        code,
        name,
        path: pathUnder(parent?.path, code),
      };
      await insertOrganisations(tx, [organisation]);
      const stored = (await organisationByCode(tx, code))!;
      // The same again is the same organisation.
      if (stored.path !== organisation.path || stored.kind !== kind || stored.name !== name) {
        throw new DomainError(
          'organisation-exists',
          'conflict',
          `expected a code that is not in use, found it on another ${stored.kind}; choose another code`,
        );
      }
      return stored;
    });
  }
}
