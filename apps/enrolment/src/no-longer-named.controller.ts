import { Body, Controller, Get, Header, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { NoLongerNamedService, type NoLongerNamedPage } from '@app/enrolment';
import { CurrentPrincipal, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsUUID, Matches } from 'class-validator';

/** As many as a page shows. */
const MOST_PEOPLE = 1_000;

class NoLongerNamedQuery {
  @ApiPropertyOptional({ description: 'memberId behind which the page begins, as "next" of the one before' })
  @MayBeLeftOut()
  @IsUUID('all')
  after?: string;
}

class WithdrawalRequest {
  @ApiProperty({ description: 'What was shown: that of the total' })
  @Matches(/^[0-9a-f]{64}$/)
  digest: string;

  @ApiPropertyOptional({ type: [String], description: 'Some of the people; left out, all who are withdrawable' })
  @MayBeLeftOut()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_PEOPLE)
  @IsUUID('all', { each: true })
  memberIds?: string[];
}

/** Of persons: kept by nobody on the way. */
@Controller('rosters/:id/no-longer-named')
export class NoLongerNamedController {
  constructor(private readonly noLongerNamed: NoLongerNamedService) {}

  /** Whom an earlier roster enrolled in a unit of this one, and neither this nor a later one names; masked, a page at a time. */
  @Get()
  @Header('cache-control', 'private, no-store')
  @Requires('roster.read')
  read(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { after }: NoLongerNamedQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<NoLongerNamedPage> {
    return this.noLongerNamed.page(id, principal, after);
  }

  @Post('withdrawal')
  @HttpCode(200)
  @Requires('enrolment.withdraw')
  withdraw(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentPrincipal() principal: Principal,
    @Body() { digest, memberIds }: WithdrawalRequest,
  ): Promise<{ withdrawn: number }> {
    return this.noLongerNamed.withdraw(id, principal, { digest, ...(memberIds ? { memberIds } : {}) });
  }
}
