import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Put, Query } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { UnderwritingService, type UnderwrittenPerson, type WindowUnderwriting } from '@app/enrolment';
import { CurrentPrincipal, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { IsInt, IsString, IsUUID, Length, Max, Min } from 'class-validator';

class UnitRequest {
  @ApiProperty({ example: '91350100M000100Y43' }) @IsString() @Length(1, 18) unitCode: string;
}

class StaffRequest extends UnitRequest {
  @ApiProperty({ description: 'How many people work at the unit', example: 120 }) @IsInt() @Min(1) @Max(10_000_000) staff: number;
}

class PeopleQuery {
  @ApiProperty({ required: false }) @MayBeLeftOut() @IsString() @Length(1, 18) unitCode?: string;
  @ApiProperty({ required: false, description: 'Member id that the last page ended with' }) @MayBeLeftOut() @IsUUID() after?: string;
}

@Controller('windows/:id/underwriting')
export class UnderwritingController {
  constructor(private readonly underwriting: UnderwritingService) {}

  @Get()
  @Requires('underwriting.read')
  standing(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<WindowUnderwriting> {
    return this.underwriting.standing(id, principal);
  }

  /** Refused people, and those about whom the platform gives no answer, each with what to do; 500 at a time. */
  @Get('people')
  @Requires('underwriting.read')
  people(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PeopleQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<UnderwrittenPerson[]> {
    return this.underwriting.people(id, principal, query);
  }

  /** The unit's data were corrected: whoever of it was refused, or not answered, is asked about again. */
  @Post('again')
  @HttpCode(200)
  @Requires('underwriting.correct')
  askAgain(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() { unitCode }: UnitRequest,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ applications: number }> {
    return this.underwriting.askAgain(id, unitCode, principal);
  }

  @Put('staff')
  @HttpCode(204)
  @Requires('underwriting.correct')
  setStaff(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() { unitCode, staff }: StaffRequest,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    return this.underwriting.setStaff(id, unitCode, staff, principal);
  }
}
