import { NOW_NAMES } from '../../bind/walk.ts';
import { lex, type Token } from '../../parse/lexer.ts';
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
}

export function refereeQuery(view: ViewPlan, nowMicros: number): RefereeQuery {
  const views = new Map<string, string>();
  if (view.kind === 'request') {
    for (const join of view.joins) {
      const inner = refereeQuery(join.view, nowMicros);
      for (const nested of inner.views) views.set(nested.name, nested.text);
      views.set(join.view.spec.name, inner.text);
    }
  }
  return { text: typed(view, ownText(view, nowMicros)), views: [...views].map(([name, text]) => ({ name, text })) };
}

const ORDER_PREFIX = 'fsc order ';

/** The query's own bytes at an instant; for a rows view with the events' order as further columns. */
function ownText(view: ViewPlan, nowMicros: number): string {
  const { start, end } = view.querySpan;
  const tokens = lex(view.file, { report: () => {} }).tokens.filter(
    (token) => token.start >= start && token.end <= end,
  );
  const edits = nowEdits(tokens, printInstant(nowMicros));
  if (view.kind === 'rows') edits.push(orderEdit(view, tokens));
  return applyEdits(view.file.text, start, end, edits);
}

interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
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

/** `(event time, key)` before the first column of the query's own SELECT, by which the latest row is known. */
function orderEdit(view: Extract<ViewPlan, { kind: 'rows' }>, tokens: readonly Token[]): TextEdit {
  const { source } = view;
  let depth = 0;
  let select: Token | null = null;
  for (const token of tokens) {
    if (token.kind === 'punctuation' && token.text === '(') depth += 1;
    else if (token.kind === 'punctuation' && token.text === ')') depth -= 1;
    else if (token.kind === 'word' && token.text === 'select' && depth === 0) select = token;
  }
  if (select === null) throw new Error(`${view.spec.name} has no SELECT at its top`);
  const columns = [source.eventTimeColumn, ...source.keyColumns].map(
    (column, i) => `${quoteName(source.columns[column]!.name)} AS ${quoteName(ORDER_PREFIX + i)}, `,
  );
  return { start: select.end, end: select.end, text: ` ${columns.join('')}` };
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

/** The declared types (stock DuckDB says HUGEINT for a sum and BIGINT for extract), and each entity's latest row of a rows view. */
function typed(view: ViewPlan, text: string): string {
  const columns = view.outputs.map((output) => {
    const name = quoteName(output.name);
    return `CAST(own.${name} AS ${declaredType(output.type, 'duckdb')}) AS ${name}`;
  });
  // The closing parenthesis on a line of its own: the text may end in a comment.
  const query = `SELECT ${columns.join(', ')} FROM (\n${text}\n) AS own`;
  if (view.kind !== 'rows') return query;
  const keys = view.spec.entity.map((entity) => `own.${quoteName(entity.name)}`);
  const order = [view.source.eventTimeColumn, ...view.source.keyColumns].map(
    (_, i) => `own.${quoteName(ORDER_PREFIX + i)} DESC NULLS LAST`,
  );
  return `${query} QUALIFY row_number() OVER (PARTITION BY ${keys.join(', ')} ORDER BY ${order.join(', ')}) = 1`;
}
