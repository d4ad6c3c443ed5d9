import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Quote, Selection } from '@app/benefits';
import { QuoteService } from '@app/claims';
import { CurrentPrincipal, MayBeLeftOut, Requires, TakesBody, type Principal } from '@app/platform';
import { IsInt, IsObject, IsString, IsUUID, Length, Matches, Max, Min } from 'class-validator';
import { HIGHEST_VERSION, PLAN_ID } from './plan-version.controller.js';

/** In bytes: some hundred stays, each as the platform wrote it. */
const CASE_BODY = 512 * 1024;

class QuoteRequest {
  @ApiProperty({ example: 'guangxi-1-2025' })
  @Matches(PLAN_ID)
  planId: string;

  @ApiPropertyOptional({ description: 'Left out: the version in force on the day of discharge.' })
  @MayBeLeftOut()
  @IsInt()
  @Min(1)
  @Max(HIGHEST_VERSION)
  version?: number;

  @ApiPropertyOptional({ description: 'Other answers where the plan lists options, by path.' })
  @MayBeLeftOut()
  @IsObject()
  selection?: Selection;

  @ApiProperty({ description: 'One event, or the stays of one member in order; amounts in yuan.', example: { base: '5000.00', days: 5 } })
  @IsObject()
  case: object;

  @ApiPropertyOptional({ description: 'Whose accumulators and cover the case is put upon.' })
  @MayBeLeftOut()
  @IsUUID('loose')
  memberId?: string;

  @ApiPropertyOptional({ description: 'In place of memberId.' })
  @MayBeLeftOut()
  @IsString()
  @Length(15, 20)
  personalNumber?: string;
}

@Controller('quotes')
export class QuoteController {
  constructor(private readonly quotes: QuoteService) {}

  /** What a plan would pay for a case, without effect; a member asks upon their own data. */
  @Post()
  @HttpCode(200)
  @TakesBody(CASE_BODY)
  @Requires('quote.read')
  quote(@CurrentPrincipal() principal: Principal, @Body() body: QuoteRequest): Promise<Quote> {
    return this.quotes.quote(principal, body);
  }
}
