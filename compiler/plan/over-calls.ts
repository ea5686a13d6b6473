import { castTo, coerce, commonType } from '../bind/coerce.ts';
import type { BindContext } from '../bind/context.ts';
import { bindCondition, bindExpr, bindValue } from '../bind/expr.ts';
import { aggregateCalled } from '../bind/registry.ts';
import { conjunctsOf } from '../bind/walk.ts';
import { sameType } from '../catalog/types.ts';
import type { CallExpr } from '../parse/ast.ts';
import { conjunction } from './aggregate-view.ts';
import { bindAggregateCall, isUnboundedOverHistory, reportUnbounded } from './aggregates.ts';
import { eventContext } from './contexts.ts';
import { needsTotalOrder, type OverWindow } from './frames.ts';
import type { PlanExpr, Slot, SourcePlan } from './plan.ts';
import type { ViewInput } from './view-input.ts';

/** The slot that a call with OVER fills; null after the fault was told. */
export function bindOverCall(node: CallExpr, window: OverWindow, source: SourcePlan, input: ViewInput): Slot | null {
  const { faults } = input;
  const inside = eventContext(source, faults, 'over');
  if (node.distinct) return faults.error('FSC3412', node.span, `DISTINCT in \`${node.name}\` with OVER`);
  if (node.star || aggregateCalled(node.name) !== null) return frameSlot(node, window, source, input);
  if (node.filter !== null) return faults.error('FSC3417', node.filter.span, `FILTER on \`${node.name}\``);
  switch (node.name) {
    case 'row_number':
      return rowNumber(node, window, source, input);
    case 'lag':
      return lag(node, window, source, inside, input);
    case 'first_value':
    case 'last_value':
      return frameValue(node, window, inside, input);
    default:
      return unsupported(node, input);
  }
}

function unsupported(node: CallExpr, input: ViewInput): null {
  const helps: Readonly<Record<string, string>> = {
    lead: 'lead looks into the future; use lag on the later event',
    nth_value: 'use lag, first_value or last_value',
  };
  const help = Object.hasOwn(helps, node.name) ? helps[node.name] : undefined;
  return input.faults.error('FSC3411', node.nameSpan, `\`${node.name}\` with OVER is not supported`, { help });
}

function frameSlot(node: CallExpr, window: OverWindow, source: SourcePlan, input: ViewInput): Slot | null {
  const inside = eventContext(source, input.faults, 'over');
  const call = bindAggregateCall(node, inside);
  const bound = conjunctsOf(node.filter).map((expr) => bindCondition(expr, inside, 'FILTER takes conditions'));
  if (call === null) return null;
  const { frame } = window;
  const isUnbounded = frame.mode === 'range' ? frame.startMicros === null : frame.start === null;
  if (isUnbounded && isUnboundedOverHistory(call) && input.tags.one('allow_unbounded_state') === null) {
    reportUnbounded(call, input.faults);
  }
  const filter = conjunction(bound.filter((expr) => expr !== null));
  return { kind: 'frame', call, filter, frame, type: call.type };
}

function rowNumber(node: CallExpr, window: OverWindow, source: SourcePlan, input: ViewInput): Slot | null {
  if (node.args.length > 0) return input.faults.error('FSC3107', node.span, '`row_number` takes no arguments');
  if (!needsTotalOrder(window, source.spec, '`row_number`', input.faults)) return null;
  return { kind: 'rowNumber', type: { kind: 'bigint' } };
}

function frameValue(node: CallExpr, window: OverWindow, inside: BindContext, input: ViewInput): Slot | null {
  const [argument] = node.args;
  if (argument === undefined || node.args.length !== 1) {
    return input.faults.error('FSC3107', node.span, `\`${node.name}\` takes one argument, and has ${node.args.length}`);
  }
  const expr = bindValue(argument, inside);
  if (window.frame.mode === 'range') {
    return input.faults.error('FSC3422', node.span, `\`${node.name}\` over a RANGE frame`);
  }
  if (expr === null) return null;
  const which = node.name === 'first_value' ? 'first' : 'last';
  return { kind: 'frameValue', which, expr, frame: window.frame, type: expr.type };
}

function lag(
  node: CallExpr,
  window: OverWindow,
  source: SourcePlan,
  inside: BindContext,
  input: ViewInput,
): Slot | null {
  const { faults } = input;
  const [argument, offsetNode, defaultNode] = node.args;
  if (argument === undefined || node.args.length > 3) {
    return faults.error('FSC3107', node.span, `\`lag\` takes one to three arguments, and has ${node.args.length}`);
  }
  const expr = bindValue(argument, inside);
  const otherwise = defaultNode === undefined ? null : bindExpr(defaultNode, inside);
  const isTotal = needsTotalOrder(window, source.spec, '`lag`', faults);
  const isWhole = offsetNode === undefined || (offsetNode.kind === 'number' && /^\d{1,7}$/.test(offsetNode.text));
  if (!isWhole) return faults.error('FSC3416', offsetNode.span, 'the offset of lag is no whole number of at least 0');
  if (expr === null || !isTotal || (defaultNode !== undefined && otherwise === null)) return null;
  const offset = offsetNode?.kind === 'number' ? Number(offsetNode.text) : 1;
  return lagSlot(expr, offset, otherwise, input);
}

function lagSlot(expr: PlanExpr, offset: number, otherwise: PlanExpr | null, input: ViewInput): Slot | null {
  const { faults } = input;
  if (otherwise === null) return { kind: 'lag', expr, offset, otherwise, type: expr.type };
  const type = commonType(expr.type, otherwise.type);
  if (type === null)
    return faults.error('FSC3104', otherwise.span, 'the default of lag has another type than its value');
  const typed = coerce(otherwise, type, faults);
  if (typed === null) return null;
  return { kind: 'lag', expr: sameType(expr.type, type) ? expr : castTo(expr, type), offset, otherwise: typed, type };
}
