import { aggregateCalled } from '../bind/registry.ts';
import { conjunctsOf, mapColumns, mapSpec, someExpr } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { didYouMean } from '../catalog/suggest.ts';
import type { Expr, FromItem, Identifier, Query, Select, SelectItem, WindowSpec } from '../parse/ast.ts';
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
}

/** The relation of FROM, or null after the fault was told. */
export function resolveFrom(item: FromItem, scope: RelationScope): Relation | null {
  const { faults } = scope;
  switch (item.kind) {
    case 'unsupported':
      return faults.error('FSC4011', item.span, `${item.what} is not supported in FROM`, { help: item.help });
    case 'subquery':
      if (item.lateral) return faults.error('FSC4012', item.span, 'LATERAL is not supported yet');
      return inline(item.query, item.alias?.name ?? '', scope);
    case 'table':
      return resolveTable(item, scope);
  }
}

function resolveTable(item: Extract<FromItem, { kind: 'table' }>, scope: RelationScope): Relation | null {
  const { name, span } = item.name;
  const alias = item.alias?.name ?? name;
  if (item.schema !== null)
    return scope.faults.error('FSC4010', item.span, `\`${item.schema.name}.${name}\` has a schema`);
  const cte = scope.ctes.get(name);
  if (cte !== undefined) {
    const ctes = new Map([...scope.ctes].slice(0, [...scope.ctes.keys()].indexOf(name)));
    return inline(cte, alias, { ...scope, ctes });
  }
  const source = scope.sources.get(name);
  if (source !== undefined) return { source, alias, columns: ownColumns(source, item.name), where: [] };
  if (scope.viewNames.has(name)) return scope.faults.error('FSC4007', span, `\`${name}\` is a view`);
  const names = [...scope.ctes.keys(), ...scope.sources.keys(), ...scope.viewNames];
  return scope.faults.error('FSC3002', span, `unknown relation \`${name}\``, {
    help: didYouMean(name, names, 'source'),
  });
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
  for (const cte of query.ctes) {
    if (cte.recursive) faults.error('FSC4008', cte.name.span, `CTE \`${cte.name.name}\` is recursive`);
    ctes.delete(cte.name.name);
    ctes.set(cte.name.name, renamed(cte, faults));
  }
  return ctes;
}

/** `WITH a(x, y) AS (SELECT …)` is the query with its items so named. */
function renamed(cte: Query['ctes'][number], faults: Faults): Query {
  const { columns, query } = cte;
  if (columns === null) return query;
  const { items } = query.body;
  if (columns.length !== items.length || items.some((item) => item.expr.kind === 'star')) {
    faults.error('FSC3009', cte.name.span, `\`${cte.name.name}\` names ${columns.length} columns of ${items.length}`);
    return query;
  }
  const named = items.map((item, index) => ({ ...item, alias: columns[index] ?? item.alias }));
  return { ...query, body: { ...query.body, items: named } };
}

/** Makes a simple query's columns expressions over its source. */
function inline(query: Query, alias: string, outer: RelationScope): Relation | null {
  const scope = { ...outer, ctes: collectCtes(query, outer.ctes, outer.faults) };
  const { body } = query;
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
  return { source: inner.source, alias, columns, where: [...inner.where, ...own] };
}

function isSimple(query: Query, faults: Faults): boolean {
  const { body } = query;
  const offending = complication(query);
  if (offending === null) {
    if (body.from !== null) return true;
    faults.error('FSC4006', query.span, 'a subquery without FROM');
    return false;
  }
  faults.error(offending.code, offending.span, `${offending.what} in a subquery`);
  return false;
}

interface Complication {
  readonly code: 'FSC4001' | 'FSC4002' | 'FSC4009';
  readonly span: Query['span'];
  readonly what: string;
}

function complication(query: Query): Complication | null {
  const { body, setOps } = query;
  const code = 'FSC4009';
  if (setOps[0] !== undefined) return { code: 'FSC4001', span: setOps[0].span, what: setOps[0].op.toUpperCase() };
  if (body.joins[0] !== undefined) return { code: 'FSC4002', span: body.joins[0].span, what: 'a join' };
  if (body.distinct !== null) return { code, span: body.distinct.span, what: 'DISTINCT' };
  const grouped = body.groupBy[0]?.span ?? body.groupingSets ?? body.having?.span;
  if (grouped !== undefined && grouped !== null) return { code, span: grouped, what: 'GROUP BY or HAVING' };
  if (body.orderBy[0] !== undefined) return { code, span: body.orderBy[0].span, what: 'ORDER BY' };
  const limit = body.limit ?? body.offset;
  if (limit !== null) return { code, span: limit, what: 'LIMIT' };
  const folding = body.items.find((item) => someExpr(item.expr, isFolding));
  return folding === undefined ? null : { code, span: folding.span, what: 'an aggregate or window function' };
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
  return faults.error('FSC3003', qualifier.span, `unknown table alias \`${qualifier.name}\``, {
    help: didYouMean(qualifier.name, aliases, 'alias'),
  });
}

/** Rewrites expressions over the relation's columns to expressions over the source's. A fault leaves a poisoned node, told once. */
export function resolver(relation: Relation, faults: Faults): (expr: Expr) => Expr {
  const resolveColumn = (node: ColumnNode): Expr => {
    if (node.qualifier !== null && node.qualifier.name !== relation.alias) {
      unknownQualifier(node.qualifier, [relation.alias], faults);
      return poison(node, faults);
    }
    const found = relation.columns.get(node.name.name);
    if (found === undefined) {
      faults.error('FSC3001', node.name.span, `\`${relation.alias}\` has no column \`${node.name.name}\``, {
        help: didYouMean(node.name.name, [...relation.columns.keys()], 'column'),
      });
      return poison(node, faults);
    }
    // The use's span where the column is the source's own: faults point at where it is used.
    return found.kind === 'column' ? { ...found, span: node.span } : found;
  };
  return (expr) => mapColumns(expr, resolveColumn);
}

function poison(node: ColumnNode, faults: Faults): Expr {
  const marked: Expr = { ...node };
  faults.poisoned.add(marked);
  return marked;
}

/** A select whose expressions are all over the source's own columns. */
export interface ResolvedSelect {
  readonly relation: Relation;
  readonly items: readonly SelectItem[];
  readonly where: readonly Expr[];
  readonly groupBy: readonly Expr[];
  readonly having: Expr | null;
  readonly windows: readonly { readonly name: Identifier; readonly spec: WindowSpec }[];
}

export function resolveSelect(select: Select, relation: Relation, faults: Faults): ResolvedSelect {
  const resolve = resolver(relation, faults);
  const aliases = new Map(
    select.items.flatMap((item) => (item.alias === null ? [] : [[item.alias.name, item.expr] as const])),
  );
  const resolveGroup = (expr: Expr): Expr => {
    // A group may name an output; a column of the source goes first, as in both databases.
    const isAlias = expr.kind === 'column' && expr.qualifier === null && !relation.columns.has(expr.name.name);
    const named = isAlias ? aliases.get(expr.name.name) : undefined;
    return resolve(named ?? expr);
  };
  return {
    relation,
    items: expandStars(select.items, relation, faults).map((item) => ({
      ...item,
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
