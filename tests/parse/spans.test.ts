/** Every code of the compiler stands under the smallest span: the codes of the grammar here, the others where their texts are. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SEMANTIC_CODES } from '../../compiler/diagnostics/codes-semantic.ts';
import { SYNTAX_CODES } from '../../compiler/diagnostics/codes-syntax.ts';
import { CollectingSink } from '../../compiler/diagnostics/fault.ts';
import { parseViewFile } from '../../compiler/parse/parse.ts';
import { discoverProject } from '../../compiler/source/discover.ts';

/** What the caret stands under; '' and a place: an insertion is missing there. */
const CASES: readonly (readonly [code: string, sql: string, text: string])[] = [
  ['FSC1001', "SELECT a, 'it''s AS mood FROM visits", "'"],
  ['FSC1002', 'SELECT "order FROM visits', '"'],
  ['FSC1003', 'SELECT a /* was: /* b */ FROM visits', '/*'],
  ['FSC1004', 'SELECT a – b AS d FROM visits', '–'],
  ['FSC1005', 'SELECT 1_000 AS n FROM visits', '1_000'],
  ['FSC1006', "SELECT E'a\\n' AS mood FROM visits", "E'"],
  ['FSC1007', 'SELECT "" AS mood FROM visits', '""'],
  ['FSC1008', 'SELECT a !=-1 AS f FROM visits', '!=-'],
  ['FSC1009', 'SELECT a FROM visits WHERE b = $1', '$1'],
  ['FSC1010', 'SELECT coalesce(a, 0 AS a FROM visits', '('],
  ['FSC1011', 'SELECT coalesce(a, 0)) AS a FROM visits', ')'],
  ['FSC1012', `SELECT ${'NOT '.repeat(5000)}a AS x FROM visits`, 'NOT'],
  ['FSC1013', `SELECT coalesce(first${', a'.repeat(1000)}) AS x FROM visits`, 'first'],
  ['FSC1020', 'SELECT a FROM visits WHERE', ''],
  ['FSC1020', 'SELECT a b c FROM visits', 'c'],
  ['FSC1021', 'SELECT a, b, FROM visits', ','],
  ['FSC1022', 'SELECT a, count(*) AS n FROM visits GROUP BY a WHERE b', 'WHERE'],
  ['FSC1023', 'SELECT a FROM visits WHERE 1 < a < 5', '<'],
  ['FSC1024', 'SELECT a, b value FROM visits', 'value'],
  ['FSC1025', '-- to do', ''],
  ['FSC1026', 'CREATE VIEW v AS SELECT a FROM visits', 'CREATE'],
  ['FSC1027', 'SELECT a FROM visits; SELECT b FROM visits', 'SELECT'],
  ['FSC1028', 'SELECT r.a FROM request r LEFT JOIN visits_v1 v', 'LEFT JOIN'],
  ['FSC1029', 'SELECT a FROM visits WHERE ts > now() - INTERVAL 7 DAY', 'INTERVAL 7 DAY'],
  ['FSC1030', '-- @Owner: operations\nSELECT a FROM visits', '@Owner:'],
  ['FSC1031', 'SELECT a FROM visits -- @owner operations', '@owner'],
];

/** Of a file as a whole; where a path is at fault there is nothing in the text to stand under. */
const FILES: readonly (readonly [
  code: string,
  path: string,
  content: string | Uint8Array,
  at: number,
  length: number,
])[] = [
  ['FSC1040', 'features/a/v1.sql', new Uint8Array([97, 98, 0xff, 99]), 2, 1],
  ['FSC1041', 'features/a/v1.sql', 'ab\ufeffc', 2, 1],
  ['FSC1042', 'features/a/v1.sql', 'ab\0c', 2, 1],
  ['FSC1043', 'features/a/v1.sql', 'a'.repeat(1024 * 1024 + 1), 0, 0],
  ['FSC1044', 'features/a/b/v1.sql', 'x', 0, 0],
  ['FSC1045', 'features/Bad/v1.sql', 'x', 0, 0],
  ['FSC1046', 'features/a/v01.sql', 'x', 0, 0],
  ['FSC1047', 'features/sources/a_v1.sql', 'x', 0, 0],
];

/** No text is known to give them: the two grammars would have to differ, or a function to have no form in a dialect and no rule against it. */
const NEVER_SEEN = ['FSC1032', 'FSC5003'];

describe('each fault of the grammar has its code and its smallest span', () => {
  it.each(CASES)('%s %s', (code, sql, text) => {
    const sink = new CollectingSink();
    parseViewFile({ path: 'features/v/v1.sql', text: sql }, sink);
    const found = sink.diagnostics.map(({ code, primary: { span } }) => `${code} ${sql.slice(span.start, span.end)}`);
    expect(found).toEqual([`${code} ${text}`]);
    const { start } = sink.diagnostics[0]!.primary.span;
    // Of pieces that stand there more than once, the one at fault.
    if (['FSC1011', 'FSC1023', 'FSC1027'].includes(code)) expect(start).toBe(sql.lastIndexOf(text));
    if (text === '') expect(start).toBe(code === 'FSC1025' ? start : sql.length);
  });

  it.each(FILES)('%s %s', (code, path, content, at, length) => {
    const { diagnostics } = discoverProject(new Map([[path, content]]));
    expect(diagnostics.map(({ code, primary: { span } }) => [code, span])).toEqual([
      [code, { start: at, end: at + length }],
    ]);
  });
});

it('every code of the compiler has such a case', () => {
  const tables = ['view-faults', 'source-faults'].map((name) =>
    readFileSync(new URL(`../compiler/${name}.test.ts`, import.meta.url), 'utf8'),
  );
  const rows = tables.flatMap((text) => text.match(/(?<=^ {2}\[\n? *')FSC\d{4}(?=',)/gm) ?? []);
  const cases = new Set([...CASES, ...FILES].map(([code]) => code).concat(rows, NEVER_SEEN));
  const codes = [...Object.keys(SYNTAX_CODES), ...Object.keys(SEMANTIC_CODES)];
  expect(codes.filter((code) => !cases.has(code))).toEqual([]);
});
