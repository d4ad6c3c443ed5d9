/**
 * Groups of rows that are worked on together. Where a group ends is decided by what stands in it, so a row that is put in or taken out
 * changes its own group and no other: an unchanged group of a file that comes again is known by its digest.
 */
import type { RosterLayout } from './roster-column.js';
import type { RosterRecord } from './roster.js';

export interface RowGroup {
  readonly layout: RosterLayout;
  readonly records: readonly RosterRecord[];
}

const LEAST_ROWS = 250;
const MOST_ROWS = 2_000;
/** One row in so many ends a group, once it has the least: some 10 ms of work, so that every other request goes on. */
const ENDS_ONE_IN = 512;

/** Always at least one group, which tells the layout of a file without rows. */
export async function* rowGroups(blocks: AsyncIterable<RowGroup>): AsyncGenerator<RowGroup> {
  let layout: RosterLayout | undefined;
  let group: RosterRecord[] = [];
  for await (const block of blocks) {
    layout = block.layout;
    for (const record of block.records) {
      group.push(record);
      if (group.length < LEAST_ROWS || (group.length < MOST_ROWS && !endsGroup(record.cells[layout.at.personalNumber]))) continue;
      yield { layout, records: group };
      group = [];
    }
  }
  if (layout && group.length > 0) yield { layout, records: group };
}

/** By the serial number at the end, which is spread evenly. */
function endsGroup(personalNumber = ''): boolean {
  let sum = 0;
  for (let at = Math.max(0, personalNumber.length - 6); at < personalNumber.length; at++)
    sum = (Math.imul(sum, 31) + personalNumber.charCodeAt(at)) >>> 0;
  return (Math.imul(sum, 0x9e3779b1) >>> 0) % ENDS_ONE_IN === 0;
}

const CELL_END = '\u001F';
const ROW_END = '\u001E';
const CARRIED = '\u001D';

/** All that decides what becomes of the group's rows, as one text. */
export const groupText = ({ layout, records }: RowGroup): string => {
  let text = Object.values(layout.at).join(CELL_END);
  for (const { cells, fault = '', carried } of records) text += ROW_END + fault + (carried ? CARRIED : '') + cells.join(CELL_END);
  return text;
};
