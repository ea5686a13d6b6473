import type { Span } from '../diagnostics/diagnostic.ts';
import { isNameWord } from '../parse/keywords.ts';
import type { Faults } from './faults.ts';

const RULE = /^[a-z_][a-z0-9_]{0,62}$/;

/** Columns that every Postgres or DuckDB table has already, and fsc's own instant. */
const TAKEN = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid', 'rowid', 'as_of']);

/** Whether a source, column or feature may be called so. */
export function isFreeName(name: string): boolean {
  return RULE.test(name) && !TAKEN.has(name) && isNameWord(name);
}

/** Names of sources, columns and features; `what` says which. False after the fault was told. */
export function checkName(name: string, span: Span, what: string, faults: Faults): boolean {
  if (!RULE.test(name)) {
    faults.error('FSC2026', span, `${what} ${JSON.stringify(name)} is no plain name`, renaming(what));
    return false;
  }
  if (TAKEN.has(name) || !isNameWord(name)) {
    faults.error('FSC2027', span, `${what} \`${name}\` is reserved`, renaming(what));
    return false;
  }
  return true;
}

/** Only columns of a source can keep the name that their field has. */
function renaming(what: string): { readonly help?: string } {
  return what === 'column'
    ? {}
    : { help: what === 'output' ? 'choose another name: `AS name`' : 'choose another name' };
}

const TAKEN_SOURCES: readonly (readonly [pattern: RegExp, like: string, cause: string])[] = [
  [/_v\d+$/, 'a version of a view', 'names ending in _v and digits belong to views'],
  [
    /^pg_/,
    'a table of PostgreSQL’s catalogue',
    'PostgreSQL looks for a table in its catalogue first, whose names begin so',
  ],
];

/** Names of sources: also not like a view's. */
export function checkSourceName(name: string, span: Span, faults: Faults): boolean {
  if (!checkName(name, span, 'source', faults)) return false;
  const taken = TAKEN_SOURCES.find(([pattern]) => pattern.test(name));
  if (taken === undefined) return true;
  faults.error('FSC2015', span, `source \`${name}\` is named like ${taken[1]}`, { cause: taken[2] });
  return false;
}
