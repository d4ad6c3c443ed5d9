/** Login tokens: JWT, HS256 under a key derived from the installation's secret, eight hours (a working day). */
import { Injectable } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import { SignJWT, jwtVerify } from 'jose';
import { SystemClock } from '../clock.js';
import { PersonalDataVault } from '../personal-data.js';
import type { Role } from './policy.js';
import type { Principal } from './principal.js';

const HOURS = 8;
const ISSUER = 'hubao';

@Injectable()
export class Tokens {
  // Signature checks are the same work for the same text; a token is read thousands of times in its life.
  private readonly verified = new Map<string, { principal: Principal; expiresAt: number }>();

  // How long a session lives is real time, whatever the clock of the business says.
  private readonly clock = new SystemClock();

  constructor(private readonly vault: PersonalDataVault) {}

  async issue(principal: Principal): Promise<{ token: string; expiresAt: Date }> {
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const token = await new SignJWT({
      login: principal.login,
      roles: principal.roles,
      org: principal.organisationPath,
      member: principal.memberId,
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(ISSUER)
      .setSubject(principal.userId)
      .setIssuedAt(now)
      .setExpirationTime(now + HOURS * 3600)
      .sign(this.vault.tokenKey);
    return { token, expiresAt: new Date((now + HOURS * 3600) * 1000) };
  }

  async verify(token: string): Promise<Principal> {
    const now = this.clock.now();
    const known = this.verified.get(token);
    if (known && known.expiresAt > now.getTime()) return known.principal;
    try {
      const { payload } = await jwtVerify(token, this.vault.tokenKey, { issuer: ISSUER, algorithms: ['HS256'], currentDate: now });
      const principal: Principal = {
        userId: payload.sub!,
        login: payload.login as string,
        roles: payload.roles as Role[],
        organisationPath: payload.org as string,
        memberId: payload.member as string | undefined,
      };
      if (this.verified.size > 10_000) this.verified.clear();
      this.verified.set(token, { principal, expiresAt: payload.exp! * 1000 });
      return principal;
    } catch {
      throw new DomainError(
        'token',
        'unauthenticated',
        'expected a valid bearer token, found one that is not signed here or has expired; log in again',
      );
    }
  }
}
