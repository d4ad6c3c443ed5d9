/** What a plan would pay for a case, upon what a member has really used up; reads only, and locks nothing. */
import { Injectable } from '@nestjs/common';
import { quote, readCase, type CompiledPlan, type Quote, type QuoteCase, type Selection } from '@app/benefits';
import { birthDatesOf, coversOf, otherIdsOf } from '@app/enrolment';
import { DomainError, normaliseIdentifier } from '@app/kernel';
import { Database, PersonalDataVault, reachOf, type Principal } from '@app/platform';
import { readAccumulators } from './adjudication.repository.js';
import { planNotFound } from './plan-version.errors.js';
import { PlanVersionService } from './plan-version.service.js';
import { caseOfMember, dayOf, saysAccumulators, withoutValues, type MemberStanding } from './quote.js';

export interface QuoteRequest {
  readonly planId: string;
  /** A named version; otherwise the one in force on the day of the event. */
  readonly version?: number;
  readonly selection?: Selection;
  /** As docs/PLANS.md describes it. */
  readonly case: unknown;
  readonly memberId?: string;
  readonly personalNumber?: string;
}

@Injectable()
export class QuoteService {
  constructor(
    private readonly database: Database,
    private readonly vault: PersonalDataVault,
    private readonly plans: PlanVersionService,
  ) {}

  /** Errors: case-invalid, plan-invalid, plan-not-found, plan-version-not-found, versions-differ, member-twice, accumulators-twice, member-not-found. */
  async quote(principal: Principal, request: QuoteRequest): Promise<Quote> {
    const memberId = this.memberOf(principal, request);
    if (memberId !== undefined && saysAccumulators(request.case)) {
      throw new DomainError(
        'accumulators-twice',
        'invalid',
        'expected a case without accumulators, since those of the member are used, found both; leave out the accumulators or the member',
      );
    }
    const plan = await this.planOf(request);
    const read = readWritten(request.case, plan);
    if (memberId === undefined) return quote(read, plan);
    return quote(caseOfMember(read, request.case, await this.standingOf(principal, memberId, plan), plan), plan);
  }

  /** A member asks for themselves, whether or not they say so. */
  private memberOf(principal: Principal, { memberId, personalNumber }: QuoteRequest): string | undefined {
    if (memberId !== undefined && personalNumber !== undefined) {
      throw new DomainError('member-twice', 'invalid', 'expected memberId or personalNumber, found both; leave one of them out');
    }
    const asked = personalNumber === undefined ? memberId : this.vault.memberId(normaliseIdentifier(personalNumber));
    const reach = reachOf(principal, 'quote.read');
    if (reach.scope !== 'own') return asked;
    if (asked !== undefined && asked !== reach.memberId) throw memberNotFound();
    return reach.memberId;
  }

  private async planOf({ planId, version, selection = {}, case: written }: QuoteRequest): Promise<CompiledPlan> {
    const tx = this.database.direct;
    if (version !== undefined) return (await this.plans.find(tx, planId, version, selection)).plan;
    const inForce = await this.plans.inForce(tx);
    const latest = inForce.latest(planId);
    if (!latest) throw planNotFound();
    // What a case leaves out comes from a plan, and which version it falls under from the case: the latest is asked first.
    const days = readWritten(written, latest).events.map(dayOf);
    const [plan, ...others] = new Set(days.map((day) => inForce.planOn(day, planId)!));
    if (others.length > 0) {
      throw new DomainError(
        'versions-differ',
        'invalid',
        'expected stays that fall under one version of the plan, found several; ask for them apart, or name a version',
      );
    }
    return (await this.plans.withSelection(tx, plan!, selection)).plan;
  }

  private async standingOf(principal: Principal, memberId: string, plan: CompiledPlan): Promise<MemberStanding> {
    const reach = reachOf(principal, 'quote.read');
    const covers = await coversOf(this.database.direct, [memberId]);
    const within =
      reach.scope === 'organisation' ? covers.filter((one) => one.organisationPath.startsWith(reach.organisationPath)) : covers;
    if (reach.scope !== 'own' && within.length === 0) throw memberNotFound();
    const births = plan.asks.age ? await birthDatesOf(this.database.direct, this.vault, [memberId]) : undefined;
    const others = (await otherIdsOf(this.database.direct, [memberId])).get(memberId) ?? [];
    const used = await readAccumulators(this.database.direct, [memberId, ...others], plan.id);
    return { used, covers, birthOn: births?.get(memberId) };
  }
}

/** The same for one that does not exist and one out of reach. */
const memberNotFound = (): DomainError =>
  new DomainError('member-not-found', 'not-found', 'expected a member with a cover within your reach, found none; check the member');

function readWritten(written: unknown, plan: CompiledPlan): QuoteCase {
  try {
    return readCase(written, plan, 'the case');
  } catch (error) {
    throw error instanceof DomainError ? withoutValues(error) : error;
  }
}
