/** The outside parties as objects: they keep what they were told, and answer as a test wants. */
import {
  readPaymentInstruction,
  type BankReason,
  type BankReturn,
  type BankRowStatus,
  type BankStatement,
  type BankStatementLine,
  type GrantAnswer,
  type GrantRequest,
  type PaymentInstruction,
  type PaymentStatusReport,
  type TemplateMessage,
  type Voucher,
  type VoucherAnswer,
} from '@app/contracts';
import { BankGateway, MedicalInsuranceGateway, messageRefused, NoAnswer, TreasuryGateway, WechatGateway } from '@app/gateways';
import { chinaInstant, DomainError, type CivilDate, type Clock } from '@app/kernel';

const NOWHERE = 'http://127.0.0.1:9';

interface Ending {
  readonly status: BankRowStatus;
  readonly reason?: BankReason;
}

export class FakeBank extends BankGateway {
  /** Every submission that was tried, as the bank would read it. */
  readonly submitted: PaymentInstruction[] = [];
  /** MsgIds that were asked about. */
  readonly asked: string[] = [];
  /** What happens to the next submissions: the message is lost, or the answer to it. */
  readonly mishaps: ('message-lost' | 'answer-lost')[] = [];
  /** Questions get no answer. */
  silent = false;
  /** Messages about which the bank says nothing. */
  readonly mute = new Set<string>();
  /** Messages about which nobody can read what the bank says. */
  readonly unreadable = new Set<string>();
  /** How often each row of a report is told. */
  acknowledgements = 1;
  /** By account; otherwise a payment is executed. */
  readonly endings = new Map<string, Ending>();

  private readonly received = new Map<string, PaymentInstruction>();
  private readonly sent: BankReturn[] = [];
  private readonly days = new Map<CivilDate, BankStatement>();
  private lines: BankStatementLine[] = [];
  private balanceFen = 0;
  private serial = 0;

  constructor() {
    super(NOWHERE);
  }

  override submit(pain001: string): Promise<PaymentStatusReport> {
    const instruction = readPaymentInstruction(pain001);
    this.submitted.push(instruction);
    const mishap = this.mishaps.shift();
    if (mishap === 'message-lost') return Promise.reject(new NoAnswer('bank'));
    this.execute(instruction);
    return mishap === 'answer-lost'
      ? Promise.reject(new NoAnswer('bank'))
      : Promise.resolve(this.report(instruction, () => ({ status: 'ACSP' })));
  }

  override status(messageId: string): Promise<PaymentStatusReport | undefined> {
    this.asked.push(messageId);
    if (this.silent || this.mute.has(messageId)) return Promise.reject(new NoAnswer('bank'));
    if (this.unreadable.has(messageId))
      return Promise.reject(new DomainError('unreadable-answer', 'unavailable', 'expected a report, found another answer'));
    const instruction = this.received.get(messageId);
    return Promise.resolve(instruction && this.report(instruction, (account) => this.endings.get(account) ?? { status: 'ACSC' }));
  }

  override returns(_account: string, from: CivilDate, to: CivilDate): Promise<BankReturn[]> {
    return Promise.resolve(this.sent.filter((one) => from <= one.returnedOn && one.returnedOn <= to));
  }

  override statement(_account: string, on: CivilDate): Promise<BankStatement | undefined> {
    return Promise.resolve(this.days.get(on));
  }

  /** The same MsgId again is the same message. */
  private execute(instruction: PaymentInstruction): void {
    if (this.received.has(instruction.messageId)) return;
    this.received.set(instruction.messageId, instruction);
    for (const row of instruction.rows)
      if (!this.endings.has(row.creditorAccount))
        this.book({ kind: 'payment', direction: 'debit', amountFen: row.amountFen, reference: row.endToEndId });
  }

  private report(instruction: PaymentInstruction, endingOf: (account: string) => Ending): PaymentStatusReport {
    return {
      reportId: `R${++this.serial}`,
      createdAt: instruction.createdAt,
      originalMessageId: instruction.messageId,
      rows: instruction.rows.flatMap((row) =>
        Array.from({ length: this.acknowledgements }, () => ({
          statusId: `W${++this.serial}`,
          endToEndId: row.endToEndId,
          ...endingOf(row.creditorAccount),
        })),
      ),
    };
  }

  private book(line: Omit<BankStatementLine, 'bankReference' | 'counterpartyName'>): void {
    this.lines.push({ ...line, bankReference: `B${++this.serial}`, counterpartyName: '某人' });
  }

  credit(reference: string, amountFen: number): void {
    this.book({ kind: 'credit', direction: 'credit', amountFen, reference });
  }

  giveBack(endToEndId: string, amountFen: number, reason: BankReason, on: CivilDate): void {
    this.sent.push({ endToEndId, amountFen, reason, returnedOn: on });
    this.book({ kind: 'return', direction: 'credit', amountFen, reference: endToEndId, reason });
  }

  /** From now on the statement of the day can be had, with everything booked since the last. */
  closeDay(on: CivilDate): void {
    const openingFen = this.balanceFen;
    for (const line of this.lines) this.balanceFen += line.direction === 'credit' ? line.amountFen : -line.amountFen;
    this.days.set(on, {
      statementId: on,
      account: 'payout',
      on,
      createdAt: chinaInstant(on, '20:00'),
      openingFen,
      closingFen: this.balanceFen,
      lines: this.lines,
    });
    this.lines = [];
  }
}

/** Grants what it is asked for, once a reference, by a credit on the payout account. */
export class FakeTreasury extends TreasuryGateway {
  readonly grants = new Map<string, GrantRequest>();
  readonly vouchers: Voucher[] = [];
  refuses = false;
  /** Of these days. */
  readonly refusedVouchers = new Set<string>();

  constructor(private readonly bank: FakeBank) {
    super(NOWHERE);
  }

  override requestGrant(request: GrantRequest): Promise<GrantAnswer> {
    if (this.refuses) return Promise.resolve({ reference: request.reference, state: 'refused' });
    if (!this.grants.has(request.reference)) this.bank.credit(request.reference, request.amountFen);
    this.grants.set(request.reference, request);
    return Promise.resolve({ reference: request.reference, state: 'granted' });
  }

  override sendVoucher(voucher: Voucher): Promise<VoucherAnswer> {
    if (this.refusedVouchers.has(voucher.on))
      return Promise.reject(new DomainError('refused-by-party', 'conflict', 'expected a voucher to be taken, found status 422'));
    this.vouchers.push(voucher);
    return Promise.resolve({ reference: voucher.reference, voucherNumber: `J${this.vouchers.length}` });
  }
}

export class FakeWechat extends WechatGateway {
  readonly sent: TemplateMessage[] = [];
  /** Members, and why they cannot be told. */
  readonly errcodes = new Map<string, number>();

  constructor() {
    super(NOWHERE);
  }

  override send(message: TemplateMessage): Promise<void> {
    const errcode = this.errcodes.get(message.touser);
    if (errcode !== undefined) return Promise.reject(messageRefused(errcode));
    this.sent.push(message);
    return Promise.resolve();
  }
}

/** Its totals are those of `messages`, which it can be asked for again. */
export class FakeInsurance extends MedicalInsuranceGateway {
  messagesSent: readonly string[] = [];

  constructor(clock: Clock) {
    super(NOWHERE, clock);
  }

  override totalsAgree(query: Parameters<MedicalInsuranceGateway['totalsAgree']>[0]): Promise<boolean> {
    return Promise.resolve(query.fixmedins_setl_cnt === String(this.messagesSent.length));
  }

  override messages(): ReturnType<MedicalInsuranceGateway['messages']> {
    return Promise.resolve({ messages: [...this.messagesSent], next: null });
  }
}
