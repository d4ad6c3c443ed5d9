import { Body, Controller, Get, Headers, HttpCode, Post } from '@nestjs/common';
import { AcceptanceService, type QuarantinedMessage } from '@app/claims';
import { FEED_PUSH, type FeedPushAnswer } from '@app/contracts';
import { DomainError } from '@app/kernel';
import { Requires, TakesBody } from '@app/platform';

const LIST = 1_000;
/** In bytes: some sixty thousand messages. */
const FEED_BODY = 64 * 1024 * 1024;
/** Of a source; lines are counted in four bytes. */
const MOST_LINES = 2_000_000_000;

@Controller(FEED_PUSH.path)
export class FeedController {
  constructor(private readonly acceptance: AcceptanceService) {}

  /** Newline-delimited messages of the medical-insurance platform; answered after they are stored, line by line. */
  @Post()
  @HttpCode(200)
  @TakesBody(FEED_BODY)
  @Requires('feed.push')
  async push(
    @Body() body: unknown,
    @Headers(FEED_PUSH.sourceHeader) source = 'push',
    @Headers(FEED_PUSH.lineHeader) line = '1',
  ): Promise<FeedPushAnswer> {
    const firstLine = Number(line);
    if (typeof body !== 'string' || !Number.isInteger(firstLine) || firstLine < 1 || firstLine > MOST_LINES) {
      throw new DomainError(
        'feed-push',
        'invalid',
        `expected application/x-ndjson and ${FEED_PUSH.lineHeader} as a whole number from 1 to ${MOST_LINES}, found something else; correct the request`,
      );
    }
    const lines = body.split('\n').filter((text) => text.trim() !== '');
    return { receipts: await this.acceptance.receive(lines, source, firstLine) };
  }

  /** Messages that wait for a person: where each came from, what is wrong, and its money where that matters. */
  @Get('quarantined')
  @Requires('feed.read')
  quarantined(): Promise<QuarantinedMessage[]> {
    return this.acceptance.quarantined(LIST);
  }

  /** After a table of codes has grown: those that were set aside for what stands in them are judged again. */
  @Post('quarantined/release')
  @HttpCode(200)
  @Requires('feed.release')
  async release(): Promise<{ messages: number }> {
    return { messages: await this.acceptance.release() };
  }
}
