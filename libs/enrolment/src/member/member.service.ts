import { Injectable, Logger } from '@nestjs/common';
import { Clock, DomainError, chinaDate, normaliseIdentifier } from '@app/kernel';
import { Audit, Database, PersonalDataVault, Tokens, addToOutbox, reachOf, newId, type Principal } from '@app/platform';
import { randomInt, timingSafeEqual } from 'node:crypto';
import { coverStateOf, type CoverState } from '../cover/cover.js';
import { coversOfMember, type CoverOfMember } from '../cover/cover.repository.js';
import { organisationById } from '../organisation/organisation.repository.js';
import type { Member } from './member.entity.js';
import { CODE_ATTEMPTS, CODE_DIGITS, CODE_MINUTES, CODE_PAUSE_SECONDS, masked, readBankAccount, type PersonalData } from './member.js';
import { MemberMessenger } from './member-messenger.js';
import * as members from './member.repository.js';

export interface OwnCover extends CoverOfMember {
  state: CoverState;
}

export interface OwnData extends PersonalData {
  memberId: string;
  insutype: string;
  unit: { code: string; name: string };
  covers: OwnCover[];
}

@Injectable()
export class MemberService {
  private readonly logger = new Logger(MemberService.name);

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly tokens: Tokens,
    private readonly audit: Audit,
    private readonly messenger: MemberMessenger,
  ) {}

  /** Sends a one-time code to a member whose number and phone both match. Says nothing either way, so that nobody learns who is a member. */
  async requestCode(personalNumber: string, phone: string): Promise<void> {
    const memberId = this.vault.memberId(normaliseIdentifier(personalNumber));
    const member = await members.memberById(this.database.direct, memberId);
    if (!member || !same(members.openMember(this.vault, member).phone, normaliseIdentifier(phone))) return;
    const code = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, '0');
    const hash = this.hashCode(memberId, code);
    const now = this.clock.now();
    const saved = await members.saveLoginCode(this.database.direct, {
      memberId,
      hash,
      sentAt: now,
      expiresAt: new Date(now.getTime() + CODE_MINUTES * 60_000),
      notSince: new Date(now.getTime() - CODE_PAUSE_SECONDS * 1000),
    });
    if (!saved) return;
    try {
      await this.messenger.send(memberId, 'login-code', { code, minutes: String(CODE_MINUTES) }, `login-code-${newId()}`);
    } catch (error) {
      // An error would be an answer too. The code goes, so that the next request is not held back by the pause.
      await members.takeLoginCode(this.database.direct, memberId, hash);
      this.logger.error(`a login code could not be sent: ${error instanceof DomainError ? error.code : 'unknown'}`);
    }
  }

  /** Error: `login` (unauthenticated), the same for a wrong code, an old one, too many attempts and an unknown member. */
  async login(personalNumber: string, code: string): Promise<{ token: string; expiresAt: Date }> {
    const memberId = this.vault.memberId(normaliseIdentifier(personalNumber));
    const given = this.hashCode(memberId, normaliseIdentifier(code));
    const expected = await members.tryLoginCode(this.database.direct, memberId, this.clock.now(), CODE_ATTEMPTS);
    const sound =
      expected !== undefined && timingSafeEqual(expected, given) && (await members.takeLoginCode(this.database.direct, memberId, given));
    const member = sound ? await members.memberById(this.database.direct, memberId) : null;
    if (!member)
      throw new DomainError(
        'login',
        'unauthenticated',
        `expected the code sent in the last ${CODE_MINUTES} minutes, found another; ask for a new code`,
      );
    const unit = await organisationById(this.database.direct, member.unit_id);
    return this.tokens.issue({ userId: memberId, login: memberId, roles: ['member'], organisationPath: unit!.path, memberId });
  }

  /** The member's own data, masked. */
  async own(principal: Principal): Promise<OwnData> {
    const member = await this.ownMember(principal, 'member.read-own');
    const unit = (await organisationById(this.database.direct, member.unit_id))!;
    const covers = await coversOfMember(this.database.direct, member.id);
    const today = chinaDate(this.clock.now());
    return {
      memberId: member.id,
      ...masked(members.openMember(this.vault, member)),
      insutype: member.insutype,
      unit: { code: unit.code, name: unit.name },
      covers: covers.map((cover) => ({ ...cover, state: coverStateOf(cover, today) })),
    };
  }

  /** Errors: `bank-account` (invalid), `member` (not found). */
  async changeBankAccount(principal: Principal, change: { account: string; bankName: string }): Promise<void> {
    const { memberId } = reachOf(principal, 'member.change-own-account');
    const account = readBankAccount(change.account, change.bankName);
    if (!account)
      throw new DomainError(
        'bank-account',
        'invalid',
        'expected a card number of 16 to 19 digits and the name of its bank, found something else; correct them',
      );
    const sealed = this.vault.seal(JSON.stringify(account));
    await this.database.transaction(async (tx) => {
      if (!(await members.setOwnAccount(tx, memberId!, sealed, this.clock.now()))) throw unknownMember();
      await this.audit.record(
        {
          actor: principal.userId,
          roles: principal.roles,
          action: 'member.change-own-account',
          route: 'MemberService.changeBankAccount',
          subject: memberId!,
          outcome: 'allowed',
        },
        tx,
      );
      await addToOutbox(tx, [{ queue: 'payment', command: 'resume', ids: [memberId!] }]);
    });
  }

  private async ownMember(principal: Principal, permission: 'member.read-own'): Promise<Member> {
    const { memberId } = reachOf(principal, permission);
    const member = await members.memberById(this.database.direct, memberId!);
    if (!member) throw unknownMember();
    return member;
  }

  private hashCode(memberId: string, code: string): Buffer {
    return this.vault.blindIndex(`login-code/${memberId}/${code}`);
  }
}

const same = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const unknownMember = (): DomainError =>
  new DomainError('member', 'not-found', 'expected a known member, found none; ask your unit to import you');
