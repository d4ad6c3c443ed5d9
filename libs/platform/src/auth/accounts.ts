/** Accounts of the people who work here, and how they log in. Members log in with a one-time code (enrolment). */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '@app/kernel';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Database } from '../database.js';
import { newId } from '../new-id.js';
import type { Role } from './policy.js';
import { Tokens } from './token.js';
import { UserAccount } from './user.entity.js';

const scryptAsync = promisify<string, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt);
/** One of OWASP's equal settings for scrypt: the one that takes the least memory of a login, 16 MiB. */
const COST = { N: 2 ** 14, r: 8, p: 5 };

/** Duties that one person may not hold together. */
const SEPARATED: readonly (readonly [Role, Role])[] = [
  ['finance-maker', 'finance-checker'],
  ['claims-officer', 'reviewer'],
  ['auditor', 'administrator'],
];

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('base64')}$${(await scryptAsync(password, salt, 32, COST)).toString('base64')}`;
}

async function matches(password: string, stored: string): Promise<boolean> {
  const [salt, hash] = stored.split('$').map((part) => Buffer.from(part, 'base64'));
  return timingSafeEqual(await scryptAsync(password, salt!, 32, COST), hash!);
}

export interface NewAccount {
  login: string;
  displayName: string;
  password: string;
  roles: Role[];
  organisationPath: string;
}

@Injectable()
export class Accounts {
  // The work of a wrong login equals that of a right one, so that the answer's time does not tell which logins exist.
  private decoy: Promise<string> | undefined;

  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
    private readonly clock: Clock,
  ) {}

  /** Errors: `separation-of-duties` (invalid), `login-taken` (conflict). */
  async create(account: NewAccount): Promise<string> {
    for (const [a, b] of SEPARATED) {
      if (account.roles.includes(a) && account.roles.includes(b)) {
        throw new DomainError('separation-of-duties', 'invalid', `expected one of "${a}" and "${b}", found both; give them to two people`);
      }
    }
    const id = newId();
    const inserted = await this.database.direct
      .createQueryBuilder()
      .insert()
      .into(UserAccount)
      .values({
        id,
        login: account.login,
        display_name: account.displayName,
        password_hash: await hashPassword(account.password),
        roles: account.roles,
        organisation_path: account.organisationPath,
        disabled: false,
        created_at: this.clock.now(),
      })
      .orIgnore()
      .returning('id')
      .execute();
    if ((inserted.raw as unknown[]).length === 0)
      throw new DomainError('login-taken', 'conflict', `expected a login that is not in use; choose another`);
    return id;
  }

  /** Error: `account` (not found). */
  async resetPassword(login: string, password: string): Promise<void> {
    const { affected } = await this.database.direct.update(UserAccount, { login }, { password_hash: await hashPassword(password) });
    if (affected === 0)
      throw new DomainError('account', 'not-found', 'expected the login of an account, found none of that name; make it first');
  }

  /** For accounts that a start of the system needs: one that is there gets the new password. */
  async createOrReset(account: NewAccount): Promise<void> {
    const { affected } = await this.database.direct.update(
      UserAccount,
      { login: account.login },
      { password_hash: await hashPassword(account.password) },
    );
    if (affected === 0) await this.create(account);
  }

  /** Error: `login` (unauthenticated), the same for an unknown login and a wrong password. */
  async login(login: string, password: string): Promise<{ token: string; expiresAt: Date }> {
    const account = await this.database.direct.findOneBy(UserAccount, { login });
    const sound = await matches(password, account?.password_hash ?? (await (this.decoy ??= hashPassword(randomBytes(16).toString('hex')))));
    if (!account || account.disabled || !sound) {
      throw new DomainError('login', 'unauthenticated', 'expected a known login and its password; check both, or ask the administrator');
    }
    return this.tokens.issue({
      userId: account.id,
      login: account.login,
      roles: account.roles,
      organisationPath: account.organisation_path,
    });
  }
}
