import type { Dialect } from '../../../runtime/functions/definition.ts';
import { NOW_NAMES } from '../../bind/walk.ts';
import type { Query } from '../../parse/ast.ts';
import { lex, type Token } from '../../parse/lexer.ts';
import { parseViewFile } from '../../parse/parse.ts';
import type { ViewPlan } from '../../plan/plan.ts';
import { declaredType, printInstant } from './print-const.ts';
import { quoteName } from './text.ts';

/**
 * The referee of design.md section 4: the file's own bytes, `now()` substituted. What is put around them only types the columns and, for
 * rows views, picks each entity's latest row.
 */
export interface RefereeQuery {
  readonly text: string;
  /** Views that a request view joins, to be created before, under these names. */
  readonly views: readonly { readonly name: string; readonly text: string }[];
  /** For a text that raises: what is left of it without some columns. */
  readonly parts: RefereeParts;
}

export interface RefereeParts {
  /** Ordinals that can be left out: all but the entity's. */
  readonly columns: readonly number[];
  /** The text with NULL in the place of these columns. */
  without(ordinals: ReadonlySet<number>): string;
}

/** `carried`: a column that only the request's relation has, by which a caller knows the rows again; it comes first, as CARRIED. */
export function refereeQuery(
  view: ViewPlan,
  nowMicros: number,
  carried: string | null = null,
  dialect: Dialect = 'duckdb',
): RefereeQuery {
  const views = new Map<string, string>();
  if (view.kind === 'request') {
    for (const join of view.joins) {
      const inner = refereeQuery(join.view, nowMicros, null, dialect);
      for (const nested of inner.views) views.set(nested.name, nested.text);
      views.set(join.view.spec.name, inner.text);
    }
  }
  const without = (out: ReadonlySet<number>): string =>
    typed(view, { text: ownText(view, nowMicros, carried, out), isCarrying: carried !== null, out }, dialect);
  return {
    text: without(NONE),
    views: [...views].map(([name, inner]) => ({ name, text: inner })),
    parts: { columns: view.spec.features.map(({ ordinal }) => ordinal), without },
  };
}

const NONE: ReadonlySet<number> = new Set();

export const CARRIED = 'fsc carried';
const ORDER_PREFIX = 'fsc order ';
const RANK = 'fsc rank';
type Cte = Query['ctes'][number];

/** The query's own bytes at an instant; for a rows view with the events' order as further columns. */
function ownText(view: ViewPlan, nowMicros: number, carried: string | null, out: ReadonlySet<number>): string {
  const { start, end } = view.querySpan;
  const tokens = lex(view.file, { report: () => {} }).tokens.filter(
    (token) => token.start >= start && token.end <= end,
  );
  const nulls = nullEdits(view, out);
  const edits = nowEdits(tokens, printInstant(nowMicros)).filter((edit) => !nulls.some((item) => isIn(edit, item)));
  if (view.kind === 'rows') edits.push(...orderEdits(view));
  if (carried !== null) edits.push(...handOnEdits(view, [quoteName(carried)], [quoteName(CARRIED)]));
  return applyEdits(view.file.text, start, end, [...edits, ...nulls]);
}

interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function isIn(edit: TextEdit, { start, end }: TextEdit): boolean {
  return edit.start >= start && edit.end <= end;
}

/**
 * Columns that are NULL already in the query's own SELECT. DuckDB drops others that nobody reads by itself, but not a window's. Items behind a
 * `*` are not told apart: those it has to drop.
 */
function nullEdits(view: ViewPlan, out: ReadonlySet<number>): TextEdit[] {
  if (out.size === 0) return [];
  const items = parseViewFile(view.file, { report: () => {} })?.query.body.items ?? [];
  if (items.length !== view.outputs.length || items.some(({ expr }) => expr.kind === 'star')) return [];
  return items.flatMap(({ span }, ordinal) => {
    const output = view.outputs[ordinal];
    if (output === undefined || !out.has(ordinal)) return [];
    return [{ start: span.start, end: span.end, text: `NULL AS ${quoteName(output.name)}` }];
  });
}

function nowEdits(tokens: readonly Token[], instant: string): TextEdit[] {
  const edits: TextEdit[] = [];
  tokens.forEach((token, i) => {
    if (token.kind !== 'word' && token.kind !== 'quoted') return;
    if (!NOW_NAMES.has(token.text) || tokens[i - 1]?.text === '.') return;
    const next = tokens[i + 1];
    const close = tokens[i + 2];
    if (next?.kind === 'punctuation' && next.text === '(' && close?.text === ')') {
      edits.push({ start: token.start, end: close.end, text: instant });
    } else if (token.kind === 'word' && BARE_NOW.has(token.text)) {
      edits.push({ start: token.start, end: token.end, text: instant });
    }
  });
  return edits;
}

/** Called without parentheses; reserved, so that no column is called so. */
const BARE_NOW = new Set(['current_timestamp', 'localtimestamp']);

/** `(event time, key)`, by which the latest row is known. */
function orderEdits(view: Extract<ViewPlan, { kind: 'rows' }>): TextEdit[] {
  const columns = [view.source.eventTimeColumn, ...view.source.keyColumns];
  const names = columns.map((column) => quoteName(view.source.columns[column]!.name));
  return handOnEdits(
    view,
    names,
    columns.map((_, i) => quoteName(ORDER_PREFIX + i)),
  );
}

/** Columns of the source before the first column of the query's own SELECT. Where it reads a CTE or subquery, that one gets them too. */
function handOnEdits(view: ViewPlan, names: readonly string[], handedOn: readonly string[]): TextEdit[] {
  const file = parseViewFile(view.file, { report: () => {} });
  if (file === null) throw new Error(`${view.spec.name} does not parse`);
  const { tokens } = lex(view.file, { report: () => {} });
  const edits: TextEdit[] = [];
  const visit = (query: Query, outer: ReadonlyMap<string, Cte>): void => {
    const ctes = new Map(outer);
    for (const cte of query.ctes) ctes.set(cte.name.name, cte);
    const { from, span } = query.body;
    const cte = from?.kind === 'table' ? ctes.get(from.name.name) : undefined;
    const inner = from?.kind === 'subquery' ? from.query : cte?.query;
    const first = tokens.find((token) => token.start >= span.start + 'SELECT'.length);
    const at = first?.text === 'all' ? first.end : span.start + 'SELECT'.length;
    const given = (inner === undefined ? names : handedOn).map((name, i) => `${name} AS ${handedOn[i]}, `);
    edits.push({ start: at, end: at, text: ` ${given.join('')}` });
    if (inner === undefined) return;
    const [column] = cte?.columns ?? [];
    if (column !== undefined) {
      edits.push({ start: column.span.start, end: column.span.start, text: `${handedOn.join(', ')}, ` });
    }
    if (cte !== undefined) ctes.delete(cte.name.name);
    visit(inner, ctes);
  };
  visit(file.query, new Map());
  return edits;
}

function applyEdits(text: string, start: number, end: number, edits: readonly TextEdit[]): string {
  let out = '';
  let at = start;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    out += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  // A trailing semicolon would end the query inside its parentheses.
  return (out + text.slice(at, end)).replace(/[\s;]+$/, '');
}

interface OwnText {
  readonly text: string;
  readonly isCarrying: boolean;
  /** Columns that are NULL. */
  readonly out: ReadonlySet<number>;
}

/** The declared types (stock DuckDB says HUGEINT for a sum and BIGINT for extract), and each entity's latest row of a rows view. */
function typed(view: ViewPlan, { text, isCarrying, out }: OwnText, dialect: Dialect): string {
  const keys = new Set(view.spec.entity.map(({ ordinal }) => ordinal));
  const columns = view.outputs.map((output, ordinal) => {
    const name = quoteName(output.name);
    const value = out.has(ordinal) ? 'NULL' : `own.${name}`;
    // A HUGEINT beyond the type is NULL, as fsc's overflow is; the text itself goes on raising.
    const cast = dialect === 'duckdb' && !keys.has(ordinal) ? 'TRY_CAST' : 'CAST';
    return `${cast}(${value} AS ${declaredType(output.type, dialect)}) AS ${name}`;
  });
  if (isCarrying) columns.unshift(`own.${quoteName(CARRIED)}`);
  // The closing parenthesis on a line of its own: the text may end in a comment.
  const own = `(\n${text}\n) AS own`;
  if (view.kind !== 'rows') return `SELECT ${columns.join(', ')} FROM ${own}`;
  const entity = view.spec.entity.map(({ name }) => `own.${quoteName(name)}`);
  const order = [view.source.eventTimeColumn, ...view.source.keyColumns].map(
    (_, i) => `own.${quoteName(ORDER_PREFIX + i)} DESC NULLS LAST`,
  );
  const rank = `row_number() OVER (PARTITION BY ${entity.join(', ')} ORDER BY ${order.join(', ')})`;
  // Postgres has no QUALIFY.
  const ranked = `(SELECT own.*, ${rank} AS ${quoteName(RANK)} FROM ${own}) AS own`;
  return `SELECT ${columns.join(', ')} FROM ${ranked} WHERE own.${quoteName(RANK)} = 1`;
}
