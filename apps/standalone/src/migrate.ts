/** Brings the database of DATABASE_URL up to date, and makes the first administrator when ADMINISTRATOR_PASSWORD is set and nobody is there. */
import { NestFactory } from '@nestjs/core';
import { DomainError } from '@app/kernel';
import { Accounts, Database, PlatformModule, readConfigOrExit, UserAccount } from '@app/platform';
import { migrate } from './schema.js';

const config = readConfigOrExit(process.env);
await migrate(config).catch((error: unknown) => {
  if (!(error instanceof DomainError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
});
const password = process.env.ADMINISTRATOR_PASSWORD;
if (password) {
  const context = await NestFactory.createApplicationContext(PlatformModule.forRoot({ config, entities: [], poolSize: 2 }), {
    logger: ['error', 'warn'],
  });
  if ((await context.get(Database).direct.count(UserAccount)) === 0) {
    await context
      .get(Accounts)
      .create({ login: 'administrator', displayName: '管理员', password, roles: ['administrator'], organisationPath: '/' });
    console.log('made the account "administrator"');
  }
  await context.close();
}
console.log('the database is up to date');
