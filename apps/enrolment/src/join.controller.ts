import { Controller, Get, Param, ParseUUIDPipe, Post, Req, Res } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { JoinService, type JoinOffer, type JoinView, type PayParameters } from '@app/enrolment';
import { CurrentPrincipal, principalOf, Requires, type Principal } from '@app/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { receivedAtOf } from './receive-time.js';

/** A member joins alone: sees the offer, confirms, pays, is covered. */
@Controller()
export class JoinController {
  constructor(private readonly joins: JoinService) {}

  @Get('windows/:id/joins/me')
  @Requires('member.read-own')
  offer(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<JoinOffer> {
    return this.joins.offer(principal, id);
  }

  /** Takes the request whole: in the last minute, each decorated parameter would cost more than what is done with it. */
  @Post('windows/:id/joins')
  @ApiOperation({ summary: '201 when it is done; 202 with a place in the line, whose ticket is to be read after pollAfterSeconds' })
  @Requires('join.ask')
  async ask(
    @Param('id', ParseUUIDPipe) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JoinView> {
    return answer(reply, await this.joins.ask(principalOf(request), id, receivedAtOf(request)));
  }

  @Get('joins/:ticket')
  @Requires('join.read-own')
  async read(
    @Param('ticket') ticket: string,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JoinView> {
    return answer(reply, await this.joins.read(principal, ticket));
  }

  @Get('joins/:ticket/payment')
  @Requires('join.read-own')
  payment(@Param('ticket') ticket: string, @CurrentPrincipal() principal: Principal): Promise<PayParameters> {
    return this.joins.payment(principal, ticket);
  }
}

function answer(reply: FastifyReply, view: JoinView): JoinView {
  if (view.state === 'waiting') void reply.status(202).header('retry-after', view.pollAfterSeconds);
  return view;
}
