import { counted } from '../../runtime/values/counted.ts';
import { TIMESTAMP } from '../bind/coerce.ts';
import type { BindContext } from '../bind/context.ts';
import { bindCondition, bindTyped } from '../bind/expr.ts';
import { aggregateCalled } from '../bind/registry.ts';
import { unknownColumn } from '../bind/unknown-column.ts';
import { childrenOf, conjunctsOf, findExpr, mapColumns, mapSpec } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { nearest } from '../catalog/suggest.ts';
import { textOf } from '../diagnostics/edits.ts';
import type { Expr, FromItem, Identifier, Query, Select, SelectItem, WindowSpec } from '../parse/ast.ts';
import { eventContext } from './contexts.ts';
import type { VisibleColumns } from './outputs.ts';
import type { SourcePlan } from './plan.ts';

type ColumnNode = Extract<Expr, { kind: 'column' }>;

/** One source with what CTEs and subqueries made of it: every expression below is over the source's own columns, unqualified. */
export interface Relation {
  readonly source: SourcePlan;
  /** What columns of it are called with. */
  readonly alias: string;
  readonly columns: ReadonlyMap<string, Expr>;
  /** Conjuncts of the inlined WHEREs. */
  readonly where: readonly Expr[];
}

export interface RelationScope {
  readonly sources: ReadonlyMap<string, SourcePlan>;
  readonly viewNames: ReadonlySet<string>;
  readonly faults: Faults;
  readonly ctes: ReadonlyMap<string, Query>;
  /** CTEs and subqueries that were inlined already. What a query sees does not depend on who reads it. */
  readonly inlined: Map<Query, Relation | null>;
}

/** The relation of FROM, or null after the fault was told. */
export function resolveFrom(item: FromItem, scope: RelationScope): Relation | null {
  const { faults } = scope;
  switch (item.kind) {
    case 'unsupported':
      return faults.error('FSC4011', item.span, `${item.what} is not supported in FROM`, { help: item.help });
    case 'subquery':
      if (item.lateral) return faults.error('FSC4012', firstWord(item.span, 'LATERAL'), 'LATERAL is not supported yet');
      return inlineOnce(item.query, item.alias?.name ?? '', scope);
    case 'table':
      return resolveTable(item, scope);
  }
}

function resolveTable(item: Extract<FromItem, { kind: 'table' }>, scope: RelationScope): Relation | null {
  const { name, span } = item.name;
  const alias = item.alias?.name ?? name;
  if (item.schema !== null) return schemaName(item.schema, item.name, scope.faults);
  const cte = scope.ctes.get(name);
  if (cte !== undefined) {
    const ctes = new Map(upTo(scope.ctes, name));
    ctes.delete(name);
    return inlineOnce(cte, alias, { ...scope, ctes });
  }
  const source = scope.sources.get(name);
  if (source !== undefined) return { source, alias, columns: ownColumns(source, item.name), where: [] };
  if (scope.viewNames.has(name)) {
    const request = [...scope.sources.values()].find((candidate) => candidate.spec.kind === 'request');
    const help =
      request === undefined
        ? undefined
        : `read the source of \`${name}\` itself; or join it in a request view: FROM ${request.spec.name} r LEFT JOIN ${name} v ON …`;
    return scope.faults.error('FSC4007', span, `\`${name}\` is a view`, { label: 'not a source', help });
  }
  const names = [...scope.ctes.keys(), ...scope.sources.keys(), ...scope.viewNames];
  return scope.faults.error('FSC3002', span, `relation \`${name}\` does not exist`, {
    label: 'not a source, view or CTE',
    ...nearest(name, span, names, 'source'),
  });
}

export function schemaName(schema: Identifier, name: Identifier, faults: Faults): null {
  const span = { start: schema.span.start, end: name.span.start };
  return faults.error('FSC4010', schema.span, `\`${schema.name}.${name.name}\` has a schema`, {
    help: `write \`${name.name}\``,
    edits: [{ span, newText: '' }],
  });
}

function firstWord(span: Query['span'], word: string): Query['span'] {
  return { start: span.start, end: Math.min(span.end, span.start + word.length) };
}

function ownColumns(source: SourcePlan, at: Identifier): ReadonlyMap<string, Expr> {
  return new Map(
    source.spec.columns.map((column): [string, Expr] => [
      column.name,
      { kind: 'column', span: at.span, qualifier: null, name: { span: at.span, name: column.name, quoted: false } },
    ]),
  );
}

/** CTEs by name, in order; a later one sees the earlier. */
export function collectCtes(
  query: Query,
  outer: ReadonlyMap<string, Query>,
  faults: Faults,
): ReadonlyMap<string, Query> {
  const ctes = new Map(outer);
  const own = new Set<string>();
  for (const cte of query.ctes) {
    if (own.has(cte.name.name)) faults.error('FSC4014', cte.name.span, `CTE \`${cte.name.name}\` is defined twice`);
    own.add(cte.name.name);
    ctes.delete(cte.name.name);
    ctes.set(cte.name.name, renamed(cte, faults));
  }
  tellRecursion(query, ctes, faults);
  return ctes;
}

/** The CTEs that have a UNION, which is what recursion is for; without any the word alone is too much. */
function tellRecursion(query: Query, ctes: ReadonlyMap<string, Query>, faults: Faults): void {
  const recursive = query.ctes.filter((cte) => cte.recursive);
  const united = recursive.filter((cte) => cte.query.setOps.length > 0);
  for (const { name } of united) {
    const inlined = ctes.get(name.name);
    // Its set operation is told with it.
    if (inlined !== undefined) faults.poisoned.add(inlined);
    faults.error('FSC4008', name.span, `CTE \`${name.name}\` is recursive`, {
      label: 'a UNION that may read itself',
      help: 'write it as one SELECT over a source, without RECURSIVE and UNION: what takes steps is computed before the record enters',
    });
  }
  const [first] = recursive;
  if (first === undefined || united.length > 0) return;
  const word = /^with(\s+recursive)\b/i.exec(textOf(faults.file, query.span));
  const start = query.span.start + 'with'.length;
  faults.error('FSC4008', first.name.span, `CTE \`${first.name.name}\` is recursive`, {
    label: 'has no UNION',
    help: 'remove RECURSIVE',
    edits: word === null ? [] : [{ span: { start, end: start + (word[1]?.length ?? 0) }, newText: '' }],
  });
}

/** What no FROM reads must be right too: Postgres refuses it otherwise. */
export function checkCtes(query: Query, scope: RelationScope): void {
  for (const cte of query.ctes) {
    const { name, span } = cte.name;
    resolveTable(
      { kind: 'table', span, name: cte.name, schema: null, alias: null },
      { ...scope, ctes: upTo(scope.ctes, name) },
    );
  }
}

function upTo(ctes: ReadonlyMap<string, Query>, name: string): ReadonlyMap<string, Query> {
  return new Map([...ctes].slice(0, [...ctes.keys()].indexOf(name) + 1));
}

/** `WITH a(x, y) AS (SELECT …)` is the query with its items so named. */
function renamed(cte: Query['ctes'][number], faults: Faults): Query {
  const { columns, query } = cte;
  if (columns === null) return query;
  const { items } = query.body;
  if (columns.length !== items.length || items.some((item) => item.expr.kind === 'star')) {
    const last = columns.at(-1)?.span ?? cte.name.span;
    const span = { start: columns[0]?.span.start ?? last.start, end: last.end };
    const counts = `names ${counted(columns.length, 'column')} of ${items.some((item) => item.expr.kind === 'star') ? 'a `*`' : items.length}`;
    faults.error('FSC3009', span, `\`${cte.name.name}\` ${counts}`);
  }
  const named = items.map((item, index) => ({ ...item, alias: columns[index] ?? item.alias }));
  return { ...query, body: { ...query.body, items: named } };
}

function inlineOnce(query: Query, alias: string, scope: RelationScope): Relation | null {
  let relation = scope.inlined.get(query);
  if (relation === undefined) {
    relation = scope.faults.poisoned.has(query) ? null : inline(query, alias, scope);
    scope.inlined.set(query, relation);
  }
  return relation === null ? null : { ...relation, alias };
}

/** Makes a simple query's columns expressions over its source. */
function inline(query: Query, alias: string, outer: RelationScope): Relation | null {
  const scope = { ...outer, ctes: collectCtes(query, outer.ctes, outer.faults) };
  const { body } = query;
  checkCtes(query, scope);
  if (!isSimple(query, scope.faults) || body.from === null) return null;
  const inner = resolveFrom(body.from, scope);
  if (inner === null) return null;
  const resolve = resolver(inner, scope.faults);
  const columns = new Map<string, Expr>();
  for (const item of expandStars(body.items, inner, scope.faults)) {
    const name = outputName(item);
    if (name === null) scope.faults.error('FSC3006', item.span, 'a column of a subquery has no name');
    else if (columns.has(name)) scope.faults.error('FSC3007', item.span, `\`${name}\` is selected twice`);
    else columns.set(name, resolve(item.expr));
  }
  const own = conjunctsOf(body.where).map(resolve);
  const context: BindContext = {
    ...eventContext(inner.source, scope.faults, 'where'),
    // Where it may stand is decided where the column is used.
    now: (node) => ({ kind: 'now', type: TIMESTAMP, span: node.span }),
  };
  for (const column of columns.values()) bindTyped(column, context);
  for (const condition of own) bindCondition(condition, context, 'WHERE takes conditions');
  return { source: inner.source, alias, columns, where: [...inner.where, ...own] };
}

function isSimple(query: Query, faults: Faults): boolean {
  const { body } = query;
  const offending = complications(query);
  for (const { code, span, what, help } of offending) faults.error(code, span, `${what} in a subquery`, { help });
  if (offending.length > 0) return false;
  if (body.from === null) faults.error('FSC4006', body.span, 'a subquery without FROM');
  return body.from !== null;
}

interface Complication {
  readonly code: 'FSC4001' | 'FSC4002' | 'FSC4009';
  readonly span: Query['span'];
  readonly what: string;
  readonly help?: string | undefined;
}

function complications(query: Query): readonly Complication[] {
  const { body, setOps } = query;
  const found: Complication[] = [
    ...setOps.map((op): Complication => ({ code: 'FSC4001', span: op.span, what: op.op.toUpperCase() })),
    ...body.joins.map((join): Complication => ({ code: 'FSC4002', span: join.typeSpan, what: 'a join' })),
  ];
  const add = (span: Query['span'] | null | undefined, what: string, help?: string): void => {
    if (span !== null && span !== undefined) found.push({ code: 'FSC4009', span, what, help });
  };
  add(body.distinct?.span, 'DISTINCT');
  const grouped = body.groupBy[0]?.span ?? body.groupingSets ?? body.having?.span;
  add(grouped, 'GROUP BY or HAVING');
  add(body.orderBySpan, 'ORDER BY');
  add(body.limit ?? body.offset, 'LIMIT');
  const folding = body.items.map((item) => findExpr(item.expr, isFolding)).find((expr) => expr !== null);
  if (grouped === undefined || grouped === null)
    add(folding?.span, 'an aggregate or window function', latestRowHelp(folding));
  return found;
}

/** `row_number() OVER (PARTITION BY u …)` in a subquery takes the latest row, as a view of rows does by itself. */
function latestRowHelp(folding: Expr | undefined): string | undefined {
  if (folding?.kind !== 'call' || folding.name !== 'row_number' || folding.over?.kind !== 'inline') return undefined;
  const columns = folding.over.spec.partitionBy.map((expr) => (expr.kind === 'column' ? expr.name.name : null));
  const names = columns.length === 0 || columns.includes(null) ? 'COLUMN' : columns.join(', ');
  return `an entity's value is its latest row already: write the plain SELECT, with \`-- @entity ${names}\` at the top of the file`;
}

/** Aggregates and window functions. */
export function isFolding(node: Expr): boolean {
  if (node.kind !== 'call') return false;
  return node.over !== null || node.star || aggregateCalled(node.name) !== null || node.name === 'array_agg';
}

export function outputName(item: SelectItem): string | null {
  if (item.alias !== null) return item.alias.name;
  return item.expr.kind === 'column' ? item.expr.name.name : null;
}

/** `*` and `t.*` become the relation's columns, each with the star's span. */
export function expandStars(items: readonly SelectItem[], relation: Relation, faults: Faults): readonly SelectItem[] {
  return items.flatMap((item) => {
    if (item.expr.kind !== 'star') return [item];
    const { qualifier } = item.expr;
    if (qualifier !== null && qualifier.name !== relation.alias) {
      unknownQualifier(qualifier, [relation.alias], faults);
      return [];
    }
    return [...relation.columns.keys()].map((column): SelectItem => {
      const name: Identifier = { span: item.span, name: column, quoted: false };
      return { span: item.span, expr: { kind: 'column', span: item.span, qualifier: null, name }, alias: null };
    });
  });
}

export function unknownQualifier(qualifier: Identifier, aliases: readonly string[], faults: Faults): null {
  const [only] = aliases;
  const { span, name } = qualifier;
  const parts =
    aliases.length === 1 && only !== undefined && only !== ''
      ? { help: `it is called \`${only}\` in FROM`, edits: [{ span, newText: only }] }
      : nearest(name, span, aliases, 'alias');
  return faults.error('FSC3003', span, `nothing in FROM is called \`${name}\``, { label: 'unknown alias', ...parts });
}

/**
 * Rewrites expressions over the relation's columns to expressions over the source's. A fault leaves a poisoned node, told once. `outputs`
 * are the select's own: their names mean nothing inside it in Postgres.
 */
export function resolver(
  relation: Relation,
  faults: Faults,
  outputs: ReadonlyMap<string, Expr> = new Map(),
): (expr: Expr) => Expr {
  const unknown = ({ name }: ColumnNode): void => {
    const columns = [...relation.columns.keys()];
    const relationName = relation.alias === '' ? 'the subquery' : relation.alias;
    const output = outputs.get(name.name);
    const isOther = output !== undefined && output.kind !== 'column' && !contains(output.span, name.span);
    if (!isOther) unknownColumn(name, relationName, columns, faults);
    else outputAsColumn(name, output, relationName, faults);
  };
  /** Whether a fault was told of a column of the expression at hand. */
  let isTold = false;
  const resolveColumn = (node: ColumnNode): Expr => {
    if (node.qualifier !== null && node.qualifier.name !== relation.alias) {
      unknownQualifier(node.qualifier, [relation.alias], faults);
      return poison(node, faults);
    }
    const found = relation.columns.get(node.name.name);
    if (found === undefined) {
      unknown(node);
      return poison(node, faults);
    }
    // Its fault was told where the column was made.
    if (faults.poisoned.has(found)) {
      isTold = true;
      return found;
    }
    isTold ||= toldWithin.has(found);
    // The use's span where the column is the source's own: faults point at where it is used.
    return found.kind === 'column' ? { ...found, span: node.span } : found;
  };
  // Columns that are the source's own leave an expression as large as it was written.
  const isPlain = [...relation.columns.values()].every((column) => column.kind === 'column');
  return (expr) => {
    isTold = false;
    const resolved = mapColumns(expr, resolveColumn);
    if (isTold) toldWithin.add(resolved);
    if (isPlain) return resolved;
    const { size, height } = measure(resolved);
    if (size <= MAX_SIZE && height <= MAX_HEIGHT) return resolved;
    // One that was too large is so again, some CTEs later.
    if (!isTold) {
      faults.error('FSC4015', expr.span, 'the expression is too large once its columns are written out', {
        label: size > MAX_SIZE ? `more than ${MAX_SIZE} parts` : `more than ${MAX_HEIGHT} levels`,
      });
    }
    const name = { span: expr.span, name: '', quoted: true };
    return poison({ kind: 'column', span: expr.span, qualifier: null, name }, faults);
  };
}

/** Expressions in which a poisoned node stands. */
const toldWithin = new WeakSet<Expr>();

/** Columns of CTEs stand for expressions over such columns, so a few lines can grow to more than a machine holds. */
const MAX_SIZE = 10_000;
const MAX_HEIGHT = 450;

interface Extent {
  readonly size: number;
  readonly height: number;
}

const extents = new WeakMap<Expr, Extent>();

/** Each node once, however often it is shared. */
function measure(expr: Expr): Extent {
  const known = extents.get(expr);
  if (known !== undefined) return known;
  let [size, height] = [1, 0];
  for (const child of childrenOf(expr)) {
    const extent = measure(child);
    size = Math.min(size + extent.size, MAX_SIZE + 1);
    height = Math.max(height, extent.height);
  }
  const extent = { size, height: height + 1 };
  extents.set(expr, extent);
  return extent;
}

function contains(outer: Query['span'], inner: Query['span']): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function outputAsColumn(name: Identifier, output: Expr, relation: string, faults: Faults): void {
  const written = textOf(faults.file, output.span);
  faults.error('FSC3001', name.span, `column \`${name.name}\` does not exist in \`${relation}\``, {
    label: 'an output of this SELECT',
    cause: 'DuckDB would read the output here, Postgres knows the columns of FROM only',
    help: 'write its expression',
    edits: written.includes('\n')
      ? []
      : [{ span: name.span, newText: output.kind === 'call' ? written : `(${written})` }],
    secondary: [{ span: output.span, text: `\`${name.name}\`` }],
  });
}

function poison(node: ColumnNode, faults: Faults): Expr {
  const marked: Expr = { ...node };
  faults.poisoned.add(marked);
  return marked;
}

export interface ResolvedItem extends SelectItem {
  /** Before its columns were resolved. */
  readonly written: Expr;
}

/** A select whose expressions are all over the source's own columns. */
export interface ResolvedSelect {
  readonly relation: Relation;
  readonly visible: VisibleColumns;
  readonly items: readonly ResolvedItem[];
  readonly where: readonly Expr[];
  readonly groupBy: readonly Expr[];
  readonly having: Expr | null;
  readonly windows: readonly { readonly name: Identifier; readonly spec: WindowSpec }[];
}

export function resolveSelect(select: Select, relation: Relation, faults: Faults): ResolvedSelect {
  const aliases = new Map(
    select.items.flatMap((item) => (item.alias === null ? [] : [[item.alias.name, item.expr] as const])),
  );
  const resolve = resolver(relation, faults, aliases);
  const resolveGroup = (expr: Expr): Expr => {
    // A group may name an output; a column of the source goes first, as in both databases.
    const isAlias = expr.kind === 'column' && expr.qualifier === null && !relation.columns.has(expr.name.name);
    const named = isAlias ? aliases.get(expr.name.name) : undefined;
    return resolve(named ?? expr);
  };
  return {
    relation,
    visible: { name: relation.alias === '' ? 'the subquery' : relation.alias, columns: [...relation.columns.keys()] },
    items: expandStars(select.items, relation, faults).map((item) => ({
      ...item,
      written: item.expr,
      expr: resolve(item.expr),
      alias: named(item),
    })),
    where: [...relation.where, ...conjunctsOf(select.where).map(resolve)],
    groupBy: select.groupBy.map(resolveGroup),
    having: select.having === null ? null : resolve(select.having),
    windows: select.windows.map((window) => ({ name: window.name, spec: mapSpec(window.spec, resolve) })),
  };
}

/** A column keeps the name that it was selected by, whatever it is inlined to. */
function named(item: SelectItem): Identifier | null {
  if (item.alias !== null) return item.alias;
  return item.expr.kind === 'column' ? item.expr.name : null;
}
