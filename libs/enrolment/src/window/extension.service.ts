import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '@app/kernel';
import { Audit, Database, newId, type Principal, type Transaction } from '@app/platform';
import { endOfCover, extensionFault, type Closing } from './extension.js';
import * as extensions from './extension.repository.js';
import type { EnrolmentWindow } from './window.entity.js';
import { lockWindow, windowById } from './window.repository.js';

type Actor = Pick<Principal, 'userId' | 'roles'>;

@Injectable()
export class ExtensionService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  /** Errors: `window` (not found), `extension-not-later`, `extension-past`, `extension-after-cover` (conflict). */
  propose(actor: Actor, windowId: string, { closesAt, reason }: { closesAt: Date; reason: string }): Promise<{ id: string }> {
    return this.database.transaction(async (tx) => {
      const { window } = await windowById(tx, windowId);
      const at = this.clock.now();
      check(window, closesAt, at);
      const id = newId();
      await extensions.insertExtension(tx, { id, windowId, closesAt, reason, by: actor.userId, at });
      await this.record(tx, actor, 'extension.propose', `${windowId} ${id}`);
      return { id };
    });
  }

  /** Errors: `window`, `extension` (not found), `extension-approved` (conflict), `same-person` (forbidden), and those of {@link propose}. */
  approve(actor: Actor, windowId: string, extensionId: string): Promise<{ closesAt: Date }> {
    return this.database.transaction(async (tx) => {
      await lockWindow(tx, windowId);
      const { window } = await windowById(tx, windowId);
      const extension = (await extensions.extensionsOf(tx, windowId)).find(({ id }) => id === extensionId);
      if (!extension)
        throw new DomainError(
          'extension',
          'not-found',
          'expected an extension that was proposed for this window, found none; list its extensions',
        );
      if (extension.approvedAt)
        throw new DomainError(
          'extension-approved',
          'conflict',
          'expected an extension that waits for its approval, found one that has it; nothing to do',
        );
      if (extension.proposedBy === actor.userId)
        throw new DomainError(
          'same-person',
          'forbidden',
          'expected another person than the one who proposed the extension, found the same; ask another to approve it',
        );
      const at = this.clock.now();
      check(window, extension.closesAt, at);
      await extensions.approveExtension(tx, windowId, extension, actor.userId, at);
      await this.record(tx, actor, 'extension.approve', `${windowId} ${extensionId}`);
      return { closesAt: extension.closesAt };
    });
  }

  /** Error: `window` (not found). */
  async list(windowId: string): Promise<extensions.ExtensionView[]> {
    await windowById(this.database.direct, windowId);
    return extensions.extensionsOf(this.database.direct, windowId);
  }

  private record(tx: Transaction, actor: Actor, action: 'extension.propose' | 'extension.approve', subject: string): Promise<void> {
    const route = `ExtensionService.${action.slice('extension.'.length)}`;
    return this.audit.record({ actor: actor.userId, roles: actor.roles, action, route, subject, outcome: 'allowed' }, tx);
  }
}

function check({ closes_at, cover_to }: EnrolmentWindow, closesAt: Date, now: Date): void {
  const present: Closing = { closesAt: closes_at, coverTo: cover_to };
  const fault = extensionFault(present, closesAt, now);
  if (!fault) return;
  const expected = {
    'extension-not-later': `an instant after ${closes_at.toISOString()}, when the window closes now`,
    'extension-past': `an instant after ${now.toISOString()}, which is now`,
    'extension-after-cover': `an instant before ${endOfCover(present).toISOString()}, when the cover has ended`,
  }[fault];
  throw new DomainError(fault, 'conflict', `closesAt: expected ${expected}, found ${closesAt.toISOString()}; propose another instant`);
}
