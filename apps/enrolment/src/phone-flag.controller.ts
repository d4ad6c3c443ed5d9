import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiProperty } from '@nestjs/swagger';
import { JoinPaymentService, PHONE_PAYMENT_FAULTS, type FlaggedPayment, type PhonePaymentFault } from '@app/enrolment';
import { CurrentPrincipal, Requires, type Principal } from '@app/platform';
import { IsIn, IsString, Length } from 'class-validator';

class ClearRequest {
  @ApiProperty() @IsString() @Length(1, 64) orderNumber: string;
  @ApiProperty({ enum: PHONE_PAYMENT_FAULTS }) @IsIn(PHONE_PAYMENT_FAULTS) fault: PhonePaymentFault;
  @ApiProperty({ description: 'What was found, and what was done about it.' }) @IsString() @Length(1, 500) clearance: string;
}

/** Payments by phone that do not add up, for the people who keep the money. */
@Controller('contributions/phone-payments/flags')
export class PhoneFlagController {
  constructor(private readonly payments: JoinPaymentService) {}

  @Get()
  @Requires('suspense.read')
  read(): Promise<FlaggedPayment[]> {
    return this.payments.flags();
  }

  @Post('clearances')
  @ApiOperation({
    summary: 'Says what was done about it. A refund that had failed is then asked about again, and is open again if it has failed again.',
  })
  @HttpCode(204)
  @Requires('suspense.match')
  async clear(@CurrentPrincipal() principal: Principal, @Body() { orderNumber, fault, clearance }: ClearRequest): Promise<void> {
    await this.payments.clearFlag(principal, { orderNumber, fault }, clearance);
  }
}
