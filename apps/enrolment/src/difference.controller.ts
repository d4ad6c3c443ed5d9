import { Body, Controller, Delete, Get, Header, HttpCode, Param, ParseUUIDPipe, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiProduces, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { DifferenceService, WithdrawalService, type Confirmed, type DifferencePage, type UnitDifferences } from '@app/enrolment';
import { DomainError } from '@app/kernel';
import { CurrentPrincipal, IsDistinct, MayBeLeftOut, Requires, TakesBody, type Principal } from '@app/platform';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayNotEmpty, Equals, IsArray, IsObject, IsString, IsUUID, Length, Matches, ValidateNested } from 'class-validator';
import { Readable } from 'node:stream';

const CSV = 'text/csv';
const MOST_UNITS = 100_000;
/** Of people who are corrected or withdrawn: each is a decision of somebody. */
const MOST_PEOPLE = 1_000;
/** In bytes: as many codes and ids. */
const CONFIRMATION_BODY = 4 * 1024 * 1024;

class UnitQuery {
  @ApiPropertyOptional({ description: 'Code of a unit: its people', example: '81459999MA0000245H' })
  @MayBeLeftOut()
  @IsString()
  @Length(1, 18)
  unit?: string;
}

class DifferenceQuery extends UnitQuery {
  @ApiPropertyOptional({ description: 'Without a unit: the code behind which the page begins, as "next" of the one before' })
  @MayBeLeftOut()
  @IsString()
  @Length(1, 18)
  after?: string;
}

class CorrectionRequest {
  @ApiProperty({ description: 'memberId of an id conflict' }) @IsUUID('all') leaver: string;
  @ApiProperty({ description: 'memberId of the same person now' }) @IsUUID('all') joiner: string;
}

class ConfirmationRequest {
  @ApiPropertyOptional({ type: [String] })
  @MayBeLeftOut()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_UNITS)
  @IsDistinct()
  @IsString({ each: true })
  @Length(1, 18, { each: true })
  unitCodes?: string[];

  @ApiPropertyOptional({ description: 'In place of unitCodes: all that are within reach' })
  @MayBeLeftOut()
  @Equals(true)
  all?: true;

  @ApiProperty({
    description:
      'What was shown: of one unit its digest, of all that of the total, of several SHA-256 over theirs, a line each, in the order of the codes',
  })
  @Matches(/^[0-9a-f]{64}$/)
  digest: string;

  @ApiPropertyOptional({ type: [CorrectionRequest], description: 'Id conflicts that are one person' })
  @MayBeLeftOut()
  @IsArray()
  @ArrayMaxSize(MOST_PEOPLE)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => CorrectionRequest)
  corrections?: CorrectionRequest[];

  @ApiPropertyOptional({ type: [String], description: 'memberIds of people who are not to be enrolled' })
  @MayBeLeftOut()
  @IsArray()
  @ArrayMaxSize(MOST_PEOPLE)
  @IsUUID('all', { each: true })
  withdrawals?: string[];
}

/** Of persons: kept by nobody on the way. */
@Controller('windows/:id')
export class DifferenceController {
  constructor(
    private readonly differences: DifferenceService,
    private readonly withdrawals: WithdrawalService,
  ) {}

  /** Counts by unit, a page at a time; of a named unit the people, masked. */
  @Get('differences')
  @Header('cache-control', 'private, no-store')
  @Requires('difference.read')
  read(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { unit, after }: DifferenceQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DifferencePage | UnitDifferences> {
    return unit === undefined ? this.differences.page(id, principal, after) : this.differences.unit(id, principal, unit);
  }

  @Get('differences.csv')
  @Header('cache-control', 'private, no-store')
  @ApiProduces(CSV)
  @Requires('difference.read')
  async csv(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { unit }: UnitQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<StreamableFile> {
    return new StreamableFile(Readable.from(await this.differences.csv(id, principal, unit), { objectMode: false }), {
      type: `${CSV}; charset=utf-8`,
      disposition: 'attachment; filename="differences.csv"',
    });
  }

  @Post('differences/confirmation')
  @HttpCode(200)
  @TakesBody(CONFIRMATION_BODY)
  @Requires('difference.confirm')
  confirm(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentPrincipal() principal: Principal,
    @Body() { unitCodes, all, digest, corrections = [], withdrawals = [] }: ConfirmationRequest,
  ): Promise<Confirmed> {
    if ((unitCodes === undefined) === (all === undefined))
      throw new DomainError('request', 'invalid', `expected unitCodes or all, found ${all === undefined ? 'neither' : 'both'}; send one`);
    return this.differences.confirm(id, principal, { ...(unitCodes ? { unitCodes } : {}), digest, corrections, withdrawals });
  }

  /** Takes an enrolment back that is on no payment notice yet. */
  @Delete('enrolments/:memberId')
  @HttpCode(204)
  @Requires('enrolment.withdraw')
  withdraw(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('memberId', ParseUUIDPipe) memberId: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    return this.withdrawals.withdraw(id, principal, memberId);
  }
}
