import { birthDateOf, type CivilDate } from '@app/kernel';
import { type PersonalDataVault, rowsOf, type Transaction } from '@app/platform';
import { Member } from './member.entity.js';
import { readPersonalText, type BankAccount, type PersonalData } from './member.js';

export type Sealed = Pick<Member, 'id' | 'sealed' | 'own_account'>;

/** The member's data, with the account it named in place of the roster's. */
export const openMember = (vault: PersonalDataVault, { sealed, own_account }: Omit<Sealed, 'id'>): PersonalData => ({
  ...readPersonalText(vault.open(sealed)),
  ...(own_account ? (JSON.parse(vault.open(own_account)) as BankAccount) : {}),
});

export const memberById = (tx: Transaction, id: string): Promise<Member | null> => tx.findOneBy(Member, { id });

export interface Payee extends BankAccount {
  readonly name: string;
}

/** Names and accounts of these members; one that is not known is absent. */
export async function payeesOf(tx: Transaction, vault: PersonalDataVault, memberIds: readonly string[]): Promise<Map<string, Payee>> {
  const rows = await rowsOf<Sealed>(tx, 'select id, sealed, own_account from member where id = any($1::uuid[])', [memberIds]);
  return new Map(
    rows.map((row) => {
      const { name, bankAccount, bankName } = openMember(vault, row);
      return [row.id, { name, bankAccount, bankName }];
    }),
  );
}

/** One that is not known is absent. */
export async function birthDatesOf(
  tx: Transaction,
  vault: PersonalDataVault,
  memberIds: readonly string[],
): Promise<Map<string, CivilDate>> {
  const rows = await rowsOf<{ id: string; sealed: Buffer }>(tx, 'select id, sealed from member where id = any($1::uuid[])', [memberIds]);
  const births = new Map<string, CivilDate>();
  for (const { id, sealed } of rows) {
    const birth = birthDateOf(readPersonalText(vault.open(sealed)).personalNumber);
    if (birth) births.set(id, birth);
  }
  return births;
}

/** How many members there are, and how many of them have been covered at any time. */
export async function memberCounts(tx: Transaction): Promise<{ members: number; covered: number }> {
  const rows = await rowsOf<{ members: number; covered: number }>(
    tx,
    'select (select count(*)::int from member) as members, (select count(distinct member_id)::int from cover) as covered',
  );
  return rows[0]!;
}

export async function setOwnAccount(tx: Transaction, memberId: string, ownAccount: Buffer, at: Date): Promise<boolean> {
  const rows = await rowsOf(tx, 'update member set own_account = $2, updated_at = $3, version = version + 1 where id = $1 returning id', [
    memberId,
    ownAccount,
    at,
  ]);
  return rows.length > 0;
}

/** False when the last code was sent after `notSince`: then it stays. */
export async function saveLoginCode(
  tx: Transaction,
  code: { memberId: string; hash: Buffer; sentAt: Date; expiresAt: Date; notSince: Date },
): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `insert into login_code as c (member_id, code_hash, sent_at, expires_at) values ($1, $2, $3, $4)
     on conflict (member_id) do update set code_hash = excluded.code_hash, sent_at = excluded.sent_at, expires_at = excluded.expires_at, attempts = 0
     where c.sent_at <= $5 returning member_id`,
    [code.memberId, code.hash, code.sentAt, code.expiresAt, code.notSince],
  );
  return rows.length > 0;
}

/** The hash of a live code, one of its attempts used up; undefined when there is none or no attempt is left. */
export async function tryLoginCode(tx: Transaction, memberId: string, now: Date, attempts: number): Promise<Buffer | undefined> {
  const rows = await rowsOf<{ code_hash: Buffer }>(
    tx,
    'update login_code set attempts = attempts + 1 where member_id = $1 and expires_at > $2 and attempts < $3 returning code_hash',
    [memberId, now, attempts],
  );
  return rows[0]?.code_hash;
}

/** True for exactly one of those who come with the same code. */
export async function takeLoginCode(tx: Transaction, memberId: string, hash: Buffer): Promise<boolean> {
  return (
    (await rowsOf(tx, 'delete from login_code where member_id = $1 and code_hash = $2 returning member_id', [memberId, hash])).length > 0
  );
}
