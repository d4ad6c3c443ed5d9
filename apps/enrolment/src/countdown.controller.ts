import { Controller, Get, Param, ParseUUIDPipe, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiPropertyOptional, ApiProduces } from '@nestjs/swagger';
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

  @Get(':id/countdown')
  @ApiOperation({
    summary: 'A node of the tree and its children, who is furthest behind first',
    description:
      'Of the whole window: enrolled, units, and covered: those for whom a cover was started, on a paid notice or alone, also where it has ended since. Of the node: enrolled, target, percent and missing (null without a target), perHour of the last hour and day (null unless the window has been open for a minute), projectedFinish (null when it would be never, or is unknown) and projectedAtClose. The pace of a unit comes of the times at which its people applied, and is read once a minute; a unit among the children has none, and is asked for with node.',
  })
  async read(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { node }: NodeQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Countdown & CountdownView> {
    const view = await this.countdowns.read(id, principal, node);
    return { ...(await this.windows.countdown(id)), ...view };
  }

  @Get(':id/countdown/events')
  @ApiOperation({
    summary: 'The node every second as server-sent events; its children only where a node is named',
    description: 'As the countdown itself, but for the counts of the whole window: covered and units.',
  })
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
