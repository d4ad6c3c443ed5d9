/**
 * The XML of bank.ts: pain.001.001.09, pain.002.001.10 and camt.053.001.08. Yuan with two places in the XML, integer fen in the
 * interfaces; instants are written in UTC, and read as China time where the sender gives no offset.
 */
import { chinaDate, DomainError, fen, formatYuan, parseCivilDate, parseYuan, sumFen } from '@app/kernel';
import {
  BANK_REASONS,
  type BankReason,
  type BankRowStatus,
  type BankStatement,
  type BankStatementLine,
  type PaymentInstruction,
  type PaymentRow,
  type PaymentStatusReport,
} from './bank.js';
import { element, readDocument, textElement, xmlDocument, type XmlElement } from './xml.js';

const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:';
const ID = 35;
const ACCOUNT = 34;
const NAME = 140;
/** What ISO 20022 writes where a mandatory reference does not exist. */
const NOT_PROVIDED = 'NOTPROVIDED';

const REASONS: ReadonlySet<string> = new Set(BANK_REASONS);

/** Our four, and the codes of other banks that mean one of them (ISO external code set, payment transaction status). */
const STATUSES: Readonly<Record<string, BankRowStatus>> = {
  ACSP: 'ACSP',
  ACTC: 'ACSP',
  ACCP: 'ACSP',
  ACWC: 'ACSP',
  ACSC: 'ACSC',
  ACCC: 'ACSC',
  RJCT: 'RJCT',
  PDNG: 'PDNG',
  RCVD: 'PDNG',
};

// --- pain.001 ---------------------------------------------------------------------------------------------------------------------

export function writePaymentInstruction(instruction: PaymentInstruction): string {
  const { messageId, rows } = instruction;
  if (rows.length === 0) throw new DomainError('xml-value', 'invalid', 'a payment instruction needs at least one row, found none');
  const totals = [element('NbOfTxs', String(rows.length)), element('CtrlSum', formatYuan(sumFen(rows.map((row) => fen(row.amountFen)))))];
  return xmlDocument(
    `${NAMESPACE}pain.001.001.09`,
    element(
      'CstmrCdtTrfInitn',
      element(
        'GrpHdr',
        id('MsgId', messageId),
        createdAt(instruction.createdAt),
        ...totals,
        element('InitgPty', name(instruction.debtorName)),
      ),
      element(
        'PmtInf',
        id('PmtInfId', messageId),
        element('PmtMtd', 'TRF'),
        // One booking a row, so that the statement names every EndToEndId.
        element('BtchBookg', 'false'),
        ...totals,
        element('PmtTpInf', element('CtgyPurp', element('Cd', 'SSBE'))),
        element('ReqdExctnDt', day(instruction.executeOn)),
        element('Dbtr', name(instruction.debtorName)),
        element('DbtrAcct', account(instruction.debtorAccount)),
        element('DbtrAgt', element('FinInstnId', element('Othr', element('Id', NOT_PROVIDED)))),
        ...rows.map(writePaymentRow),
      ),
    ),
  );
}

const writePaymentRow = (row: PaymentRow): string =>
  element(
    'CdtTrfTxInf',
    element('PmtId', id('InstrId', row.endToEndId), id('EndToEndId', row.endToEndId)),
    element('Amt', amount('InstdAmt', row.amountFen)),
    row.creditorBankName.trim() === '' ? '' : element('CdtrAgt', element('FinInstnId', name(row.creditorBankName))),
    element('Cdtr', name(row.creditorName)),
    element('CdtrAcct', account(row.creditorAccount)),
    element('Purp', element('Cd', 'HLTI')),
  );

export function readPaymentInstruction(xml: string): PaymentInstruction {
  const message = readDocument(xml, 'CstmrCdtTrfInitn');
  const header = message.get('GrpHdr');
  const part = message.get('PmtInf');
  const rows = part.all('CdtTrfTxInf').map(readPaymentRow);
  if (rows.length === 0) throw part.expected('at least one CdtTrfTxInf, found none');
  for (const at of [header, part]) {
    const count = at.find('NbOfTxs');
    if (count && Number(count.text) !== rows.length) throw count.expected(`the number of rows, ${rows.length}`);
    const sum = at.find('CtrlSum');
    if (sum && yuan(sum) !== sumFen(rows.map((row) => fen(row.amountFen)))) throw sum.expected('the sum of the rows');
  }
  return {
    messageId: header.get('MsgId').text,
    createdAt: instant(header.get('CreDtTm')),
    debtorName: part.get('Dbtr/Nm').text,
    debtorAccount: readAccount(part.get('DbtrAcct')),
    executeOn: readDay(part.get('ReqdExctnDt')),
    rows,
  };
}

const readPaymentRow = (row: XmlElement): PaymentRow => ({
  endToEndId: row.get('PmtId/EndToEndId').text,
  amountFen: readAmount(row.get('Amt/InstdAmt')),
  creditorName: row.get('Cdtr/Nm').text,
  creditorAccount: readAccount(row.get('CdtrAcct')),
  creditorBankName: row.find('CdtrAgt/FinInstnId/Nm')?.text ?? '',
});

// --- pain.002 ---------------------------------------------------------------------------------------------------------------------

export function writePaymentStatusReport(report: PaymentStatusReport): string {
  return xmlDocument(
    `${NAMESPACE}pain.002.001.10`,
    element(
      'CstmrPmtStsRpt',
      element('GrpHdr', id('MsgId', report.reportId), createdAt(report.createdAt)),
      element('OrgnlGrpInfAndSts', id('OrgnlMsgId', report.originalMessageId), element('OrgnlMsgNmId', 'pain.001.001.09')),
      element(
        'OrgnlPmtInfAndSts',
        id('OrgnlPmtInfId', report.originalMessageId),
        ...report.rows.map((row) =>
          element(
            'TxInfAndSts',
            id('StsId', row.statusId),
            id('OrgnlEndToEndId', row.endToEndId),
            element('TxSts', row.status),
            row.reason ? element('StsRsnInf', element('Rsn', element('Cd', row.reason))) : '',
          ),
        ),
      ),
    ),
  );
}

export function readPaymentStatusReport(xml: string): PaymentStatusReport {
  const message = readDocument(xml, 'CstmrPmtStsRpt');
  const reportId = message.get('GrpHdr/MsgId').text;
  return {
    reportId,
    createdAt: instant(message.get('GrpHdr/CreDtTm')),
    originalMessageId: message.get('OrgnlGrpInfAndSts/OrgnlMsgId').text,
    rows: message.all('OrgnlPmtInfAndSts/TxInfAndSts').map((row, index) => {
      const status = STATUSES[row.get('TxSts').text];
      if (!status) throw row.get('TxSts').expected(`one of ${Object.keys(STATUSES).join(', ')}`);
      return {
        statusId: row.find('StsId')?.text ?? `${reportId}-${index + 1}`,
        endToEndId: row.get('OrgnlEndToEndId').text,
        status,
        ...readReason(row, 'StsRsnInf/Rsn/Cd'),
      };
    }),
  };
}

// --- camt.053 ---------------------------------------------------------------------------------------------------------------------

export function writeStatement(statement: BankStatement): string {
  return xmlDocument(
    `${NAMESPACE}camt.053.001.08`,
    element(
      'BkToCstmrStmt',
      element('GrpHdr', id('MsgId', statement.statementId), createdAt(statement.createdAt)),
      element(
        'Stmt',
        id('Id', statement.statementId),
        createdAt(statement.createdAt),
        element('Acct', account(statement.account), element('Ccy', 'CNY')),
        writeBalance('OPBD', statement.openingFen, statement.on),
        writeBalance('CLBD', statement.closingFen, statement.on),
        ...statement.lines.map((line) => writeLine(line, statement.on)),
      ),
    ),
  );
}

const writeBalance = (code: 'OPBD' | 'CLBD', balanceFen: number, on: string): string =>
  element(
    'Bal',
    element('Tp', element('CdOrPrtry', element('Cd', code))),
    amount('Amt', Math.abs(balanceFen)),
    element('CdtDbtInd', balanceFen < 0 ? 'DBIT' : 'CRDT'),
    element('Dt', day(on)),
  );

/** Issued credit transfer, the same coming back, received credit transfer: family and sub-family of the ISO bank transaction codes. */
const BOOKING_CODES: Readonly<Record<BankStatementLine['kind'], readonly [string, string]>> = {
  payment: ['ICDT', 'DMCT'],
  return: ['ICDT', 'RRTN'],
  credit: ['RCDT', 'DMCT'],
};

function writeLine(line: BankStatementLine, on: string): string {
  const [family, subFamily] = BOOKING_CODES[line.kind];
  return element(
    'Ntry',
    amount('Amt', line.amountFen),
    element('CdtDbtInd', line.direction === 'debit' ? 'DBIT' : 'CRDT'),
    element('Sts', element('Cd', 'BOOK')),
    element('BookgDt', day(on)),
    id('AcctSvcrRef', line.bankReference),
    element('BkTxCd', element('Domn', element('Cd', 'PMNT'), element('Fmly', element('Cd', family), element('SubFmlyCd', subFamily)))),
    element(
      'NtryDtls',
      element(
        'TxDtls',
        element('Refs', id('EndToEndId', line.reference === '' ? NOT_PROVIDED : line.reference)),
        line.counterpartyName.trim() === ''
          ? ''
          : element('RltdPties', element(line.kind === 'credit' ? 'Dbtr' : 'Cdtr', element('Pty', name(line.counterpartyName)))),
        line.reason ? element('RtrInf', element('Rsn', element('Cd', line.reason))) : '',
      ),
    ),
  );
}

export function readStatement(xml: string): BankStatement {
  const message = readDocument(xml, 'BkToCstmrStmt');
  const statement = message.get('Stmt');
  const balances = statement.all('Bal');
  const balance = (...codes: string[]): XmlElement => {
    const found = codes.flatMap((code) => balances.filter((one) => one.find('Tp/CdOrPrtry/Cd')?.text === code))[0];
    if (!found) throw statement.expected(`a balance Bal with code ${codes[0]}, found none`);
    return found;
  };
  const closing = balance('CLBD');
  return {
    statementId: statement.get('Id').text,
    account: readAccount(statement.get('Acct')),
    on: readDay(closing.get('Dt')),
    createdAt: instant(statement.find('CreDtTm') ?? message.get('GrpHdr/CreDtTm')),
    // Some banks give the day before's closing balance (PRCD) in place of the opening one.
    openingFen: readBalance(balance('OPBD', 'PRCD')),
    closingFen: readBalance(closing),
    lines: statement.all('Ntry').flatMap(readEntry),
  };
}

const readBalance = (at: XmlElement): number => (readDirection(at) === 'debit' ? 0 - readAmount(at.get('Amt')) : readAmount(at.get('Amt')));

/** Entries that are not booked yet are no money; one entry over many transactions (a batch booking) becomes one line each. */
function readEntry(entry: XmlElement): BankStatementLine[] {
  if (entry.first('Sts/Cd', 'Sts').text !== 'BOOK') return [];
  const bankReference = entry.first('AcctSvcrRef', 'NtryRef').text;
  const details = entry.all('NtryDtls/TxDtls');
  if (details.length <= 1) return [readLine(entry, details[0], bankReference, readAmount(entry.get('Amt')))];
  const lines = details.map((detail, index) =>
    readLine(
      entry,
      detail,
      detail.find('Refs/AcctSvcrRef')?.text ?? `${bankReference}-${index + 1}`,
      readAmount(detail.first('Amt', 'AmtDtls/TxAmt/Amt')),
    ),
  );
  if (sumFen(lines.map((line) => fen(line.amountFen))) !== readAmount(entry.get('Amt')))
    throw entry.expected('an amount that is the sum of its TxDtls');
  return lines;
}

function readLine(entry: XmlElement, detail: XmlElement | undefined, bankReference: string, amountFen: number): BankStatementLine {
  const direction = readDirection(entry);
  const reversal = entry.find('BkTxCd/Domn/Fmly/SubFmlyCd')?.text === 'RRTN' || entry.find('RvslInd')?.text === 'true';
  const returned = direction === 'credit' && (reversal || detail?.find('RtrInf') !== undefined);
  const kind = direction === 'debit' ? 'payment' : returned ? 'return' : 'credit';
  const endToEndId = detail?.find('Refs/EndToEndId')?.text;
  const party = kind === 'credit' ? 'Dbtr' : 'Cdtr';
  return {
    bankReference,
    direction,
    amountFen,
    reference: endToEndId && endToEndId !== NOT_PROVIDED ? endToEndId : (detail?.all('RmtInf/Ustrd')[0]?.text ?? ''),
    kind,
    ...(detail ? readReason(detail, 'RtrInf/Rsn/Cd') : {}),
    counterpartyName: (detail?.find(`RltdPties/${party}/Pty/Nm`) ?? detail?.find(`RltdPties/${party}/Nm`))?.text ?? '',
  };
}

// --- parts ------------------------------------------------------------------------------------------------------------------------

const id = (tag: string, value: string): string => textElement(tag, value, ID);
const name = (value: string): string => textElement('Nm', value, NAME);
const account = (value: string): string => element('Id', element('Othr', textElement('Id', value, ACCOUNT)));
const createdAt = (at: Date): string => element('CreDtTm', at.toISOString());

function day(on: string): string {
  if (!parseCivilDate(on)) throw new DomainError('xml-value', 'invalid', `expected a date YYYY-MM-DD, found "${on}"`);
  return element('Dt', on);
}

function amount(tag: string, value: number): string {
  if (value < 0) throw new DomainError('xml-value', 'invalid', `${tag} must not be negative: the direction says which way money goes`);
  return `<${tag} Ccy="CNY">${formatYuan(fen(value))}</${tag}>`;
}

const readAccount = (at: XmlElement): string => at.first('Id/Othr/Id', 'Id/IBAN').text;

function readAmount(at: XmlElement): number {
  if (at.attribute('Ccy') !== 'CNY') throw at.expected('an amount in CNY');
  const value = yuan(at);
  if (value < 0) throw at.expected('an amount of at least 0');
  return value;
}

/** ISO 20022 allows five places; those after the second must be zeros. */
function yuan(at: XmlElement): number {
  const value = parseYuan(at.text.replace(/(\.\d{2})0+$/, '$1'));
  if (value === undefined) throw at.expected('yuan with at most two decimal places');
  return value;
}

function readDirection(at: XmlElement): 'credit' | 'debit' {
  const indicator = at.get('CdtDbtInd');
  if (indicator.text !== 'CRDT' && indicator.text !== 'DBIT') throw indicator.expected('CRDT or DBIT');
  return indicator.text === 'DBIT' ? 'debit' : 'credit';
}

/** A reason that is none of ours is left out: what happened is in the status, and one new code must not make a whole report unreadable. */
function readReason(at: XmlElement, path: string): { reason?: BankReason } {
  const code = at.all(path)[0]?.text;
  return code !== undefined && REASONS.has(code) ? { reason: code as BankReason } : {};
}

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?$/;

function instant(at: XmlElement): Date {
  const match = ISO_INSTANT.exec(at.text);
  const value = new Date(match?.[2] ? at.text : `${at.text}+08:00`);
  if (!match || Number.isNaN(value.getTime())) throw at.expected('a date and time');
  return value;
}

/** A day as Dt, as DtTm, or bare as in older versions of the messages; a zone after a day says nothing about the day. */
function readDay(at: XmlElement): string {
  const moment = at.find('DtTm');
  const text = moment ? chinaDate(instant(moment)) : (at.find('Dt') ?? at).text.slice(0, 10);
  if (!parseCivilDate(text)) throw at.expected('a date YYYY-MM-DD');
  return text;
}
