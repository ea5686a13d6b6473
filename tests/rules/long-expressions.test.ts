/** Sums and nestings of the length that scores have: guarded forms name their arguments several times, and the text must not grow with that. */
import { describe, expect, it } from 'vitest';
import { emitDatasetSql } from '../../compiler/backends/sql/dataset-sql.ts';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { MAX_ARGUMENTS, MAX_TERMS } from '../../compiler/parse/cursor.ts';
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

/** Flat chains as long as the parser lets pass (MAX_TERMS and MAX_ARGUMENTS in compiler/parse/cursor.ts). */
const counted = (count: number, item: (i: number) => string, between: string): string =>
  Array.from({ length: count }, (_, i) => item(i)).join(between);
const CHAINS: Readonly<Record<string, (count: number, c: (column: string) => string) => string>> = {
  IN: (count, c) => `${c('i')} IN (${counted(count, (i) => `${i + 5}`, ',')})`,
  'NOT IN of texts': (count, c) => `${c('t')} NOT IN (${counted(count, (i) => `'${i + 12}'`, ',')})`,
  AND: (count, c) => counted(count, (i) => `${c('bg')} <> ${i + 4}`, ' AND '),
  OR: (count, c) => counted(count, (i) => (i % 2 === 1 ? `${c('i')} = ${i}` : `${c('t')} = '${i}'`), ' OR '),
  CASE: (count, c) =>
    `CASE ${counted(count, (i) => `WHEN ${c('i')} = ${count - i} THEN ${i % 7}`, ' ')} ELSE ${c('bg')} END > 3`,
};
const CALLS: typeof CHAINS = {
  coalesce: (count, c) => `coalesce(${counted(count, (i) => `nullif(${c('i')}, ${1 + (i % 5)})`, ', ')}) > 3`,
  greatest: (count, c) => `greatest(${counted(count, (i) => (i % 2 === 0 ? c('i') : `${i % 5}`), ', ')}) > 4`,
};

describe('long chains', () => {
  // Every place for each of them would be minutes.
  it.each([
    ...Object.entries(CHAINS).map(([name, chain]) => [name, MAX_TERMS, chain] as const),
    ...Object.entries(CALLS).map(([name, call]) => [name, MAX_ARGUMENTS, call] as const),
  ])('%s of %i parts have one value in every machine, and longer ones are refused', async (name, max, chain) => {
    const views = {
      'features/f/v1.sql': `SELECT usr, count(*) AS n, count(*) FILTER (WHERE ${chain(max, own)}) AS x FROM events GROUP BY usr`,
    };
    const others = {
      'features/w/v1.sql': `-- @entity usr\nSELECT usr, id FROM events WHERE ${chain(max, own)}`,
      'features/q/v1.sql': `SELECT r.usr AS u, ${chain(max, (column) => `r.${column}`)} AS x FROM ask r`,
    };
    const everywhere = name === 'IN' || name === 'coalesce';
    const world = await machines({ ...SOURCES, ...views, ...(everywhere ? others : {}) }, RECORDS);
    for (const { spec } of world.plan.views) expect((await world.rows(spec.name, AT)).length).toBeGreaterThan(0);
    const longer = `SELECT usr, count(*) FILTER (WHERE ${chain(max + 1, own)}) AS x FROM events GROUP BY usr`;
    const { diagnostics } = compileProject(new Map(Object.entries({ ...SOURCES, 'features/f/v1.sql': longer })));
    expect(diagnostics.map(({ code }) => code)).toEqual(['FSC1013']);
  });
});

function rounded(text: string): string {
  return /^-?\d+\.\d{6,}$|e/.test(text) && Number.isFinite(Number(text)) ? Number(text).toPrecision(10) : text;
}
