import { fen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { REFERENCE_PIECE, ageBucket, holdsSimilar, piecesOf, suggest, suspenseReason, type OpenNotice } from './suspense.js';

const REFERENCE = 'CBDEADBEEF91350100M000100Y4301';
const open = (id: string, change: Partial<OpenNotice> = {}): OpenNotice => ({
  id,
  reference: `CBDEADBEEF${id.padStart(18, '7')}01`,
  unitName: `单位${id}`,
  openFen: fen(1),
  ...change,
});

describe('money in suspense', () => {
  it.each([
    [0, '0-7'],
    [7, '0-7'],
    [8, '8-30'],
    [30, '8-30'],
    [31, '31-90'],
    [90, '31-90'],
    [91, 'over-90'],
  ])('of %i days is of the age %s', (days, bucket) => expect(ageBucket(days)).toBe(bucket));

  it('says why it is there', () => {
    const reason = (reference: string, matchedFen = 0, takenBackFrom: string[] = []) =>
      suspenseReason({ reference, matchedFen: fen(matchedFen), takenBackFrom }, new Set([REFERENCE]));
    expect(reason(REFERENCE, 5, ['1'])).toBe('taken-back');
    expect(reason(REFERENCE, 5)).toBe('over-paid');
    expect(reason(REFERENCE)).toBe('notice-paid');
    expect(reason(`${REFERENCE.slice(0, -2)}02`)).toBe('reference-unknown');
    expect(reason('互助金')).toBe('no-reference');
  });

  it('is offered the notices that have most in common with it, and none that has nothing', () => {
    const notices = [
      open('1', { openFen: fen(500) }),
      open('2', { unitName: '第一基层工会' }),
      open('3'),
      open('4', { reference: REFERENCE, unitName: '第一基层工会', openFen: fen(500) }),
    ];
    expect(
      suggest(
        { reference: `${REFERENCE.slice(0, 12)}X${REFERENCE.slice(13)}`, payerName: '第一基层工会', restFen: fen(500), takenBackFrom: [] },
        notices,
      ).map(({ id, reasons }) => [id, reasons]),
    ).toEqual([
      ['4', ['similar-reference', 'same-unit-name', 'same-amount']],
      ['1', ['same-amount']],
      ['2', ['same-unit-name']],
    ]);
  });

  it('with one character of the reference wrong, missing or too many is near it, and then shares half of it; with two it is not', () => {
    const character = fc.constantFrom(...'WZ');
    const slip = fc.record({ at: fc.nat(REFERENCE.length - 1), cut: fc.nat(1), add: fc.oneof(fc.constant(''), character) });
    fc.assert(
      fc.property(slip, fc.constantFrom('', '互助'), ({ at, cut, add }, before) => {
        const text = `${before}${REFERENCE.slice(0, at)}${add}${REFERENCE.slice(at + cut)}`;
        expect(holdsSimilar(text, REFERENCE)).toBe(true);
        const pieces = piecesOf(text);
        expect([REFERENCE.slice(0, REFERENCE_PIECE), REFERENCE.slice(-REFERENCE_PIECE)].some((half) => pieces.includes(half))).toBe(true);
      }),
    );
    expect(holdsSimilar(REFERENCE.replace('DEAD', 'DXXD'), REFERENCE)).toBe(false);
    expect(holdsSimilar('', REFERENCE)).toBe(false);
  });
});
