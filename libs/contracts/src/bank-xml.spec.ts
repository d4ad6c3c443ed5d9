import { DomainError } from '@app/kernel';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  readPaymentInstruction,
  readPaymentStatusReport,
  readStatement,
  writePaymentInstruction,
  writePaymentStatusReport,
  writeStatement,
} from './bank-xml.js';
import type { BankReason, BankStatement, PaymentInstruction, PaymentRow, PaymentStatusReport } from './bank.js';

const SCHEMAS = resolve(import.meta.dirname, '../../../../shared/xsd');
const hasSchemas = existsSync(SCHEMAS);
if (!hasSchemas) console.info(`the XML is not validated: no schemas in ${SCHEMAS}`);

const text = (maxLength: number) =>
  fc
    .string({ unit: fc.constantFrom(...'张伟桂 &<>"\'];x1-é😀'), minLength: 1, maxLength })
    .map((value) => value.trim())
    .filter((value) => value !== '');
const id = fc.stringMatching(/^[A-Za-z0-9-]{1,35}$/);
const account = fc.stringMatching(/^[0-9]{16,19}$/);
const money = fc.integer({ min: 1, max: 99_999_999_999_999 });
const instant = fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2099-12-31T00:00:00Z'), noInvalidDate: true });
const day = instant.map((at) => at.toISOString().slice(0, 10));
const reason = fc.constantFrom<BankReason>('AC01', 'AC04', 'AC06', 'AB05', 'AM04', 'AM05', 'BE01');

const paymentRow = fc.record<PaymentRow>({
  endToEndId: id,
  amountFen: money,
  creditorName: text(140),
  creditorAccount: account,
  creditorBankName: fc.oneof(text(140), fc.constant('')),
});
const instruction = fc.record<PaymentInstruction>({
  messageId: id,
  createdAt: instant,
  debtorName: text(140),
  debtorAccount: account,
  executeOn: day,
  rows: fc.array(paymentRow, { minLength: 1, maxLength: 5 }),
});
const report: fc.Arbitrary<PaymentStatusReport> = fc.record({
  reportId: id,
  createdAt: instant,
  originalMessageId: id,
  rows: fc.array(
    fc.record(
      { statusId: id, endToEndId: id, status: fc.constantFrom('ACSP' as const, 'ACSC' as const, 'RJCT' as const, 'PDNG' as const), reason },
      { requiredKeys: ['statusId', 'endToEndId', 'status'] },
    ),
    { maxLength: 4 },
  ),
});
const lineParts = {
  bankReference: id,
  amountFen: money,
  reference: fc.oneof(id, fc.constant('')),
  counterpartyName: fc.oneof(text(140), fc.constant('')),
};
const line = fc.oneof(
  fc.record({ ...lineParts, direction: fc.constant('debit' as const), kind: fc.constant('payment' as const) }),
  fc.record({ ...lineParts, direction: fc.constant('credit' as const), kind: fc.constant('return' as const), reason }),
  fc.record({ ...lineParts, direction: fc.constant('credit' as const), kind: fc.constant('credit' as const) }),
);
const balance = fc.integer({ min: -99_999_999_999_999, max: 99_999_999_999_999 });
const statement: fc.Arbitrary<BankStatement> = fc.record({
  statementId: id,
  account,
  on: day,
  createdAt: instant,
  openingFen: balance,
  closingFen: balance,
  lines: fc.array(line, { maxLength: 5 }),
});

const MESSAGES = [
  { schema: 'pain.001.001.09', arbitrary: instruction, write: writePaymentInstruction, read: readPaymentInstruction },
  { schema: 'pain.002.001.10', arbitrary: report, write: writePaymentStatusReport, read: readPaymentStatusReport },
  { schema: 'camt.053.001.08', arbitrary: statement, write: writeStatement, read: readStatement },
] as { schema: string; arbitrary: fc.Arbitrary<unknown>; write: (value: unknown) => string; read: (xml: string) => unknown }[];

const EXAMPLE: PaymentInstruction = {
  messageId: 'B20250102-1',
  createdAt: new Date('2025-01-02T01:00:00Z'),
  debtorName: '县总工会',
  debtorAccount: '6200001111111111111',
  executeOn: '2025-01-02',
  rows: [
    {
      endToEndId: 'E1',
      amountFen: 41_694,
      creditorName: '李娟',
      creditorAccount: '6200004513982636258',
      creditorBankName: '模拟银行宾山支行',
    },
    { endToEndId: 'E2', amountFen: 5, creditorName: '何杰', creditorAccount: '6200007775034273409', creditorBankName: '' },
  ],
};
const STATEMENT: BankStatement = {
  statementId: 'S1',
  account: '6200001111111111111',
  on: '2025-01-02',
  createdAt: new Date('2025-01-02T12:00:00Z'),
  openingFen: 100,
  closingFen: 41_599,
  lines: [
    {
      bankReference: 'TX1',
      direction: 'credit',
      amountFen: 41_499,
      reference: 'E1',
      kind: 'return',
      reason: 'AC04',
      counterpartyName: '李娟',
    },
  ],
};

const failure = (act: () => unknown): DomainError => {
  try {
    act();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('expected a failure');
};

describe.each(MESSAGES)('$schema', ({ schema, arbitrary, write, read }) => {
  test('what is written is read back the same', () => {
    fc.assert(fc.property(arbitrary, (value) => expect(read(write(value))).toEqual(value)));
  });

  (hasSchemas ? test : test.skip)('what is written is valid against the published schema', async () => {
    const { XmlDocument, XsdValidator } = await import('libxml2-wasm');
    const schemaDocument = XmlDocument.fromBuffer(readFileSync(`${SCHEMAS}/${schema}.xsd`));
    const validator = XsdValidator.fromDoc(schemaDocument);
    fc.assert(
      fc.property(arbitrary, (value) => {
        const written = XmlDocument.fromString(write(value));
        try {
          validator.validate(written);
        } finally {
          written.dispose();
        }
      }),
      { numRuns: 50 },
    );
    const broken = XmlDocument.fromString(write(fc.sample(arbitrary, 1)[0]).replace(/<MsgId>[^<]*<\/MsgId>/, ''));
    expect(() => validator.validate(broken)).toThrow();
    for (const one of [broken, validator, schemaDocument]) one.dispose();
  });

  test('a document type is refused, so that no entity can be expanded', () => {
    const xml = write(fc.sample(arbitrary, 1)[0]).replace('?>', '?><!DOCTYPE Document [<!ENTITY a "b">]>');
    expect(failure(() => read(xml)).message).toContain('no DOCTYPE');
  });

  test.each(['', 'no xml', '<Document>', '<Document></Dokument>', '<Document/>', '{"a":1}'])('%p is refused as invalid', (xml) => {
    expect(failure(() => read(xml)).kind).toBe('invalid');
  });
});

/** Of what a text is made: its tags, and what stands between them. */
const piecesOf = (xml: string): string[] => xml.split(/(?<=>)|(?=<)/);
const PIECES = [
  '',
  '<',
  '>',
  '</',
  '<Amt>',
  '</Amt>',
  '<MsgId/>',
  '&',
  '&#0;',
  '&#x110000;',
  'NaN',
  '-1',
  '1e9',
  '0.001',
  '9'.repeat(400),
  '李娟',
  '\u0000',
];

test.each(MESSAGES)('a $schema that was damaged anywhere is read, or refused as invalid', ({ arbitrary, write, read }) => {
  const change = fc.record({ at: fc.nat(), by: fc.oneof(fc.constantFrom(...PIECES), fc.string()), other: fc.nat(), swap: fc.boolean() });
  fc.assert(
    fc.property(arbitrary, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
      const pieces = piecesOf(write(value));
      for (const { at, by, other, swap } of changes) pieces[at % pieces.length] = swap ? pieces[other % pieces.length]! : by;
      try {
        read(pieces.join(''));
      } catch (error) {
        expect(error).toMatchObject({ name: 'DomainError', kind: 'invalid' });
      }
    }),
    { numRuns: 300 },
  );
});

describe('payment instruction', () => {
  const xml = writePaymentInstruction(EXAMPLE);

  test('yuan with two places stand in the XML, with the total', () => {
    expect(xml).toContain('<InstdAmt Ccy="CNY">416.94</InstdAmt>');
    expect(xml).toContain('<InstdAmt Ccy="CNY">0.05</InstdAmt>');
    expect(xml).toContain('<CtrlSum>416.99</CtrlSum>');
    expect(xml).toContain('<Cd>SSBE</Cd>');
    expect(xml).toContain('<Cd>HLTI</Cd>');
  });

  test('a missing element is named by its path', () => {
    const damaged = xml.replace('<EndToEndId>E2</EndToEndId>', '');
    expect(failure(() => readPaymentInstruction(damaged))).toMatchObject({
      kind: 'invalid',
      details: { path: '/Document/CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf[2]/PmtId/EndToEndId' },
    });
  });

  test.each([
    ['another currency', 'Ccy="CNY">416.94', 'Ccy="USD">416.94'],
    ['no currency', ' Ccy="CNY">416.94', '>416.94'],
    ['a fraction of a fen', '416.94<', '416.945<'],
    ['a negative amount', '>416.94<', '>-416.94<'],
    ['a wrong total', '<CtrlSum>416.99', '<CtrlSum>416.98'],
    ['a wrong number of rows', '<NbOfTxs>2', '<NbOfTxs>3'],
    ['a day that does not exist', '<Dt>2025-01-02', '<Dt>2025-02-30'],
  ])('%s is refused', (_, from, to) => {
    expect(failure(() => readPaymentInstruction(xml.replace(from, to))).kind).toBe('invalid');
  });

  test('a single row, a prefix, CDATA, trailing zeros and local times are read', () => {
    const one = writePaymentInstruction({ ...EXAMPLE, rows: EXAMPLE.rows.slice(0, 1) })
      .replace(/<(\/?)(?=[A-Z])/g, '<$1ns:')
      .replace('>李娟<', '><![CDATA[李<娟]]><')
      .replaceAll('416.94', '416.94000')
      .replace('2025-01-02T01:00:00.000Z', '2025-01-02T09:00:00')
      .replace('<ns:Dt>2025-01-02</ns:Dt>', '<ns:DtTm>2025-01-02T00:30:00+08:00</ns:DtTm>');
    expect(readPaymentInstruction(`\uFEFF${one}`)).toEqual({ ...EXAMPLE, rows: [{ ...EXAMPLE.rows[0], creditorName: '李<娟' }] });
  });

  test.each([
    ['an id over 35 characters', { ...EXAMPLE, messageId: 'x'.repeat(36) }],
    ['no rows', { ...EXAMPLE, rows: [] }],
    ['a control character', { ...EXAMPLE, debtorName: 'a\u0001b' }],
    ['a blank name', { ...EXAMPLE, debtorName: ' ' }],
  ])('%s is not written', (_, value) => {
    expect(failure(() => writePaymentInstruction(value)).kind).toBe('invalid');
  });

  test('1,000 rows are written within 60 ms', () => {
    const large = { ...EXAMPLE, rows: Array.from({ length: 1000 }, (_, index) => ({ ...EXAMPLE.rows[0]!, endToEndId: `E${index}` })) };
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      writePaymentInstruction(large);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(60);
  });
});

describe('payment status report', () => {
  const row = { statusId: 'T1', endToEndId: 'E1', status: 'ACSP' as const };
  const xml = writePaymentStatusReport({ reportId: 'R1', createdAt: new Date(0), originalMessageId: 'M1', rows: [row] });

  test('other words of other banks for the same state are understood', () => {
    expect(readPaymentStatusReport(xml.replace('ACSP', 'ACTC')).rows).toEqual([row]);
    expect(readPaymentStatusReport(xml.replace('ACSP', 'ACCC')).rows).toEqual([{ ...row, status: 'ACSC' }]);
    expect(failure(() => readPaymentStatusReport(xml.replace('ACSP', 'XXXX'))).details.path).toMatch(/TxInfAndSts\/TxSts$/);
  });

  test('a row without a status id gets one of the report, and an unknown reason is left out', () => {
    const plain = xml.replace('<StsId>T1</StsId>', '').replace('</TxSts>', '</TxSts><StsRsnInf><Rsn><Cd>MS03</Cd></Rsn></StsRsnInf>');
    expect(readPaymentStatusReport(plain).rows).toEqual([{ ...row, statusId: 'R1-1' }]);
  });

  test('rows of several payment blocks are one list', () => {
    const block = /<OrgnlPmtInfAndSts>.*<\/OrgnlPmtInfAndSts>/.exec(xml)![0];
    const two = xml.replace(block, block + block.replace('E1', 'E2'));
    expect(readPaymentStatusReport(two).rows.map(({ endToEndId }) => endToEndId)).toEqual(['E1', 'E2']);
  });
});

describe('statement', () => {
  const xml = writeStatement(STATEMENT);

  test('a batch booking becomes one line each, and must add up', () => {
    const detail = /<TxDtls>.*<\/TxDtls>/.exec(xml)![0];
    const part = (reference: string, yuan: string) =>
      detail.replace('E1', reference).replace('</Refs>', `</Refs><Amt Ccy="CNY">${yuan}</Amt><CdtDbtInd>CRDT</CdtDbtInd>`);
    const batch = xml.replace(detail, part('E1', '400.00') + part('E2', '14.99'));
    expect(readStatement(batch).lines).toMatchObject([
      { bankReference: 'TX1-1', reference: 'E1', amountFen: 40_000 },
      { bankReference: 'TX1-2', reference: 'E2', amountFen: 1_499 },
    ]);
    expect(failure(() => readStatement(batch.replace('>14.99<', '>14.98<'))).details.path).toMatch(/Ntry$/);
  });

  test('what is only pending is no booking', () => {
    expect(readStatement(xml.replace('<Cd>BOOK</Cd>', '<Cd>PDNG</Cd>')).lines).toEqual([]);
  });

  test('a line without details, the day before as opening balance and an IBAN are read', () => {
    const plain = xml
      .replace(/<NtryDtls>.*<\/NtryDtls>/, '')
      .replace('OPBD', 'PRCD')
      .replace('<Othr><Id>6200001111111111111</Id></Othr>', '<IBAN>CN6200001111111111111</IBAN>');
    expect(readStatement(plain)).toMatchObject({
      account: 'CN6200001111111111111',
      openingFen: 100,
      lines: [{ bankReference: 'TX1', amountFen: 41_499, reference: '', kind: 'return', counterpartyName: '' }],
    });
  });

  test('a statement without its closing balance is refused', () => {
    expect(failure(() => readStatement(xml.replace('CLBD', 'ITBD'))).message).toContain('CLBD');
  });
});
