import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { JoinPaymentService, PHONE_PAYMENT_FAULTS, type FlaggedPayment, type PhonePaymentFault, type RefundUnderWay } from '@app/enrolment';
import { CurrentPrincipal, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { IsBoolean, IsIn, IsString, Length } from 'class-validator';

class ClearRequest {
  @ApiProperty() @IsString() @Length(1, 64) orderNumber: string;
  @ApiProperty({ enum: PHONE_PAYMENT_FAULTS }) @IsIn(PHONE_PAYMENT_FAULTS) fault: PhonePaymentFault;
  @ApiProperty({ description: 'What was found, and what was done about it.' }) @IsString() @Length(1, 500) clearance: string;
  @ApiPropertyOptional({
    description: 'Of a refund that failed: ask again. Not when the money was given back another way, which would be twice.',
  })
  @MayBeLeftOut()
  @IsBoolean()
  retry?: boolean;
}

/** Payments by phone that do not add up or are to go back, for the people who keep the money. */
@Controller('contributions/phone-payments')
export class PhoneMoneyController {
  constructor(private readonly payments: JoinPaymentService) {}

  /** Those whose refund has not arrived, who paid first comes first. */
  @Get('refunds')
  @Requires('suspense.read')
  refunds(): Promise<RefundUnderWay[]> {
    return this.payments.refundsUnderWay();
  }

  @Get('flags')
  @Requires('suspense.read')
  flags(): Promise<FlaggedPayment[]> {
    return this.payments.flags();
  }

  @Post('flags/clearances')
  @HttpCode(204)
  @Requires('suspense.match')
  async clear(@CurrentPrincipal() principal: Principal, @Body() { orderNumber, fault, clearance, retry }: ClearRequest): Promise<void> {
    await this.payments.clearFlag(principal, { orderNumber, fault }, { clearance, retry });
  }
}
