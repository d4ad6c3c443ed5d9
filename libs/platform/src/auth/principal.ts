import type { PermissionName, Role, Scope } from './policy.js';
import { scopeOf } from './policy.js';
import { DomainError } from '@app/kernel';

/** Who is asking: a person with roles, or a member. */
export interface Principal {
  readonly userId: string;
  readonly login: string;
  readonly roles: readonly Role[];
  /** Path in the organisation tree, "/<region>/<city>/<county>/"; a user sees what lies under it. */
  readonly organisationPath: string;
  readonly memberId?: string;
}

/** What a query may return to the principal: everything, one subtree, or one member. */
export type Reach = { readonly scope: Scope; readonly organisationPath: string; readonly memberId: string | undefined };

export function reachOf(principal: Principal, permission: PermissionName): Reach {
  const scope = scopeOf(principal.roles, permission);
  if (!scope || (scope === 'own' && !principal.memberId)) {
    throw new DomainError(
      'forbidden',
      'forbidden',
      `expected a role with "${permission}", found ${principal.roles.join(', ') || 'none'}; ask the administrator`,
    );
  }
  return { scope, organisationPath: principal.organisationPath, memberId: principal.memberId };
}
