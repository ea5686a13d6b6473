/** Parquet in no order is read as it stands until it turns out not to be sorted, and then again: what comes of it is the same. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { OrderWatch } from '../../runtime/sources/parquet.ts';
import type { ColumnVector } from '../../runtime/values/batch.ts';
import { jsonLines, project } from '../cli/in-process.ts';
import { csv, dataset } from './world.ts';

const FILES = {
  'fsc.json': '{ "sources": { "pay": { "history": "pay*.parquet" } } }',
  'features/sources/pay.sql': `-- @event_time paid_at
CREATE TABLE pay (
  shop    text NOT NULL,
  paid_at timestamp NOT NULL,
  nr      bigint NOT NULL,
  card    text NOT NULL,
  amount  integer CHECK (amount > 0),
  PRIMARY KEY (shop, nr)
);
`,
  'features/spent/v1.sql': `SELECT card,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '2 hours') AS n,
  sum(amount * 1000000000) AS too_much,
  (array_agg(amount ORDER BY paid_at DESC, shop DESC, nr DESC))[1] AS latest
FROM pay GROUP BY card
`,
};
const LABELS = csv([
  ['card', 'as_of'],
  ...Array.from({ length: 60 }, (_, i) => [`c${i % 7}`, `2024-03-0${1 + (i % 9)}T${10 + (i % 12)}:30:00Z`]),
]);
/** Four of each instant. */
const ROWS = 9000;
const RECORDS = `SELECT 's' || (i % 3) AS shop, TIMESTAMP '2024-03-01' + to_seconds((i // 4) * 300) AS paid_at, (i * 7 % ${ROWS - 1})::BIGINT AS nr,
  'c' || (hash(i) % 7) AS card, (hash(i + 5) % 20)::INTEGER AS amount FROM range(${ROWS}) AS t(i)`;
const SORTED = 'paid_at, shop, nr';

const made: ReturnType<typeof project>[] = [];
afterEach(() => {
  for (const one of made.splice(0)) one.remove();
});

async function history(files: Readonly<Record<string, string>>): Promise<string> {
  const one = project({ ...FILES, 'labels.csv': LABELS });
  made.push(one);
  const session = await openDuckDb({ threads: 1 });
  try {
    for (const [name, sql] of Object.entries(files))
      await session.run(`COPY (${sql}) TO '${join(one.root, name)}' (FORMAT parquet)`);
  } finally {
    session.close();
  }
  return one.root;
}

async function training(root: string, engine = 'replay') {
  const args = ['--labels', 'labels.csv', '--view', 'spent_v1', '--ties', 'include', '--engine', engine, '--out', '-'];
  const { code, out, err } = await dataset(root, ...args, '--format', 'json');
  expect(code, err + out).toBe(0);
  const {
    seconds: _,
    engine: _e,
    ...summary
  } = JSON.parse(err.split('\n').findLast((line) => line.startsWith('{')) ?? '{}');
  return { rows: jsonLines(out), summary };
}

describe('history in no order', () => {
  it.each([
    ['from the beginning', `ORDER BY hash(nr), shop`],
    ['after some thousand records', `ORDER BY CASE WHEN nr = 8 THEN TIMESTAMP '2024-04-01' ELSE paid_at END, shop, nr`],
    ['in the last record', `ORDER BY CASE WHEN nr = 8 THEN TIMESTAMP '2025-04-01' ELSE paid_at END, shop, nr`],
    ['only in a text of the key', 'ORDER BY paid_at, shop DESC, nr'],
    ['only in a number of the key', 'ORDER BY paid_at, shop, nr DESC'],
  ])('gives what sorted history gives: out of order %s', async (_what, order) => {
    const sorted = await training(await history({ 'pay.parquet': `${RECORDS} ORDER BY ${SORTED}` }));
    const root = await history({ 'pay.parquet': `SELECT * FROM (${RECORDS}) ${order}` });
    const found = await training(root);
    expect(found).toEqual(sorted);
    // Counted once, though read twice.
    expect(Object.keys(found.summary.expressionErrorsByColumn)).toEqual(['spent_v1.too_much']);
    expect(found.summary.expressionErrors).toEqual(sorted.summary.expressionErrors);
    expect(found.rows).toEqual((await training(root, 'duckdb')).rows);
  });

  it('gives what sorted history gives: files out of order, and a record that is malformed', async () => {
    const sorted = await training(await history({ 'pay.parquet': `${RECORDS} ORDER BY ${SORTED}` }));
    const part = (where: string): string => `SELECT * FROM (${RECORDS}) WHERE ${where} ORDER BY ${SORTED}`;
    const cut = "paid_at < TIMESTAMP '2024-03-05'";
    const parts = { 'pay-1.parquet': part(`NOT ${cut}`), 'pay-2.parquet': part(cut) };
    expect(await training(await history(parts))).toEqual(sorted);
    const odd = "SELECT 's' AS shop, NULL::TIMESTAMP AS paid_at, 1::BIGINT AS nr, 'c1' AS card, 1 AS amount";
    const { rows, summary } = await training(await history({ ...parts, 'pay-3.parquet': odd }));
    expect(rows).toEqual(sorted.rows);
    const { accepted, quarantined } = sorted.summary.events;
    expect(summary.events).toMatchObject({ accepted, quarantined: quarantined + 1 });
  });
});

describe('a watch over the order', () => {
  const times = (values: readonly number[], isNull = false): ColumnVector => ({
    kind: 'numeric',
    values: Float64Array.from(values),
    nulls: isNull ? Uint8Array.from(values, () => 1) : null,
    wide: null,
  });
  const texts = (values: readonly (string | null)[]): ColumnVector => ({
    kind: 'text',
    strings: values.map((value) => value ?? ''),
    codes: null,
    dictionary: null,
    dictionaryId: 0,
    nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
  });
  const isOrdered = (...batches: readonly (readonly (readonly [number, string | null])[])[]): boolean => {
    const watch = new OrderWatch([1, 0], [{ kind: 'timestamp' }, { kind: 'text', maxLength: null }]);
    return batches.every((rows) =>
      watch.takes({ length: rows.length, columns: [texts(rows.map(([, key]) => key)), times(rows.map(([t]) => t))] }),
    );
  };

  it('takes equal records, NULL keys last, and compares batches with those before', () => {
    expect(
      isOrdered(
        [
          [1, 'a'],
          [1, 'a'],
          [1, 'b'],
          [1, null],
          [2, 'a'],
        ],
        [],
        [
          [2, 'a'],
          [2, null],
        ],
      ),
    ).toBe(true);
    expect(
      isOrdered([
        [1, 'b'],
        [1, 'a'],
      ]),
    ).toBe(false);
    expect(
      isOrdered([
        [1, null],
        [1, 'a'],
      ]),
    ).toBe(false);
    expect(isOrdered([[2, 'a']], [[1, 'a']])).toBe(false);
    expect(isOrdered([[2, 'b']], [[2, 'a']])).toBe(false);
    // By code point, as everywhere.
    expect(
      isOrdered([
        [1, '\uffff'],
        [1, '\u{10000}'],
      ]),
    ).toBe(true);
  });

  it('takes no instant that is none', () => {
    expect(
      isOrdered([
        [1, 'a'],
        [Number.NaN, 'a'],
      ]),
    ).toBe(false);
    const watch = new OrderWatch([0], [{ kind: 'timestamp' }]);
    expect(watch.takes({ length: 1, columns: [times([0], true)] })).toBe(false);
  });
});
