import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import {
  COVER_ENDS,
  CoverService,
  REINSTATE_REASONS,
  TRANSFER_REASONS,
  type CoverConflict,
  type CoverEnd,
  type CoverView,
  type Proposal,
  type ReinstateReason,
  type TransferReason,
} from '@app/enrolment';
import { civilDate } from '@app/kernel';
import { CurrentPrincipal, IsDay, Requires, type Principal } from '@app/platform';
import { IsIn, IsString, Length } from 'class-validator';

class TransferRequest {
  @ApiProperty({ example: '91350100M000100Y43' }) @IsString() @Length(1, 18) toUnitCode: string;
  @ApiProperty({ description: 'First day in the unit', example: '2025-06-01' })
  @IsDay()
  effectiveOn: string;
  @ApiProperty({ enum: TRANSFER_REASONS }) @IsIn(TRANSFER_REASONS) reason: TransferReason;
}

class EndRequest {
  @ApiProperty({ enum: COVER_ENDS }) @IsIn(COVER_ENDS) reason: CoverEnd;
  @ApiProperty({ description: 'The last covered day; of a death its day, which may be before the cover', example: '2025-06-30' })
  @IsDay()
  on: string;
}

class ReinstateRequest {
  @ApiProperty({ enum: REINSTATE_REASONS }) @IsIn(REINSTATE_REASONS) reason: ReinstateReason;
}

@Controller('covers')
export class CoverController {
  constructor(private readonly covers: CoverService) {}

  /** Transfers that wait for one of two organisations. */
  @Get('transfers')
  @Requires('cover.transfer')
  transfers(@CurrentPrincipal() principal: Principal): Promise<(Proposal & { number: string })[]> {
    return this.covers.openTransfers(principal);
  }

  /** Covers that ended before the discharge of a claim that was granted all the same. */
  @Get('conflicts')
  @Requires('cover.review')
  conflicts(@CurrentPrincipal() principal: Principal): Promise<CoverConflict[]> {
    return this.covers.conflicts(principal);
  }

  @Get(':number')
  @Requires('cover.read')
  read(@Param('number') number: string, @CurrentPrincipal() principal: Principal): Promise<CoverView> {
    return this.covers.read(principal, number);
  }

  /** At once within one organisation; between two it is proposed to the other. */
  @Post(':number/transfer')
  @HttpCode(200)
  @Requires('cover.transfer')
  transfer(
    @Param('number') number: string,
    @CurrentPrincipal() principal: Principal,
    @Body() { toUnitCode, effectiveOn, reason }: TransferRequest,
  ): Promise<CoverView> {
    return this.covers.transfer(principal, number, { toUnitCode, effectiveOn: civilDate(effectiveOn), reason });
  }

  /** By the organisation that did not propose it. */
  @Post(':number/transfer/acceptance')
  @HttpCode(200)
  @Requires('cover.transfer')
  accept(@Param('number') number: string, @CurrentPrincipal() principal: Principal): Promise<CoverView> {
    return this.covers.acceptTransfer(principal, number);
  }

  /** Withdrawn by the organisation that proposed it, or declined by the other. */
  @Delete(':number/transfer')
  @Requires('cover.transfer')
  drop(@Param('number') number: string, @CurrentPrincipal() principal: Principal): Promise<CoverView> {
    return this.covers.dropTransfer(principal, number);
  }

  @Post(':number/end')
  @HttpCode(200)
  @Requires('cover.end')
  end(@Param('number') number: string, @CurrentPrincipal() principal: Principal, @Body() { reason, on }: EndRequest): Promise<CoverView> {
    return this.covers.end(principal, number, { reason, on: civilDate(on) });
  }

  /** Undoes a wrong end. */
  @Post(':number/reinstatement')
  @HttpCode(200)
  @Requires('cover.reinstate')
  reinstate(
    @Param('number') number: string,
    @CurrentPrincipal() principal: Principal,
    @Body() { reason }: ReinstateRequest,
  ): Promise<CoverView> {
    return this.covers.reinstate(principal, number, { reason });
  }
}
