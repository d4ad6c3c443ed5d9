/**
 * Adjudication, approval and batch of accepted claims against a floor that does the same reads and writes as bare set-based SQL: the same
 * rows in the same tables under the same indexes, the benefit computed in SQL, and nothing checked, isolated or explained on the way.
 */
import { AdjudicationService, ApprovalService, BatchService, PlanVersionService } from '@app/claims';
import { chinaInstant, civilDate, Clock } from '@app/kernel';
import { Audit, Database, PersonalDataVault, readConfig } from '@app/platform';
import { DataSource } from 'typeorm';
import { MIGRATIONS } from '../../apps/standalone/src/schema.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { median, type Measured } from './measure.js';

const CLAIMS = 80_000;
const MEMBERS = 50_000;
const LIMIT = 3;
const RUNS = Number(process.env.RUNS ?? 3);
/** As many as the worker runs of each queue. */
const WORKERS = 2;

class FixedClock extends Clock {
  now(): Date {
    return chinaInstant(civilDate('2025-06-05'), '10:00');
  }
}

export async function claimPathBench(databaseUrl: string): Promise<Measured[]> {
  const floor: number[] = [];
  const own: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    floor.push(await measure(databaseUrl, runFloor));
    own.push(await measure(databaseUrl, runOwn));
  }
  const [floorMs, ownMs] = [median(floor), median(own)];
  return [{ name: `adjudication + approval + batch of ${CLAIMS} claims`, floorMs, ownMs, ratio: ownMs / floorMs, limit: LIMIT }];
}

async function measure(databaseUrl: string, run: (source: DataSource) => Promise<void>): Promise<number> {
  const database: TestDatabase = await createTestDatabase(MIGRATIONS, databaseUrl);
  const source = await new DataSource({ type: 'postgres', url: database.url, poolSize: WORKERS + 1 }).initialize();
  try {
    await source.query(SETUP);
    await source.query('vacuum analyze');
    await source.query('checkpoint');
    const start = performance.now();
    await run(source);
    const took = performance.now() - start;
    const [state] = (await source.query(
      `select count(*)::int as batched, (select sum(total_fen)::bigint from batch) as fen from claim where state = 'batched'`,
    )) as [{ batched: number; fen: string }];
    if (state.batched !== CLAIMS || state.fen !== EXPECTED_FEN)
      throw new Error(`expected ${CLAIMS} claims and ${EXPECTED_FEN} fen in the batch, found ${state.batched} and ${state.fen}`);
    return took;
  } finally {
    await source.destroy();
    await database.drop();
  }
}

async function runOwn(source: DataSource): Promise<void> {
  const database = new Database(source);
  const clock = new FixedClock();
  const vault = new PersonalDataVault(Buffer.alloc(32).toString('base64'));
  const adjudication = new AdjudicationService(database, clock, new PlanVersionService(database, clock, new Audit(database, clock)), vault);
  const approval = new ApprovalService(database, clock);
  const config = readConfig({ DATABASE_URL: 'postgres://unused', HUBAO_MASTER_KEY: 'unused' });
  await together(() => adjudication.adjudicate([]));
  await together(() => approval.approve([]));
  await new BatchService(database, clock, config).make({ userId: 'bench' });
}

const together = async (step: () => Promise<number>): Promise<void> => {
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      while ((await step()) > 0);
    }),
  );
};

/** Every claim: base 3,000.00 to 9,999.99 yuan, four days, so that each is granted and approved by the policy. */
const BASE_FEN = `(300000 + (i * 7919) % 700000)`;
const SETUP = `
  insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on)
    select md5('m' || i)::uuid, md5('p')::uuid, 'guangxi-1-2025', '2025-01-01', '2025-12-31', 'C' || i, '/45/4599/459999/', md5('n')::uuid, '2024-12-01', '2024-11-01' from generate_series(0, ${MEMBERS - 1}) i;
  insert into claim (member_id, id, state, version, settlement_id, message_id, med_type, admission_on, discharge_on, accepted_at, accepted_on,
                     medfee_fen, inscp_scp_fen, fund_pay_fen, psn_part_fen, fulamt_ownpay_fen, context, flags, moved_at)
    select md5('m' || i % ${MEMBERS})::uuid, md5('c' || i)::uuid, 'accepted', 1, 'S' || i, md5('x' || i)::uuid, '21', '2025-06-01', '2025-06-05', '2025-06-04T08:00Z', '2025-06-04',
           2000000, 1500000, 1500000 - ${BASE_FEN}, 500000 + ${BASE_FEN}, 0, '{"hospitalLevel":3,"insutype":"310","psnType":"11","amounts":{"hifp_pay":1000000,"psn_cash_pay":500000}}', '{}', '2025-06-04T08:00Z'
    from generate_series(0, ${CLAIMS - 1}) i;
  insert into claim_history (member_id, claim_id, version, from_state, to_state, actor, reason, at)
    select member_id, id, 1, null, 'accepted', 'acceptance', 'settlement received', accepted_at from claim;
`;

const benefitFen = (baseFen: number): number => Math.floor((Math.min(baseFen - 100_000, 1_000_000) * 30 + 50) / 100) + 20_000;
const EXPECTED_FEN = String(
  Array.from({ length: CLAIMS }, (_, i) => benefitFen(300_000 + ((i * 7919) % 700_000))).reduce((sum, value) => sum + value, 0),
);

/** Two texts of the length that the facts and the trace of such a claim really have. */
const FACTS = 'f'.repeat(366);
const TRACE = 't'.repeat(2_005);

const history = (from: string, to: string, version: number, reason: string) =>
  `insert into claim_history (member_id, claim_id, version, from_state, to_state, actor, reason, at, plan_version)
   select member_id, id, ${version}, '${from}', '${to}', 'floor', '${reason}', now(), null from claim where state = '${to}'`;
const wake = (queue: string) =>
  `insert into outbox (queue, command, ids) select '${queue}', '${queue}', array_agg(id) from (select id, row_number() over () / 1000 as set from claim) c group by set`;

const FLOOR = [
  `insert into accumulator (member_id, plan_id) select distinct member_id, 'guangxi-1-2025' from claim`,
  `insert into decision (member_id, claim_id, plan_id, plan_version, plan_hash, used_before, changes, base_fen, benefit_fen, reason, capped, facts, trace, decided_at)
   select c.member_id, c.id, 'guangxi-1-2025', '1', repeat('h', 64), '{"paid.medical":' || coalesce(sum(m.medical) over (partition by c.member_id order by c.accepted_at, c.id rows between unbounded preceding and 1 preceding), 0) || '}',
          '{"paid.medical":' || m.medical || '}', c.inscp_scp_fen - c.fund_pay_fen, m.medical + 20000, null, false, '${FACTS}' || left(c.id::text, 1), '${TRACE}' || left(c.id::text, 1), now()
   from claim c join cover v on v.member_id = c.member_id and v.plan_id = 'guangxi-1-2025' and c.discharge_on between v.cover_from and v.cover_to
     cross join lateral (select (least(c.inscp_scp_fen - c.fund_pay_fen - 100000, 1000000) * 30 + 50) / 100 as medical) m where c.state = 'accepted'`,
  `update accumulator a set used = '{"paid.medical":' || s.fen || '}' from (select member_id, sum(benefit_fen - 20000) as fen from decision group by 1) s where s.member_id = a.member_id`,
  `update claim c set state = 'adjudicated', version = 2, benefit_fen = d.benefit_fen, organisation_path = '/45/4599/459999/', moved_at = now() from decision d where d.member_id = c.member_id and d.claim_id = c.id`,
  history('accepted', 'adjudicated', 2, 'benefit granted'),
  wake('approval'),
  `insert into approval_act (member_id, claim_id, claim_version, actor, act, flags, policy_version, at) select member_id, id, 2, 'floor', 'automatic', '{}', '2025-1', now() from claim where state = 'adjudicated'`,
  `update claim set state = 'approved', version = 3, attempt = 1, moved_at = now() where state = 'adjudicated'`,
  history('adjudicated', 'approved', 3, 'policy 2025-1'),
  `insert into ledger_transfer (code, subject, attempt, debit_account, credit_account, amount_fen, booked_on) select 'benefit', id, 1, 'mutual-aid-fund', 'payout-bank', benefit_fen, '2025-06-05' from claim`,
  `insert into batch (id, cut_on, state, claims, total_fen, digest, made_by, made_at) values (md5('b')::uuid, '2025-06-05', 'made', 0, 0, '', 'floor', now())`,
  `insert into batch_item (member_id, claim_id, batch_id, attempt, amount_fen) select member_id, id, md5('b')::uuid, attempt, benefit_fen from claim where state = 'approved' and accepted_on < '2025-06-05'`,
  `update claim set state = 'batched', version = 4, moved_at = now() where state = 'approved'`,
  history('approved', 'batched', 4, 'batch'),
  `update batch set (claims, total_fen, digest) = (select count(*), sum(amount_fen), encode(sha256(convert_to(string_agg(claim_id || ':' || attempt || ':' || amount_fen, ',' order by claim_id), 'UTF8')), 'hex') from batch_item)`,
];

/** Each step its own commit, as the stages have. */
async function runFloor(source: DataSource): Promise<void> {
  for (const statement of FLOOR) await source.query(statement);
}
