import { printType } from '../../runtime/values/types.ts';
import { coerce, commonType } from '../bind/coerce.ts';
import type { BindContext } from '../bind/context.ts';
import { bindCondition, bindExpr, bindValue } from '../bind/expr.ts';
import { unknownColumn } from '../bind/unknown-column.ts';
import { conjunctsOf, somePlan } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { listed, nearest } from '../catalog/suggest.ts';
import { sameType } from '../catalog/types.ts';
import { inserting, wrapping } from '../diagnostics/edits.ts';
import type { Expr, Identifier, Join, Select, SelectItem } from '../parse/ast.ts';
import { conjunction } from './aggregate-view.ts';
import { bindOutputs } from './outputs.ts';
import type { PlanExpr, RequestJoin, ViewPlan } from './plan.ts';
import { type Relation, schemaName, unknownQualifier } from './relation.ts';
import type { ViewDraft, ViewInput } from './view-input.ts';

/** A view joined under an alias; `view` is null where a fault was told, here or in its own file. */
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
  const joined = checkAliases(
    relation,
    select.joins.map((join) => joinedView(join, relation.alias, input)),
    input,
  );
  const context = requestContext(relation, joined, input);
  const joins = joined.map((join, index) => bindJoin(join, index, relation, context, input));
  const inner = requestOnly(relation, context);
  const where = [
    ...relation.where.map((expr) => bindCondition(expr, inner, 'WHERE takes conditions')),
    ...conjunctsOf(select.where).map((expr) => bindCondition(expr, context, 'WHERE takes conditions')),
  ];
  const items = select.items.flatMap((item) => expandStar(item, relation, joined, input));
  const named = items.map((item) => ({ ...item, written: item.expr }));
  const outputs = bindOutputs(named, null, (item) => bindValue(item.expr, context), faults);
  if (joined.some((join) => join.view === null)) return null;
  return {
    kind: 'request',
    request: relation.source.spec,
    joins: joins.filter((join) => join !== null),
    where: conjunction(where.filter((expr) => expr !== null)),
    outputs,
  };
}

function refuseGrouping(select: Select, input: ViewInput): void {
  const [first] = select.groupBy;
  const last = select.groupBy.at(-1) ?? first;
  const grouped = first === undefined || last === undefined ? null : { start: first.span.start, end: last.span.end };
  const what = grouped === null ? 'HAVING' : 'GROUP BY';
  const at = grouped ?? select.having?.span;
  if (at !== undefined)
    input.faults.error('FSC4107', at, `${what} in a request view`, { label: 'one row has no groups' });
}

function refuseEntity(input: ViewInput): void {
  const tag = input.tags.one('entity');
  if (tag === null) return;
  input.faults.error('FSC3420', tag.span, '`@entity` in a request view', {
    label: 'the entities are those of the joined views',
    help: 'remove the tag',
  });
}

function joinedView(join: Join, request: string, input: ViewInput): Joined {
  const { item } = join;
  const named = item.kind === 'table' ? (item.alias ?? item.name) : item.kind === 'subquery' ? item.alias : null;
  return { alias: named?.name ?? '', view: viewOf(join, request, input), join };
}

/** Null after a fault was told. */
function viewOf(join: Join, request: string, input: ViewInput): ViewPlan | null {
  const { faults } = input;
  if (join.type !== 'left' && join.type !== 'inner') {
    return otherJoin(join, input);
  }
  if (join.item.kind !== 'table') return joinedQuery(join, input);
  if (join.item.schema !== null) return schemaName(join.item.schema, join.item.name, faults);
  const { name, span } = join.item.name;
  if (input.sources.has(name)) {
    return faults.error('FSC4102', span, `\`${name}\` is a source`, { label: 'not a view' });
  }
  const view = input.views.get(name);
  if (view === undefined) return notJoinable(join.item.name, input);
  if (join.using !== null || join.on === null)
    return joinWithoutOn(join, join.item.alias?.name ?? name, request, input);
  return view;
}

function otherJoin(join: Join, input: ViewInput): null {
  const keeps = join.on !== null;
  const word = join.type === 'comma' ? ',' : join.type.toUpperCase();
  return input.faults.error('FSC4101', join.typeSpan, `a view is joined by \`${word}\``, {
    label: 'neither LEFT nor INNER',
    ...(keeps ? { help: 'write LEFT JOIN', edits: [{ span: join.typeSpan, newText: 'LEFT JOIN' }] } : {}),
  });
}

function joinedQuery(join: Join, input: ViewInput): null {
  const isLateral = join.item.kind === 'subquery' && join.item.lateral;
  if (isLateral) {
    const span = { start: join.item.span.start, end: join.item.span.start + 'LATERAL'.length };
    return input.faults.error('FSC4012', span, 'LATERAL is not supported yet');
  }
  const what = join.item.kind === 'unsupported' ? join.item.what : 'a subquery';
  return input.faults.error('FSC4101', join.item.span, `${what} is joined`, {
    label: 'not a view',
    cause: 'a lookup reads the state of views, and a view is a file',
    help: 'put the query in a file `features/NAME/v1.sql` and join `NAME_v1`',
  });
}

/** `USING (usr)` as the equalities that it stands for. */
function joinWithoutOn(join: Join, alias: string, request: string, input: ViewInput): null {
  const span = { start: join.item.span.end, end: join.span.end };
  const on = (join.using ?? []).map((column) => `${alias}.${column.name} = ${request}.${column.name}`).join(' AND ');
  const at = join.using === null ? join.typeSpan : { start: skipBlanks(input, span.start), end: span.end };
  return input.faults.error(
    'FSC4108',
    at,
    join.using === null ? 'the join has no ON' : 'the join is written with USING',
    {
      label: join.using === null ? 'no condition follows' : 'merges two columns into one',
      ...(join.using === null ? {} : { help: 'write the equalities out', edits: [{ span: at, newText: `ON ${on}` }] }),
    },
  );
}

function skipBlanks(input: ViewInput, start: number): number {
  return start + (/^\s*/.exec(input.file.text.slice(start))?.[0].length ?? 0);
}

function notJoinable(name: Identifier, input: ViewInput): null {
  const { faults } = input;
  if (input.viewNames.has(name.name)) {
    return faults.error('FSC4109', name.span, `\`${name.name}\` is a request view`, {
      label: 'has no state of its own',
    });
  }
  if (input.ast.query.ctes.some((cte) => cte.name.name === name.name)) {
    return faults.error('FSC4101', name.span, 'a CTE is joined', {
      label: 'not a view',
      cause: 'a lookup reads the state of views, and a view is a file',
      help: `put its query in a file \`features/${name.name}/v1.sql\` and join \`${name.name}_v1\``,
    });
  }
  const versions = [...input.views.keys()].filter((view) => view.replace(/_v\d+$/, '') === name.name);
  const latest = versions.at(-1);
  return faults.error('FSC3002', name.span, `view \`${name.name}\` does not exist`, {
    label: latest === undefined ? 'not a view' : 'a view without its version',
    ...(latest === undefined
      ? nearest(name.name, name.span, [...input.views.keys()], 'view')
      : { help: `name a version: \`${latest}\``, edits: [{ span: name.span, newText: latest }] }),
  });
}

/** A view whose alias is taken is not known under it. */
function checkAliases(relation: Relation, joined: readonly Joined[], input: ViewInput): readonly Joined[] {
  const taken = new Map([[relation.alias, input.ast.query.body.from?.span]]);
  return joined.map((join) => {
    const { item } = join.join;
    const at = item.kind === 'table' ? (item.alias ?? item.name).span : item.span;
    const first = taken.get(join.alias);
    const isTaken = join.alias !== '' && taken.has(join.alias);
    if (!isTaken) {
      taken.set(join.alias, at);
      return join;
    }
    input.faults.error('FSC4106', at, `alias \`${join.alias}\` is used twice`, {
      label: 'second time',
      secondary: first === undefined ? [] : [{ span: first, text: 'first time' }],
    });
    return { ...join, view: null };
  });
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
      if (found.length > 1) return ambiguous(node, relation, views, faults);
      if (found.length === 1) return found[0]?.() ?? null;
      return mayBeOfFaulty(node, views) ? null : noSuchColumn(node, relation, views, input);
    },
    now: (node) => ({ kind: 'now', type: { kind: 'timestamp' }, span: node.span }),
    aggregate: (node) =>
      faults.error('FSC4107', node.span, 'an aggregate in a request view', { label: 'one row has nothing to fold' }),
    over: (node) =>
      faults.error('FSC3413', node.over?.span ?? node.span, 'a window function in a request view', {
        label: 'one row has no rows around it',
        help: 'use it in the view that is joined',
      }),
    whole: () => undefined,
  };
  return context;
}

type ColumnNode = Extract<Expr, { kind: 'column' }>;

/** What a view with faults gives is not known, so nothing is told of it. */
function mayBeOfFaulty(node: ColumnNode, views: readonly Joined[]): boolean {
  return views.some((join) => join.view === null && (node.qualifier === null || node.qualifier.name === join.alias));
}

function ambiguous(node: ColumnNode, relation: Relation, views: readonly Joined[], faults: Faults): null {
  const { name } = node.name;
  const holders = [
    ...(relation.columns.has(name) ? [relation.alias] : []),
    ...views.flatMap((join) => (join.view?.outputs.some((output) => output.name === name) === true ? join.alias : [])),
  ];
  const choices = holders.map((alias) => `\`${alias}.${name}\``);
  return faults.error('FSC3005', node.span, `column \`${name}\` is ambiguous`, {
    label: `of ${holders.map((alias) => `\`${alias}\``).join(' or ')}?`,
    help: `write ${choices.join(' or ')}`,
    edits: [{ span: node.span, newText: `${holders[0]}.${name}` }],
  });
}

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

function noSuchColumn(node: ColumnNode, relation: Relation, views: readonly Joined[], input: ViewInput): null {
  const { qualifier, name } = node;
  const of = views.filter((join) => qualifier === null || join.alias === qualifier.name);
  const own = qualifier === null || qualifier.name === relation.alias ? [...relation.columns.keys()] : [];
  const names = [...own, ...of.flatMap((join) => join.view?.outputs.map((output) => output.name) ?? [])];
  return unknownColumn(name, qualifier?.name ?? relation.alias, names, input.faults);
}

function bindJoin(
  joined: Joined,
  index: number,
  relation: Relation,
  context: BindContext,
  input: ViewInput,
): RequestJoin | null {
  const { view, join } = joined;
  const { faults } = input;
  if (view === null) return null;
  const before = faults.errors;
  const keys: (PlanExpr | null | undefined)[] = view.spec.entity.map(() => undefined);
  for (const conjunct of conjunctsOf(join.on)) {
    const equality = keyEquality(conjunct, index, view, context);
    if (equality === null) continue;
    if (equality === 'not') {
      faults.error('FSC4104', conjunct.span, 'the condition is no equality of a key column and a request value', {
        label: 'not `key = value of the request`',
        help: conditionHelp(joined, view),
      });
      continue;
    }
    const { key, value } = equality;
    if (keys[key] !== undefined) {
      faults.error('FSC4104', conjunct.span, 'the key column is compared twice', { label: 'second time' });
    }
    keys[key] = fitKey(value, view, key, input);
  }
  const missing = view.spec.entity.filter((_, key) => keys[key] === undefined).map((column) => column.name);
  if (missing.length > 0 && faults.errors === before) {
    const on = join.on?.span ?? join.span;
    const more = missing.map((name) => ` AND ${joined.alias}.${name} = ${relation.alias}.${name}`).join('');
    const isSame = missing.every((name) => relation.columns.has(name)) && join.on?.kind !== 'or';
    faults.error('FSC4103', on, `the join leaves ${listed(missing)} of the key of \`${view.spec.name}\` open`, {
      label: 'a part of the key',
      help: `compare ${missing.length === 1 ? 'it' : 'them'} too: \`${more.slice(1)}\``,
      edits: isSame ? inserting(on.end, more) : [],
    });
  }
  const bound = keys.filter((key) => key !== undefined && key !== null);
  return bound.length < keys.length ? null : { view, inner: join.type === 'inner', keys: bound, span: join.span };
}

/** In WHERE the condition of a LEFT JOIN would take away the request's row, which ON leaves with NULLs. */
function conditionHelp({ alias, join }: Joined, view: ViewPlan): string {
  const key = `the key of \`${view.spec.name}\` is ${listed(view.spec.entity.map((column) => column.name))}`;
  return join.type === 'inner'
    ? `${key}: move anything else to WHERE`
    : `${key}: ask anything else where a feature is taken, \`CASE WHEN … THEN ${alias}.feature END\`; in WHERE it would take the request’s row away`;
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
  const type = printType(wanted);
  const message = `the key \`${view.spec.entity[key]?.name}\` is ${type}, and this is ${printType(value.type)}`;
  return input.faults.error('FSC4105', value.span, message, {
    label: printType(value.type),
    help: `cast it, or declare the request’s column ${type}`,
    edits: wrapping(value.span, 'CAST(', ` AS ${type})`),
  });
}
