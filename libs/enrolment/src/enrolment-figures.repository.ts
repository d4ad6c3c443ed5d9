/** What enrolment adds to the settlement report; reads only. */
import { rowsOf, type Transaction } from '@app/platform';

export interface EnrolmentFigures {
  readonly members: number;
  readonly covers: number;
  readonly rosterRefused: Readonly<Record<string, number>>;
  /** Closing balance of the collection account on its last statement, in fen. */
  readonly collectionClosingFen: number;
}

export async function enrolmentFigures(tx: Transaction): Promise<EnrolmentFigures> {
  const [row] = await rowsOf<{ members: number; covers: number; closing: string }>(
    tx,
    `select (select count(*)::int from member) as members, (select count(*)::int from cover) as covers,
       coalesce((select closing_fen from collection_statement order by "on" desc limit 1), 0)::text as closing`,
  );
  const refused = await rowsOf<{ reason: string; n: number }>(
    tx,
    'select reason, count(*)::int as n from roster_refusal group by 1 order by 1',
  );
  return {
    members: row!.members,
    covers: row!.covers,
    rosterRefused: Object.fromEntries(refused.map(({ reason, n }) => [reason, n])),
    collectionClosingFen: Number(row!.closing),
  };
}
