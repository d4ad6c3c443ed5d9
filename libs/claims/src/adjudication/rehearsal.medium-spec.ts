import { parsePlan, rehearse, type BookEntry, type BookHeader } from '@app/benefits';
import { chinaDate } from '@app/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MIGRATIONS } from '../../../../apps/standalone/src/schema.js';
import { ClaimPath, PLAN_ID, of, person } from '../../../../test/support/claim-path.js';
import { planText } from '../../../../test/support/plan-file.js';
import { SAMPLE_BENEFIT_FEN, settlement, settlementOver, undoOf } from '../../../../test/support/settlement.js';
import { claimsDue, isSound } from '../index.js';

const leader = person('leader', 'leader');

let path: ClaimPath;
beforeEach(async () => {
  path = await ClaimPath.create(MIGRATIONS);
});
afterEach(() => path.end());

const rehearsalDue = async (): Promise<number> =>
  (await claimsDue(path.db.direct, path.clock.now(), chinaDate(path.clock.now()), chinaDate(path.clock.now()))).due.find(
    ({ wakeUp }) => wakeUp.command === 'rehearse',
  )?.count ?? 0;
const ask = async (content: string): Promise<string> => (await path.rehearsals.ask(leader, { content }, PLAN_ID)).id;

/** Three members with two stays each, of which the cap of the plan takes something away; and one without cover. */
const decided = async (): Promise<void> => {
  await path.enrol(1, 2, 3);
  for (const [serial, base] of [
    [1, 1_200_000],
    [2, 11_000],
    [3, 5_000],
    [4, 5_000],
  ] as const)
    await path.receive(
      settlementOver(base, of(serial)),
      settlementOver(base / 2, { ...of(serial), setl_id: `S1${String(serial).padStart(3, '0')}` }),
    );
  await path.work();
};

const bookText = async (): Promise<string[]> => {
  let text = '';
  await path.books.write((piece) => {
    text += piece;
    return Promise.resolve();
  });
  return text.trimEnd().split('\n');
};

describe('a book', () => {
  it('is the header and every claim with what was decided, in the order of the decisions, and names nobody', async () => {
    await decided();
    const [header, ...lines] = await bookText();
    expect(JSON.parse(header!) as BookHeader).toMatchObject({
      book: 1,
      plan: PLAN_ID,
      version: 1,
      coverFrom: '2025-01-01',
      coverTo: '2025-12-31',
      members: 3,
      contributionsFen: 0,
    });
    const entries = lines.map((line) => JSON.parse(line) as BookEntry);
    expect(entries).toHaveLength(8);
    expect(entries.map(({ member }) => member)).toEqual(entries.map(({ member }) => member).sort());
    expect(new Set(entries.map(({ unit, age }) => `${unit} ${age}`))).toEqual(new Set(['U1 45', 'no unit undefined']));
    expect(entries.filter(({ paid }) => paid.capped)).toHaveLength(2);
    expect(entries.filter(({ paid }) => paid.reason === 'not-covered')).toHaveLength(2);
    expect(lines.join('')).not.toMatch(/职工|4599991980|62000000/);
    expect(Object.keys(entries[0]!)).toEqual(['member', 'unit', 'claim', 'age', 'facts', 'paid'].filter((key) => key in entries[0]!));
  });

  it('gives the unit its name, and leaves out what fell away', async () => {
    await path.enrol(1, 2, 3);
    await path.receive(settlement(of(1)), settlement(of(2)), settlementOver(90_000, of(3)));
    await path.work();
    expect(await bookText()).toHaveLength(1 + 3);
    await path.receive(undoOf(settlement(of(2))));
    await path.work();
    await path.approval.decide(person('officer', 'claims-officer'), [(await path.claim(of(3).setl_id)).id], 'decline', 'not for us');
    expect([await path.claim(of(2).setl_id), await path.claim(of(3).setl_id)]).toMatchObject([
      { state: 'withdrawn' },
      { state: 'declined' },
    ]);
    await path.rows(`insert into organisation (id, kind, code, name, path) values (gen_random_uuid(), 'region', '45', '某自治区', '/45/')`);
    await path.rows(
      `insert into organisation (id, parent_id, kind, code, name, path) select gen_random_uuid(), id, 'unit', 'U1', '第一基层工会', '/45/4599/459999/U1/' from organisation`,
    );
    const entries = (await bookText()).slice(1).map((line) => JSON.parse(line) as BookEntry);
    expect(entries).toMatchObject([{ unit: '第一基层工会 U1', paid: { benefitFen: SAMPLE_BENEFIT_FEN } }]);
  });

  it('of a plan without a claim is a header', async () => expect(await bookText()).toHaveLength(1));
});

describe('a rehearsal', () => {
  it('of the plan that decided changes nothing', async () => {
    await decided();
    const { id } = await path.rehearsals.ask(leader, { planId: PLAN_ID }, PLAN_ID);
    expect(await path.wakeUps()).toContain('rehearsal/rehearse');
    expect(await path.rehearsals.progress(id)).toEqual({ state: 'waiting', claimsDone: 0, claimsTotal: 0, failure: null });
    await path.rehearsals.rehearse([id]);
    expect(await path.rehearsals.progress(id)).toEqual({ state: 'done', claimsDone: 8, claimsTotal: 8, failure: null });
    const result = await path.rehearsals.result(id);
    expect(result).toMatchObject({ claims: 8, members: 4, total: { changeFen: 0 }, winners: { claims: 0 }, losers: { claims: 0 } });
    expect(result.reasons.before).toEqual(result.reasons.after);
  });

  it('of the plan that decided changes nothing for a person whose personal number was corrected, either', async () => {
    const [first, second, third] = await path.enrol(1, 2, 3);
    for (const [id, current, direct] of [
      [first, second, true],
      [first, third, false],
      [second, third, true],
    ])
      await path.rows(
        `insert into member_alias (member_id, current_id, direct, window_id, recorded_by, recorded_at) values ($1, $2, $3, gen_random_uuid(), 'clerk', now())`,
        id,
        current,
        direct,
      );
    // Each is above half the cap; together they exceed it.
    for (const serial of [3, 1, 2]) {
      await path.receive(settlementOver(700_000, of(serial)));
      await path.work();
    }
    const entries = (await bookText()).slice(1).map((line) => JSON.parse(line) as BookEntry);
    expect(entries.map(({ member, paid }) => [member, paid.capped])).toEqual([
      [third, false],
      [third, true],
      [third, true],
    ]);
    const { id } = await path.rehearsals.ask(leader, { planId: PLAN_ID }, PLAN_ID);
    await path.rehearsals.rehearse([id]);
    expect(await path.rehearsals.result(id)).toMatchObject({
      claims: 3,
      members: 1,
      total: { changeFen: 0 },
      winners: { claims: 0 },
      losers: { claims: 0 },
    });
  });

  it('says the same as the book in a file, and touches nothing that was decided', async () => {
    await decided();
    const before = await path.rows('select * from decision order by claim_id');
    const content = planText();
    const id = await ask(content);
    await path.rehearsals.rehearse([id]);
    const result = await path.rehearsals.result(id);
    expect(result.winners.claims).toBeGreaterThan(0);
    const lines = await bookText();
    const pieces = (async function* () {
      yield* lines.map((line) => `${line}\n`);
    })();
    expect(await rehearse(pieces, parsePlan(content, 'the plan'))).toEqual(result);
    expect(await path.rows('select * from decision order by claim_id')).toEqual(before);
  });

  it('whose wake-up was lost is found and runs, once', async () => {
    await decided();
    const id = await ask(planText());
    await path.rows('delete from outbox');
    expect(await rehearsalDue()).toBe(1);
    await path.rehearsals.rehearse([]);
    const { endedAt, result } = await path.rehearsals.read(id);
    expect([await rehearsalDue(), result?.claims]).toEqual([0, 8]);
    path.clock.set('2025-03-04 16:00');
    await path.rehearsals.rehearse([id]);
    expect((await path.rehearsals.read(id)).endedAt).toEqual(endedAt);
  });

  it('that a worker died over starts again and comes to the same', async () => {
    await decided();
    const whole = await ask(planText());
    const broken = await ask(planText());
    await path.rehearsals.rehearse([whole]);
    await path.rows(`update rehearsal set state = 'running', claims_done = 5, claims_total = 8 where id = $1`, broken);
    expect(await rehearsalDue()).toBe(6);
    await path.rehearsals.rehearse([]);
    expect(await path.rehearsals.result(broken)).toEqual(await path.rehearsals.result(whole));
  });

  it('is run by one worker at a time, and left alone by the others', async () => {
    const id = await ask(planText());
    await path.db.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('rehearsal ' || $1, 0))`, [id]);
      await path.rehearsals.rehearse([id]);
      expect(await path.rehearsals.progress(id)).toMatchObject({ state: 'waiting' });
    });
    await path.rehearsals.rehearse([id]);
    expect(await path.rehearsals.progress(id)).toMatchObject({ state: 'done' });
  });

  it('of a book that cannot be calculated with fails and says where, and the rest go on', async () => {
    await decided();
    await path.rows(
      `update decision set facts = '{"acceptedOn":1}' where claim_id = (select claim_id from decision order by member_id limit 1)`,
    );
    const id = await ask(planText());
    await path.rehearsals.rehearse([]);
    expect(await path.rehearsals.read(id)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('line 2 of the book'),
      endedAt: path.clock.now(),
    });
    expect(await rehearsalDue()).toBe(0);
    await expect(path.rehearsals.result(id)).rejects.toMatchObject({ code: 'rehearsal-not-done' });
  });

  it('left by a worker that is asked to end is due', async () => {
    await decided();
    const id = await ask(planText());
    path.rehearsals.beforeApplicationShutdown();
    await path.rehearsals.rehearse([id]);
    expect([await rehearsalDue(), (await path.rehearsals.progress(id)).state]).toEqual([1, 'waiting']);
  });

  it.each([
    [{ planId: 'no-plan' }, PLAN_ID, 'plan-not-found'],
    [{ planId: PLAN_ID, version: 2 }, PLAN_ID, 'plan-version-not-found'],
    [{ planId: PLAN_ID }, 'no-plan', 'plan-not-found'],
    [{ content: 'id: x' }, PLAN_ID, 'plan-invalid'],
  ])('of %j against the book of %s is refused: %s', async (rehearsed, against, code) => {
    await expect(path.rehearsals.ask(leader, rehearsed, against)).rejects.toMatchObject({ code });
    expect(await rehearsalDue()).toBe(0);
  });
});

describe('a replay', () => {
  beforeEach(decided);

  it('comes to every decision again, to the byte', async () => {
    const report = await path.replay.replay();
    expect(report).toEqual({ decisions: 8, same: 8, changed: 0, unknownPlans: {}, examples: [] });
    expect(isSound(report)).toBe(true);
    expect(await path.replay.replay('another-plan')).toMatchObject({ decisions: 0 });
  });

  it('finds a byte that was changed, and a plan that nobody knows', async () => {
    const [one, other] = await path.rows<{ claim_id: string }>('select claim_id from decision where reason is null order by claim_id');
    await path.rows(`update decision set trace = replace(trace, '"step":"base"', '"step": "base"') where claim_id = $1`, one!.claim_id);
    await path.rows(`update decision set plan_hash = 'none' where claim_id = $1`, other!.claim_id);
    const report = await path.replay.replay();
    expect(report).toEqual({
      decisions: 8,
      same: 6,
      changed: 1,
      unknownPlans: { none: 1 },
      examples: [{ claimId: one!.claim_id, parts: ['trace'] }],
    });
    expect(isSound(report)).toBe(false);
  });
});
