/** The database of an installation, for the commands that read its decisions: opened as the services open it, and closed again. */
import { BookService, PlanVersionService, ReplayService } from '@app/claims';
import { Audit, Database, PersonalDataVault, readConfigOrExit, SystemClock } from '@app/platform';
import { DataSource } from 'typeorm';

export interface StoredClaims {
  readonly book: BookService;
  readonly replay: ReplayService;
}

/** DATABASE_URL and HUBAO_MASTER_KEY say which. */
export async function withStoredClaims<T>(work: (claims: StoredClaims) => Promise<T>): Promise<T> {
  const config = readConfigOrExit(process.env);
  const vault = new PersonalDataVault(config.masterKey);
  const source = await new DataSource({ type: 'postgres', url: config.databaseUrl, poolSize: 2, applicationName: 'hubao' }).initialize();
  try {
    const database = new Database(source);
    const clock = new SystemClock();
    const plans = new PlanVersionService(database, clock, new Audit(database, clock));
    return await work({ book: new BookService(database, vault, plans), replay: new ReplayService(database, plans) });
  } finally {
    await source.destroy();
  }
}
