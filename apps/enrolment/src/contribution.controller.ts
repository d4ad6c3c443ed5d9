import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ContributionSummaryService,
  ReceiptService,
  RefundService,
  ReversalService,
  SuspenseService,
  type ContributionSummary,
  type DoubleView,
  type MatchView,
  type ProposalView,
  type ReceiptView,
  type RefundView,
  type ReversalView,
  type SuspenseView,
} from '@app/enrolment';
import { DomainError, fen } from '@app/kernel';
import { CurrentPrincipal, IsDistinct, IsFen, IsRemark, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsObject,
  IsString,
  IsUUID,
  Length,
  Matches,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

class MatchLine {
  @ApiProperty() @IsUUID() noticeId: string;
  @ApiProperty({ example: 10_000 }) @IsFen(1) amountFen: number;
}

class MatchRequest {
  @ApiProperty({ type: [MatchLine] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(100)
  @IsDistinct((line) => (line as MatchLine | null)?.noticeId)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => MatchLine)
  matches: MatchLine[];
}

/** Also one that names neither, which is told that its credit is missing. */
const isOfCredit = ({ creditId, amountFen, doubleId }: Partial<RefundRequest>): boolean =>
  doubleId === undefined || creditId !== undefined || amountFen !== undefined;

class RefundRequest {
  @ApiPropertyOptional({ description: 'A credit in suspense, with an amount; or a double.' })
  @ValidateIf(isOfCredit)
  @IsUUID()
  creditId?: string;

  @ApiPropertyOptional({ description: 'Of the credit.', example: 10_000 })
  @ValidateIf(isOfCredit)
  @IsFen(1)
  amountFen?: number;

  @ApiPropertyOptional({ description: 'Given back whole.' })
  @ValidateIf((request: RefundRequest) => request.doubleId !== undefined)
  @IsUUID()
  doubleId?: string;

  @ApiProperty({ description: 'Of the payer; the bank compares it with the name the money came from.', example: '6228480402564890018' })
  @Matches(/^\d{8,32}$/)
  bankAccount: string;

  @ApiProperty() @IsString() @Length(1, 140) bankName: string;
  @ApiProperty() @IsRemark(500) reason: string;
}

class ReversalRequest {
  @ApiProperty({ description: 'Why the match was a mistake.' }) @IsRemark(500) reason: string;
}

class SummaryQuery {
  @ApiPropertyOptional({ description: 'Left out: all windows.' }) @MayBeLeftOut() @IsUUID() windowId?: string;
}

@Controller('contributions')
export class ContributionController {
  constructor(
    private readonly suspense: SuspenseService,
    private readonly refunds: RefundService,
    private readonly summaries: ContributionSummaryService,
    private readonly reversals: ReversalService,
  ) {}

  /** Expected and received by who pays, suspense and refunds, from the rows and from the books. */
  @Get('summary')
  @Requires('suspense.read')
  summary(@Query() { windowId }: SummaryQuery): Promise<ContributionSummary> {
    return this.summaries.read(windowId);
  }

  /** What came in and is for nothing known, by age, the oldest first, with the notices it may be meant for. */
  @Get('suspense')
  @Requires('suspense.read')
  read(): Promise<SuspenseView> {
    return this.suspense.read();
  }

  /** Matches by hand that wait for their confirmation. */
  @Get('suspense/matches')
  @Requires('suspense.read')
  proposals(): Promise<ProposalView[]> {
    return this.suspense.proposals();
  }

  @Post('suspense/:id/matches')
  @Requires('suspense.match')
  propose(
    @Param('id', ParseUUIDPipe) creditId: string,
    @CurrentPrincipal() principal: Principal,
    @Body() { matches }: MatchRequest,
  ): Promise<{ id: string }> {
    return this.suspense.propose(
      principal,
      creditId,
      matches.map(({ noticeId, amountFen }) => ({ noticeId, amountFen: fen(amountFen) })),
    );
  }

  /** By somebody else: with it the notices get the money. */
  @Post('suspense/matches/:id/confirmation')
  @HttpCode(200)
  @Requires('suspense.confirm')
  confirm(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ noticesPaid: number; coversStarted: number }> {
    return this.suspense.confirm(principal, id);
  }

  @Post('suspense/matches/:id/rejection')
  @HttpCode(204)
  @Requires('suspense.confirm')
  async decline(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.suspense.decline(principal, id);
  }

  /** Matches that are proposed to be taken back. */
  @Get('reversals')
  @Requires('suspense.read')
  reversed(): Promise<ReversalView[]> {
    return this.reversals.proposals();
  }

  /** A match that was a mistake, by rule or by hand. */
  @Post('matches/:id/reversals')
  @Requires('suspense.match')
  reverse(
    @Param('id', ParseUUIDPipe) matchId: string,
    @CurrentPrincipal() principal: Principal,
    @Body() { reason }: ReversalRequest,
  ): Promise<{ id: string }> {
    return this.reversals.propose(principal, matchId, reason);
  }

  /** By somebody else: with it the money is in suspense again, and a notice that it had paid is open, without its covers. */
  @Post('reversals/:id/confirmation')
  @HttpCode(200)
  @Requires('suspense.confirm')
  confirmReversal(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ noticeReopened: boolean; coversReversed: number }> {
    return this.reversals.confirm(principal, id);
  }

  @Post('reversals/:id/rejection')
  @HttpCode(204)
  @Requires('suspense.confirm')
  async declineReversal(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.reversals.decline(principal, id);
  }

  /** People who were paid for twice. */
  @Get('doubles')
  @Requires('suspense.read')
  doubles(): Promise<DoubleView[]> {
    return this.refunds.doubles();
  }

  @Get('refunds')
  @Requires('suspense.read')
  list(): Promise<RefundView[]> {
    return this.refunds.list();
  }

  /** Of money in suspense, or of a double; never of a contribution that started a cover. */
  @Post('refunds')
  @Requires('refund.make')
  refund(@CurrentPrincipal() principal: Principal, @Body() request: RefundRequest): Promise<{ id: string }> {
    const { creditId, amountFen, doubleId, bankAccount, bankName, reason } = request;
    if (doubleId !== undefined && isOfCredit({ creditId, amountFen }))
      throw new DomainError(
        'refund-cause',
        'invalid',
        'expected creditId with amountFen, or doubleId alone, found both; propose one refund for each',
      );
    const cause = doubleId === undefined ? { creditId: creditId!, amountFen: fen(amountFen!) } : { doubleId };
    return this.refunds.propose(principal, cause, { bankAccount, bankName }, reason);
  }

  /** By somebody else: with it the money goes to the bank. */
  @Post('refunds/:id/check')
  @HttpCode(202)
  @Requires('refund.check')
  async check(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.refunds.check(principal, id);
  }

  @Post('refunds/:id/rejection')
  @HttpCode(204)
  @Requires('refund.check')
  async reject(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.refunds.decline(principal, id);
  }
}

@Controller('payment-notices')
export class NoticeReceiptController {
  constructor(
    private readonly receipts: ReceiptService,
    private readonly reversals: ReversalService,
  ) {}

  /** Which credits paid it, and by which rule. */
  @Get(':id/matches')
  @Requires('suspense.read')
  matches(@Param('id', ParseUUIDPipe) id: string): Promise<MatchView[]> {
    return this.reversals.matches(id);
  }

  /** The fiscal receipt, the latest first; empty while the notice is not paid. */
  @Get(':id/receipt')
  @Requires('contribution.read')
  read(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<ReceiptView[]> {
    return this.receipts.ofNotice(id, principal);
  }

  /** Asks public finance again for a receipt that it refused. */
  @Post(':id/receipt')
  @HttpCode(202)
  @Requires('receipt.ask')
  async askAgain(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.receipts.askAgain(id, principal);
  }
}
