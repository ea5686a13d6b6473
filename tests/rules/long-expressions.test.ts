/** Sums and nestings of the length that scores have: guarded forms name their arguments several times, and the text must not grow with that. */
import { describe, expect, it } from 'vitest';
import { emitDatasetSql } from '../../compiler/backends/sql/dataset-sql.ts';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { emitProject } from '../../compiler/emit.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { valueAt } from '../properties/values.ts';
import { JOINED, RECORDS, SOURCES } from './constructs.ts';
import { machines } from './machines.ts';
import { textOf } from './text-of.ts';

const LONG: readonly ((column: (name: string) => string) => string)[] = [
  (c) => Array.from({ length: 30 }, (_, i) => `0.${i + 1}e0 * ${c('dbl')}`).join(' + '),
  (c) =>
    `1 / (1 + exp(-(${Array.from({ length: 20 }, (_, i) => `coalesce(${c(i % 2 === 0 ? 'dbl' : 'dec')}, ${i}) * 0.01e0`).join(' + ')})))`,
  (c) => Array(50).fill(c('i')).join(' + '),
  (c) => Array(20).fill(c('dec')).join(' - '),
  (c) => `${'sqrt('.repeat(20)}${c('dbl')}${')'.repeat(20)}`,
  (c) => `${'CAST('.repeat(20)}${c('i')}${' AS text) AS integer)'.repeat(10)}`,
  (c) =>
    `CASE WHEN ${Array(12).fill(c('dbl')).join(' + ')} > 3 THEN ${Array(12).fill(c('dbl')).join(' * ')} ELSE ${Array(12).fill(c('dec')).join(' / ')} END`,
  (c) => `extract(epoch FROM ${c('ts')}${" + INTERVAL '1 day'".repeat(20)})`,
];
const own = (name: string): string => name;
const folded = (name: string): string => `max(${name})`;
const items = (column: (name: string) => string): string =>
  LONG.map((long, i) => `${long(column)} AS x${i}`).join(',\n  ');
const AT = '2001-01-01 12:00:00';

describe('long expressions', () => {
  it.each([
    ['stage 3 of shape A', `SELECT usr, ${items(folded)} FROM events GROUP BY usr`],
    [
      'arguments, filters, groups and HAVING',
      `SELECT ${LONG[2]!(own)} AS k, ${LONG.map((long, i) => `count(*) FILTER (WHERE (${long(own)}) IS NOT NULL) AS n${i}, max(${long(own)}) AS x${i}`).join(', ')}
      FROM events WHERE ${LONG[2]!(own)} IS NOT NULL AND (${LONG[0]!(own)}) IS NOT NULL GROUP BY ${LONG[2]!(own)} HAVING (${LONG[0]!(folded)}) IS NOT NULL`,
    ],
    ['rows', `-- @entity usr\nSELECT usr, ${items(own)} FROM events WHERE (${LONG[0]!(own)}) IS NOT NULL`],
    [
      'frames',
      `SELECT usr, ${LONG.map((long, i) => `max(${long(own)}) OVER (PARTITION BY usr ORDER BY ts) AS x${i}, lag(${long(own)}) OVER (PARTITION BY usr ORDER BY ts, id) AS l${i}`).join(', ')} FROM events`,
    ],
    [
      'request views',
      `SELECT r.usr AS u, ${items((name) => (name === 'dbl' ? 'a.dbl_' : `r.${name}`))} FROM ask r LEFT JOIN typed_v1 a ON a.usr = r.usr WHERE (${LONG[2]!((name) => `r.${name}`)}) IS NOT NULL`,
    ],
  ])('in %s stay short and keep their value', async (_, sql) => {
    const world = await machines({ ...SOURCES, ...JOINED, 'features/t/v1.sql': sql }, RECORDS);
    expect((await world.rows('t_v1', AT)).length).toBeGreaterThan(0);
    const files = emitProject(world.plan);
    for (const dialect of ['duckdb', 'postgres'])
      expect(files.get(`${dialect}/t_v1.sql`)!.length).toBeLessThan(500_000);
  });

  it('in training sets', async () => {
    const request = `SELECT r.usr, ${items((name) => (name === 'dbl' ? 'a.dbl_' : `r.${name}`))} FROM ask r LEFT JOIN typed_v1 a ON a.usr = r.usr WHERE (${LONG[2]!((name) => `r.${name}`)}) IS NOT NULL`;
    const grouped = `SELECT usr, ${items(folded)} FROM events GROUP BY usr`;
    const world = await machines(
      { ...SOURCES, ...JOINED, 'features/t/v1.sql': request, 'features/g/v1.sql': grouped },
      RECORDS,
    );
    const session = await openDuckDb({ threads: 1 });
    for (const { spec } of world.plan.sources) {
      const columns = spec.columns.map(
        ({ name, type }) =>
          `"${name}" ${type.kind === 'text' ? 'VARCHAR' : type.kind === 'decimal' ? 'DECIMAL(12,2)' : type.kind}`,
      );
      await session.run(`CREATE TABLE ${spec.name} (${columns.join(', ')})`);
      await session.run(`INSERT INTO ${spec.name} VALUES ${RECORDS[spec.name]}`);
    }
    await session.run(`CREATE TABLE labels AS SELECT *, TIMESTAMP '${AT}' AS as_of FROM ask`);
    const features = ['t_v1', 'g_v1'].flatMap((name) => {
      const view = world.plan.views.find(({ spec }) => spec.name === name)!;
      return view.outputs.map((output, ordinal) => ({ view, ordinal, name: `${name}_${output.name}` }));
    });
    for (const form of ['join', 'windows'] as const) {
      const labels = { relation: 'labels', ordinal: 'rowid', columns: ['usr'], instant: 'as_of' };
      const sql = emitDatasetSql(
        { labels, features, ties: 'include', form },
        { dialect: 'duckdb', functions: FUNCTIONS },
      );
      const { batch, types } = await session.readColumns(sql);
      for (const name of ['t_v1', 'g_v1']) {
        const from = 1 + features.findIndex((feature) => feature.view.spec.name === name);
        const { outputs } = world.plan.views.find(({ spec }) => spec.name === name)!;
        const given = Array.from({ length: batch.length }, (_, row) =>
          outputs.map((_output, i) =>
            textOf(valueAt(batch.columns[from + i]!, types[from + i]!, row), types[from + i]!),
          ),
        ).filter((row) => row[0] !== 'NULL');
        const wanted = (await world.rows(name, AT)).filter(
          ([usr]) => name === 't_v1' || given.some((row) => row[0] === usr),
        );
        expect([form, name, given.map((row) => row.map(rounded)).sort()]).toEqual([
          form,
          name,
          wanted.map((row) => row.map(rounded)).sort(),
        ]);
      }
    }
    session.close();
  });
});

function rounded(text: string): string {
  return /^-?\d+\.\d{6,}$|e/.test(text) && Number.isFinite(Number(text)) ? Number(text).toPrecision(10) : text;
}
