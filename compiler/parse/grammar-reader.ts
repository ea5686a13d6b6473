/**
 * The one file that imports node-sql-parser. It reads what our own readers have read a second time, by that package's `postgresql` grammar, and
 * compares: clauses, joins, names and counts. A difference is an error, since one of the two readings would be wrong.
 *
 * What it is given is the text's own tokens with three things masked, because the package reads them wrongly, slowly or not at all:
 * expressions and windows (`x`: AND/OR are grouped wrongly, there is no RANGE frame, `((… AND x) OR y)` and `INTERVAL` sums take
 * exponential time), subqueries (`SELECT x`, read on their own), and names (`i0`, `i1` …: it drops quotes and takes `session` for a keyword). What is left has brackets at most
 * two deep, so reading it is linear. Constructs that the binder refuses anyhow (CROSS, NATURAL, RIGHT joins …) are not read twice.
 */
import { createRequire } from 'node:module';
import type { DiagnosticSink, SourceText, Span } from '../diagnostics/diagnostic.ts';
import { fault } from '../diagnostics/fault.ts';
import type { FromItem, Identifier, Query, Select } from './ast.ts';
import type { TableDefinition } from './create-table.ts';
import type { Statement } from './statements.ts';

export type Reading =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'table'; readonly table: TableDefinition };

interface Patch {
  readonly span: Span;
  readonly text: string;
  /** Whether parentheses around the span belong to it. */
  readonly loose: boolean;
}

interface GrammarParser {
  astify(sql: string, options: { readonly database: string; readonly trimQuery: boolean }): unknown;
}

let parser: GrammarParser | null = null;

/** Loaded when the first statement is read, so that commands that compile nothing don't wait for it. */
function grammarParser(): GrammarParser {
  if (parser !== null) return parser;
  const module: { readonly Parser: new () => GrammarParser } = createRequire(import.meta.url)(
    'node-sql-parser/build/postgresql.js',
  );
  parser = new module.Parser();
  return parser;
}

export function compareReadings(file: SourceText, statement: Statement, reading: Reading, sink: DiagnosticSink): void {
  if (reading.kind === 'table') compareTable(file, statement, reading.table, sink);
  else compareQuery(file, statement, reading.query, sink);
}

/** Gives each name a stand-in that no grammar can take for anything else. */
class Names {
  private readonly standIns = new Map<string, string>();

  of(name: Identifier): string {
    const known = this.standIns.get(name.name);
    if (known !== undefined) return known;
    const standIn = `i${this.standIns.size}`;
    this.standIns.set(name.name, standIn);
    return standIn;
  }

  patch(name: Identifier): Patch {
    return { span: name.span, text: this.of(name), loose: false };
  }
}

function compareQuery(file: SourceText, statement: Statement, query: Query, sink: DiagnosticSink): void {
  for (const cte of query.ctes) compareQuery(file, statement, cte.query, sink);
  const selects = [query.body, ...query.setOps.map((setOp) => setOp.select)];
  for (const select of selects) {
    for (const item of [select.from, ...select.joins.map((join) => join.item)]) {
      if (item?.kind === 'subquery') compareQuery(file, statement, item.query, sink);
    }
    if (isReadTwice(select)) compareSelect(file, statement, select, sink);
  }
  if (query.ctes.length > 0) compareCtes(file, statement, query, sink);
}

function isReadTwice(select: Select): boolean {
  const items = [select.from, ...select.joins.map((join) => join.item)];
  const plainItems = items.every((item) => item === null || item.kind !== 'unsupported');
  const plainJoins = select.joins.every((join) => join.type === 'inner' || join.type === 'left');
  return plainItems && plainJoins && select.groupingSets === null && select.distinct === null && select.offset === null;
}

function compareSelect(file: SourceText, statement: Statement, select: Select, sink: DiagnosticSink): void {
  const names = new Names();
  const patches = selectPatches(select, names);
  const seen = read(mask(statement, select.span, patches));
  compare(file, select.span, describeSelect(select, names), seen === null ? null : describeSeen(seen), sink);
}

function compareCtes(file: SourceText, statement: Statement, query: Query, sink: DiagnosticSink): void {
  const names = new Names();
  const patches: Patch[] = [{ span: query.body.span, text: 'SELECT x', loose: true }];
  for (const cte of query.ctes) {
    patches.push(names.patch(cte.name), ...(cte.columns ?? []).map((column) => names.patch(column)));
    patches.push({ span: cte.query.span, text: 'SELECT x', loose: false });
  }
  const ours = query.ctes.map((cte) => `cte ${names.of(cte.name)} ${cte.columns?.length ?? 0}`);
  const span = { start: query.span.start, end: query.body.span.end };
  const seen = read(mask(statement, span, patches));
  const theirs =
    seen === null
      ? null
      : list(seen.with).map((cte) => `cte ${nameIn(field(cte, 'name'))} ${list(field(cte, 'columns')).length}`);
  compare(file, query.ctes[0]!.name.span, ours, theirs, sink);
}

function compareTable(file: SourceText, statement: Statement, table: TableDefinition, sink: DiagnosticSink): void {
  if (table.unsupported.length > 0 || table.columns.some((column) => column.unsupported.length > 0)) return;
  const names = new Names();
  const patches: Patch[] = [names.patch(table.table)];
  for (const column of table.columns) {
    patches.push(names.patch(column.name), { span: column.type.span, text: 'integer', loose: false });
    if (column.defaultValue !== null) patches.push({ span: column.defaultValue.span, text: '1', loose: true });
    for (const check of column.checks) patches.push({ span: check.span, text: 'CHECK (x > 0)', loose: false });
  }
  for (const check of table.checks) patches.push({ span: check.span, text: 'CHECK (x > 0)', loose: false });
  if (table.primaryKey !== null) {
    const columns = table.primaryKey.columns.map((column) => names.of(column)).join(', ');
    patches.push({ span: table.primaryKey.span, text: `PRIMARY KEY (${columns})`, loose: false });
  }
  const ours = table.columns.map((column) => `column ${names.of(column.name)}`);
  const keys = table.primaryKey === null ? [] : ['constraint primary key'];
  ours.push(...[...table.checks.map(() => 'constraint check'), ...keys].sort());
  const seen = read(mask(statement, statement.span, patches));
  compare(file, table.table.span, ours, seen === null ? null : describeTable(seen), sink);
}

function selectPatches(select: Select, names: Names): Patch[] {
  const patches: Patch[] = [];
  // A number is what that parser reads fastest.
  const expression = (node: { readonly span: Span }): void =>
    void patches.push({ span: node.span, text: '1', loose: true });
  for (const item of select.items) {
    if (item.expr.kind === 'star') patches.push({ span: item.expr.span, text: '*', loose: false });
    else expression(item.expr);
    if (item.alias !== null) patches.push(names.patch(item.alias));
  }
  for (const item of [select.from, ...select.joins.map((join) => join.item)]) patches.push(...fromPatches(item, names));
  for (const join of select.joins) {
    if (join.on !== null) expression(join.on);
    patches.push(...(join.using ?? []).map((column) => names.patch(column)));
  }
  if (select.where !== null) expression(select.where);
  for (const key of select.groupBy) expression(key);
  if (select.having !== null) expression(select.having);
  for (const window of select.windows) {
    patches.push(names.patch(window.name), { span: window.spec.span, text: '(PARTITION BY x)', loose: false });
  }
  for (const item of select.orderBy) expression(item);
  if (select.limit !== null) patches.push({ span: select.limit, text: 'LIMIT 1', loose: false });
  return patches;
}

function fromPatches(item: FromItem | null, names: Names): Patch[] {
  if (item === null || item.kind === 'unsupported') return [];
  const alias = item.alias === null ? [] : [names.patch(item.alias)];
  if (item.kind === 'subquery') return [{ span: item.query.span, text: 'SELECT x', loose: false }, ...alias];
  const schema = item.schema === null ? [] : [names.patch(item.schema)];
  return [...schema, names.patch(item.name), ...alias];
}

/** Words that both readings ignore and node-sql-parser does not know in every place. */
const NOISE = ['all', 'only', 'materialized'];

/** The tokens of `span`, patched. */
function mask(statement: Statement, span: Span, patches: readonly Patch[]): string {
  const byStart = new Map(patches.map((patch) => [patch.span.start, patch]));
  const out: string[] = [];
  const { tokens } = statement;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind === 'end' || token.start >= span.end) break;
    if (token.start < span.start) continue;
    const patch = byStart.get(token.start);
    if (patch === undefined) {
      const ignored =
        token.kind === 'word' &&
        (NOISE.includes(token.text) || (token.text === 'not' && tokens[at + 1]?.text === 'materialized'));
      if (!ignored) out.push(token.text);
      continue;
    }
    while (at + 1 < tokens.length && tokens[at + 1]!.start < patch.span.end) at++;
    while (patch.loose && out.at(-1) === '(' && tokens[at + 1]?.text === ')' && tokens[at + 1]!.end <= span.end) {
      out.pop();
      at++;
    }
    out.push(patch.text);
  }
  return out.join(' ');
}

type Seen = { readonly [field: string]: unknown };

/** Masked statements of one shape are one text, and most views of a project have one of a few shapes. */
const known = new Map<string, Seen | null>();
const MAX_KNOWN = 2_000;

function read(text: string): Seen | null {
  let seen = known.get(text);
  if (seen === undefined) {
    seen = readAnew(text);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, seen);
  }
  return seen;
}

function readAnew(text: string): Seen | null {
  try {
    const seen = grammarParser().astify(text, { database: 'postgresql', trimQuery: false });
    const statement = Array.isArray(seen) ? seen[0] : seen;
    return isObject(statement) ? statement : null;
  } catch {
    // Its error speaks of the masked text; the caller tells that the readings differ.
    return null;
  }
}

function isObject(value: unknown): value is Seen {
  return typeof value === 'object' && value !== null;
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A name is a string, `{value}` or a column reference, depending on where it stands. */
function nameIn(value: unknown): string {
  if (typeof value === 'string') return value;
  const inner = field(value, 'value') ?? field(field(field(value, 'column'), 'expr'), 'value');
  return typeof inner === 'string' ? inner : '-';
}

function describeSelect(select: Select, names: Names): string[] {
  const name = (identifier: Identifier | null): string => (identifier === null ? '-' : names.of(identifier));
  const from = (item: FromItem, join: string): string => {
    const table = item.kind === 'table' ? `${name(item.schema)}.${name(item.name)}` : 'query';
    return `${join} ${table} ${item.kind === 'unsupported' ? '-' : name(item.alias)}`;
  };
  return [
    ...select.items.map((item) => `item ${item.expr.kind === 'star' ? '*' : 'x'} ${name(item.alias)}`),
    ...(select.from === null ? [] : [from(select.from, 'from')]),
    ...select.joins.map(
      (join) => `${from(join.item, join.type)} ${join.on === null ? '' : 'on'}${(join.using ?? []).map(name)}`,
    ),
    `where ${select.where !== null}`,
    `group ${select.groupBy.length}`,
    `having ${select.having !== null}`,
    ...select.windows.map((window) => `window ${names.of(window.name)}`),
    `order ${select.orderBy.length}`,
    `limit ${select.limit !== null}`,
  ];
}

function describeSeen(seen: Seen): string[] {
  // After a WINDOW clause the package keeps ORDER BY and LIMIT under names of their own.
  const limit = list(field(seen.limit, 'value')).length + list(field(seen._limit, 'value')).length;
  return [
    ...list(seen.columns).map(
      (item) => `item ${field(field(item, 'expr'), 'column') === '*' ? '*' : 'x'} ${nameIn(field(item, 'as'))}`,
    ),
    ...list(seen.from).map(describeFrom),
    `where ${isObject(seen.where)}`,
    `group ${list(field(seen.groupby, 'columns')).length}`,
    `having ${isObject(seen.having)}`,
    ...list(field(seen.window, 'expr')).map((window) => `window ${nameIn(field(window, 'name'))}`),
    `order ${list(seen.orderby).length + list(seen._orderby).length}`,
    `limit ${limit > 0}`,
  ];
}

function describeFrom(item: unknown): string {
  const join = field(item, 'join');
  const word =
    join === 'INNER JOIN' ? 'inner' : join === 'LEFT JOIN' ? 'left' : typeof join === 'string' ? join : 'from';
  const table = field(item, 'table');
  const what = table === undefined ? 'query' : `${nameIn(field(item, 'db'))}.${nameIn(table)}`;
  const condition = isObject(field(item, 'on')) ? 'on' : '';
  const using = list(field(item, 'using')).map(nameIn);
  return `${word} ${what} ${nameIn(field(item, 'as'))}${word === 'from' ? '' : ` ${condition}${using}`}`;
}

function describeTable(seen: Seen): string[] {
  const definitions = list(seen.create_definitions);
  const columns = definitions.filter((definition) => field(definition, 'resource') === 'column');
  const constraints = definitions.filter((definition) => field(definition, 'resource') === 'constraint');
  return [
    ...columns.map((column) => `column ${nameIn(field(column, 'column'))}`),
    ...constraints.map((constraint) => `constraint ${String(field(constraint, 'constraint_type'))}`).sort(),
  ];
}

function compare(
  file: SourceText,
  span: Span,
  ours: readonly string[],
  theirs: readonly string[] | null,
  sink: DiagnosticSink,
): void {
  if (theirs !== null && ours.length === theirs.length && ours.every((line, at) => line === theirs[at])) return;
  sink.report(
    fault(
      'FSC1032',
      file,
      { start: span.start, end: Math.min(span.end, span.start + 6) },
      'statement can be read in two ways',
      {
        label: theirs === null ? 'the second grammar does not accept it' : 'the second grammar sees other clauses here',
        cause: 'every statement is read by two grammars, and a feature must mean the same to both',
        help: 'write it more plainly: `AS` before every alias, clauses in their usual order; if it is plain, please report it',
      },
    ),
  );
}
