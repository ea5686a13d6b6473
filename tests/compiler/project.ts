import { applied } from '../../compiler/diagnostics/edits.ts';
import { type Compilation, compileProject } from '../../compiler/index.ts';

export const EVENTS = `-- @event_time ts
CREATE TABLE events (
  id     bigint NOT NULL PRIMARY KEY,
  ts     timestamp NOT NULL,
  due_at timestamp,
  usr    text NOT NULL,
  plan   text,
  n      integer,
  amount decimal(12,2),
  score  double precision,
  ok     boolean
);`;

export const KEYLESS = `-- @event_time ts
-- @key none
CREATE TABLE clicks (ts timestamp NOT NULL, usr text NOT NULL, n integer);`;

export const REQUEST = `-- @kind request
CREATE TABLE ask (usr text NOT NULL, n integer, price decimal(10,2));`;

/** A project of the usual sources, a view `base_v1` for request views, and the view under test `t_v1`. */
export function compileView(sql: string, strict = false): Compilation {
  return compileProject(
    new Map([
      ['features/sources/events.sql', EVENTS],
      ['features/sources/clicks.sql', KEYLESS],
      ['features/sources/ask.sql', REQUEST],
      ['features/base/v1.sql', 'SELECT usr, plan, count(*) AS c FROM events WHERE plan IS NOT NULL GROUP BY usr, plan'],
      ['features/one/v1.sql', 'SELECT usr, count(*) AS c, sum(amount) AS total FROM events GROUP BY usr'],
      ['features/t/v1.sql', sql],
    ]),
    { strict },
  );
}

export function compileSource(sql: string, name = 's'): Compilation {
  return compileProject(new Map([[`features/sources/${name}.sql`, sql]]));
}

/** `CODE text under the caret`, in order. */
export function faultsOf(compilation: Compilation): readonly string[] {
  return compilation.diagnostics.map((diagnostic) => {
    const { start, end } = diagnostic.primary.span;
    return `${diagnostic.code} ${diagnostic.file.text.slice(start, end)}`;
  });
}

/** Faults whose edits, applied, leave as many faults of their code as before: `CODE edited text`. */
export function unmended(sql: string, compile: (sql: string) => Compilation): readonly string[] {
  const before = compile(sql).diagnostics;
  return before.flatMap(({ code, help }) => {
    const edits = help.flatMap((one) => one.edits);
    if (edits.length === 0) return [];
    const after = applied(sql, edits);
    const count = (diagnostics: Compilation['diagnostics']): number =>
      diagnostics.filter((one) => one.code === code).length;
    const { diagnostics } = compile(after);
    const isSyntax = diagnostics.some((one) => one.code.startsWith('FSC1'));
    return isSyntax || count(diagnostics) >= count(before) ? [`${code} ${after}`] : [];
  });
}
