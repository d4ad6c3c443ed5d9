import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { BatchService, PaymentService, type BatchProgress, type BatchView } from '@app/claims';
import { CurrentPrincipal, IsRemark, Requires, type Principal } from '@app/platform';
import { Matches } from 'class-validator';

const LIST = 100;

class Check {
  @ApiProperty({ description: 'The digest of the batch that was looked at.' })
  @Matches(/^[0-9a-f]{64}$/)
  digest: string;
}

class Rejection {
  @ApiProperty()
  @IsRemark(500)
  note: string;
}

@Controller('batches')
export class BatchController {
  constructor(
    private readonly batches: BatchService,
    private readonly payment: PaymentService,
  ) {}

  @Get()
  @Requires('batch.read')
  list(): Promise<BatchView[]> {
    return this.batches.list(LIST);
  }

  /** Cuts a batch over the approved claims accepted on an earlier date. */
  @Post()
  @Requires('batch.make')
  make(@CurrentPrincipal() principal: Principal): Promise<BatchView> {
    return this.batches.make(principal);
  }

  /** Releases a batch to the bank: another person than its maker, and the digest that they saw. */
  @Post(':id/check')
  @HttpCode(200)
  @Requires('batch.check')
  check(@CurrentPrincipal() principal: Principal, @Param('id', ParseUUIDPipe) id: string, @Body() body: Check): Promise<BatchView> {
    return this.batches.check(principal, id, body.digest);
  }

  /** Where the money of a batch is: its grant, and its payments by state. */
  @Get(':id/progress')
  @Requires('batch.read')
  progress(@Param('id', ParseUUIDPipe) id: string): Promise<BatchProgress> {
    return this.payment.progress(id);
  }

  /** Asks the treasury again for the money of a batch that it refused. */
  @Post(':id/grant')
  @HttpCode(202)
  @Requires('batch.make')
  async askGrantAgain(@Param('id', ParseUUIDPipe) id: string): Promise<void> {
    await this.payment.askGrantAgain(id);
  }

  @Post(':id/reject')
  @HttpCode(200)
  @Requires('batch.check')
  reject(@CurrentPrincipal() principal: Principal, @Param('id', ParseUUIDPipe) id: string, @Body() body: Rejection): Promise<BatchView> {
    return this.batches.reject(principal, id, body.note);
  }
}
