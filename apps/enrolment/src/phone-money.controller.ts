import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  JoinPaymentService,
  PHONE_PAYMENT_FAULTS,
  REFUND_OUTCOMES,
  type FlaggedPayment,
  type PhonePaymentFault,
  type RefundOutcome,
  type RefundUnderWay,
} from '@app/enrolment';
import { CurrentPrincipal, IsRemark, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { IsIn, IsString, Length } from 'class-validator';

class ClearRequest {
  @ApiProperty() @IsString() @Length(1, 64) orderNumber: string;
  @ApiProperty({ enum: PHONE_PAYMENT_FAULTS }) @IsIn(PHONE_PAYMENT_FAULTS) fault: PhonePaymentFault;
  @ApiProperty({ description: 'What was found, and what was done about it.' }) @IsRemark(500) clearance: string;
  @ApiPropertyOptional({
    enum: REFUND_OUTCOMES,
    description:
      'Of a refund that failed or is stuck, and only of one. retry: ask about it again, also where the institution gave the money back by hand. given-back: it came from another account.',
  })
  @MayBeLeftOut()
  @IsIn(REFUND_OUTCOMES)
  refund?: RefundOutcome;
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
  async clear(@CurrentPrincipal() principal: Principal, @Body() { orderNumber, fault, clearance, refund }: ClearRequest): Promise<void> {
    await this.payments.clearFlag(principal, { orderNumber, fault }, { clearance, refund });
  }
}
