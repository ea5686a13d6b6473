/** LIKE of patterns for which DuckDB 1.5 raises (duckdb/duckdb#23559). Emitted SQL has a form that it leaves alone, whatever the session. */
import { expect, it } from 'vitest';
import { FUNCTIONS } from '../../compiler/backends/sql/functions.ts';
import { emitViewSql } from '../../compiler/backends/sql/view-sql.ts';
import { refereeSession } from '../../runtime/engines/duckdb/referee.ts';
import { inDuckDb, lastRows, planned } from './stock-duckdb.ts';

const EVENTS = `CREATE TABLE events AS SELECT col0 AS id, TIMESTAMP '2025-03-31 12:00' AS ts, col1 AS usr
  FROM (VALUES (1::bigint, 'суп дом'), (2, 'суп'), (3, 'タコ'), (4, '\x7f'))`;
/** With what `NOT LIKE` gives besides. */
const PATTERNS: readonly (readonly [pattern: string, like: readonly string[], plain: 'raises' | 'answers'])[] = [
  ['суп%ом', ['суп дом'], 'raises'],
  ['суп_%', ['суп дом'], 'raises'],
  ['タ_', ['タコ'], 'raises'],
  ['\x7f%%_', [], 'raises'],
  ['суп%', ['суп', 'суп дом'], 'answers'],
  ['%суп', ['суп'], 'answers'],
  ['су%п', ['суп'], 'answers'],
];
const ALL = ['\x7f', 'суп', 'суп дом', 'タコ'];
const REWRITER_OFF = "SET disabled_optimizers = 'expression_rewriter'";

it.each(PATTERNS)(
  'DuckDB has for %s …; where it no longer raises, the form need not be',
  async (pattern, like, plain) => {
    const rows = inDuckDb(EVENTS, `SELECT usr FROM events WHERE usr LIKE '${pattern}' ORDER BY usr`);
    if (plain === 'raises') await expect(rows).rejects.toThrow('Invalid unicode');
    else expect(await rows).toEqual(like.map((usr) => [usr]));
  },
);

it.each(PATTERNS)('%s in emitted SQL', async (pattern, like) => {
  for (const [operator, found] of [
    ['LIKE', like],
    ['NOT LIKE', ALL.filter((usr) => !like.includes(usr))],
  ] as const) {
    const view = planned('count(*) AS c', `WHERE usr ${operator} '${pattern}'`);
    const sql = emitViewSql(view, "TIMESTAMP '2025-04-01'", 'latest', { dialect: 'duckdb', functions: FUNCTIONS });
    for (const setting of ['SELECT 1', REWRITER_OFF]) {
      const rows = await inDuckDb(EVENTS, setting, `SELECT usr FROM (\n${sql}\n) ORDER BY usr`);
      expect([operator, setting, rows]).toEqual([operator, setting, found.map((usr) => [usr])]);
    }
  }
});

it("the file's own text is run where none of them raises", async () => {
  const referee = await refereeSession();
  for (const [pattern, like] of PATTERNS) {
    const sql = `SELECT usr FROM events WHERE usr LIKE '${pattern}' ORDER BY usr`;
    const rows = await lastRows(referee.session.connection, [EVENTS.replace('CREATE', 'CREATE OR REPLACE'), sql]);
    expect([pattern, rows]).toEqual([pattern, like.map((usr) => [usr])]);
  }
  referee.close();
});
