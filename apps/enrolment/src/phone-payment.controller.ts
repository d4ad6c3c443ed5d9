import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import { JoinPaymentService } from '@app/enrolment';
import { PUBLIC, Requires } from '@app/platform';
import type { FastifyRequest } from 'fastify';

/** Where WeChat tells of payments. Its signature says who it is; anything but a success is told again. */
@Controller('phone-payments')
@Requires(PUBLIC)
export class PhonePaymentController {
  constructor(private readonly payments: JoinPaymentService) {}

  /** The body comes as it was sent, since the signature is over its bytes. */
  @Post('notifications')
  @HttpCode(204)
  @ApiBody({ schema: { type: 'object' } })
  async notified(@Req() { headers, body }: FastifyRequest): Promise<void> {
    await this.payments.notified(headers as Record<string, string | undefined>, typeof body === 'string' ? body : '');
  }
}
