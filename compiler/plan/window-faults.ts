/** Conditions with now() that are no windows: what is wrong with them, at its smallest place, and what to write. */
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { TEMPORAL_UNITS } from '../../runtime/values/temporal.ts';
import type { BindContext } from '../bind/context.ts';
import { bindCondition } from '../bind/expr.ts';
import { truncUnit, unknownUnit } from '../bind/units.ts';
import { childrenOf, findExpr, hasNow, isNow, someExpr } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { intervalHelp, intervalValue } from '../catalog/literals.ts';
import type { Edit } from '../diagnostics/diagnostic.ts';
import { replacing, textOf } from '../diagnostics/edits.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import { constantInterval, fractionLiteral, isFraction } from './constant-interval.ts';
import { eventTimeName } from './naming.ts';
import type { InstantBound } from './plan.ts';

type Binary = Extract<Expr, { kind: 'binary' }>;

function isColumn(expr: Expr, name: string): boolean {
  return expr.kind === 'column' && expr.name.name === name;
}

function holds(expr: Expr, column: string): boolean {
  return someExpr(expr, (node) => isColumn(node, column));
}

/** Anything but a comparison by <, <=, > or >=. */
export function reportNoBound(expr: Expr, source: SourceSpec, context: BindContext): null {
  const { faults } = context;
  const time = eventTimeName(source);
  if (expr.kind === 'binary' && (expr.op === '=' || expr.op === '<>') && isInstantOf(expr, time)) {
    return reportEquality(expr, time, faults);
  }
  const word = expr.kind === 'or' || expr.kind === 'not' ? expr.kind.toUpperCase() : 'NOT BETWEEN';
  if (holds(expr, time) && (expr.kind === 'or' || expr.kind === 'not' || expr.kind === 'between')) {
    const window = expr.kind === 'between' ? expr : innermost(expr, (node) => hasNow(node) && holds(node, time));
    return faults.error('FSC3303', window.span, `a window inside ${word}`, {
      label: `stands inside ${word}`,
      ...(expr.kind === 'or'
        ? { help: 'write it as a conjunct of its own, and one aggregate for each window' }
        : { help: 'turn the comparison around, so that the window stands by itself' }),
    });
  }
  // The context tells now() where it stands, and whatever else is wrong with the condition.
  bindCondition(expr, context, 'a condition is needed');
  return null;
}

/** Whether the two sides are instants or lengths, as far as the text tells: no truth values. */
function isInstantOf(expr: Binary, time: string): boolean {
  const isInstant = (side: Expr): boolean =>
    side.kind === 'column' ||
    side.kind === 'call' ||
    side.kind === 'cast' ||
    (side.kind === 'binary' && /^[-+]$/.test(side.op));
  return holds(expr, time) && isInstant(expr.left) && isInstant(expr.right);
}

/** The deepest comparison for which `test` holds. */
function innermost(expr: Expr, test: (node: Expr) => boolean): Expr {
  const inner = childrenOf(expr).find(
    (child) => test(child) && (child.kind === 'binary' || childrenOf(child).some(test)),
  );
  return inner === undefined ? expr : inner.kind === 'binary' ? inner : innermost(inner, test);
}

function reportEquality(expr: Binary, time: string, faults: Faults): null {
  const [left, right] = [expr.left, expr.right];
  const ofTime = [left, right].find((side) => isTrunc(side) && isColumn(side.args[1] as Expr, time));
  const ofNow = [left, right].find((side) => isTrunc(side) && isNow(side.args[1] as Expr));
  const isSnapped = expr.op === '=' && ofTime !== undefined && ofNow !== undefined;
  const newText = isSnapped ? `${time} >= ${textOf(faults.file, ofNow.span)}` : '';
  return faults.error('FSC3307', expr.opSpan, `the event time is compared with now() by \`${expr.op}\``, {
    label: 'no bound',
    ...(isSnapped
      ? { help: 'write where the window begins', edits: [{ span: expr.span, newText }] }
      : { help: `write where the window begins: \`${time} > now() - INTERVAL '1 day'\`` }),
  });
}

function isTrunc(expr: Expr): expr is CallExpr {
  return expr.kind === 'call' && expr.name === 'date_trunc' && expr.args.length === 2;
}

/** A comparison with now() that is not event time against now() and constant lengths. */
export function reportUnsolved(expr: Binary, source: SourceSpec, context: BindContext): null {
  const { faults } = context;
  const time = eventTimeName(source);
  if (!holds(expr, time)) return reportOtherTime(expr, source, context);
  const snapped = findExpr(expr, (node) => isTrunc(node) && hasNow(node) && isUnknownUnit(node.args[0]));
  if (snapped?.kind === 'call') return reportUnit(snapped.args[0], faults);
  const late = findExpr(expr, (node) => isTrunc(node) && hasNow(node) && !isNow(node.args[1] as Expr));
  if (late !== null && isTrunc(late)) return reportShiftedTrunc(late, faults);
  const rounded = findExpr(expr, (node) => roundsTime(node, time));
  if (rounded !== null) {
    return faults.error('FSC3305', rounded.span, 'the event time is rounded before it is compared', {
      label: 'not the event time itself',
      cause: 'an event enters and leaves a window by its own time',
      help: `compare \`${time}\`, and snap the bound: \`${time} >= date_trunc('day', now()) - INTERVAL '7 days'\``,
    });
  }
  const epoch = findExpr(
    expr,
    (node) => node.kind === 'extract' || (node.kind === 'call' && node.name === 'date_part'),
  );
  if (epoch !== null && hasNow(epoch)) {
    return faults.error('FSC3305', epoch.span, 'the age of an event is compared as a number', {
      label: 'no instant',
      help: `compare instants: \`${time} > now() - INTERVAL '3600 seconds'\``,
    });
  }
  const multiple = findExpr(expr, isFraction);
  if (multiple !== null) return reportFraction(multiple, faults);
  const length = findExpr(expr, (node) => meantLength(node) !== null);
  if (length !== null) {
    const newText = meantLength(length) ?? '';
    return faults.error('FSC3305', length.span, 'a window is measured by an interval', {
      label: 'no interval',
      help: `write \`${newText}\``,
      edits: [{ span: length.span, newText }],
    });
  }
  const unread = findExpr(expr, (node) => node.kind === 'interval' && constantInterval(node) === undefined);
  if (unread?.kind === 'interval') {
    return faults.error('FSC3305', unread.span, 'the length of the window is no interval', {
      label: 'not read as one',
      help: intervalHelp(unread.value),
    });
  }
  const other = findExpr(expr, (node) => node.kind === 'column' && !isColumn(node, time));
  const at = other ?? expr;
  return faults.error('FSC3305', at.span, 'the window is not event time against now() and a constant interval', {
    label: other === null ? 'no sum of these' : 'differs from event to event',
    help: `write a constant length: \`${time} > now() - INTERVAL '7 days'\``,
  });
}

function isUnknownUnit(unit: Expr | undefined): boolean {
  return unit?.kind === 'string' && truncUnit(unit.value) === undefined;
}

function reportUnit(unit: Expr | undefined, faults: Faults): null {
  if (unit?.kind !== 'string') return null;
  return faults.error('FSC3014', unit.span, 'the unit of date_trunc is not one of the known units', {
    cause: `the databases share ${TEMPORAL_UNITS.join(', ')}`,
    ...unknownUnit(unit.value, unit.span),
  });
}

function reportFraction(expr: Expr, faults: Faults): null {
  const newText = fractionLiteral(expr);
  return faults.error('FSC3305', expr.span, 'the length of the window is a part of an interval', {
    label: 'no interval, nor a whole number of times one',
    help: `write the interval itself${newText === null ? ', such as' : ':'} \`${newText ?? "INTERVAL '90 minutes'"}\``,
    edits: newText === null ? [] : replacing(expr.span, newText),
  });
}

/** `'7 days'` and `7` beside an instant: days, as both databases count them. */
function meantLength(node: Expr): string | null {
  if (node.kind === 'string') return intervalValue(node.value) === undefined ? null : `INTERVAL '${node.value}'`;
  return node.kind === 'number' && /^\d{1,6}$/.test(node.text) ? `INTERVAL '${node.text} days'` : null;
}

function roundsTime(node: Expr, time: string): boolean {
  if (isTrunc(node)) return isColumn(node.args[1] as Expr, time);
  return node.kind === 'cast' && isColumn(node.operand, time);
}

function reportShiftedTrunc(node: CallExpr, faults: Faults): null {
  const [unit, shifted] = node.args;
  const isShift = shifted?.kind === 'binary' && isNow(shifted.left) && constantInterval(shifted.right) !== undefined;
  const newText =
    isShift && unit !== undefined
      ? `date_trunc(${textOf(faults.file, unit.span)}, now()) ${shifted.op} ${textOf(faults.file, shifted.right.span)}`
      : null;
  return faults.error('FSC3305', node.span, 'date_trunc of something else than now()', {
    label: 'no bound that fsc can follow',
    help: 'snap now() itself, and move what it gives',
    edits: newText === null || newText.includes('\n') ? [] : [{ span: node.span, newText }],
  });
}

function reportOtherTime(expr: Binary, source: SourceSpec, context: BindContext): null {
  const { faults } = context;
  const time = eventTimeName(source);
  const instants = source.columns.filter((column) => ['timestamp', 'timestamptz', 'date'].includes(column.type.kind));
  const other = findExpr(expr, (node) => instants.some((column) => isColumn(node, column.name)));
  if (other?.kind === 'column') {
    return faults.error('FSC3304', other.span, `\`${other.name.name}\` is compared with now()`, {
      label: `not the event time, which is \`${time}\``,
      help: `compare \`${time}\` with now()`,
    });
  }
  bindCondition(expr, context, 'a condition is needed');
  return null;
}

/** Months whose length depends on where they begin. */
export function reportMonths(expr: Binary, time: string, faults: Faults): null {
  const months = innermostMonths(expr);
  const isOfTime = [expr.left, expr.right].some(
    (side) => holds(side, time) && someExpr(side, (node) => node === months),
  );
  const now = findExpr(expr, isNow);
  const truncated = findExpr(expr, isTrunc);
  const parts =
    isOfTime || now === null
      ? { help: `move it to the other side: \`${time} >= date_trunc('month', now()) - INTERVAL '1 month'\`` }
      : truncated === null
        ? {
            help: 'begin at the start of a month, or count in days',
            edits: [{ span: now.span, newText: "date_trunc('month', now())" }],
          }
        : { help: "truncate to 'month', 'quarter' or 'year', and add the months before anything else" };
  return faults.error(
    'FSC3302',
    months.span,
    'months or years from an instant that is not truncated to month or year',
    {
      label: 'has no fixed length',
      ...parts,
    },
  );
}

/** The deepest constant that holds months. */
function innermostMonths(expr: Expr): Expr {
  const isMonths = (node: Expr): boolean => (constantInterval(node)?.months ?? 0) !== 0;
  const inner = childrenOf(expr).find((child) => someExpr(child, isMonths));
  return inner === undefined ? expr : innermostMonths(inner);
}

interface WrittenBound {
  readonly bound: InstantBound;
  readonly node: Expr;
}

/** Told only where it is plain: bounds of one base without months, and t itself above all. */
export function reportEmpty(
  lower: readonly WrittenBound[],
  upper: readonly WrittenBound[],
  source: SourceSpec,
  faults: Faults,
): void {
  const present: InstantBound = { trunc: null, offsetMonths: 0, offsetMicros: 0, inclusive: true };
  const message = 'no event is ever inside this window';
  for (const low of lower) {
    if (isEmptyBetween(low.bound, present)) {
      faults.error('FSC3306', low.node.span, message, {
        label: 'begins after the instant of the lookup',
        cause: 'at that instant later events are not known',
        help: `look back: \`${eventTimeName(source)} > now() - INTERVAL '1 day'\``,
      });
      continue;
    }
    const high = upper.find(({ bound }) => isEmptyBetween(low.bound, bound));
    if (high === undefined) continue;
    const [first, second] = low.node.span.start <= high.node.span.start ? [low, high] : [high, low];
    faults.error('FSC3306', second.node.span, message, {
      label: second === high ? 'ends before it begins' : 'begins after it ends',
      edits: exchanged(low.node, high.node, faults),
      secondary:
        first.node.span.start === second.node.span.start
          ? []
          : [{ span: first.node.span, text: second === high ? 'begins here' : 'ends here' }],
    });
  }
}

/** BETWEEN with its bounds the wrong way round. */
function exchanged(low: Expr, high: Expr, faults: Faults): readonly Edit[] {
  if (low.kind !== 'binary' || high.kind !== 'binary' || low.span !== high.span) return [];
  return [
    { span: low.right.span, newText: textOf(faults.file, high.right.span) },
    { span: high.right.span, newText: textOf(faults.file, low.right.span) },
  ];
}

function isEmptyBetween(low: InstantBound, high: InstantBound): boolean {
  if (low.trunc !== high.trunc || low.offsetMonths !== high.offsetMonths) return false;
  if (low.offsetMicros !== high.offsetMicros) return low.offsetMicros > high.offsetMicros;
  return !(low.inclusive && high.inclusive);
}
