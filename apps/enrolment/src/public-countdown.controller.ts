import { Controller, Get, Header, Param, ParseUUIDPipe, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces } from '@nestjs/swagger';
import { CountdownService, type PublicCountdown } from '@app/enrolment';
import { PUBLIC, Requires } from '@app/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventStreams } from './event-stream.js';

/** For the website: the whole of a window, and no organisation. */
@Controller('public/windows')
@Requires(PUBLIC)
export class PublicCountdownController {
  constructor(
    private readonly countdowns: CountdownService,
    private readonly streams: EventStreams,
  ) {}

  @Get(':id/countdown')
  @ApiOperation({ summary: 'Enrolled, target, percent and missing of the whole window' })
  @Header('cache-control', 'public, max-age=1')
  read(@Param('id', ParseUUIDPipe) id: string): Promise<PublicCountdown> {
    return this.countdowns.readPublic(id);
  }

  @Get(':id/countdown/events')
  @ApiOperation({ summary: 'The same every second as server-sent events' })
  @ApiProduces('text/event-stream')
  async events(@Param('id', ParseUUIDPipe) id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.streams.send(request, reply, await this.countdowns.publicEvents(id));
  }
}
