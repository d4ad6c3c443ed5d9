import { Controller, Get, Param, ParseUUIDPipe, Query, Req, Res } from '@nestjs/common';
import { ApiPropertyOptional, ApiProduces } from '@nestjs/swagger';
import { CountdownService, WindowService, type Countdown, type CountdownView } from '@app/enrolment';
import { CurrentPrincipal, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { IsString, Length } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventStreams } from './event-stream.js';

class NodeQuery {
  @ApiPropertyOptional({ description: 'Code of an organisation; left out: all that is within reach.', example: '459999' })
  @MayBeLeftOut()
  @IsString()
  @Length(1, 18)
  node?: string;
}

@Controller('windows')
@Requires('window.read')
export class CountdownController {
  constructor(
    private readonly countdowns: CountdownService,
    private readonly windows: WindowService,
    private readonly streams: EventStreams,
  ) {}

  /** A node of the tree and its children, who is furthest behind first. */
  @Get(':id/countdown')
  async read(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { node }: NodeQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Countdown & CountdownView> {
    const view = await this.countdowns.read(id, principal, node);
    return { ...(await this.windows.countdown(id)), ...view };
  }

  /** The same every second as server-sent events; children only where a node is named. */
  @Get(':id/countdown/events')
  @ApiProduces('text/event-stream')
  async events(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { node }: NodeQuery,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.streams.send(request, reply, await this.countdowns.events(id, principal, node));
  }
}
