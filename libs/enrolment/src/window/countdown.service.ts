import { Injectable } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import { reachOf, type Principal } from '@app/platform';
import { liesUnder } from '../organisation/organisation.js';
import { CountdownBoard } from './countdown-board.js';
import type { CountdownNode, CountdownTree, CountdownView, PublicCountdown, Snapshot } from './countdown.js';

/** Hears of one second. The same view is the same object for everybody. */
export type CountdownListener<View> = (second: number, view: View) => void;

/** What is known already, and how to go on. */
export interface Following<View> {
  readonly second: number;
  readonly view: View;
  follow(listener: CountdownListener<View>): () => void;
}

@Injectable()
export class CountdownService {
  constructor(private readonly board: CountdownBoard) {}

  /** Of the node with this code, else of the whole that the principal reaches. Errors: `window`, `countdown-node` (not found), `forbidden`. */
  async read(windowId: string, principal: Principal, code?: string): Promise<CountdownView> {
    const { snapshot, node } = await this.find(windowId, await this.board.take(windowId), principal, code);
    return snapshot.view(node, true);
  }

  /** With children when a node is named. Errors as {@link read}. */
  async events(windowId: string, principal: Principal, code?: string): Promise<Following<CountdownView>> {
    const { snapshot, node } = await this.find(windowId, await this.board.recent(windowId), principal, code);
    return this.following(windowId, snapshot, (each) => each.view(node, code !== undefined), unitIdOf(node));
  }

  /** Error: `window` (not found). */
  async readPublic(windowId: string): Promise<PublicCountdown> {
    return (await this.board.recent(windowId)).publicView();
  }

  /** Error: `window` (not found). */
  async publicEvents(windowId: string): Promise<Following<PublicCountdown>> {
    return this.following(windowId, await this.board.recent(windowId), (each) => each.publicView());
  }

  private following<View>(windowId: string, first: Snapshot, viewOf: (snapshot: Snapshot) => View, unitId?: string): Following<View> {
    return {
      second: first.second,
      view: viewOf(first),
      follow: (listener) => this.board.follow(windowId, (snapshot) => listener(snapshot.second, viewOf(snapshot)), unitId),
    };
  }

  private async find(
    windowId: string,
    found: Snapshot,
    principal: Principal,
    code: string | undefined,
  ): Promise<{ snapshot: Snapshot; node: CountdownNode }> {
    const top = topOf(found.tree, principal);
    // It may be newer than the tree.
    const snapshot = code === undefined || found.tree.withCode(code) ? found : await this.board.take(windowId, true);
    const node = code === undefined ? top : snapshot.tree.withCode(code);
    if (!node)
      throw new DomainError(
        'countdown-node',
        'not-found',
        'node: expected the code of an organisation of this window, found none; leave it out and go down from there',
      );
    if (!liesUnder(node.path, top.path)) throw outOfReach();
    const unitId = unitIdOf(node);
    if (unitId !== undefined) await this.board.lookAtUnits(windowId, snapshot, [unitId]);
    return { snapshot, node };
  }
}

const unitIdOf = ({ kind, id }: CountdownNode): string | undefined => (kind === 'unit' ? id : undefined);

/** The highest node that the principal reaches. */
function topOf(tree: CountdownTree, principal: Principal): CountdownNode {
  const { scope, organisationPath } = reachOf(principal, 'window.read');
  if (scope === 'all' || liesUnder(tree.root.path, organisationPath)) return tree.root;
  const own = tree.nodes.find(({ path }) => path === organisationPath);
  if (!own) throw outOfReach();
  return own;
}

const outOfReach = (): DomainError =>
  new DomainError('forbidden', 'forbidden', 'expected an organisation under your own, found another; ask its clerk');
