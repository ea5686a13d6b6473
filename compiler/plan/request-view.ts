import { printType } from '../../runtime/values/types.ts';
import { coerce, commonType } from '../bind/coerce.ts';
import type { BindContext } from '../bind/context.ts';
import { bindCondition, bindExpr, bindValue } from '../bind/expr.ts';
import { conjunctsOf, somePlan } from '../bind/walk.ts';
import { didYouMean } from '../catalog/suggest.ts';
import { sameType } from '../catalog/types.ts';
import type { Expr, Identifier, Join, Select, SelectItem } from '../parse/ast.ts';
import { conjunction } from './aggregate-view.ts';
import { bindOutputs } from './outputs.ts';
import type { PlanExpr, RequestJoin, ViewPlan } from './plan.ts';
import { type Relation, unknownQualifier } from './relation.ts';
import type { ViewDraft, ViewInput } from './view-input.ts';

/** A view joined under an alias; `view` is null where it had faults of its own. */
interface Joined {
  readonly alias: string;
  readonly view: ViewPlan | null;
  readonly join: Join;
}

/** Shape D. */
export function planRequestView(select: Select, relation: Relation, input: ViewInput): ViewDraft | null {
  const { faults } = input;
  refuseGrouping(select, input);
  refuseEntity(input);
  const joined = select.joins.map((join) => joinedView(join, input));
  checkAliases(relation, joined, input);
  // A view with faults of its own is told there.
  if (joined.some((join) => join === null || join.view === null)) return null;
  const views = joined.filter((join) => join !== null);
  const context = requestContext(relation, views, input);
  const joins = views.map((join, index) => bindJoin(join, index, context, input));
  const inner = requestOnly(relation, context);
  const where = [
    ...relation.where.map((expr) => bindCondition(expr, inner, 'WHERE takes conditions')),
    ...conjunctsOf(select.where).map((expr) => bindCondition(expr, context, 'WHERE takes conditions')),
  ];
  const items = select.items.flatMap((item) => expandStar(item, relation, views, input));
  const outputs = bindOutputs(items, null, (item) => bindValue(item.expr, context), faults);
  return {
    kind: 'request',
    request: relation.source.spec,
    joins: joins.filter((join) => join !== null),
    where: conjunction(where.filter((expr) => expr !== null)),
    outputs,
  };
}

function refuseGrouping(select: Select, input: ViewInput): void {
  const at = select.groupBy[0]?.span ?? select.having?.span;
  if (at !== undefined) input.faults.error('FSC4107', at, 'GROUP BY or HAVING in a request view');
}

function refuseEntity(input: ViewInput): void {
  const tag = input.tags.one('entity');
  if (tag === null) return;
  input.faults.error('FSC3420', tag.nameSpan, '`@entity` in a request view', { help: 'remove the tag' });
}

function joinedView(join: Join, input: ViewInput): Joined | null {
  const { faults } = input;
  if (join.type !== 'left' && join.type !== 'inner') {
    return faults.error('FSC4101', join.typeSpan, `a join of kind ${join.type}`);
  }
  if (join.item.kind !== 'table') {
    const isLateral = join.item.kind === 'subquery' && join.item.lateral;
    return faults.error(isLateral ? 'FSC4012' : 'FSC4101', join.item.span, 'a join of something else than a view');
  }
  if (join.item.schema !== null) return faults.error('FSC4010', join.item.span, 'the name has a schema');
  const { name, span } = join.item.name;
  if (input.sources.has(name)) return faults.error('FSC4102', span, `\`${name}\` is a source`);
  const view = input.views.get(name);
  if (view === undefined) return notJoinable(join.item.name, input);
  if (join.using !== null || join.on === null) return faults.error('FSC4108', join.span, 'the join has no ON');
  return { alias: join.item.alias?.name ?? name, view, join };
}

function notJoinable(name: Identifier, input: ViewInput): null {
  if (input.viewNames.has(name.name))
    return input.faults.error('FSC4109', name.span, `\`${name.name}\` is a request view`);
  return input.faults.error('FSC3002', name.span, `unknown view \`${name.name}\``, {
    help: didYouMean(name.name, [...input.views.keys()], 'view'),
  });
}

function checkAliases(relation: Relation, joined: readonly (Joined | null)[], input: ViewInput): void {
  const taken = new Set([relation.alias]);
  for (const join of joined) {
    if (join === null) continue;
    if (taken.has(join.alias))
      input.faults.error('FSC4106', join.join.item.span, `alias \`${join.alias}\` is used twice`);
    taken.add(join.alias);
  }
}

function expandStar(
  item: SelectItem,
  relation: Relation,
  views: readonly Joined[],
  input: ViewInput,
): readonly SelectItem[] {
  if (item.expr.kind !== 'star') return [item];
  const wanted = item.expr.qualifier;
  const all = [
    { alias: relation.alias, names: [...relation.columns.keys()] },
    ...views.map((join) => ({ alias: join.alias, names: join.view?.outputs.map((output) => output.name) ?? [] })),
  ];
  const chosen = wanted === null ? all : all.filter((one) => one.alias === wanted.name);
  if (wanted !== null && chosen.length === 0)
    unknownQualifier(
      wanted,
      all.map((one) => one.alias),
      input.faults,
    );
  const named = (name: string): Identifier => ({ span: item.span, name, quoted: false });
  return chosen.flatMap((one) =>
    one.names.map((name): SelectItem => {
      const expr: Expr = { kind: 'column', span: item.span, qualifier: named(one.alias), name: named(name) };
      return { span: item.span, expr, alias: null };
    }),
  );
}

/** The request's columns and the views' outputs. */
function requestContext(relation: Relation, views: readonly Joined[], input: ViewInput): BindContext {
  const { faults } = input;
  const context: BindContext = {
    faults,
    column(node) {
      if (faults.poisoned.has(node)) return null;
      // An inlined column of the request stands for itself.
      const found = candidates(node, relation, views, context);
      if (node.qualifier !== null && !knownAlias(node.qualifier, relation, views)) {
        return unknownQualifier(node.qualifier, [relation.alias, ...views.map((join) => join.alias)], faults);
      }
      if (found.length > 1) return faults.error('FSC3005', node.span, `column \`${node.name.name}\` is ambiguous`);
      return found.length === 1 ? (found[0]?.() ?? null) : unknownColumn(node, relation, views, input);
    },
    now: (node) => ({ kind: 'now', type: { kind: 'timestamp' }, span: node.span }),
    aggregate: (node) => faults.error('FSC4107', node.span, 'an aggregate in a request view'),
    over: (node) =>
      faults.error('FSC3413', node.span, 'a window function in a request view', {
        help: 'use it in the view that is joined',
      }),
    whole: () => undefined,
  };
  return context;
}

type ColumnNode = Extract<Expr, { kind: 'column' }>;

function candidates(
  node: ColumnNode,
  relation: Relation,
  views: readonly Joined[],
  context: BindContext,
): readonly (() => PlanExpr | null)[] {
  const name = node.name.name;
  const qualifier = node.qualifier?.name ?? null;
  const found: (() => PlanExpr | null)[] = [];
  const inlined = relation.columns.get(name);
  if (inlined !== undefined && (qualifier === null || qualifier === relation.alias)) {
    found.push(() => requestColumn(inlined, node, relation, context));
  }
  views.forEach((join, index) => {
    const ordinal = join.view?.outputs.findIndex((output) => output.name === name) ?? -1;
    const output = join.view?.outputs[ordinal];
    if (output === undefined || (qualifier !== null && qualifier !== join.alias)) return;
    found.push(() => ({ kind: 'feature', type: output.type, join: index, ordinal, span: node.span }));
  });
  return found;
}

/** A CTE over the request may compute its columns. */
function requestColumn(inlined: Expr, node: ColumnNode, relation: Relation, context: BindContext): PlanExpr | null {
  const bound = bindExpr(inlined, requestOnly(relation, context));
  return bound === null ? null : { ...bound, span: node.span };
}

/** The request's own columns alone, unqualified: what CTEs over it were inlined to. */
function requestOnly(relation: Relation, context: BindContext): BindContext {
  const { columns } = relation.source.spec;
  return {
    ...context,
    column(inner) {
      const index = columns.findIndex((column) => column.name === inner.name.name);
      const column = columns[index];
      if (column === undefined) return null;
      return { kind: 'request', type: column.type, column: index, name: column.name, span: inner.span };
    },
  };
}

function knownAlias(qualifier: Identifier, relation: Relation, views: readonly Joined[]): boolean {
  return qualifier.name === relation.alias || views.some((join) => join.alias === qualifier.name);
}

function unknownColumn(node: ColumnNode, relation: Relation, views: readonly Joined[], input: ViewInput): null {
  const { qualifier, name } = node;
  const of = views.filter((join) => qualifier === null || join.alias === qualifier.name);
  const own = qualifier === null || qualifier.name === relation.alias ? [...relation.columns.keys()] : [];
  const names = [...own, ...of.flatMap((join) => join.view?.outputs.map((output) => output.name) ?? [])];
  const where = qualifier === null ? '' : ` in \`${qualifier.name}\``;
  return input.faults.error('FSC3001', name.span, `unknown column \`${name.name}\`${where}`, {
    help: didYouMean(name.name, names, 'column'),
  });
}

function bindJoin(joined: Joined, index: number, context: BindContext, input: ViewInput): RequestJoin | null {
  const { view, join } = joined;
  const { faults } = input;
  if (view === null) return null;
  const keys: (PlanExpr | null | undefined)[] = view.spec.entity.map(() => undefined);
  for (const conjunct of conjunctsOf(join.on)) {
    const equality = keyEquality(conjunct, index, view, context);
    if (equality === null) continue;
    if (equality === 'not') {
      faults.error('FSC4104', conjunct.span, 'the condition is no equality of a key column and a request value');
      continue;
    }
    const { key, value } = equality;
    if (keys[key] !== undefined) faults.error('FSC4104', conjunct.span, 'the key column is compared twice');
    keys[key] = fitKey(value, view, key, input);
  }
  const missing = view.spec.entity.filter((_, key) => keys[key] === undefined).map((column) => `\`${column.name}\``);
  if (missing.length > 0 && faults.errors === 0) {
    faults.error(
      'FSC4103',
      join.on?.span ?? join.span,
      `the join leaves ${missing.join(', ')} of the key of \`${view.spec.name}\` open`,
    );
  }
  const bound = keys.filter((key) => key !== undefined && key !== null);
  return bound.length < keys.length ? null : { view, inner: join.type === 'inner', keys: bound, span: join.span };
}

interface KeyEquality {
  readonly key: number;
  readonly value: PlanExpr;
}

/** Null after a fault was told. */
function keyEquality(expr: Expr, join: number, view: ViewPlan, context: BindContext): KeyEquality | 'not' | null {
  if (expr.kind !== 'binary' || expr.op !== '=') return 'not';
  const left = bindExpr(expr.left, context);
  const right = bindExpr(expr.right, context);
  if (left === null || right === null) return null;
  const leftKey = keyIndex(left, join, view);
  const [key, value] = leftKey >= 0 ? [leftKey, right] : [keyIndex(right, join, view), left];
  if (key < 0 || somePlan(value, (node) => node.kind === 'feature' || node.kind === 'now')) return 'not';
  return { key, value };
}

function keyIndex(expr: PlanExpr, join: number, view: ViewPlan): number {
  if (expr.kind !== 'feature' || expr.join !== join) return -1;
  return view.spec.entity.findIndex((column) => column.ordinal === expr.ordinal);
}

/** The request's value as a key of the view: widening only, so that no value is changed on the way. */
function fitKey(value: PlanExpr, view: ViewPlan, key: number, input: ViewInput): PlanExpr | null {
  const wanted = view.spec.entity[key]?.type;
  if (wanted === undefined) return null;
  if (value.type.kind === 'text' && wanted.kind === 'text') return value;
  const common = commonType(value.type, wanted);
  if (common !== null && sameType(common, wanted)) return coerce(value, wanted, input.faults);
  return input.faults.error(
    'FSC4105',
    value.span,
    `the key \`${view.spec.entity[key]?.name}\` is ${printType(wanted)}, and this is ${printType(value.type)}`,
  );
}
