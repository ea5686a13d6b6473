/**
 * DuckDB takes expressions for one that differ in a constant interval alone, where the two intervals are as long with months of 30 days.
 * Emitted SQL has no such pair, whatever the session; the file's own text may.
 */
import { expect, it } from 'vitest';
import { emitDatasetSql } from '../../compiler/backends/sql/dataset-sql.ts';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { ownTextLimits } from '../../compiler/backends/sql/own-text.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import { compileProject } from '../../compiler/index.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { compileView, EVENTS as EVENTS_SQL, faultsOf, REQUEST } from '../compiler/project.ts';
import { inDuckDb, planned } from './stock-duckdb.ts';

const CONTEXT = { dialect: 'duckdb', functions: FUNCTIONS } as const;
const EVENTS = `CREATE TABLE events AS
  SELECT 1::bigint AS id, TIMESTAMP '2025-03-31 12:00' AS ts, TIMESTAMP '2025-03-01 06:00' AS due_at, 'ann' AS usr, 1 AS n`;

const atEnd = (view: ViewPlan): Promise<unknown> =>
  inDuckDb(EVENTS, emitViewSql(view, "TIMESTAMP '2025-04-01'", 'latest', CONTEXT));

const [A_MONTH, THIRTY_DAYS] = ['2025-02-28 12:00:00', '2025-03-01 12:00:00'];

it('DuckDB takes the two for one; where it no longer does, `ownTextLimits` and FSC3018 need not be', async () => {
  const moved = "SELECT ts - INTERVAL '1 month' AS a, ts - INTERVAL '30 days' AS b FROM events";
  expect(await inDuckDb(EVENTS, moved)).toEqual([[A_MONTH, A_MONTH]]);
  const folded = "SELECT max(ts - INTERVAL '1 month') AS a, max(ts - INTERVAL '30 days') AS b FROM events";
  expect(await inDuckDb(EVENTS, folded)).toEqual([[A_MONTH, A_MONTH]]);
  const either =
    "SELECT count(*) FROM events WHERE due_at > ts - INTERVAL '30 days' OR due_at > ts - INTERVAL '1 month'";
  expect(await inDuckDb(EVENTS, either)).toEqual([['0']]);
});

it('emitted SQL moves each instant by its own interval', async () => {
  const moves = [
    ["ts - INTERVAL '1 month'", "ts - INTERVAL '30 days'", A_MONTH, THIRTY_DAYS],
    ["ts + INTERVAL '1 month'", "INTERVAL '30 days' + ts", '2025-04-30 12:00:00', '2025-04-30 12:00:00'],
    ["ts + INTERVAL '-1 month'", "ts - INTERVAL '30 days'", A_MONTH, THIRTY_DAYS],
    ["ts - 12 * INTERVAL '1 month'", "ts - INTERVAL '36 days' * 10", '2024-03-31 12:00:00', '2024-04-05 12:00:00'],
    ["ts - (INTERVAL '2 months' - INTERVAL '1 month')", "ts - INTERVAL '720 hours'", A_MONTH, THIRTY_DAYS],
    ["ts - INTERVAL '1 month 30 days'", "ts - INTERVAL '2 months'", '2025-01-29 12:00:00', '2025-01-31 12:00:00'],
    ["ts - INTERVAL '1 month 1 day'", "ts - INTERVAL '30 days 24 hours'", '2025-02-27 12:00:00', '2025-02-28 12:00:00'],
    ["ts - INTERVAL '1 month -1 day'", "ts - INTERVAL '29 days'", '2025-03-01 12:00:00', '2025-03-02 12:00:00'],
  ] as const;
  for (const [a, b, first, second] of moves) {
    const view = planned(`max(${a}) AS a, max(${b}) AS b, min(${b}) AS c, min(${a}) AS d`);
    expect(await atEnd(view), `${a}, ${b}`).toEqual([['ann', first, second, second, first]]);
  }
  const either = "due_at > ts - INTERVAL '30 days' OR due_at > ts - INTERVAL '1 month'";
  expect(await atEnd(planned('count(*) AS c', `WHERE ${either}`))).toEqual([['ann', '1']]);
});

it('windows of both lengths are two, at instants of a column too', async () => {
  const since = (length: string): string =>
    `count(*) FILTER (WHERE ts >= date_trunc('month', now()) - INTERVAL '${length}')`;
  const view = planned(`${since('1 month')} AS a, ${since('30 days')} AS b`);
  const labels = "CREATE TABLE labels AS SELECT 'ann' AS usr, TIMESTAMPTZ '2025-04-01 00:00:00+00' AS as_of";
  const first = "INSERT INTO events VALUES (2, TIMESTAMP '2025-03-01 06:00', NULL, 'ann', 1)";
  const request = {
    labels: { relation: 'labels', ordinal: 'rowid', columns: ['usr', 'as_of'], instant: 'as_of' },
    features: [1, 2].map((ordinal) => ({ view, ordinal, name: `f${ordinal}` })),
    ties: 'include',
  } as const;
  for (const form of ['join', 'windows'] as const) {
    const [row] = (await inDuckDb(EVENTS, first, labels, emitDatasetSql({ ...request, form }, CONTEXT))) as unknown[][];
    // March has 31 days.
    expect(row?.slice(-2), form).toEqual(['2', '1']);
  }
});

it('where DuckDB could not tell constants apart the view is refused', () => {
  const of = (items: string): readonly string[] =>
    faultsOf(compileView(`SELECT usr, ${items} FROM events GROUP BY usr`));
  const chosen = "max(ts - CASE WHEN ok THEN INTERVAL '1 month' ELSE INTERVAL '30 days' END) AS a";
  expect(of(chosen)).toEqual(["FSC3018 INTERVAL '30 days'"]);
  expect(of("max(ts - n * INTERVAL '1 year') AS a, max(ts - n * INTERVAL '360 days') AS b")).toEqual([
    "FSC3018 INTERVAL '360 days'",
  ]);
  const moved = "max(CASE WHEN ok THEN ts - INTERVAL '1 month' ELSE ts - INTERVAL '30 days' END) AS a";
  const compared = "bool_or(ts - due_at > INTERVAL '1 month') AS b, bool_or(ts - due_at < INTERVAL '30 days') AS c";
  expect(of(`${moved}, ${compared}`)).toEqual([]);
  expect(of("max(ts - n * INTERVAL '1 day') AS a, max(ts - n * INTERVAL '24 hours') AS b")).toEqual([]);
});

it('of a request view those of the views that it joins count, since DuckDB puts them into one query', () => {
  const files = new Map([
    ['features/sources/events.sql', EVENTS_SQL],
    ['features/sources/ask.sql', REQUEST],
    ['features/one/v1.sql', "SELECT usr, max(ts - n * INTERVAL '1 month') AS m FROM events GROUP BY usr"],
    [
      'features/t/v1.sql',
      "SELECT one.m, extract(epoch FROM r.n * INTERVAL '30 days') AS x FROM ask r LEFT JOIN one_v1 one ON one.usr = r.usr",
    ],
  ]);
  expect(faultsOf(compileProject(files))).toEqual(["FSC3018 INTERVAL '30 days'"]);
  files.set('features/two/v1.sql', "SELECT usr, max(ts - n * INTERVAL '30 days') AS m FROM events GROUP BY usr");
  const join = 'JOIN two_v1 two ON two.usr = r.usr';
  const both = `SELECT one.m AS a, two.m AS b FROM ask r JOIN one_v1 one ON one.usr = r.usr ${join}`;
  expect(faultsOf(compileProject(files.set('features/t/v1.sql', both)))).toEqual([`FSC3018 ${join}`]);
});

it("`verify` does not take the text's word where it has both", () => {
  const both = planned("max(ts - INTERVAL '1 month') AS a, max(ts - INTERVAL '30 days') AS b");
  expect(ownTextLimits(both).rows).toBe(true);
  const windows = planned(
    `count(*) FILTER (WHERE ts >= date_trunc('month', now()) - INTERVAL '1 month') AS a,
     count(*) FILTER (WHERE ts >= date_trunc('month', now()) - INTERVAL '30 days') AS b`,
  );
  expect(ownTextLimits(windows).rows).toBe(false);
});
