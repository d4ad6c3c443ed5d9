import { Body, Controller, Get, Header, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ClaimReader, type ClaimDetail, type ClaimView, type WaitingForAccount } from '@app/claims';
import { CurrentPrincipal, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { IsIn, IsString, Length } from 'class-validator';

class ClaimLookUp {
  @ApiPropertyOptional()
  @MayBeLeftOut()
  @IsString()
  @Length(1, 60)
  settlementId?: string;

  @ApiPropertyOptional({ description: 'In the body, since addresses are logged.' })
  @MayBeLeftOut()
  @IsString()
  @Length(15, 20)
  personalNumber?: string;
}

class Explanation {
  @ApiPropertyOptional({ enum: ['zh', 'en'] })
  @MayBeLeftOut()
  @IsIn(['zh', 'en'])
  language?: 'zh' | 'en';

  @ApiPropertyOptional({ enum: ['member', 'officer', 'auditor'], description: 'A member always reads the member’s.' })
  @MayBeLeftOut()
  @IsIn(['member', 'officer', 'auditor'])
  audience?: 'member' | 'officer' | 'auditor';
}

@Controller('claims')
export class ClaimController {
  constructor(private readonly claims: ClaimReader) {}

  /** Claims that wait for another account of their member. Whom the official account cannot reach (`refusal`), somebody has to call. */
  @Get('waiting-for-account')
  @Requires('claim.read')
  waitingForAccount(@CurrentPrincipal() principal: Principal): Promise<WaitingForAccount[]> {
    return this.claims.waitingForAccount(principal);
  }

  /** One claim with its history and the trace of its decision. */
  @Get(':id')
  @Requires('claim.read')
  one(@CurrentPrincipal() principal: Principal, @Param('id', ParseUUIDPipe) id: string): Promise<ClaimDetail> {
    return this.claims.one(principal, id);
  }

  /** Why this amount, in words: from the stored trace, never computed again. */
  @Get(':id/explanation')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Requires('claim.read')
  explain(
    @CurrentPrincipal() principal: Principal,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { language = 'zh', audience }: Explanation,
  ): Promise<string> {
    return this.claims.explain(principal, id, language, audience);
  }

  /** Claims by settlement or by person; a member sees their own whatever is asked. */
  @Post('look-up')
  @HttpCode(200)
  @Requires('claim.read')
  lookUp(@CurrentPrincipal() principal: Principal, @Body() body: ClaimLookUp): Promise<ClaimView[]> {
    return this.claims.list(principal, body);
  }
}
