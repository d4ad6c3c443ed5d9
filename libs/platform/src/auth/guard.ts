/** Deny by default: a request passes when its route names a permission and the bearer's roles have it. */
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '@app/kernel';
import type { FastifyRequest } from 'fastify';
import { Audit, type AuditEntry } from '../audit.js';
import { abilityOf, POLICY, PUBLIC, type PermissionName } from './policy.js';
import type { Principal } from './principal.js';
import { Tokens } from './token.js';

export const PERMISSION = 'hubao:permission';
export const Requires = (permission: PermissionName | typeof PUBLIC) => SetMetadata(PERMISSION, permission);

type WithPrincipal = FastifyRequest & { principal?: Principal };

/** The logged-in person of a request that has passed the guard. */
export function principalOf({ principal }: WithPrincipal): Principal {
  if (!principal) throw new DomainError('token', 'unauthenticated', 'expected a bearer token; log in first');
  return principal;
}

/** {@link principalOf}, in a controller's parameters. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<WithPrincipal>()),
);

/** Error: `token` (unauthenticated). */
export function bearerOf({ headers }: FastifyRequest, tokens: Tokens): Principal {
  const [scheme, token] = (headers.authorization ?? '').split(' ');
  if (scheme !== 'Bearer' || !token) throw new DomainError('token', 'unauthenticated', 'expected "Authorization: Bearer …"; log in first');
  return tokens.verify(token);
}

@Injectable()
export class PolicyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: Tokens,
    private readonly audit: Audit,
  ) {}

  /** At once where nothing is to be written: every request passes here. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const permission = this.reflector.getAllAndOverride<PermissionName | typeof PUBLIC | undefined>(PERMISSION, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (permission === PUBLIC) return true;
    if (!permission) throw new DomainError('no-policy', 'forbidden', 'this route has no policy and is closed; name its permission');
    const request = context.switchToHttp().getRequest<WithPrincipal>();
    const principal = bearerOf(request, this.tokens);
    const allowed = abilityOf(principal.roles).can(permission, 'route');
    if (allowed) request.principal = principal;
    const { audited } = POLICY[permission];
    if (audited === 'with-the-change' ? allowed : !audited) return allowed || refuse(permission, principal);
    const use: AuditEntry = {
      actor: principal.userId,
      roles: principal.roles,
      action: permission,
      route: `${request.method} ${request.routeOptions.url}`,
      outcome: allowed ? 'allowed' : 'denied',
    };
    return this.audit.record(use).then(() => allowed || refuse(permission, principal));
  }
}

function refuse(permission: PermissionName, { roles }: Principal): never {
  throw new DomainError(
    'forbidden',
    'forbidden',
    `expected a role with "${permission}", found ${roles.join(', ') || 'none'}; ask the administrator`,
  );
}
