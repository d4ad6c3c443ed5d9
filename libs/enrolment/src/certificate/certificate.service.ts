import { Inject, Injectable } from '@nestjs/common';
import { Clock, DomainError, chinaDate, normaliseIdentifier, type CivilDate } from '@app/kernel';
import { Audit, CONFIG, Database, PersonalDataVault, reachOf, type Config, type Principal } from '@app/platform';
import type { JWK } from 'jose';
import { memberById, openMember } from '../member/member.repository.js';
import { organisationsByCode } from '../organisation/organisation.repository.js';
import { CertificateTokens } from './certificate-token.js';
import {
  certificateText,
  coverStateOn,
  lastDayOf,
  neverBegan,
  type CoverState,
  type InTwoLanguages,
  type PlanDescription,
} from './certificate.js';
import { coverOfMember, coverWithin, type StoredCover } from './certificate.repository.js';
import { HolderCheckLimit } from './holder-check-limit.js';
import { PlanCatalogue } from './plan-catalogue.js';

/** What anybody may know who holds a certificate. */
export type Verification =
  | { readonly state: 'forged'; readonly checkedAt: Date }
  | { readonly state: 'unknown'; readonly checkedAt: Date; readonly coverNumber: string }
  | {
      readonly state: CoverState;
      readonly checkedAt: Date;
      readonly coverNumber: string;
      readonly planId: string;
      readonly planTitle: InTwoLanguages;
      readonly coverFrom: CivilDate;
      /** The last day, whether as agreed or early; before the first of a cover that never began. */
      readonly coverTo: CivilDate;
    };

@Injectable()
export class CertificateService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly audit: Audit,
    @Inject(CONFIG) private readonly config: Pick<Config, 'publicUrl' | 'payerName'>,
    private readonly tokens: CertificateTokens,
    private readonly plans: PlanCatalogue,
    private readonly limit: HolderCheckLimit,
  ) {}

  /** PDF of one of the member's own covers. Errors: `cover` (not found), `cover-ended` (conflict). */
  async ofOwn(principal: Principal, number: string): Promise<Buffer> {
    const { memberId } = reachOf(principal, 'certificate.read-own');
    return this.draw(await coverOfMember(this.database.direct, memberId!, number), principal, 'certificate.read-own');
  }

  /** PDF of a cover of the principal's subtree. Errors: `cover` (not found), the same for one of another unit; `cover-ended` (conflict). */
  async ofUnit(principal: Principal, number: string): Promise<Buffer> {
    const { organisationPath } = reachOf(principal, 'certificate.read');
    return this.draw(await coverWithin(this.database.direct, organisationPath, number), principal, 'certificate.read');
  }

  /** What the cover behind a token is worth today. */
  async verify(token: string): Promise<Verification> {
    const checkedAt = this.clock.now();
    const certificate = await this.tokens.read(token);
    if (!certificate) return { state: 'forged', checkedAt };
    const { memberId, number } = certificate;
    const cover = await coverOfMember(this.database.direct, memberId, number);
    if (!cover) return { state: 'unknown', checkedAt, coverNumber: number };
    return {
      state: coverStateOn(cover, chinaDate(checkedAt)),
      checkedAt,
      coverNumber: cover.number,
      planId: cover.planId,
      planTitle: this.describe(cover.planId).title,
      coverFrom: cover.coverFrom,
      coverTo: lastDayOf(cover),
    };
  }

  /** Whether a certificate was made out to the person with this number. Errors: `holder-checks` (too many), `certificate` (not found). */
  async matchesHolder(token: string, personalNumber: string, address: string): Promise<boolean> {
    await this.limit.countAddress(address);
    const certificate = await this.tokens.read(token);
    if (!certificate)
      throw new DomainError(
        'certificate',
        'not-found',
        'expected the token of a certificate that was issued here, found another; scan the code again',
      );
    await this.limit.countCover(certificate.number);
    return this.vault.memberId(normaliseIdentifier(personalNumber)) === certificate.memberId;
  }

  keys(): { keys: JWK[] } {
    return this.tokens.jwks;
  }

  private async draw(
    cover: StoredCover | undefined,
    { userId, roles }: Principal,
    action: 'certificate.read' | 'certificate.read-own',
  ): Promise<Buffer> {
    if (!cover) throw new DomainError('cover', 'not-found', 'expected the number of a cover within reach, found none; check the number');
    if (neverBegan(cover))
      throw new DomainError(
        'cover-ended',
        'conflict',
        'expected a cover that began, found one that ended before its first day; where that is wrong, have it reinstated first',
      );
    const { memberId, number, planId, coverFrom, organisationPath } = cover;
    await this.audit.record({ actor: userId, roles, action, route: 'CertificateService.draw', subject: memberId, outcome: 'allowed' });
    const member = (await memberById(this.database.direct, memberId))!;
    const [unit] = await organisationsByCode(this.database.direct, [organisationPath.split('/').at(-2)!]);
    const { name, personalNumber } = openMember(this.vault, member);
    const issuedOn = chinaDate(this.clock.now());
    const token = await this.tokens.issue({ number, planId, coverFrom, coverTo: lastDayOf(cover), issuedOn, memberId });
    // Loaded with its fonts where it is used: a process that draws nothing need not hold them.
    const { drawCertificate } = await import('./certificate-pdf.js');
    return drawCertificate({
      text: certificateText({
        cover,
        plan: this.describe(planId),
        name,
        personalNumber,
        unitName: unit!.name,
        issuedOn,
        issuer: this.config.payerName,
      }),
      // Behind the #, so that a token is in no server's log before somebody asks for it.
      url: `${this.config.publicUrl}/verify#${token}`,
      issuedOn,
    });
  }

  private describe(planId: string): PlanDescription {
    return this.plans.describe(planId) ?? { title: { zh: planId, en: planId }, waitingDays: 0 };
  }
}
