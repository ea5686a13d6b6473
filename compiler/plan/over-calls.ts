import { printType, type SqlType } from '../../runtime/values/types.ts';
import { isScalar } from '../bind/calls.ts';
import { castTo, coerce, commonType, digitsAsDecimal, isInteger, typeOfDigits } from '../bind/coerce.ts';
import type { BindContext } from '../bind/context.ts';
import { bindCondition, bindExpr, bindValue } from '../bind/expr.ts';
import { insteadOf, WINDOW_FUNCTIONS } from '../bind/foreign-functions.ts';
import { aggregateCalled } from '../bind/registry.ts';
import { conjunctsOf } from '../bind/walk.ts';
import type { FaultParts, Faults } from '../catalog/faults.ts';
import { literalValue } from '../catalog/literals.ts';
import { sameType } from '../catalog/types.ts';
import { removing, textOf } from '../diagnostics/edits.ts';
import type { CallExpr, NullTreatment } from '../parse/ast.ts';
import { conjunction } from './aggregate-view.ts';
import { bindAggregateCall, distinctSpan, isUnboundedOverHistory, keylessHelp, reportUnbounded } from './aggregates.ts';
import { eventContext } from './contexts.ts';
import { needsTotalOrder, type OverWindow } from './frames.ts';
import { eventOrderText, eventTimeName } from './naming.ts';
import type { PlanExpr, Slot, SourcePlan } from './plan.ts';
import type { ViewInput } from './view-input.ts';

/** The slot that a call with OVER fills; null after the fault was told. */
export function bindOverCall(node: CallExpr, window: OverWindow, source: SourcePlan, input: ViewInput): Slot | null {
  const { faults } = input;
  const inside = eventContext(source, faults, 'over');
  if (node.nulls !== undefined) return nullTreatment(node, node.nulls, source, faults);
  if (node.distinct) {
    return faults.error('FSC3412', distinctSpan(node, faults), `DISTINCT in \`${node.name}\` with OVER`, {
      help: `count them in a view with GROUP BY: \`count(DISTINCT x) FILTER (WHERE ${eventTimeName(source.spec)} > now() - INTERVAL '7 days')\``,
    });
  }
  if (node.star || aggregateCalled(node.name) !== null) return frameSlot(node, window, source, input);
  if (node.filter !== null) {
    return faults.error('FSC3417', node.filter.span, `FILTER on \`${node.name}\``, {
      label: 'only aggregates take it',
      help: 'leave the events out in WHERE, or take an aggregate',
    });
  }
  switch (node.name) {
    case 'row_number':
      return rowNumber(node, window, source, input);
    case 'lag':
      return lag(node, window, source, inside, input);
    case 'first_value':
    case 'last_value':
      return frameValue(node, window, source, inside, input);
    default:
      return unsupported(node, input);
  }
}

function nullTreatment(node: CallExpr, { span, word }: NullTreatment, source: SourcePlan, faults: Faults): null {
  const order = eventOrderText(source.spec, 'desc');
  const [argument] = node.args;
  const value = argument === undefined ? 'x' : textOf(faults.file, argument.span);
  const latest = `(array_agg(${value} ORDER BY ${order}) FILTER (WHERE ${value} IS NOT NULL))[1]`;
  return faults.error('FSC3105', span, `\`${word.toUpperCase()} NULLS\` is not supported`, {
    cause: 'no spelling of it runs in both databases',
    ...(word === 'respect'
      ? { help: 'leave it out: NULLs count without it', edits: removing(faults.file, span) }
      : {
          help: `leave those events out with \`WHERE ${value} IS NOT NULL\`; or take the latest value in a view with GROUP BY: \`${latest}\``,
        }),
  });
}

function unsupported(node: CallExpr, input: ViewInput): null {
  const { faults } = input;
  if (!WINDOW_FUNCTIONS.has(node.name) && isScalar(node.name)) {
    return faults.error('FSC3411', node.nameSpan, `\`${node.name}\` is no window function`, {
      label: 'computed from one row',
      help: 'remove OVER',
    });
  }
  const help = HELPS.get(node.name) ?? insteadOf(node.name) ?? undefined;
  return faults.error('FSC3411', node.nameSpan, `\`${node.name}\` with OVER is not supported`, { help });
}

const HELPS: ReadonlyMap<string, string> = new Map([
  ['lead', 'lead reads the future: write lag, and describe the later event'],
  ['rank', 'write row_number: an order by event time and key leaves no equal rows'],
  ['dense_rank', 'write row_number: an order by event time and key leaves no equal rows'],
  ['percent_rank', 'it counts later rows too: write row_number or count(*) over the earlier ones'],
  ['cume_dist', 'it counts later rows too: write row_number or count(*) over the earlier ones'],
  ['ntile', 'it counts later rows too: write row_number or count(*) over the earlier ones'],
  ['nth_value', 'write lag, first_value or last_value'],
]);

function frameSlot(node: CallExpr, window: OverWindow, source: SourcePlan, input: ViewInput): Slot | null {
  const inside = eventContext(source, input.faults, 'over');
  const call = bindAggregateCall(node, inside);
  const bound = conjunctsOf(node.filter).map((expr) => bindCondition(expr, inside, 'FILTER takes conditions'));
  if (call === null) return null;
  const { frame } = window;
  const isUnbounded = frame.mode === 'range' ? frame.startMicros === null : frame.start === null;
  if (isUnbounded && isUnboundedOverHistory(call) && input.tags.one('allow_unbounded_state') === null) {
    reportUnbounded(call, node, source.spec, input.faults);
  }
  const filter = conjunction(bound.filter((expr) => expr !== null));
  return { kind: 'frame', call, filter, frame, type: call.type };
}

function rowNumber(node: CallExpr, window: OverWindow, source: SourcePlan, input: ViewInput): Slot | null {
  if (node.args.length > 0) return input.faults.error('FSC3107', node.span, '`row_number` takes no arguments');
  if (!needsTotalOrder(window, source.spec, '`row_number`', input.faults)) return null;
  return { kind: 'rowNumber', type: { kind: 'bigint' } };
}

function frameValue(
  node: CallExpr,
  window: OverWindow,
  source: SourcePlan,
  inside: BindContext,
  input: ViewInput,
): Slot | null {
  const [argument] = node.args;
  if (argument === undefined || node.args.length !== 1) {
    return input.faults.error('FSC3107', node.span, `\`${node.name}\` takes one argument, and has ${node.args.length}`);
  }
  const expr = bindValue(argument, inside);
  if (window.frame.mode === 'range') {
    return input.faults.error('FSC3422', window.frameSpan ?? node.span, `\`${node.name}\` over a RANGE frame`, {
      label: 'of several events of one instant, which?',
      ...rangeHelp(window, source.spec),
    });
  }
  if (expr === null) return null;
  const which = node.name === 'first_value' ? 'first' : 'last';
  return { kind: 'frameValue', which, expr, frame: window.frame, type: expr.type };
}

/** A written RANGE frame says nothing of how many rows a ROWS frame should have. */
function rangeHelp({ order, frameSpan }: OverWindow, spec: SourcePlan['spec']): FaultParts {
  if (spec.keyColumns.length === 0) return { help: keylessHelp(spec) };
  const newText = eventOrderText(spec);
  if (frameSpan !== null) return { help: `write ORDER BY ${newText}, with a ROWS frame or none` };
  return { help: `write ORDER BY ${newText}`, edits: [{ span: order, newText }] };
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
  if (!isWhole) {
    return faults.error('FSC3416', offsetNode.span, 'the offset of lag is no whole number of at least 0', {
      label: 'no count of rows',
    });
  }
  if (expr === null || !isTotal || (defaultNode !== undefined && otherwise === null)) return null;
  const offset = offsetNode?.kind === 'number' ? Number(offsetNode.text) : 1;
  return lagSlot(expr, offset, otherwise, input);
}

function lagSlot(expr: PlanExpr, offset: number, otherwise: PlanExpr | null, input: ViewInput): Slot | null {
  const { faults } = input;
  if (otherwise === null) return { kind: 'lag', expr, offset, otherwise, type: expr.type };
  const type = commonType(expr.type, typeBeside(otherwise, expr.type));
  // DuckDB casts the default to the type of the value, Postgres both to one.
  const isOther = type === null || (type.kind !== 'text' && !sameType(expr.type, type));
  if (isOther) {
    const [own, other] = [printType(expr.type), printType(otherwise.type)];
    return faults.error('FSC3104', otherwise.span, 'the default of lag has another type than its value', {
      label: `${other}, beside ${own}`,
      cause: 'DuckDB casts the default to the type of the value, Postgres both to a common one',
      help: `cast one of them, so that the default is of the value's type: CAST(… AS ${own})`,
    });
  }
  const typed = coerce(otherwise, type, faults);
  if (typed === null) return null;
  return { kind: 'lag', expr: sameType(expr.type, type) ? expr : castTo(expr, type), offset, otherwise: typed, type };
}

/** Of a constant, the type that its digits need. */
function typeBeside(expr: PlanExpr, type: SqlType): SqlType {
  if (expr.kind !== 'const' || expr.value === null || !isInteger(expr.type)) return typeOfDigits(expr);
  if (isInteger(type)) return literalValue(String(expr.value), type) === undefined ? expr.type : type;
  return digitsAsDecimal(expr);
}
