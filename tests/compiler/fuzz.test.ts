/**
 * Mutated feature files: no text crashes the compiler, hangs it, or gives a fault outside the text; what compiles can be written and loaded.
 * `FSC_FUZZ=100000` sets the number of files, `FSC_SEED` the seed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEMANTIC_CODES } from '../../compiler/diagnostics/codes-semantic.ts';
import { renderHuman, renderJson } from '../../compiler/diagnostics/render.ts';
import { emitProject } from '../../compiler/emit.ts';
import { type Compilation, compileProject } from '../../compiler/index.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { mutated, mutation } from '../parse/mutations.ts';
import { SCALARS } from '../rules/constructs.ts';
import { compileView, EVENTS, KEYLESS, REQUEST } from './project.ts';

const RUNS = Number(process.env.FSC_FUZZ ?? 300);
const SEED = process.env.FSC_SEED === undefined ? {} : { seed: Number(process.env.FSC_SEED) };
/** Of one compilation, in microseconds of this process: the machine may be busy with something else. */
const CPU_LIMIT = 1_000_000;

const VIEWS = [
  "SELECT usr, count(*) FILTER (WHERE ts > now() - INTERVAL '1 day' AND n > 1) AS x, max(n) AS y FROM events WHERE ok GROUP BY usr HAVING count(*) > 1",
  'SELECT lower(usr) AS who, (array_agg(plan ORDER BY ts DESC, id DESC) FILTER (WHERE ok))[1] AS p, avg(amount) / 2.5 AS m FROM events GROUP BY lower(usr)',
  'SELECT usr, sum(n) OVER w AS x, lag(n, 2, 0) OVER w AS y, first_value(plan) OVER (w ROWS 3 PRECEDING) AS z FROM events WINDOW w AS (PARTITION BY usr ORDER BY ts, id)',
  "SELECT usr, sum(amount) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW) AS x FROM events",
  "-- @entity usr\n-- @owner me\nSELECT usr, plan, extract(epoch FROM now() - ts) AS age, CASE WHEN n > 1 THEN 'a' ELSE 'it''s' END AS c FROM events WHERE ts > now() - INTERVAL '30 days'",
  'WITH a AS (SELECT usr, n AS v, ts FROM events WHERE ok), b(who, w) AS (SELECT usr, v + 1 FROM a) SELECT who, sum(w) AS x FROM (SELECT * FROM b) q GROUP BY who',
  "SELECT r.usr AS u, coalesce(a.c, 0) AS x, b.c * 1.0 / r.n AS y FROM ask r LEFT JOIN one_v1 a ON a.usr = r.usr JOIN base_v1 b ON b.usr = r.usr AND b.plan = 'gold' WHERE r.n > 1;\nCOMMENT ON VIEW t_v1 IS 'x'",
  `SELECT usr, ${SCALARS.slice(0, 40)
    .map(
      (scalar, i) =>
        `${scalar.replace(/\{(\w+)\}/g, (_, c: string) => (/^(b|t|vc)$/.test(c) ? 'max(plan)' : 'max(n)'))} AS x${i}`,
    )
    .join(', ')} FROM events GROUP BY usr`,
];
const SOURCE_TEXTS = [
  EVENTS,
  KEYLESS,
  REQUEST,
  "-- @event_time ts\n-- @lateness 10 minutes   how far\n-- @max_ahead 1 minute\n-- @from ts data.at epoch_ms\n-- @only type = 'payment' AND n > 1\nCREATE TABLE s (id bigint, ts timestamptz NOT NULL, n decimal(12,2) DEFAULT 1.5 CHECK (n > 0), t varchar(10), PRIMARY KEY (id, ts));\nCOMMENT ON COLUMN s.n IS 'it''s';",
];
const WORDS =
  `SELECT FROM WHERE GROUP BY HAVING OVER PARTITION ORDER ROWS RANGE BETWEEN AND PRECEDING FOLLOWING UNBOUNDED CURRENT ROW AS OR NOT NULL IS
  CASE WHEN THEN ELSE END IN LIKE CAST WITH RECURSIVE UNION ALL EXCEPT DISTINCT ON JOIN LEFT LATERAL USING LIMIT FILTER WINDOW EXCLUDE GROUPS usr ts id n amount score
  ok plan events ask clicks one_v1 base_v1 t_v1 a b r w x count(*) sum(n) max(ts) now() now ( ) [ ] , ; . = <> < > <= + - * / % || :: :: = 1 1.5 1e400 .5 'x' '' "x" ""
  INTERVAL '1_day' '1_month' DATE TIMESTAMP '2001-01-01' $$x$$ $1 :p ? @ ~ -> #> -- /* */ \\ \` { } E'x' U&"x" 0x1F 1_000 nope __proto__ constructor toString
  array_agg( lag( row_number() date_trunc('day', extract(epoch random() \u2028 \u00a0 é \u{1f600} ' " decimal(39,2) numeric CREATE TABLE PRIMARY KEY CHECK DEFAULT COMMENT`.split(
    /\s+/,
  );
const FRAGMENTS = [
  ...WORDS.map((word) => word.replace('_', ' ')),
  ...SCALARS.map((scalar) => scalar.replace(/\{(\w+)\}/g, 'n')),
];

const spoil = fc.array(mutation(FRAGMENTS), { maxLength: 4 });

function expectSound(compile: () => Compilation, text: string): Compilation {
  const before = process.cpuUsage();
  const compilation = compile();
  const { user, system } = process.cpuUsage(before);
  expect(user + system, text).toBeLessThan(CPU_LIMIT);
  const { plan, diagnostics } = compilation;
  expect(plan === null).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  for (const { primary, secondary, file, help } of diagnostics) {
    for (const { start, end } of [primary, ...secondary, ...help.flatMap(({ edits }) => edits)].map(
      ({ span }) => span,
    )) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start).toBeLessThanOrEqual(end);
      expect(end).toBeLessThanOrEqual(file.text.length);
    }
  }
  renderHuman(diagnostics, { color: true });
  diagnostics.map(renderJson);
  if (plan !== null) loadProgram(emitProject(plan));
  return compilation;
}

describe('mutated files', () => {
  it('of views', () => {
    let compiled = 0;
    fc.assert(
      fc.property(fc.constantFrom(...VIEWS), spoil, (view, mutations) => {
        const text = mutated(view, mutations);
        if (expectSound(() => compileView(text), text).plan !== null) compiled++;
      }),
      { numRuns: Math.ceil(RUNS * 0.8), ...SEED },
    );
    // Refusing everything would prove nothing.
    expect(compiled).toBeGreaterThan(RUNS / 50);
  });

  it('of sources', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SOURCE_TEXTS), spoil, (source, mutations) => {
        const text = mutated(source, mutations);
        const name = /TABLE\s+(\w+)/i.exec(text)?.[1]?.toLowerCase() ?? 's';
        expectSound(() => compileProject(new Map([[`features/sources/${name}.sql`, text]])), text);
      }),
      { numRuns: Math.ceil(RUNS * 0.2), ...SEED },
    );
  });
});

describe('texts made to be large', () => {
  const chain = (count: number, item: (previous: string) => string): string => {
    const ctes = Array.from(
      { length: count },
      (_, i) => `c${i} AS (SELECT usr, ts, ${item(i === 0 ? 'n' : 'v')} AS v FROM ${i === 0 ? 'events' : `c${i - 1}`})`,
    );
    return `WITH ${ctes.join(', ')} SELECT usr, max(v) AS x FROM c${count - 1} GROUP BY usr`;
  };
  const nested = (depth: number): string =>
    `SELECT usr, count(*) AS x FROM ${'(SELECT * FROM '.repeat(depth)}events${') q'.repeat(depth)} GROUP BY usr`;
  it.each([
    ['columns that double', chain(60, (v) => `${v} + ${v}`), 'FSC4015'],
    ['columns that grow tall', chain(80, (v) => `(${Array(80).fill(v).join(' - (')}${')'.repeat(79)})`), 'FSC4015'],
    ['a chain of CTEs', chain(90, (v) => `coalesce(${v}, 0)`), null],
    [
      'many CTEs that read the same',
      `WITH ${Array.from({ length: 300 }, (_, i) => `c${i} AS (SELECT * FROM ${i === 0 ? 'events' : `c${i - 1}`})`).join(', ')} SELECT usr, count(*) AS x FROM c299 GROUP BY usr`,
      null,
    ],
    ['nested subqueries', nested(60), null],
    ['too many nested subqueries', nested(400), 'FSC1012'],
    [
      'many outputs',
      `SELECT usr, ${Array.from({ length: 1500 }, (_, i) => `max(n + ${i}) AS x${i}`).join(', ')} FROM events GROUP BY usr`,
      null,
    ],
    [
      'a long condition',
      `SELECT usr, count(*) AS x FROM events WHERE ${Array.from({ length: 3000 }, (_, i) => `n <> ${i}`).join(' AND ')} GROUP BY usr`,
      null,
    ],
    [
      'a long list',
      `SELECT usr, count(*) AS x FROM events WHERE n IN (${Array.from({ length: 5000 }, (_, i) => i).join(', ')}) GROUP BY usr`,
      null,
    ],
    ['a long sum', `SELECT usr, max(${Array(2000).fill('n').join(' + ')}) AS x FROM events GROUP BY usr`, 'FSC1012'],
    [
      'many unknown columns',
      `SELECT usr, ${Array.from({ length: 2000 }, (_, i) => `max(nope${i}) AS x${i}`).join(', ')} FROM events GROUP BY usr`,
      'FSC3001',
    ],
  ])('%s', (_, sql, code) => {
    const before = process.cpuUsage();
    const { diagnostics } = compileView(sql);
    const { user, system } = process.cpuUsage(before);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors[0]?.code ?? null).toBe(code);
    expect(user + system).toBeLessThan(10 * CPU_LIMIT);
  });
});

it('every code has its texts', () => {
  for (const texts of Object.values(SEMANTIC_CODES))
    expect([texts.title, texts.cause, texts.help].every((text) => text.length > 3)).toBe(true);
});
