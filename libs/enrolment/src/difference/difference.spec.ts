import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvHead, csvLines } from './difference-csv.js';
import { compare, countsOf, digestOf, digestOfUnits, idConflicts, stateOf, sumOf, type Person, type Place } from './difference.js';

const UNITS = ['a', 'b', 'c'];
const unit = fc.constantFrom(...UNITS, null);
const places = fc
  .uniqueArray(fc.record({ memberId: fc.uuid(), last: unit, now: unit }), { selector: ({ memberId }) => memberId })
  .map((all): Place[] => all);

describe('the difference of a unit', () => {
  it('adds up to who is there now, and to who was there last period', () => {
    fc.assert(
      fc.property(places, (all) => {
        for (const id of UNITS) {
          const { joiners, leavers, movedIn, movedOut, stays } = countsOf(compare(id, all));
          expect(joiners + stays + movedIn).toBe(all.filter(({ now }) => now === id).length);
          expect(leavers + stays + movedOut).toBe(all.filter(({ last }) => last === id).length);
        }
      }),
    );
  });

  it('names nobody twice, and of units together a mover once on either side', () => {
    fc.assert(
      fc.property(places, (all) => {
        const differences = UNITS.map((id) => compare(id, all));
        for (const { entries } of differences) expect(new Set(entries.map(({ memberId }) => memberId)).size).toBe(entries.length);
        const { joiners, leavers, movedIn, movedOut, stays } = sumOf(differences.map(countsOf));
        expect(movedIn).toBe(movedOut);
        expect(joiners + leavers + movedIn + stays).toBe(all.filter(({ last, now }) => last !== null || now !== null).length);
      }),
    );
  });

  it('has a digest that does not depend on the order, and changes with every change of who is enrolled', () => {
    const changedPlaces = places
      .filter((all) => all.length > 0)
      .chain((all) => fc.record({ all: fc.constant(all), at: fc.nat(all.length - 1), now: unit }))
      .filter(({ all, at, now }) => all[at]!.now !== now);
    fc.assert(
      fc.property(changedPlaces, ({ all, at, now }) => {
        const after = all.map((place, i) => (i === at ? { ...place, now } : place));
        for (const id of UNITS) {
          const digest = digestOf(id, compare(id, all));
          expect(digestOf(id, compare(id, [...all].reverse()))).toBe(digest);
          const touched = all[at]!.now === id || now === id || all[at]!.last === id;
          expect(digestOf(id, compare(id, after)) === digest).toBe(!touched);
        }
      }),
    );
  });

  it('is confirmed with others by one digest, whatever their order, and alone by its own', () => {
    const units = ['2', '1', '3'].map((code) => ({ code, digest: digestOf(code, { entries: [], stays: 0 }) }));
    expect(new Set(units.map(({ digest }) => digest)).size).toBe(3);
    expect(digestOfUnits([units[0]!])).toBe(units[0]!.digest);
    expect(digestOfUnits(units)).toBe(digestOfUnits([...units].reverse()));
    expect(digestOfUnits(units)).not.toBe(digestOfUnits(units.slice(1)));
  });

  it('has to be confirmed only where somebody was enrolled last period', () => {
    const none = { joiners: 3, leavers: 0, movedIn: 2, movedOut: 0, stays: 0 };
    expect(stateOf(none, false)).toBe('first');
    for (const some of ['leavers', 'movedOut', 'stays'] as const) {
      expect(stateOf({ ...none, [some]: 1 }, false)).toBe('due');
      expect(stateOf({ ...none, [some]: 1 }, true)).toBe('confirmed');
    }
  });
});

describe('an id conflict', () => {
  const NUMBER = '11010519491231002X';
  const person = (memberId: string, change: Partial<Person> = {}): Person => ({
    memberId,
    name: '买买提·艾力',
    personalNumber: NUMBER,
    phone: '',
    ...change,
  });
  const reasons = (leaver: Partial<Person>, joiner: Partial<Person>) =>
    idConflicts([person('l', leaver)], [person('j', joiner)]).map((conflict) => conflict.reasons);

  it.each<[string, Partial<Person>, Partial<Person>, string[][]]>([
    ['three characters differ, and the birth date', {}, { personalNumber: '110105195912310134' }, []],
    ['one digit and the check character differ', {}, { personalNumber: '110105195912310026' }, [['number']]],
    ['the old number has 15 digits', { personalNumber: '110105491231002' }, {}, [['number', 'birth-date']]],
    ['the birth date is the same', {}, { personalNumber: '440524194912319876' }, [['birth-date']]],
    ['the phone is the same', { phone: '19900000001' }, { phone: '19900000001', personalNumber: '440524188001010014' }, [['phone']]],
    ['neither has a phone', {}, { personalNumber: '440524188001010014' }, []],
    ['the name is typed another way', { name: '买买提•艾力' }, { name: '买买提 艾力' }, [['number', 'birth-date']]],
    ['the name is another', {}, { name: '艾力·买买提' }, []],
  ])('where %s', (_, leaver, joiner, expected) => expect(reasons(leaver, joiner)).toEqual(expected));

  it('is found wherever two characters of a number were mistyped, as if everybody were held against everybody', () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 18, maxLength: 18 });
    const slips = fc.uniqueArray(fc.record({ at: fc.nat(17), by: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 3,
      selector: ({ at }) => at,
    });
    fc.assert(
      fc.property(digits, slips, (number, changes) => {
        const typed = [...number];
        for (const { at, by } of changes) typed[at] = (typed[at]! + by) % 10;
        const [found] = reasons({ personalNumber: number.join('') }, { personalNumber: typed.join('') });
        expect(found?.includes('number') ?? false).toBe(changes.length <= 2);
      }),
    );
  });

  it('names no more than five others for one leaver, however many are alike', () => {
    const many = Array.from({ length: 2_000 }, (_, i) => person(`j${i}`));
    const conflicts = idConflicts(
      many.map((one) => ({ ...one, memberId: one.memberId.replace('j', 'l') })),
      many,
    );
    expect(conflicts).toHaveLength(5 * 2_000);
  });
});

describe('a line of the file', () => {
  it('is text to a spreadsheet, whatever it begins with', () => {
    for (const cell of ['=1+1', '+1', '-1', '@a', '\tx', '\r=1', '＝1', '＋1', '－1', '＠a'])
      expect(csvLines([[cell, 'sound']])).toBe(`"'${cell}",sound\r\n`);
    expect(csvLines([['张*', '1101**********002X']])).toBe('张*,1101**********002X\r\n');
  });

  it('begins with the mark by which a spreadsheet reads Chinese', () => expect(csvHead(['姓名'])).toBe('\uFEFF姓名\r\n'));
});
