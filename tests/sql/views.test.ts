import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { refereeQuery } from '../../compiler/backends/sql/referee.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { type Referee, refereeSession } from '../../runtime/engines/duckdb/referee.ts';
import { MICROS_PER_DAY as DAY, MICROS_PER_HOUR as HOUR } from '../../runtime/values/types.ts';
import { TEST_FUNCTIONS } from './plans.ts';
import { loadPayments, loadRequests, START, sortedRows } from './records.ts';
import { ALL_VIEWS, PAYMENTS, REQUEST, ROWS } from './views.ts';

const INSTANTS = [
  START - DAY,
  START,
  START + HOUR,
  START + 36 * HOUR,
  START + 3 * DAY + 1,
  START + 5 * DAY,
  START + 60 * DAY,
];

function emitted(view: ViewPlan, t: number): string {
  return emitViewSql(view, printInstant(t), 'latest', { dialect: 'duckdb', functions: TEST_FUNCTIONS });
}

describe('emitted SQL against the own text of a view', () => {
  let referee: Referee;
  beforeAll(async () => {
    referee = await refereeSession({ threads: 1 });
    await loadPayments(referee.session, 'records of payments');
    await loadRequests(referee.session, 'requests');
  });
  afterAll(() => referee.close());

  for (const view of ALL_VIEWS) {
    it(`${view.spec.name} is equal at every instant`, async () => {
      let rows = 0;
      for (const t of INSTANTS) {
        await referee.setRelation(PAYMENTS, 'records of payments', t);
        await referee.setRelation(REQUEST, 'requests', t);
        const guardedText = emitted(view, t);
        const own = await referee.run({ ...refereeQuery(view, t), guardedText });
        const ours = await referee.session.readColumns(guardedText);
        expect(own.guarded).toBe(false);
        expect(ours.names).toEqual(view.outputs.map((output) => output.name));
        expect(sortedRows(ours)).toEqual(sortedRows(own));
        rows += ours.batch.length;
      }
      expect(rows).toBeGreaterThan(0);
    });

    it(`${view.spec.name} has exactly the declared types`, async () => {
      const ours = await referee.session.readColumns(emitted(view, START));
      expect(ours.types).toEqual(view.outputs.map((output) => output.type));
    });
  }

  it('gives every row of a rows view where all are asked for', async () => {
    const t = START + 5 * DAY;
    await referee.setRelation(PAYMENTS, 'records of payments', t);
    const sql = emitViewSql(ROWS, printInstant(t), 'every', { dialect: 'duckdb', functions: TEST_FUNCTIONS });
    const every = await referee.session.readColumns(sql);
    const all = await referee.session.readColumns(`SELECT count(*)::BIGINT FROM payments`);
    expect(every.batch.length).toBe(Number(sortedRows(all)[0]!.replaceAll(/\D/g, '')));
  });

  it('counts a raw text that aborts, and runs the guarded form', async () => {
    const before = referee.guardedCases;
    const result = await referee.run({
      text: 'SELECT 2147483647::INTEGER + 1::INTEGER AS x',
      views: [],
      guardedText: 'SELECT NULL::INTEGER AS x',
    });
    expect(result.guarded).toBe(true);
    expect(referee.guardedCases).toBe(before + 1);
  });

  it('does not hide a text that does not bind', async () => {
    await expect(referee.run({ text: 'SELECT nothing_called_so', views: [], guardedText: 'SELECT 1' })).rejects.toThrow(
      /Binder Error/,
    );
  });
});
