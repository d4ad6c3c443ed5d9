import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Selection } from '@app/benefits';
import { PlanVersionService, type PlanVersionDetail, type PlanVersionView } from '@app/claims';
import { CurrentPrincipal, MayBeLeftOut, Requires, TakesBody, type Principal } from '@app/platform';
import { Type } from 'class-transformer';
import { IsInt, IsObject, IsString, Length, Matches, Max, Min } from 'class-validator';

export const LONGEST_PLAN = 500_000;
/** In bytes: each character may take six. */
export const PLAN_BODY = 6 * LONGEST_PLAN + 64 * 1024;
export const HIGHEST_VERSION = 1_000_000;
export const PLAN_ID = /^[a-z0-9-]{1,60}$/;

class VersionPath {
  @ApiProperty({ example: 'guangxi-1-2025' })
  @Matches(PLAN_ID)
  planId: string;

  @ApiProperty({ example: 2 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(HIGHEST_VERSION)
  version: number;
}

class Proposal {
  @ApiProperty({ description: 'The plan file, YAML.' })
  @IsString()
  @Length(1, LONGEST_PLAN)
  content: string;

  @ApiPropertyOptional({ description: 'Other answers where the plan lists options, by path.' })
  @MayBeLeftOut()
  @IsObject()
  selection?: Selection;
}

class Signature {
  @ApiProperty({ description: 'The hash of the version that was read.' })
  @Matches(/^[0-9a-f]{64}$/)
  hash: string;
}

@Controller('plan-versions')
export class PlanVersionController {
  constructor(private readonly plans: PlanVersionService) {}

  /** The next version of a plan; what is wrong with the file comes back as a list of problems. */
  @Post()
  @TakesBody(PLAN_BODY)
  @Requires('plan.propose')
  propose(@CurrentPrincipal() principal: Principal, @Body() body: Proposal): Promise<PlanVersionView> {
    return this.plans.propose(principal, body.content, body.selection);
  }

  @Get()
  @Requires('plan.read')
  list(): Promise<PlanVersionView[]> {
    return this.plans.list();
  }

  /** With the file, who signed, and its rehearsals. */
  @Get(':planId/:version')
  @Requires('plan.read')
  read(@Param() { planId, version }: VersionPath): Promise<PlanVersionDetail> {
    return this.plans.read(planId, version);
  }

  /** Signs a rehearsed version; the second of two people puts it in force. */
  @Post(':planId/:version/signatures')
  @HttpCode(200)
  @Requires('plan.sign')
  sign(
    @CurrentPrincipal() principal: Principal,
    @Param() { planId, version }: VersionPath,
    @Body() body: Signature,
  ): Promise<PlanVersionView> {
    return this.plans.sign(principal, planId, version, body.hash);
  }
}
