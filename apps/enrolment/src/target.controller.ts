import { Body, Controller, HttpCode, Param, ParseArrayPipe, ParseUUIDPipe, Post, Put } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { TargetService } from '@app/enrolment';
import { DomainError } from '@app/kernel';
import { invalidRequest, Requires, TakesBody } from '@app/platform';
import { IsInt, IsString, Length, Max, Min, type ValidationError } from 'class-validator';

class TargetRequest {
  @ApiProperty({ example: '459999' }) @IsString() @Length(1, 18) organisationCode: string;
  @ApiProperty({ description: '0 takes the target away', example: 1_200 }) @IsInt() @Min(0) @Max(100_000_000) headcount: number;
}

/** In bytes: some hundred thousand units. */
const TARGETS_BODY = 8 * 1024 * 1024;

const TARGETS = new ParseArrayPipe({
  items: TargetRequest,
  whitelist: true,
  forbidNonWhitelisted: true,
  exceptionFactory: (faults: ValidationError[] | string) =>
    Array.isArray(faults)
      ? invalidRequest(faults)
      : new DomainError('request', 'invalid', 'expected a list of organisationCode and headcount, found something else; send a list'),
});

@Controller('windows/:id/targets')
@Requires('window.manage')
export class TargetController {
  constructor(private readonly targets: TargetService) {}

  @Put()
  @ApiOperation({
    summary: 'How many people these organisations should enrol; the others keep their targets',
    description: 'Until then, and until the window opens, the targets of units follow what each has enrolled last period.',
  })
  @HttpCode(204)
  @TakesBody(TARGETS_BODY)
  @ApiBody({ type: [TargetRequest] })
  set(@Param('id', ParseUUIDPipe) id: string, @Body(TARGETS) targets: TargetRequest[]): Promise<void> {
    return this.targets.set(id, targets);
  }

  @Post('from-last')
  @ApiOperation({ summary: 'What every unit enrolled last period, for the units that have no target' })
  @HttpCode(200)
  takeFromLast(@Param('id', ParseUUIDPipe) id: string): Promise<{ windowId: string; targets: number; headcount: number }> {
    return this.targets.takeFromLast(id);
  }
}
