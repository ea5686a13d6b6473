import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { openAcceptedFeed } from '../../runtime/engines/accepted-feed.ts';
import { columnsRead } from '../../runtime/engines/columns-read.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { UNREAD } from '../../runtime/sources/parquet-columns.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { jsonLines, project } from '../cli/in-process.ts';
import { csv, dataset } from './world.ts';

/** Columns that `spent_v1` does not look at: `at_shop` to `seen`. `shop` is looked at by another view, as a key. */
const SOURCE = `-- @event_time paid_at
-- @key none
CREATE TABLE pay (
  paid_at timestamp NOT NULL,
  card    text NOT NULL,
  amount  integer CHECK (amount > 0),
  note    text NOT NULL,
  code    varchar(5),
  shop    text,
  bags    smallint,
  total   bigint,
  rate    double precision,
  seen    date
);
`;
const SPENT = `SELECT card, count(*) FILTER (WHERE paid_at > now() - INTERVAL '2 hours') AS n, sum(amount) AS spent
FROM pay GROUP BY card
`;
const SHOPS = `SELECT card, shop, count(*) AS n FROM pay WHERE shop IS NOT NULL GROUP BY card, shop
`;
const FILES = {
  'fsc.json': '{ "sources": { "pay": { "history": "pay.parquet" } } }',
  'features/sources/pay.sql': SOURCE,
  'features/spent/v1.sql': SPENT,
  'features/shops/v1.sql': SHOPS,
};
const LABELS = csv([
  ['card', 'as_of'],
  ['a', '2024-03-01T10:30:00Z'],
  ['a', '2024-03-01T14:00:00Z'],
  ['b', '2024-03-01T14:00:00Z'],
  ['c', '2023-01-01T00:00:00Z'],
  ['nobody', '2024-03-01T14:00:00Z'],
  ['a', '2031-01-01T00:00:00Z'],
]);
/** The good values, in the order of the declaration, from `note` on. */
const GOOD = {
  note: "'fine'",
  code: "'12345'",
  shop: "'x'",
  bags: '3::INTEGER',
  total: '7::BIGINT',
  rate: '0.5::DOUBLE',
  seen: "DATE '2024-03-01'",
};
type Column = keyof typeof GOOD;

const { plan } = compileProject(new Map(Object.entries(FILES).filter(([path]) => path.endsWith('.sql'))));
if (plan === null) throw new Error('the project does not compile');
const program = loadProgram(emitProject(plan));
const pay = program.sources[0];
if (pay === undefined) throw new Error('no source');

function readsOf(view: string): ReadonlySet<number> {
  const group = program.groups[program.views.find(({ spec }) => spec.name === view)?.group ?? -1];
  if (pay === undefined || group === undefined) throw new Error(`no group of ${view}`);
  return columnsRead(pay, [group.create({ errors: { count: () => undefined }, entityHint: 0 })]);
}

let made: ReturnType<typeof project>[] = [];
afterEach(() => {
  for (const one of made) one.remove();
  made = [];
});

/** A history of five payments, some of whose values (by row) are others. */
async function make(
  odd: readonly { readonly row: number; readonly column: Column; readonly sql: string }[],
): Promise<string> {
  const one = project({ ...FILES, 'labels.csv': LABELS });
  made.push(one);
  const rows = [
    ["'2024-03-01 10:00'", "'a'", 10],
    ["'2024-03-01 10:30'", "'a'", 20],
    ["'2024-03-01 10:30'", "'b'", 5],
    ["'2024-03-01 13:00'", "'a'", 40],
    ["'2024-03-01 13:00'", "'c'", 1],
  ];
  const selects = rows.map(([at, card, amount], row) => {
    const rest = Object.entries(GOOD).map(([column, good]) => {
      const other = odd.find((one) => one.row === row && one.column === column);
      return `${other?.sql ?? good} AS ${column}`;
    });
    return `SELECT TIMESTAMP ${at} AS paid_at, ${card} AS card, ${amount} AS amount, ${rest.join(', ')}`;
  });
  const session = await openDuckDb({ threads: 1 });
  try {
    await session.run(`COPY (${selects.join(' UNION ALL ')}) TO '${join(one.root, 'pay.parquet')}' (FORMAT parquet)`);
  } finally {
    session.close();
  }
  return one.root;
}

interface Made {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly summary: Readonly<Record<string, unknown>>;
}

async function training(root: string, engine: string): Promise<Made> {
  const args = ['--labels', 'labels.csv', '--view', 'spent_v1', '--ties', 'include', '--engine', engine, '--out', '-'];
  const { code, out, err } = await dataset(root, ...args, '--format', 'json');
  expect(code, err + out).toBe(0);
  const summary = JSON.parse(err.split('\n').findLast((line) => line.startsWith('{')) ?? '{}');
  return { rows: jsonLines(out), summary };
}

function verdicts({ summary }: Made): unknown {
  const { events, quarantine, skipped, unknownFields, tiedLabels } = summary;
  return { events, quarantine, skipped, unknownFields, tiedLabels };
}

describe('columns that no view asked for looks at', () => {
  it('are those outside the operators and the verdicts', () => {
    const named = (view: string): readonly string[] =>
      [...readsOf(view)].sort((a, b) => a - b).map((i) => pay.spec.columns[i]?.name ?? '?');
    // The range of a date is a verdict, and so is the CHECK.
    expect(named('spent_v1')).toEqual(['paid_at', 'card', 'amount', 'seen']);
    expect(named('shops_v1')).toEqual(['paid_at', 'card', 'amount', 'shop', 'seen']);
  });

  it('are not read where none of their values is at fault', async () => {
    const root = await make([]);
    const locations = [{ name: 'history', location: 'pay.parquet', order: null }] as const;
    const log = await openAcceptedFeed(
      { program: pay, locations, root, cacheDir: join(root, 'cache') },
      { reads: readsOf('spent_v1') },
    );
    const batch = await log.next();
    const unread = batch?.batch.columns.flatMap((vector, i) => (vector === UNREAD ? [pay.spec.columns[i]?.name] : []));
    await log.close();
    expect(unread).toEqual(['note', 'code', 'shop', 'bags', 'total', 'rate']);
    expect(batch?.acceptedCount).toBe(5);
  });

  it.each([
    ['nothing', [], 0],
    ['a NULL that may be', [{ row: 1, column: 'shop', sql: 'NULL' }], 0],
    ['a NULL that may not be', [{ row: 1, column: 'note', sql: 'NULL' }], 1],
    ['U+0000 in a text', [{ row: 3, column: 'shop', sql: "'a' || chr(0)" }], 1],
    ['a text too long', [{ row: 0, column: 'code', sql: "'123456'" }], 1],
    ['a text as long as may be, in more bytes', [{ row: 0, column: 'code', sql: "'äöüßé'" }], 0],
    ['an integer out of range', [{ row: 3, column: 'bags', sql: '32768::INTEGER' }], 1],
    ['the least integer', [{ row: 3, column: 'bags', sql: '(-32768)::INTEGER' }], 0],
    ['a date out of range', [{ row: 4, column: 'seen', sql: "DATE '1969-12-31'" }], 1],
    [
      'faults in two columns',
      [
        { row: 1, column: 'note', sql: 'NULL' },
        { row: 3, column: 'bags', sql: '99999::INTEGER' },
      ],
      2,
    ],
  ] as const)('refuse what they refuse, and nothing else: %s', async (_what, odd, refused) => {
    const root = await make(odd);
    const replayed = await training(root, 'replay');
    expect(replayed.summary.events).toMatchObject({ read: 5, accepted: 5 - refused, quarantined: refused });
    const byDuckDb = await training(root, 'duckdb');
    expect(replayed.rows).toEqual(byDuckDb.rows);
    expect(verdicts(replayed)).toEqual(verdicts(byDuckDb));
  });

  it.each([
    ['fits', "repeat('x', 505)", 0, true],
    ['is too long', "repeat('x', 600)", 1, false],
    ['is too long in bytes', "repeat('ü', 300)", 1, false],
    ['would be too long, but is NULL elsewhere', "repeat('x', 20)", 0, true],
  ] as const)(
    'are read where they are part of a key that may be too long: one that %s',
    async (_what, sql, refused, isUnread) => {
      const root = await make([
        { row: 1, column: 'shop', sql },
        { row: 2, column: 'shop', sql: 'NULL' },
      ]);
      const locations = [{ name: 'history', location: 'pay.parquet', order: null }] as const;
      // card and shop.
      const source = { ...pay, entityKeys: [[1, 5]] };
      const input = { program: source, locations, root, cacheDir: join(root, 'cache') };
      for (const options of [{}, { reads: readsOf('spent_v1') }]) {
        const log = await openAcceptedFeed(input, options);
        const batch = await log.next();
        await log.close();
        expect(batch?.counts).toMatchObject({ read: 5, accepted: 5 - refused, quarantined: refused });
        expect(batch?.batch.columns[5] === UNREAD).toBe(isUnread && 'reads' in options);
      }
    },
  );
});
