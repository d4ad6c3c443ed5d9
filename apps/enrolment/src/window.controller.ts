import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ContributionService, UNDERWRITINGS, WindowService, type IssuedNotices, type NoticeView, type Underwriting } from '@app/enrolment';
import { civilDate, fen } from '@app/kernel';
import { CurrentPrincipal, IsDay, IsFen, IsInstant, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { Type } from 'class-transformer';
import { IsIn, IsObject, IsString, Length, Max, ValidateNested } from 'class-validator';

class SharesRequest {
  @ApiProperty({ example: 6_000 }) @IsFen(0) memberFen: number;
  @ApiProperty({ example: 3_000 }) @IsFen(0) unitFen: number;
  @ApiProperty({ example: 1_000 }) @IsFen(0) fundFen: number;
}

export class NewWindowRequest {
  @ApiProperty({ example: 'guangxi-1-2025' }) @IsString() @Length(1, 100) planId: string;
  @ApiProperty({ example: '459999' }) @IsString() @Length(1, 18) organisationCode: string;
  @ApiProperty({ description: 'Instant with offset' }) @IsInstant() opensAt: string;
  @ApiProperty({ description: 'Instant with offset, not part of the window' })
  @IsInstant()
  closesAt: string;
  @ApiProperty({ example: '2026-01-01' }) @IsDay() coverFrom: string;
  @ApiProperty({ example: '2026-12-31' }) @IsDay() coverTo: string;
  @ApiProperty({ example: 10_000 }) @IsFen(1) @Max(10_000_000) contributionFen: number;
  @ApiPropertyOptional({ description: 'Who pays the contribution of one person, together all of it; left out, the member does.' })
  @MayBeLeftOut()
  @IsObject()
  @ValidateNested()
  @Type(() => SharesRequest)
  shares?: SharesRequest;
  @ApiProperty({ enum: UNDERWRITINGS, required: false, description: 'What is asked of an application; none when left out' })
  @MayBeLeftOut()
  @IsIn(UNDERWRITINGS)
  underwriting?: Underwriting;
}

@Controller('windows')
export class WindowController {
  constructor(
    private readonly windows: WindowService,
    private readonly contributions: ContributionService,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Makes a window',
    description: 'What each unit has enrolled last period is its target, until somebody sets targets or the window opens.',
  })
  @Requires('window.manage')
  async create(@Body() window: NewWindowRequest): Promise<{ id: string }> {
    const { id } = await this.windows.create({
      planId: window.planId,
      organisationCode: window.organisationCode,
      opensAt: new Date(window.opensAt),
      closesAt: new Date(window.closesAt),
      coverFrom: civilDate(window.coverFrom),
      coverTo: civilDate(window.coverTo),
      contributionFen: fen(window.contributionFen),
      ...(window.shares
        ? { shares: { memberFen: fen(window.shares.memberFen), unitFen: fen(window.shares.unitFen), fundFen: fen(window.shares.fundFen) } }
        : {}),
      ...(window.underwriting ? { underwriting: window.underwriting } : {}),
    });
    return { id };
  }

  @Post(':id/recount')
  @HttpCode(200)
  @ApiOperation({ summary: 'Sets the counts of the window from its enrolments; for after a repair by hand' })
  @Requires('window.manage')
  async recount(@Param('id', ParseUUIDPipe) id: string): Promise<{ differed: number }> {
    return { differed: await this.windows.recount(id) };
  }

  @Post(':id/payment-notices')
  @HttpCode(200)
  @Requires('window.manage')
  issueNotices(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<IssuedNotices> {
    return this.contributions.issueNotices(id, principal);
  }

  @Get(':id/payment-notices')
  @Requires('contribution.read')
  notices(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<NoticeView[]> {
    return this.contributions.notices(id, principal);
  }
}
