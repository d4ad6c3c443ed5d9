/** The boot stops on a route without a policy, so that none can be left open or closed by oversight; `npm run check` boots every app for it. */
import { Injectable, RequestMethod, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { assert } from '@app/kernel';
import { PERMISSION } from './guard.js';
import { POLICY, PUBLIC } from './policy.js';

const METHOD = 'method';
const PATH = 'path';

@Injectable()
export class RoutePolicyCheck implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onApplicationBootstrap(): void {
    const open = this.routes().filter((route) => route.permission !== PUBLIC && !(route.permission && route.permission in POLICY));
    assert(
      open.length === 0,
      `routes without a policy: ${open.map((route) => `${route.method} ${route.path}`).join(', ')}; name a permission with @Requires`,
    );
  }

  /** Every route of this app and the permission it names. */
  routes(): { method: string; path: string; permission: string | undefined }[] {
    return this.discovery.getControllers().flatMap(({ instance, metatype }) => {
      if (!instance || !metatype) return [];
      const prototype = Object.getPrototypeOf(instance) as Record<string, (...args: unknown[]) => unknown>;
      return this.scanner
        .getAllMethodNames(prototype)
        .map((name) => prototype[name]!)
        .filter((handler) => Reflect.hasMetadata(METHOD, handler))
        .map((handler) => ({
          method: RequestMethod[Reflect.getMetadata(METHOD, handler) as number]!,
          path: `${String(Reflect.getMetadata(PATH, metatype))}/${String(Reflect.getMetadata(PATH, handler))}`.replace(/\/+/g, '/'),
          permission: this.reflector.getAllAndOverride<string | undefined>(PERMISSION, [handler, metatype as () => void]),
        }));
    });
  }
}
