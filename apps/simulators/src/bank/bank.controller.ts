import type { BankCredit, BankReturn } from '@app/contracts';
import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { isDay } from '../china-time.js';
import { Fields } from '../fields.js';
import { hangUp, invalid, type Reply } from '../http.js';
import { Bank } from './bank.js';

const XML = 'application/xml; charset=utf-8';

/** Faults of the line, for tests: how many of the next POST /payments are to suffer them. */
interface Faults {
  /** Executed, and the connection breaks before the answer. */
  dropAnswers: number;
  /** The connection breaks before anything is executed. */
  refuseConnections: number;
}

@Controller()
export class BankController {
  private faults: Faults = { dropAnswers: 0, refuseConnections: 0 };

  constructor(private readonly bank: Bank) {}

  @Post('payments')
  submit(@Body() body: unknown, @Res() reply: Reply): void {
    if (this.faults.refuseConnections > 0) {
      this.faults.refuseConnections--;
      return hangUp(reply);
    }
    if (typeof body !== 'string') throw invalid('expected a pain.001 as application/xml');
    const answer = this.bank.submit(body);
    if (this.faults.dropAnswers > 0) {
      this.faults.dropAnswers--;
      return hangUp(reply);
    }
    reply.status(200).header('content-type', XML).send(answer);
  }

  @Get('payments/:messageId')
  @Header('content-type', XML)
  query(@Param('messageId') messageId: string): string {
    return this.bank.query(messageId);
  }

  @Get('returns')
  returns(@Query('account') account: string, @Query('from') from: string, @Query('to') to: string): BankReturn[] {
    if (!account || !isDay(from ?? '') || !isDay(to ?? '')) throw invalid('expected account, from and to (days YYYY-MM-DD)');
    return this.bank.returnsOf(account, from, to);
  }

  @Get('statements/:account/:on')
  @Header('content-type', XML)
  statement(@Param('account') account: string, @Param('on') on: string): string {
    return this.bank.statement(account, on);
  }

  @Get('balance/:account')
  balance(@Param('account') account: string): { balanceFen: number } {
    return { balanceFen: this.bank.balance(account) };
  }

  @Post('credits')
  @HttpCode(200)
  credit(@Body() body: unknown): BankCredit {
    const fields = new Fields(body);
    return this.bank.credit({
      bankReference: fields.text('bankReference', 35),
      account: fields.text('account', 34),
      amountFen: fields.integer('amountFen', 1),
      reference: fields.text('reference', 35),
      payerName: fields.text('payerName', 140),
    });
  }

  @Post('faults')
  @HttpCode(200)
  setFaults(@Body() body: unknown): Faults {
    const fields = new Fields(body);
    this.faults = {
      dropAnswers: fields.optionalInteger('dropAnswers', 0) ?? this.faults.dropAnswers,
      refuseConnections: fields.optionalInteger('refuseConnections', 0) ?? this.faults.refuseConnections,
    };
    return this.faults;
  }
}
