/** Names and strings of any content are refused by a rule, or carried safely into every file that fsc writes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { loadModule, parseSync } from 'libpg-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { machines } from '../rules/machines.ts';

const root = resolve(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'fsc-hostile-'));

beforeAll(() => loadModule());
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const SPECIALS = [
  "'",
  '"',
  '`',
  '\\',
  '\\\\',
  '\n',
  '\r',
  '\r\n',
  '\t',
  '\u2028',
  '\u2029',
  '\u0085',
  '\u000b',
  '*/',
  '/*',
  '//',
  '--',
  '-- ',
  '$$',
  '$fsc$',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: text that must not become code
  '${1}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the same
  '${process.exit()}',
  '#{x}',
  '{{x}}',
  '{{{x}}}',
  '%',
  '_',
  ';',
  '</script>',
  '<!--',
  ']]>',
  '\u{1f600}',
  'é',
  'ﬁ',
  '\u202e',
  '\u0001',
  '\u007f',
  '\u001b[2J',
  '@deprecated',
  '__proto__',
  'constructor',
  'null',
  'undefined',
  'import("x")',
  "');--",
  '"}); //',
  'NULL',
  '\ud83d\ude00',
  'İ',
  'ß',
  '\u200b',
  '\ufffe',
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...SPECIALS), fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 6 })
  .map((parts) => parts.join(''))
  .filter((text) => !/[\0\ufeff\ufffd]/.test(text) && !/\p{Surrogate}/u.test(text));
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** In a comment line nothing may end it; two blanks begin an explanation. */
const inTag = (text: string): string => `x${text.replace(/[\r\n]/g, ' ').replace(/[ \t]+/g, ' ')}x`;

interface Texts {
  readonly value: string;
  readonly other: string;
  readonly comment: string;
  readonly tag: string;
}

function filesOf({ value, other, comment, tag }: Texts): Record<string, string> {
  const key = value.replaceAll("'", "''");
  return {
    'features/sources/events.sql': `-- @event_time ts
-- @owner ${inTag(tag)}
-- @from what "${tag.replace(/[\r\n\s"]/g, '.')}".x
-- @only kind = ${literal(other.replace(/[\r\n]/g, ' ').replace(/ {2,}/g, ' '))} OR id > 0
CREATE TABLE events (
  id bigint PRIMARY KEY, ts timestamp NOT NULL, usr text NOT NULL, what text DEFAULT '${key}' CHECK (what <> ${literal(other)} OR what IS NOT NULL)
);
COMMENT ON TABLE events IS ${literal(comment)};
COMMENT ON COLUMN events.what IS ${literal(comment)};`,
    'features/sources/ask.sql': `-- @kind request\n-- ${inTag(comment)}\nCREATE TABLE ask (usr text NOT NULL); COMMENT ON TABLE ask IS ${literal(comment)};`,
    'features/t/v1.sql': `-- @owner ${inTag(tag)}
-- @description ${inTag(comment)}
SELECT usr, ${literal(value)} AS a, count(*) FILTER (WHERE what = ${literal(value)} OR what IN (${literal(other)}, 'y')) AS b,
  max(CASE WHEN what <> ${literal(value)} THEN ${literal(other)} ELSE what || ${literal(value)} END) AS c,
  starts_with(usr, ${literal(value)}) AS d, replace(max(what), ${literal(value)}, ${literal(other)}) AS e
FROM events GROUP BY usr;
COMMENT ON VIEW t_v1 IS ${literal(comment)}; COMMENT ON COLUMN t_v1.a IS ${literal(comment)};`,
    'features/r/v1.sql': `-- @entity usr\nSELECT usr, what || ${literal(other)} AS a, coalesce(what, ${literal(value)}) AS b FROM events`,
    'features/d/v1.sql':
      `SELECT r.usr, coalesce(t.a, ${literal(other)}) AS a, r.usr || ${literal(value)} AS b FROM ask r LEFT JOIN t_v1 t ON t.usr = r.usr`.replace(
        '',
        '',
      ),
  };
}

/** Each generated file by the parser that will read it. JavaScript is parsed by node itself, all files in one process. */
function expectAllParse(files: ReadonlyMap<string, string>, folder: string): void {
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (path.startsWith('postgres/')) expectPostgres(text);
    if (path.endsWith('.json')) JSON.parse(text);
  }
}

/** A function's body is read with the statement that makes it. */
function expectPostgres(text: string): void {
  const { stmts } = parseSync(text) as { stmts: { stmt: Record<string, { sql_body?: unknown }> }[] };
  const made = stmts.flatMap(({ stmt }) => stmt.CreateFunctionStmt ?? []);
  expect(made.length).toBeGreaterThan(0);
  for (const { sql_body: body } of made) expect(JSON.stringify(body)).toContain('"SelectStmt"');
}

function nodeChecks(folder: string, files: ReadonlyMap<string, string>): void {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const scripts = [...files.keys()].filter((path) => path.endsWith('.js'));
  for (const script of scripts) {
    const { status, stderr } = spawnSync(process.execPath, ['--check', join(folder, script)], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  }
}

describe('strings, comments and tags of any content', () => {
  it('are carried into every machine with their value', async () => {
    const texts = fc.record({ value: hostile, other: hostile, comment: hostile, tag: hostile });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(texts, async (given) => {
        const files = filesOf(given);
        const { plan, diagnostics } = compileProject(new Map(Object.entries(files)));
        // A pattern with a backslash and the like are refused by rules; nothing here is one.
        expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
        expectAllParse(emitProject(plan!), join(scratch, `r${round++}`));
        const world = await machines(files, {
          events: `(1, '2001-01-01', 'u', ${literal(given.value)}), (2, '2001-01-01', ${literal(`k${given.other}`)}, NULL)`,
          ask: `('u'), (${literal(given.value)})`,
        });
        const rows = await world.rows('t_v1', '2001-01-02');
        expect(rows.find(([usr]) => usr === 'u')?.[1]).toBe(given.value);
        await world.rows('r_v1', '2001-01-02');
        await world.rows('d_v1', '2001-01-02');
      }),
      { numRuns: Number(process.env.FSC_FUZZ_RUNS ?? 12) },
    );
  });

  it('leave files that node, tsc and both databases read', async () => {
    const all = SPECIALS.filter((text) => !/[\0\ufeff]/.test(text)).join('');
    const files = filesOf({ value: all, other: `z${all}`, comment: all, tag: all });
    const { plan, diagnostics } = compileProject(new Map(Object.entries(files)));
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    const folder = join(scratch, 'all');
    const generated = emitProject(plan!);
    expectAllParse(generated, folder);
    nodeChecks(folder, generated);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const checked = spawnSync(
      process.execPath,
      [tsc, '--noEmit', '--strict', '--skipLibCheck', 'false', join(folder, 'client/index.d.ts')],
      { encoding: 'utf8', cwd: folder },
    );
    expect(checked.stdout).toBe('');
    const world = await machines(files, { events: `(1, '2001-01-01', 'u', ${literal(all)})`, ask: "('u')" });
    expect((await world.rows('t_v1', '2001-01-02'))[0]?.[1]).toBe(all);
  });
});

describe('names', () => {
  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'hasownproperty',
    'tostring',
    'valueof',
    'class',
    'function',
    'await',
    'async',
    'let',
    'static',
    'eval',
    'arguments',
    'this',
    'new',
    'var',
    'import',
    'export',
    'yield',
    'rt',
    'k',
    's',
    'e',
    'p',
    'w',
    'b',
    'n',
    't',
    'pos',
    'ring',
    'acc',
    'settled',
    'found',
    'out',
    'slots',
    'keys',
    'now',
    'request',
    'features',
    'own',
    'view',
    'x0',
    'd0',
    'length',
    'value',
    'key',
    'name',
    'type',
    'status',
    'date',
    'timestamp',
    'rank',
    'position',
    'day',
    'month',
    'session',
    'json',
    'partition',
    'nulls',
    'recursive',
    'index',
    'of',
    'get',
    'set',
    `a${'b'.repeat(62)}`,
    '_',
    '__',
    '_1',
    'at_time',
    'event_time',
    'count',
    'sum',
  ];

  it('that a rule lets through work as columns, features, keys and CTEs of every machine', async () => {
    const usable = NAMES.filter((name) => {
      const files = {
        'features/sources/s.sql': `-- @event_time ts_\nCREATE TABLE s (id_ bigint PRIMARY KEY, ts_ timestamp NOT NULL, "${name}" text);`,
      };
      return compileProject(new Map(Object.entries(files))).plan !== null;
    });
    expect(usable.length).toBeGreaterThan(60);
    const quoted = usable.map((name) => `"${name}"`);
    const files = {
      'features/sources/s.sql': `-- @event_time ts_\nCREATE TABLE s (id_ bigint PRIMARY KEY, ts_ timestamp NOT NULL, ${quoted.map((name) => `${name} text NOT NULL`).join(', ')});`,
      'features/constructor/v1.sql': `SELECT ${quoted[0]}, ${quoted
        .slice(1)
        .map((name) => `max(${name}) AS ${name}`)
        .join(', ')} FROM s GROUP BY ${quoted[0]}`,
      'features/class/v1.sql': `-- @entity ${usable[1]}\nWITH "${usable[2]}" AS (SELECT * FROM s) SELECT ${quoted.join(', ')} FROM "${usable[2]}"`,
    };
    const world = await machines(files, { s: `(1, '2001-01-01', ${usable.map((name) => `'${name}'`).join(', ')})` });
    expect(await world.rows('constructor_v1', '2001-01-02')).toEqual([usable]);
    expect(await world.rows('class_v1', '2001-01-02')).toEqual([usable]);
    const folder = join(scratch, 'names');
    const generated = emitProject(world.plan);
    expectAllParse(generated, folder);
    nodeChecks(folder, generated);
  });

  it('of any other content are refused', () => {
    fc.assert(
      fc.property(
        hostile.filter((text) => text !== '' && !/^[a-z_][a-z0-9_]{0,62}$/.test(text)),
        (name) => {
          const quoted = `"${name.replaceAll('"', '""')}"`;
          const source = `-- @event_time ts\nCREATE TABLE s (id bigint PRIMARY KEY, ts timestamp NOT NULL, ${quoted} text);`;
          const column = compileProject(new Map([['features/sources/s.sql', source]]));
          expect(column.diagnostics.map(({ code }) => code)).toEqual(['FSC2026']);
          const plain =
            '-- @event_time ts\nCREATE TABLE s (id bigint PRIMARY KEY, ts timestamp NOT NULL, usr text NOT NULL);';
          const view = `SELECT usr, count(*) AS ${quoted} FROM s GROUP BY usr`;
          const output = compileProject(
            new Map([
              ['features/sources/s.sql', plain],
              ['features/t/v1.sql', view],
            ]),
          );
          expect(output.diagnostics.map(({ code }) => code)).toEqual(['FSC2026']);
        },
      ),
      { numRuns: Number(process.env.FSC_FUZZ_RUNS ?? 60) },
    );
  });
});
