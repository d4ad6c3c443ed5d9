import type {
  JsapiOrder,
  JsapiOrderAnswer,
  TradeBillAnswer,
  WechatPayMerchant,
  WechatRefund,
  WechatRefundRequest,
  WechatTransaction,
} from '@app/contracts';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { addDays, chinaInstant, isDay } from '../china-time.js';
import { Fields } from '../fields.js';
import { invalid, Refusal, type Reply } from '../http.js';
import type { SimulatorClock } from '../simulator.js';
import { Signer } from './keys.js';
import { Notifications } from './notifications.js';
import { Orders } from './orders.js';
import { Payers } from './payer-ending.js';
import { writeTradeBill } from './trade-bill.js';

export const CLOCK = 'clock';

const BILL_READY = '10:00:00';

/** The part of a Fastify request that is used here. */
interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawBody?: Buffer;
}

/** Faults of the line, for tests: how many of the next calls of the merchant are to suffer them. */
interface Faults {
  /** Executed, and the connection breaks before the answer. */
  dropAnswers: number;
  /** The connection breaks before anything is executed. */
  refuseConnections: number;
  /** Answered 429: too many calls. */
  limitFrequency: number;
  /** Refunds, answered 403: the merchant's account holds too little. */
  emptyAccount: number;
}

@Controller()
export class WechatPayController {
  private faults: Faults = { dropAnswers: 0, refuseConnections: 0, limitFrequency: 0, emptyAccount: 0 };

  constructor(
    @Inject(CLOCK) private readonly clock: SimulatorClock,
    private readonly signer: Signer,
    private readonly payers: Payers,
    private readonly orders: Orders,
    private readonly notifications: Notifications,
  ) {}

  @Post('v3/pay/transactions/jsapi')
  order(@Req() request: Received, @Body() body: unknown, @Res() reply: Reply): Promise<void> {
    return this.answer(request, reply, (): JsapiOrderAnswer | undefined => {
      const order = this.readOrder(new Fields(body));
      const { prepayId, fresh } = this.orders.order(order);
      return fresh && this.payers.fate(order.payer.openid).silentOrder ? undefined : { prepay_id: prepayId };
    });
  }

  @Get('v3/pay/transactions/out-trade-no/:number')
  find(@Req() request: Received, @Param('number') number: string, @Query('mchid') mchid: string, @Res() reply: Reply): Promise<void> {
    return this.answer(request, reply, (): WechatTransaction => {
      this.checkMerchant(mchid);
      return this.orders.find(number);
    });
  }

  @Post('v3/pay/transactions/out-trade-no/:number/close')
  close(@Req() request: Received, @Param('number') number: string, @Body() body: unknown, @Res() reply: Reply): Promise<void> {
    return this.answer(request, reply, () => {
      this.checkMerchant(new Fields(body).text('mchid', 32));
      this.orders.close(number);
      return NO_CONTENT;
    });
  }

  @Post('v3/refund/domestic/refunds')
  refund(@Req() request: Received, @Body() body: unknown, @Res() reply: Reply): Promise<void> {
    return this.answer(request, reply, (): WechatRefund => {
      if (this.faults.emptyAccount > 0) {
        this.faults.emptyAccount--;
        throw new Refusal(403, 'NOT_ENOUGH', '基本账户余额不足');
      }
      return this.orders.refund(readRefund(new Fields(body)));
    });
  }

  @Get('v3/refund/domestic/refunds/:number')
  findRefund(@Req() request: Received, @Param('number') number: string, @Res() reply: Reply): Promise<void> {
    return this.answer(request, reply, (): WechatRefund => this.orders.findRefund(number));
  }

  @Get('v3/bill/tradebill')
  bill(@Req() request: Received, @Query('bill_date') day: string, @Res() reply: Reply): Promise<void> {
    return this.answer(request, reply, (): TradeBillAnswer => {
      const bill = this.billOf(day);
      return {
        hash_type: 'SHA1',
        hash_value: createHash('sha1').update(bill).digest('hex'),
        download_url: `http://${request.headers.host}/v3/billdownload/file?token=${day}`,
      };
    });
  }

  @Get('v3/billdownload/file')
  downloadBill(@Req() request: Received, @Query('token') day: string, @Res() reply: Reply): Promise<void> {
    return this.answer(request, reply, () => this.billOf(day));
  }

  /** The payer taps "pay". */
  @Post('phone/pay')
  @HttpCode(200)
  pay(@Body() body: unknown): { out_trade_no: string; transaction_id: string; again: boolean } {
    const fields = new Fields(body);
    const payer = fields.text('payer', 128);
    const { transaction, notifyUrl, again } = this.orders.pay(fields.text('prepay_id', 64), payer);
    if (!again) this.notifications.add(transaction, notifyUrl, this.payers.fate(payer).notification);
    return { out_trade_no: transaction.out_trade_no, transaction_id: transaction.transaction_id!, again };
  }

  /** What the merchant reads on WeChat's own pages when the contract is made. */
  @Get('merchant')
  merchant(): WechatPayMerchant {
    return this.signer.merchant;
  }

  /** Sends what is due now, and waits for what is under way. */
  @Post('control/notifications')
  @HttpCode(200)
  deliver(): Promise<{ delivered: number; waiting: number }> {
    return this.notifications.deliverDue();
  }

  @Put('control/payers')
  givePayer(@Body() body: unknown): { payer: string; ending: string } {
    const fields = new Fields(body);
    const given = { payer: fields.text('payer', 128), ending: fields.text('ending', 4) };
    this.payers.give(given.payer, given.ending);
    return given;
  }

  @Post('faults')
  @HttpCode(200)
  setFaults(@Body() body: unknown): Faults {
    const fields = new Fields(body);
    this.faults = {
      dropAnswers: fields.optionalInteger('dropAnswers', 0) ?? this.faults.dropAnswers,
      refuseConnections: fields.optionalInteger('refuseConnections', 0) ?? this.faults.refuseConnections,
      limitFrequency: fields.optionalInteger('limitFrequency', 0) ?? this.faults.limitFrequency,
      emptyAccount: fields.optionalInteger('emptyAccount', 0) ?? this.faults.emptyAccount,
    };
    return this.faults;
  }

  /** One call of the merchant: signed both ways. Work that gives nothing was executed and is not answered; a text is a file, unsigned. */
  private async answer(request: Received, reply: Reply, work: () => object | string | undefined): Promise<void> {
    if (this.faults.refuseConnections > 0) {
      this.faults.refuseConnections--;
      return hangUp(reply);
    }
    const { method, url, headers, rawBody } = request;
    const now = this.clock.now();
    if (!this.signer.isOfMerchant(headers.authorization ?? '', method, url, rawBody?.toString('utf8') ?? '', now))
      throw new Refusal(401, 'SIGN_ERROR', '签名错误');
    if (this.faults.limitFrequency > 0) {
      this.faults.limitFrequency--;
      throw new Refusal(429, 'FREQUENCY_LIMITED', '频率超限');
    }
    const result = work();
    if (result === undefined) return hangUp(reply);
    if (this.faults.dropAnswers > 0) {
      this.faults.dropAnswers--;
      return hangUp(reply);
    }
    if (typeof result === 'string') {
      reply.status(200).header('content-type', 'text/plain; charset=utf-8').send(result);
      return;
    }
    const text = result === NO_CONTENT ? '' : JSON.stringify(result);
    for (const [name, value] of Object.entries(await this.signer.headers(text, now))) reply.header(name, value);
    reply
      .status(result === NO_CONTENT ? 204 : 200)
      .header('content-type', 'application/json')
      .send(text);
  }

  private billOf(day: string): string {
    if (!isDay(day ?? '')) throw invalid('bill_date must be a day YYYY-MM-DD');
    if (this.clock.now() < chinaInstant(addDays(day, 1), BILL_READY)) throw new Refusal(400, 'STATEMENT_CREATING', '账单生成中');
    const trades = this.orders.tradesOf(day);
    if (trades.length === 0) throw new Refusal(400, 'NO_STATEMENT_EXIST', '账单文件不存在');
    return writeTradeBill(trades);
  }

  private readOrder(fields: Fields): JsapiOrder {
    const [appid, mchid] = [fields.text('appid', 32), fields.text('mchid', 32)];
    this.checkMerchant(mchid);
    if (appid !== this.signer.merchant.appId) throw new Refusal(400, 'APPID_MCHID_NOT_MATCH', '商户号和AppID不匹配');
    const [number, expiry, notifyUrl] = [fields.text('out_trade_no', 32), fields.text('time_expire', 64), fields.text('notify_url', 255)];
    if (!/^[0-9A-Za-z_\-|*]{6,32}$/.test(number)) throw invalid('out_trade_no must be 6 to 32 characters of 0-9 A-Z a-z _ - | *');
    if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+\d{2}:\d{2}$/.test(expiry) || Number.isNaN(Date.parse(expiry)))
      throw invalid('time_expire must be YYYY-MM-DDTHH:mm:ss+08:00');
    if (!URL.canParse(notifyUrl) || notifyUrl.includes('?')) throw invalid('notify_url must be an address without a query');
    return {
      appid,
      mchid,
      description: fields.text('description', 127),
      out_trade_no: number,
      time_expire: expiry,
      notify_url: notifyUrl,
      amount: { total: fields.object('amount').integer('total', 1), currency: readCurrency(fields.object('amount')) },
      payer: { openid: fields.object('payer').text('openid', 128) },
    };
  }

  private checkMerchant(mchid: string): void {
    if (mchid !== this.signer.merchant.mchId) throw new Refusal(400, 'MCH_NOT_EXISTS', '商户号不存在');
  }
}

const NO_CONTENT = {};

function readRefund(fields: Fields): WechatRefundRequest {
  const amount = fields.object('amount');
  return {
    out_trade_no: fields.text('out_trade_no', 32),
    out_refund_no: fields.text('out_refund_no', 64),
    reason: fields.text('reason', 80),
    amount: { refund: amount.integer('refund', 1), total: amount.integer('total', 1), currency: readCurrency(amount) },
  };
}

function readCurrency(amount: Fields): 'CNY' {
  if (amount.text('currency', 16) !== 'CNY') throw invalid('currency must be CNY');
  return 'CNY';
}

function hangUp(reply: Reply): void {
  reply.hijack();
  reply.raw.destroy();
}
