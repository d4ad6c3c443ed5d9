import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { personalText, readPersonalText } from './member.js';

const value = fc.string({ unit: 'grapheme' }).filter((text) => !/[\u0000-\u001F]/.test(text));

describe('personal data as a text', () => {
  it('is read as it was written', () => {
    const people = fc.record({ personalNumber: value, name: value, phone: value, bankAccount: value, bankName: value });
    fc.assert(fc.property(people, (person) => expect(readPersonalText(personalText(person))).toEqual(person)));
  });

  it('of another number of values is not read', () => {
    for (const text of ['', '11010519491231002X', 'a\u001Fb\u001Fc\u001Fd', 'a\u001Fb\u001Fc\u001Fd\u001Fe\u001Ff'])
      expect(() => readPersonalText(text)).toThrow('expected five values');
  });
});
