/** Enrolment in two neighbouring counties, on a database of its own, for tests of what rosters bring about. */
import {
  CollectionBank,
  ContributionService,
  ENROLMENT_ENTITIES,
  ENROLMENT_MIGRATIONS,
  OrganisationService,
  RosterImportService,
  RosterService,
  WindowService,
} from '@app/enrolment';
import { Ledger1700000001000 } from '@app/ledger';
import { Database, PLATFORM_ENTITIES, PersonalDataVault, Platform1700000000000, type Principal, type Role } from '@app/platform';
import { DataSource } from 'typeorm';
import { UNIT } from './roster-files.js';
import type { SetClock } from './set-clock.js';
import { createTestDatabase } from './test-database.js';

export const COUNTY = '/45/4599/459999/';
export const principal = (role: Role, organisationPath: string): Principal => ({
  userId: role,
  login: role,
  roles: [role],
  organisationPath,
});
export const clerk = principal('unit-clerk', COUNTY);
export const unitClerk = principal('unit-clerk', `${COUNTY}${UNIT}/`);
export const neighbour = principal('unit-clerk', '/45/4599/459998/');
export const administrator = principal('administrator', '/');

class NoBank extends CollectionBank {
  statement(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

export interface Counties {
  readonly source: DataSource;
  readonly db: Database;
  readonly vault: PersonalDataVault;
  readonly rosters: RosterService;
  readonly windows: WindowService;
  readonly contributions: ContributionService;
  stop(): Promise<void>;
}

export async function startCounties(clock: SetClock): Promise<Counties> {
  const database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
  const source = await new DataSource({
    type: 'postgres',
    url: database.url,
    entities: [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES],
  }).initialize();
  const db = new Database(source);
  const vault = new PersonalDataVault(Buffer.alloc(32, 7).toString('base64'));
  const hours = { officeOpens: '09:00', officeCloses: '17:00', batchCut: '10:00', statementReady: '20:00' };
  const organisations = new OrganisationService(db);
  await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
  await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
  await organisations.create({ kind: 'county', code: '459999', name: '某县', parentCode: '4599' });
  await organisations.create({ kind: 'county', code: '459998', name: '邻县', parentCode: '4599' });
  return {
    source,
    db,
    vault,
    rosters: new RosterService(db, clock, vault, new RosterImportService(db, clock, vault)),
    windows: new WindowService(db, clock),
    contributions: new ContributionService(db, clock, { hours, collectionAccount: '6200009999000000025' }, new NoBank()),
    async stop() {
      await source.destroy();
      await database.drop();
    },
  };
}
