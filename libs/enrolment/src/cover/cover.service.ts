/** What happens to a cover after it started: it follows its member to another unit, ends with a death or a leaving, and a wrong end is undone. */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError, chinaDate, type CivilDate } from '@app/kernel';
import {
  Audit,
  Database,
  JOB_IDS,
  PersonalDataVault,
  reachOf,
  newId,
  type PermissionName,
  type Principal,
  type Transaction,
} from '@app/platform';
import { birthDatesOf } from '../member/member.repository.js';
import type { Organisation } from '../organisation/organisation.entity.js';
import { liesUnder } from '../organisation/organisation.js';
import { organisationByCode } from '../organisation/organisation.repository.js';
import { UnderwritingPlans } from '../underwriting/underwriting-plans.js';
import { lined, readBaseLines, type BaseLines } from './base-lines.js';
import { CoverClaims, type DecidedClaim } from './cover-claims.js';
import * as changes from './cover-change.repository.js';
import type { ChangeView, PlacedCover, Proposal } from './cover-change.repository.js';
import {
  coverStateOf,
  daysAfterEnd,
  endFault,
  endOfProposal,
  endRange,
  endingTogether,
  sidesOf,
  transferFault,
  type CoverEnd,
  type CoverState,
  type EndFault,
  type EndReason,
  type ReinstateReason,
  type TransferFault,
  type TransferReason,
} from './cover.js';

export interface CoverView {
  readonly number: string;
  readonly planId: string;
  readonly unitCode: string;
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  readonly enrolledOn: CivilDate;
  readonly state: CoverState;
  readonly endedOn: CivilDate | null;
  readonly endReason: EndReason | null;
  readonly changes: readonly ChangeView[];
  /** That waits for the other side. */
  readonly transfer: Proposal | null;
  /**
   * Claims that the last change contradicts: paid, or about to be, for a discharge after the end; or refused for want of a cover that was
   * reinstated. How many, for those who record the change; which ones, a reviewer sees.
   */
  readonly claimsToReview: number;
}

export interface CoverConflict {
  readonly number: string;
  readonly endedOn: CivilDate;
  readonly endReason: EndReason;
  readonly claims: readonly Omit<DecidedClaim, 'memberId' | 'granted'>[];
}

export interface TransferRequest {
  readonly toUnitCode: string;
  readonly effectiveOn: CivilDate;
  readonly reason: TransferReason;
}

type CoverPermission = Extract<PermissionName, `cover.${string}`>;

@Injectable()
export class CoverService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly claims: CoverClaims,
    private readonly vault: PersonalDataVault,
    private readonly plans: UnderwritingPlans,
  ) {}

  /** Error: `cover` (not found), the same for one that does not exist and one out of reach. */
  async read(principal: Principal, number: string): Promise<CoverView> {
    const tx = this.database.direct;
    const cover = await changes.coverByNumber(tx, number);
    if (!cover) throw unknownCover();
    const proposal = await openProposal(tx, cover);
    if (!isWithin(principal, 'cover.read', cover.path, ...(proposal ? [proposal.toPath] : []))) throw unknownCover();
    return this.view(tx, cover);
  }

  /**
   * By whoever speaks for both units at once; otherwise proposed to the other side. The same again gets the same answer. Errors: `cover`, `unit`
   * (not found), `unit` (invalid), `cover-in-unit`, `transfer-open`, `cover-ended`, `transfer-day`, `transfer-not-later` (conflict).
   */
  transfer(principal: Principal, number: string, { toUnitCode, effectiveOn, reason }: TransferRequest): Promise<CoverView> {
    return this.change(principal, 'cover.transfer', number, async (tx, cover, at) => {
      const to = await organisationByCode(tx, toUnitCode);
      const sides = sidesOf(reachOf(principal, 'cover.transfer').organisationPath, cover.path, to?.path ?? '');
      const last = (await changes.changesOf(tx, cover)).findLast(({ kind }) => kind === 'transfer');
      // Whoever moved a cover away may ask again.
      const again = to !== null && cover.path === to.path && last?.effectiveOn === effectiveOn && last.reason === reason;
      if (again && (sides.length > 0 || isWithin(principal, 'cover.transfer', last.fromPath!))) return;
      if (sides.length === 0) throw unknownCover();
      const unit = unitOf(to);
      if (cover.path === unit.path)
        throw new DomainError(
          'cover-in-unit',
          'conflict',
          'expected a cover of another unit, found one that is in this unit already; read the cover',
        );
      const open = await openProposal(tx, cover);
      if (open) {
        const same = open.toPath === unit.path && open.effectiveOn === effectiveOn && open.reason === reason;
        if (same && sides.includes(open.proposedFor)) return;
        throw new DomainError(
          'transfer-open',
          'conflict',
          'expected a cover without an open transfer, found one that waits; accept, decline or withdraw it first',
        );
      }
      checkTransfer(cover, effectiveOn, chinaDate(at));
      if (sides.length === 2) return changes.moveCover(tx, cover, { to: unit, effectiveOn, reason }, principal.userId, at);
      await changes.insertProposal(tx, cover, {
        id: newId(),
        fromPath: cover.path,
        toPath: unit.path,
        effectiveOn,
        reason,
        proposedFor: sides[0]!,
        proposedBy: principal.userId,
        proposedAt: at,
      });
    });
  }

  /** By the side that did not propose it. Errors: `cover`, `transfer` (not found), `same-person` (forbidden), and those of {@link transfer}. */
  acceptTransfer(principal: Principal, number: string): Promise<CoverView> {
    return this.change(principal, 'cover.transfer', number, async (tx, cover, at) => {
      const { proposal, sides } = await this.proposalFor(tx, principal, cover);
      if (proposal.state === 'accepted') return;
      if (proposal.state !== 'proposed') throw noProposal();
      if (!sides.some((side) => side !== proposal.proposedFor) || proposal.proposedBy === principal.userId)
        throw new DomainError(
          'same-person',
          'forbidden',
          'expected somebody of the other organisation than the one that proposed the transfer, found one of the same; ask them to accept it',
        );
      checkTransfer(cover, proposal.effectiveOn, chinaDate(at));
      const { id: transferId, effectiveOn, reason, toPath } = proposal;
      const to = unitOf(await organisationByCode(tx, codeOf(toPath)));
      await changes.answerProposal(tx, cover, transferId, 'accepted', principal.userId, at);
      await changes.moveCover(tx, cover, { to, effectiveOn, reason, transferId }, principal.userId, at);
    });
  }

  /** Declined by the other side, or withdrawn by the side that proposed it. Errors: `cover`, `transfer` (not found). */
  dropTransfer(principal: Principal, number: string): Promise<CoverView> {
    return this.change(principal, 'cover.transfer', number, async (tx, cover, at) => {
      const { proposal, sides } = await this.proposalFor(tx, principal, cover);
      if (proposal.state === 'accepted') throw noProposal();
      if (proposal.state !== 'proposed') return;
      await changes.answerProposal(tx, cover, proposal.id, endOfProposal(proposal.proposedFor, sides), principal.userId, at);
    });
  }

  /** Transfers that wait for an answer, from or to a unit within reach. */
  openTransfers(principal: Principal): Promise<(Proposal & { number: string })[]> {
    return changes.openProposals(this.database.direct, reachOf(principal, 'cover.transfer').organisationPath);
  }

  /**
   * `on` is the last covered day, or that of a death, which may be before the cover, or before a move of it: the move stays, and the unit that
   * the cover is of answers for it. A death ends all that the person is covered by, and a leaving what adds to the cover. Nothing of the
   * contribution goes back. The same again gets the same answer. Errors: `cover` (not found), `cover-ended`, `end-day` (conflict).
   */
  async end(principal: Principal, number: string, { reason, on }: { reason: CoverEnd; on: CivilDate }): Promise<CoverView> {
    const bases = await this.basesBeside(number);
    return this.change(principal, 'cover.end', number, async (tx, cover, at) => {
      if (!isWithin(principal, 'cover.end', cover.path)) throw unknownCover();
      if (cover.endedOn === on && cover.endReason === reason) return;
      const today = chinaDate(at);
      const births = reason === 'death' ? await birthDatesOf(tx, this.vault, [cover.memberId]) : undefined;
      const fault = endFault(cover, { reason, on }, births?.get(cover.memberId), today);
      if (fault) throw endRefusal(fault, cover, reason, today);
      const going = (await changes.othersOf(tx, cover)).filter(({ endedOn, coverTo }) => endedOn === null && on < coverTo);
      for (const one of endingTogether(
        lined(cover, bases),
        reason,
        going.map((other) => lined(other, bases)),
      ))
        await changes.endCover(tx, one, one.number === number || reason === 'death' ? reason : 'base-ended', on, principal.userId, at);
    });
  }

  /**
   * Undoes a wrong end, by another person than the one who recorded it, with what ended for it. Errors: `cover` (not found),
   * `cover-not-ended`, `base-ended` (conflict), `same-person` (forbidden).
   */
  async reinstate(principal: Principal, number: string, { reason }: { reason: ReinstateReason }): Promise<CoverView> {
    const bases = await this.basesBeside(number);
    return this.change(principal, 'cover.reinstate', number, async (tx, cover, at) => {
      if (!isWithin(principal, 'cover.reinstate', cover.path)) throw unknownCover();
      const last = (await changes.changesOf(tx, cover)).at(-1);
      const { endedOn, endReason } = cover;
      if (endedOn === null) {
        if (last?.kind === 'reinstated' && last.reason === reason) return;
        throw new DomainError('cover-not-ended', 'conflict', 'expected a cover that ended early, found one that did not; read the cover');
      }
      if (endReason === 'base-ended')
        throw new DomainError(
          'base-ended',
          'conflict',
          'expected a cover that ended by itself, found one that ended with its base; reinstate the cover of the base plan',
        );
      const endedWith = (await changes.othersOf(tx, cover)).filter(
        (other) => other.endedOn === endedOn && other.endReason === (endReason === 'death' ? 'death' : 'base-ended'),
      );
      const together = endingTogether(
        lined(cover, bases),
        endReason!,
        endedWith.map((other) => lined(other, bases)),
      );
      // Of all of them: a cover that was paid after the death has no change of its own.
      for (const one of together)
        if ((await changes.changesOf(tx, one)).at(-1)?.madeBy === principal.userId)
          throw new DomainError(
            'same-person',
            'forbidden',
            'expected another person than the one who recorded the end, found the same; ask another to reinstate the cover',
          );
      for (const one of together) await changes.reinstateCover(tx, { ...one, endedOn }, reason, principal.userId, at);
    });
  }

  /** Covers within reach that ended before the discharge of a claim that was granted all the same: each waits for a person. */
  async conflicts(principal: Principal): Promise<CoverConflict[]> {
    const { scope, organisationPath } = reachOf(principal, 'cover.review');
    const tx = this.database.direct;
    const found: CoverConflict[] = [];
    for (let last = ''; ;) {
      const ended = await changes.endedCovers(tx, scope === 'all' ? '/' : organisationPath, last, JOB_IDS);
      const claims = await this.claims.decided(tx, ended.map(contradicted));
      for (const cover of ended) {
        const { memberId, after, until } = contradicted(cover);
        const ofCover = claims.filter(
          (claim) => claim.granted && claim.memberId === memberId && claim.dischargeOn > after && claim.dischargeOn <= until,
        );
        if (ofCover.length === 0) continue;
        found.push({
          number: cover.number,
          endedOn: cover.endedOn!,
          endReason: cover.endReason!,
          claims: ofCover.map(({ claimId, state, dischargeOn, benefitFen }) => ({ claimId, state, dischargeOn, benefitFen })),
        });
      }
      if (ended.length < JOB_IDS) return found;
      last = ended.at(-1)!.number;
    }
  }

  /** Of all that the person of this cover is covered by. */
  private async basesBeside(number: string): Promise<BaseLines> {
    const cover = await changes.coverByNumber(this.database.direct, number);
    return readBaseLines(this.plans, cover ? [cover, ...(await changes.othersOf(this.database.direct, cover))] : []);
  }

  /** One transaction under the lock of the member, with its audit row; the answer is the cover as it stands afterwards. */
  private change(
    principal: Principal,
    permission: CoverPermission,
    number: string,
    act: (tx: Transaction, cover: PlacedCover, at: Date) => Promise<void>,
  ): Promise<CoverView> {
    return this.database.transaction(async (tx) => {
      const cover = await changes.lockCover(tx, number);
      if (!cover) throw unknownCover();
      await act(tx, cover, this.clock.now());
      await this.audit.record(
        {
          actor: principal.userId,
          roles: principal.roles,
          action: permission,
          route: `CoverService.${permission.slice('cover.'.length)}`,
          subject: cover.memberId,
          outcome: 'allowed',
        },
        tx,
      );
      return this.view(tx, (await changes.coverByNumber(tx, number))!);
    });
  }

  private async view(tx: Transaction, cover: PlacedCover): Promise<CoverView> {
    const { number, planId, coverFrom, coverTo, enrolledOn, endedOn, endReason, path } = cover;
    const all = await changes.changesOf(tx, cover);
    const last = all.at(-1);
    const moved = endedOn !== null || last?.kind === 'reinstated';
    const end = endedOn ?? last?.effectiveOn;
    const claims = moved ? await this.claims.decided(tx, [{ memberId: cover.memberId, planId, ...daysAfterEnd(cover, end!) }]) : [];
    return {
      number,
      planId,
      unitCode: codeOf(path),
      coverFrom,
      coverTo,
      enrolledOn,
      state: coverStateOf(cover, chinaDate(this.clock.now())),
      endedOn,
      endReason,
      changes: all,
      transfer: (await openProposal(tx, cover)) ?? null,
      claimsToReview: claims.filter(({ granted }) => granted === (endedOn !== null)).length,
    };
  }

  private async proposalFor(tx: Transaction, principal: Principal, cover: PlacedCover) {
    const proposal = await changes.latestProposal(tx, cover);
    const sides = proposal && sidesOf(reachOf(principal, 'cover.transfer').organisationPath, proposal.fromPath, proposal.toPath);
    if (sides && sides.length > 0) return { proposal, sides };
    throw isWithin(principal, 'cover.transfer', cover.path) ? noProposal() : unknownCover();
  }
}

const codeOf = (path: string): string => path.split('/').at(-2)!;

const contradicted = (cover: PlacedCover) => ({
  memberId: cover.memberId,
  planId: cover.planId,
  ...daysAfterEnd(cover, cover.endedOn!),
});

async function openProposal(tx: Transaction, cover: PlacedCover): Promise<Proposal | undefined> {
  const latest = await changes.latestProposal(tx, cover);
  return latest?.state === 'proposed' ? latest : undefined;
}

function isWithin(principal: Principal, permission: CoverPermission, ...paths: string[]): boolean {
  const { scope, organisationPath } = reachOf(principal, permission);
  return scope === 'all' || paths.some((path) => liesUnder(path, organisationPath));
}

function unitOf(organisation: Organisation | null): Organisation {
  if (!organisation)
    throw new DomainError('unit', 'not-found', 'toUnitCode: expected the code of a known unit, found none; make the unit first');
  if (organisation.kind !== 'unit')
    throw new DomainError('unit', 'invalid', `toUnitCode: expected a unit, found a ${organisation.kind}; name the unit`);
  return organisation;
}

function checkTransfer(cover: PlacedCover, effectiveOn: CivilDate, today: CivilDate): void {
  const fault = transferFault(cover, effectiveOn, today);
  if (fault) throw transferRefusal(fault, cover, today);
}

function transferRefusal(fault: TransferFault, { transferredOn, enrolledOn, coverTo }: PlacedCover, today: CivilDate): DomainError {
  if (fault === 'cover-ended') return hasEnded();
  const expected =
    fault === 'transfer-day'
      ? `a day from ${enrolledOn} to ${coverTo < today ? coverTo : today}`
      : `a day after ${transferredOn}, the day of the transfer before`;
  return new DomainError(fault, 'conflict', `effectiveOn: expected ${expected}, found another; correct it`);
}

function endRefusal(fault: EndFault, cover: PlacedCover, reason: CoverEnd, today: CivilDate): DomainError {
  if (fault === 'cover-ended') return hasEnded();
  const { from, to } = endRange(cover, reason, today);
  if (from === null)
    return new DomainError(fault, 'conflict', `on: expected a day from the birth of the member to ${to}, found another; correct it`);
  if (from > to)
    return new DomainError(fault, 'conflict', `on: expected a cover that has begun, found one that begins on ${from}; say so from then on`);
  return new DomainError(fault, 'conflict', `on: expected a day from ${from} to ${to}, found another; correct it`);
}

const hasEnded = (): DomainError =>
  new DomainError(
    'cover-ended',
    'conflict',
    'expected a cover that did not end, found one that ended otherwise; where that is wrong, have it reinstated first',
  );

const noProposal = (): DomainError =>
  new DomainError('transfer', 'not-found', 'expected a transfer that waits for an answer, found none; read the cover');

/** The same for one that does not exist and one out of reach. */
const unknownCover = (): DomainError =>
  new DomainError('cover', 'not-found', 'expected the number of a cover within your reach, found none; check it');
