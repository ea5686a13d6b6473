import type { AggregateFunction } from '../../runtime/functions/definition.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { printType } from '../../runtime/values/types.ts';
import { coerce } from '../bind/coerce.ts';
import type { BindContext } from '../bind/context.ts';
import { bindTyped } from '../bind/expr.ts';
import { aggregateCalled, aggregateNamed } from '../bind/registry.ts';
import type { FaultParts, Faults } from '../catalog/faults.ts';
import { inserting, textOf } from '../diagnostics/edits.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { CallExpr, Expr, OrderItem } from '../parse/ast.ts';
import { eventOrderText, eventTimeName } from './naming.ts';
import type { AggregateCall, PlanExpr } from './plan.ts';

/** The aggregate that a call means, its argument bound by `context`. FILTER and OVER are the caller's. */
export function bindAggregateCall(node: CallExpr, context: BindContext): AggregateCall | null {
  const { faults } = context;
  if (node.orderBy.length > 0) return orderedAggregate(node, faults);
  const fn = node.star ? aggregateNamed('count_star') : aggregateCalled(node.name);
  if (fn === null || (node.star && node.name !== 'count')) {
    const told = suggest(node.name, ['count']) !== null ? meantCount(node) : ONLY_COUNT;
    return faults.error('FSC3107', node.span, `\`${node.name}(*)\` is no aggregate`, told);
  }
  if (node.star) return node.distinct ? starDistinct(node, faults) : call(fn, false, null, node);
  if (node.distinct && !fn.allowsDistinct) return distinctAggregate(node, faults);
  const [argument] = node.args;
  if (argument === undefined || node.args.length !== 1) {
    return wrongCount(node, faults);
  }
  const arg = bindTyped(argument, context);
  return arg === null ? null : resolveAggregate(fn, arg, node, faults);
}

const ONLY_COUNT = { help: 'name a column: only count takes `*`' };

function meantCount({ name, span }: CallExpr): FaultParts {
  const called = { start: span.start, end: span.start + name.length };
  return { help: 'an aggregate with a similar name exists: `count`', edits: [{ span: called, newText: 'count' }] };
}

function starDistinct(node: CallExpr, faults: Faults): null {
  return faults.error('FSC3107', node.span, 'count(DISTINCT *) is no aggregate', { help: 'name a column' });
}

function wrongCount(node: CallExpr, faults: Faults): null {
  const count = node.args.length;
  return faults.error('FSC3107', node.span, `\`${node.name}\` takes one argument, and has ${count}`, {
    help: count === 0 ? `name a column: \`${node.name}(x)\`` : 'write one aggregate for each argument',
  });
}

function orderedAggregate(node: CallExpr, faults: Faults): null {
  const first = node.orderBy[0]?.span ?? node.span;
  const span = { start: first.start, end: node.orderBy.at(-1)?.span.end ?? first.end };
  const clause = { start: node.args.at(-1)?.span.end ?? span.start, end: span.end };
  const isPlain = /^\s+order\s+by\s/i.test(textOf(faults.file, clause));
  return faults.error('FSC3211', span, `ORDER BY in \`${node.name}\``, {
    label: 'changes nothing',
    edits: isPlain ? [{ span: clause, newText: '' }] : [],
  });
}

function distinctAggregate(node: CallExpr, faults: Faults): null {
  const { name } = node;
  const changesNothing = name === 'min' || name === 'max' || name.startsWith('bool_');
  const word = distinctSpan(node, faults);
  return faults.error('FSC3210', word, `DISTINCT in \`${name}\``, {
    label: changesNothing ? 'changes nothing' : 'only count takes it',
    ...(changesNothing
      ? {
          help: 'remove it',
          edits: [{ span: { start: word.start, end: node.args[0]?.span.start ?? word.end }, newText: '' }],
        }
      : { help: `remove it, or count the values: \`count(DISTINCT x)\`` }),
  });
}

/** The word inside the parentheses of a call that has it. */
export function distinctSpan(node: CallExpr, faults: Faults): CallExpr['span'] {
  const match = /^\s*\(\s*(distinct)\b/i.exec(faults.file.text.slice(node.nameSpan.end, node.span.end));
  if (match === null) return node.span;
  const end = node.nameSpan.end + match[0].length;
  return { start: end - 'distinct'.length, end };
}

/** `array_agg(x)` where only its first element can be kept. */
export function bareArrayAgg(node: CallExpr, source: SourceSpec, faults: Faults): null {
  const [argument] = node.args;
  const order = eventOrderText(source, 'desc');
  const value = argument === undefined ? 'x' : textOf(faults.file, argument.span);
  const filter = node.filter === null ? '' : ` FILTER (WHERE ${textOf(faults.file, node.filter.span)})`;
  const newText = `(array_agg(${value} ORDER BY ${order})${filter})[1]`;
  return faults.error('FSC3212', node.span, 'array_agg without [1]', {
    label: 'a list of values',
    help: 'take the value of the latest event',
    edits: newText.includes('\n') ? [] : [{ span: node.span, newText }],
  });
}

function resolveAggregate(fn: AggregateFunction, arg: PlanExpr, node: CallExpr, faults: Faults): AggregateCall | null {
  // count(1) counts events.
  const star = aggregateNamed('count_star');
  const isConstant = arg.kind === 'const' && arg.value !== null;
  if (fn.name === 'count' && isConstant && !node.distinct && star !== null) return call(star, false, null, node);
  if (arg.type.kind === 'unknown') return faults.error('FSC3106', arg.span, 'nothing gives this NULL a type');
  const isCounted = fn.name === 'count' && !node.distinct && arg.type.kind === 'interval';
  return callOf(fn, isCounted ? presence(arg) : arg, node.distinct, node, faults);
}

/** What count looks at of a value that no state keeps: true, or NULL where it is NULL. */
function presence(arg: PlanExpr): PlanExpr {
  const { span } = arg;
  const type = { kind: 'boolean' } as const;
  const isNull: PlanExpr = { kind: 'isNull', type, arg, negated: false, span };
  const [none, some] = [null, true].map((value): PlanExpr => ({ kind: 'const', type, value, span })) as [
    PlanExpr,
    PlanExpr,
  ];
  // biome-ignore lint/suspicious/noThenProperty: the branch of a CASE, never awaited
  return { kind: 'case', type, whens: [{ when: isNull, then: none }], otherwise: some, span };
}

function callOf(
  fn: AggregateFunction,
  arg: PlanExpr,
  distinct: boolean,
  node: Expr,
  faults: Faults,
): AggregateCall | null {
  const resolution = fn.resolve([arg.type], distinct);
  if (!resolution.ok) {
    const { code, message, cause, help } = resolution;
    return faults.foreign(code ?? 'FSC3101', 'FSC3101', node.span, message, { cause, help });
  }
  const coerced = coerce(arg, resolution.args[0] ?? arg.type, faults);
  if (coerced === null) return null;
  const { name } = fn;
  return { fn: name, distinct, arg: coerced, argType: coerced.type, type: resolution.result, span: node.span };
}

function call(fn: AggregateFunction, distinct: boolean, arg: PlanExpr | null, node: CallExpr): AggregateCall {
  const resolution = fn.resolve([], distinct);
  const type = resolution.ok ? resolution.result : ({ kind: 'bigint' } as const);
  return { fn: fn.name, distinct, arg, argType: null, type, span: node.span };
}

/** `(array_agg(x ORDER BY event_time DESC, key DESC))[1]`; the call itself, for FILTER, is given back too. */
export function bindLatest(
  node: Extract<Expr, { kind: 'subscript' }>,
  source: SourceSpec,
  context: BindContext,
): { readonly call: AggregateCall; readonly node: CallExpr } | null {
  const { faults } = context;
  const inner = node.operand;
  if (inner.kind !== 'call') return null;
  if (node.index.kind !== 'number' || node.index.text !== '1') {
    return faults.error('FSC3212', node.index.span, 'only the first element of array_agg can be kept', {
      help: 'write [1]',
      edits: [{ span: node.index.span, newText: '1' }],
    });
  }
  if (inner.distinct) return distinctAggregate(inner, faults);
  const direction = eventOrder(inner, source, faults);
  const [argument] = inner.args;
  if (argument === undefined || inner.args.length !== 1) {
    return wrongCount(inner, faults);
  }
  const arg = bindTyped(argument, context);
  if (direction === null || arg === null) return null;
  const name = direction === 'desc' ? 'latest' : 'earliest';
  const fn = aggregateNamed(name);
  if (fn === null) throw new Error(`the registry has no ${name}`);
  if (arg.type.kind === 'unknown') return faults.error('FSC3106', arg.span, 'nothing gives this NULL a type');
  const bound = callOf(fn, arg, false, node, faults);
  return bound === null ? null : { call: bound, node: inner };
}

/** The direction of an order by event time and the whole key, or null after the fault was told. */
function eventOrder(node: CallExpr, source: SourceSpec, faults: Faults): 'asc' | 'desc' | null {
  const names = [source.eventTimeColumn, ...source.keyColumns].map((index) => source.columns[index]?.name ?? '');
  const direction = node.orderBy[0]?.direction ?? 'desc';
  const isWhole = node.orderBy.length === names.length && source.keyColumns.length > 0;
  const isEventOrder = node.orderBy.every((item, index) => isOrderedBy(item, names[index], direction));
  if (isWhole && isEventOrder) return direction;
  const at = node.orderBy[0]?.span ?? node.span;
  const span = { start: at.start, end: node.orderBy.at(-1)?.span.end ?? at.end };
  const message = 'the order does not decide which event is the first';
  if (source.keyColumns.length === 0) return faults.error('FSC3213', span, message, { help: keylessHelp(source) });
  const written = eventOrderText(source, direction);
  const isMore =
    node.orderBy.length > names.length &&
    names.every((name, index) => isOrderedBy(node.orderBy[index], name, direction));
  if (isMore) return moreThanOrder(node.orderBy, written, 'FSC3213', names.length, faults);
  const after = node.args.at(-1)?.span.end ?? node.span.end;
  return faults.error('FSC3213', span, message, {
    label: node.orderBy.length === 0 ? 'no ORDER BY' : 'leaves ties, or is not the order of the events',
    help: `write ORDER BY ${written}`,
    edits: node.orderBy.length === 0 ? inserting(after, ` ORDER BY ${written}`) : [{ span, newText: written }],
  });
}

/** What stands behind event time and key decides nothing. */
export function moreThanOrder(
  items: readonly OrderItem[],
  order: string,
  code: 'FSC3213' | 'FSC3403',
  count: number,
  faults: Faults,
): null {
  const span = { start: items[count]?.span.start ?? 0, end: items.at(-1)?.span.end ?? 0 };
  return faults.error(code, span, 'the order goes on after event time and key', {
    label: 'decides nothing',
    cause: 'no two events have the same event time and key',
    help: `write ORDER BY ${order}`,
    edits: [{ span: { start: items[count - 1]?.span.end ?? span.start, end: span.end }, newText: '' }],
  });
}

function isOrderedBy(item: OrderItem | undefined, name: string | undefined, direction: string): boolean {
  return item !== undefined && isColumn(item, name) && item.direction === direction;
}

export function keylessHelp(source: SourceSpec): string {
  return `\`${source.name}\` has no key, so events of one instant are in no order: declare a PRIMARY KEY`;
}

export function isColumn(item: OrderItem, name: string | undefined): boolean {
  return item.expr.kind === 'column' && item.expr.name.name === name;
}

/** True where the state of the call over a whole history would grow with its events. */
export function isUnboundedOverHistory(call: AggregateCall): boolean {
  const fn = aggregateNamed(call.fn);
  if (fn === null || fn.algebra(call.argType, call.distinct) !== 'multiset') return false;
  return call.argType?.kind !== 'boolean';
}

export function reportUnbounded(call: AggregateCall, node: CallExpr, source: SourceSpec, faults: Faults): void {
  const shown = call.argType === null ? call.fn : `${call.fn} of ${printType(call.argType)}`;
  const window = `${eventTimeName(source)} > now() - INTERVAL '30 days'`;
  const isPlain = node.filter === null && node.over === null;
  faults.error('FSC5001', call.span, `the state of ${call.distinct ? 'a distinct ' : ''}${shown} grows without bound`, {
    label: 'keeps every value that an entity ever had',
    help: `give it a window, or accept it with \`-- @allow_unbounded_state\` at the top of the file`,
    edits: isPlain ? inserting(node.span.end, ` FILTER (WHERE ${window})`) : [],
    applicability: 'placeholder',
  });
}
