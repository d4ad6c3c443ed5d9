import { Body, Controller, Get, Header, HttpCode, Param, ParseUUIDPipe, Post, Sse, type BeforeApplicationShutdown } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { largestChangesCsv, rehearsalPage, unitsCsv, type Selection } from '@app/benefits';
import { hasEnded, RehearsalService, type RehearsalDetail, type RehearsalProgress } from '@app/claims';
import { DomainError } from '@app/kernel';
import { CurrentPrincipal, MayBeLeftOut, Requires, TakesBody, type Principal } from '@app/platform';
import { IsInt, IsObject, IsString, Length, Matches, Max, Min } from 'class-validator';
import { concat, exhaustMap, map, of, Subject, takeUntil, takeWhile, timer, type Observable } from 'rxjs';
import { HIGHEST_VERSION, LONGEST_PLAN, PLAN_BODY, PLAN_ID } from './plan-version.controller.js';

const LOOK_EVERY_MS = 300;

class RehearsalRequest {
  @ApiPropertyOptional({ description: 'A plan file, YAML; or a planId.' })
  @MayBeLeftOut()
  @IsString()
  @Length(1, LONGEST_PLAN)
  content?: string;

  @ApiPropertyOptional({ description: 'A plan that is shipped or proposed.' })
  @MayBeLeftOut()
  @Matches(PLAN_ID)
  planId?: string;

  @ApiPropertyOptional({ description: 'Of that plan; left out: the highest.' })
  @MayBeLeftOut()
  @IsInt()
  @Min(1)
  @Max(HIGHEST_VERSION)
  version?: number;

  @ApiPropertyOptional({ description: 'Other answers where the plan lists options, by path.' })
  @MayBeLeftOut()
  @IsObject()
  selection?: Selection;

  @ApiProperty({ description: 'The plan whose claims it is tried on.', example: 'guangxi-1-2025' })
  @Matches(PLAN_ID)
  against: string;
}

@Controller('rehearsals')
export class RehearsalController implements BeforeApplicationShutdown {
  private readonly closing = new Subject<void>();

  constructor(private readonly rehearsals: RehearsalService) {}

  /** An open stream would keep the server from ending; its client comes again. */
  beforeApplicationShutdown(): void {
    this.closing.next();
  }

  /** Tries a plan on the claims that were decided under another; the worker does it. */
  @Post()
  @HttpCode(202)
  @TakesBody(PLAN_BODY)
  @Requires('rehearsal.ask')
  ask(@CurrentPrincipal() principal: Principal, @Body() body: RehearsalRequest): Promise<{ id: string }> {
    const { content, planId, version, selection, against } = body;
    if (content !== undefined && planId === undefined) return this.rehearsals.ask(principal, { content }, against, selection);
    if (content === undefined && planId !== undefined)
      return this.rehearsals.ask(principal, { planId, ...(version === undefined ? {} : { version }) }, against, selection);
    throw new DomainError(
      'request',
      'invalid',
      `expected content or planId, found ${content === undefined ? 'neither' : 'both'}; send one`,
    );
  }

  @Get(':id')
  @Requires('rehearsal.read')
  read(@Param('id', ParseUUIDPipe) id: string): Promise<RehearsalDetail> {
    return this.rehearsals.read(id);
  }

  /** How far it is, until it has ended. Only the row is read, so a client that comes again, to whichever server, goes on. */
  @Sse(':id/events')
  @Requires('rehearsal.read')
  async events(@Param('id', ParseUUIDPipe) id: string): Promise<Observable<{ data: RehearsalProgress }>> {
    const first = await this.rehearsals.progress(id);
    const later = timer(LOOK_EVERY_MS, LOOK_EVERY_MS).pipe(exhaustMap(() => this.rehearsals.progress(id)));
    return concat(of(first), later).pipe(
      takeWhile((progress) => !hasEnded(progress), true),
      takeUntil(this.closing),
      map((data) => ({ data })),
    );
  }

  @Get(':id/report.html')
  @Header('content-type', 'text/html; charset=utf-8')
  @Requires('rehearsal.read')
  async report(@Param('id', ParseUUIDPipe) id: string): Promise<string> {
    return rehearsalPage(await this.rehearsals.result(id));
  }

  /** What changes for each unit. */
  @Get(':id/units.csv')
  @Header('content-type', 'text/csv; charset=utf-8')
  @Requires('rehearsal.read')
  async units(@Param('id', ParseUUIDPipe) id: string): Promise<string> {
    return unitsCsv(await this.rehearsals.result(id));
  }

  /** The claims that change most. */
  @Get(':id/largest.csv')
  @Header('content-type', 'text/csv; charset=utf-8')
  @Requires('rehearsal.read')
  async largest(@Param('id', ParseUUIDPipe) id: string): Promise<string> {
    return largestChangesCsv(await this.rehearsals.result(id));
  }
}
