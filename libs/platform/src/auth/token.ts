/** Login tokens: JWT, HS256 under a key derived from the installation's secret, eight hours (a working day). */
import { Injectable } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import { SignJWT } from 'jose';
import { timingSafeEqual } from 'node:crypto';
import { SystemClock } from '../clock.js';
import { OneShotHmac } from '../one-shot-hmac.js';
import { PersonalDataVault } from '../personal-data.js';
import type { Role } from './policy.js';
import type { Principal } from './principal.js';

const HOURS = 8;
const ISSUER = 'hubao';
const HEADER = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.`;

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly exp: number;
  readonly login: string;
  readonly roles: Role[];
  readonly org: string;
  readonly member?: string;
}

@Injectable()
export class Tokens {
  // Signature checks are the same work for the same text; a token is read thousands of times in its life.
  private readonly verified = new Map<string, { principal: Principal; expiresAt: number }>();

  // How long a session lives is real time, whatever the clock of the business says.
  private readonly clock = new SystemClock();

  private readonly hmac: OneShotHmac;

  constructor(private readonly vault: PersonalDataVault) {
    this.hmac = new OneShotHmac(Buffer.from(vault.tokenKey));
  }

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

  /** Error: `token` (unauthenticated). */
  verify(token: string): Principal {
    const now = this.clock.now();
    const known = this.verified.get(token);
    if (known && known.expiresAt > now.getTime()) return known.principal;
    const claims = this.read(token);
    if (!claims || claims.iss !== ISSUER || claims.exp * 1000 <= now.getTime())
      throw new DomainError(
        'token',
        'unauthenticated',
        'expected a valid bearer token, found one that is not signed here or has expired; log in again',
      );
    const principal: Principal = {
      userId: claims.sub,
      login: claims.login,
      roles: claims.roles,
      organisationPath: claims.org,
      memberId: claims.member,
    };
    if (this.verified.size > 10_000) this.verified.clear();
    this.verified.set(token, { principal, expiresAt: claims.exp * 1000 });
    return principal;
  }

  /**
   * What {@link issue} signed; undefined for anything else. By hand and at once: in the last minute of a window each of very many people comes with a
   * token that was not seen before, and jose's way through WebCrypto costs ten times the signature.
   */
  private read(token: string): Claims | undefined {
    const end = token.lastIndexOf('.');
    // The one header that is issued, so that a token cannot name another algorithm.
    if (!token.startsWith(HEADER)) return undefined;
    const given = Buffer.from(token.slice(end + 1), 'base64url');
    const expected = Buffer.from(this.hmac.digest(token.slice(0, end)), 'latin1');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return JSON.parse(Buffer.from(token.slice(HEADER.length, end), 'base64url').toString()) as Claims;
  }
}
