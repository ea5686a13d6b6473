import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { MICROS_PER_DAY } from '../../runtime/values/types.ts';
import { hasNow } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { intervalLiteral, intervalValue } from '../catalog/literals.ts';
import { didYouMean } from '../catalog/suggest.ts';
import type { Expr, Frame, FrameBound, OrderItem, WindowRef, WindowSpec } from '../parse/ast.ts';
import { isColumn } from './aggregates.ts';
import type { RowFrame } from './plan.ts';
import type { ResolvedSelect } from './relation.ts';

/** A window after names and inheritance were resolved and its order checked. */
export interface OverWindow {
  readonly partitionBy: readonly Expr[];
  /** Ordered by event time and the whole key: no ties. */
  readonly isTotal: boolean;
  /** The frame of aggregates, first_value and last_value. */
  readonly frame: RowFrame;
  readonly span: WindowRef['span'];
}

export function resolveOver(ref: WindowRef, select: ResolvedSelect, faults: Faults): OverWindow | null {
  const spec = windowSpec(ref, select, faults);
  if (spec === null) return null;
  if (spec.partitionBy.length === 0) return faults.error('FSC3402', ref.span, 'OVER without PARTITION BY');
  if ([...spec.partitionBy, ...spec.orderBy.map((item) => item.expr)].some(hasNow)) {
    return faults.error('FSC3415', ref.span, 'now() inside OVER');
  }
  const source = select.relation.source.spec;
  const isTotal = checkOrder(spec, source, ref.span, faults);
  if (isTotal === null) return null;
  const frame = frameOf(spec.frame, isTotal, spec.orderBy.length, faults);
  return frame === null ? null : { partitionBy: spec.partitionBy, isTotal, frame, span: ref.span };
}

function windowSpec(ref: WindowRef, select: ResolvedSelect, faults: Faults): WindowSpec | null {
  if (ref.kind === 'inline') return inherit(ref.spec, select, faults, select.windows.length);
  const index = select.windows.findIndex((window) => window.name.name === ref.name.name);
  const found = select.windows[index];
  if (found === undefined) return unknownWindow(ref.name, select, faults);
  return inherit(found.spec, select, faults, index);
}

function unknownWindow(
  name: { readonly span: WindowRef['span']; readonly name: string },
  select: ResolvedSelect,
  faults: Faults,
): null {
  const names = select.windows.map((window) => window.name.name);
  return faults.error('FSC3410', name.span, `unknown window \`${name.name}\``, {
    help: didYouMean(name.name, names, 'window'),
  });
}

/** A derived window sees only those named before it, so there are no cycles. */
function inherit(spec: WindowSpec, select: ResolvedSelect, faults: Faults, before: number): WindowSpec | null {
  const { base } = spec;
  if (base === null) return spec;
  const index = select.windows.findIndex((window, at) => at < before && window.name.name === base.name);
  const found = select.windows[index];
  if (found === undefined) return unknownWindow(base, select, faults);
  const parent = inherit(found.spec, select, faults, index);
  if (parent === null) return null;
  const clash =
    spec.partitionBy.length > 0 || (spec.orderBy.length > 0 && parent.orderBy.length > 0) || parent.frame !== null;
  if (clash) return faults.error('FSC3418', spec.span, `the window overrides its base \`${base.name}\``);
  return {
    ...spec,
    base: null,
    partitionBy: parent.partitionBy,
    orderBy: parent.orderBy.length > 0 ? parent.orderBy : spec.orderBy,
  };
}

/** True: no ties are left; false: ordered by event time alone; null after the fault was told. */
function checkOrder(spec: WindowSpec, source: SourceSpec, span: WindowRef['span'], faults: Faults): boolean | null {
  const names = [source.eventTimeColumn, ...source.keyColumns].map((index) => source.columns[index]?.name ?? '');
  const [first] = spec.orderBy;
  if (first === undefined) {
    return faults.error('FSC3403', span, 'OVER without ORDER BY', { help: `add ORDER BY ${names[0]}` });
  }
  const descending = spec.orderBy.find((item) => item.direction === 'desc');
  if (descending !== undefined) return faults.error('FSC3404', descending.span, 'OVER ordered descending');
  const wrong = spec.orderBy.find((item, index) => !isColumn(item, names[index]));
  if (wrong !== undefined) return wrongOrder(wrong, names, faults);
  if (spec.orderBy.length > 1 && spec.orderBy.length < names.length) {
    return faults.error('FSC3405', spanOf(spec.orderBy), 'the order leaves ties undecided', {
      help: `write ORDER BY ${names.join(', ')}`,
    });
  }
  return spec.orderBy.length === names.length && source.keyColumns.length > 0;
}

function wrongOrder(item: OrderItem, names: readonly string[], faults: Faults): null {
  const help = `write ORDER BY ${names[0]}${names.length > 1 ? `, or ORDER BY ${names.join(', ')}` : ''}`;
  return faults.error('FSC3403', item.span, 'OVER is not ordered by event time and key', { help });
}

function spanOf(items: readonly OrderItem[]): OrderItem['span'] {
  return { start: items[0]?.span.start ?? 0, end: items.at(-1)?.span.end ?? 0 };
}

/** Ties need a decision wherever rows are counted. */
export function needsTotalOrder(window: OverWindow, source: SourceSpec, what: string, faults: Faults): boolean {
  if (window.isTotal) return true;
  const names = [source.eventTimeColumn, ...source.keyColumns].map((index) => source.columns[index]?.name ?? '');
  const help =
    source.keyColumns.length === 0
      ? `\`${source.name}\` has no key, so events of one instant are in no order: declare a PRIMARY KEY`
      : `write ORDER BY ${names.join(', ')}`;
  faults.error('FSC3405', window.span, `${what} needs an order without ties`, { help });
  return false;
}

function frameOf(frame: Frame | null, isTotal: boolean, orderColumns: number, faults: Faults): RowFrame | null {
  // Without ties the peers of a row are the row itself, so the default frame counts rows.
  if (frame === null)
    return isTotal ? { mode: 'rows', start: null, end: 0 } : { mode: 'range', startMicros: null, endMicros: 0 };
  if (frame.mode === 'groups') return faults.error('FSC3408', frame.span, 'a GROUPS frame');
  if (frame.exclude !== null && frame.exclude.what !== 'no others') {
    return faults.error('FSC3407', frame.exclude.span, `EXCLUDE ${frame.exclude.what.toUpperCase()}`);
  }
  const future = [frame.start, frame.end].find(
    (bound) => bound.kind === 'following' || bound.kind === 'unboundedFollowing',
  );
  if (future !== undefined) return faults.error('FSC3406', future.span, 'the frame looks into the future');
  if (frame.mode === 'rows') return rowsFrame(frame, isTotal, faults);
  return rangeFrame(frame, isTotal, orderColumns, faults);
}

function rowsFrame(frame: Frame, isTotal: boolean, faults: Faults): RowFrame | null {
  if (!isTotal) return faults.error('FSC3405', frame.span, 'a ROWS frame needs an order without ties');
  const start = frame.start.kind === 'unboundedPreceding' ? null : rowOffset(frame.start, faults);
  const end = frame.end.kind === 'unboundedPreceding' ? undefined : rowOffset(frame.end, faults);
  if (start === undefined || end === undefined)
    return frameEnd(frame, end === undefined && frame.end.kind === 'unboundedPreceding', faults);
  if (start !== null && start < end) return frameEnd(frame, true, faults);
  return { mode: 'rows', start, end };
}

function frameEnd(frame: Frame, isReversed: boolean, faults: Faults): null {
  return isReversed ? faults.error('FSC3421', frame.span, 'the frame ends before it starts') : null;
}

/** Undefined after the fault was told. */
function rowOffset(bound: FrameBound, faults: Faults): number | undefined {
  if (bound.kind === 'currentRow') return 0;
  if (bound.kind === 'preceding' && bound.offset.kind === 'number' && /^\d{1,7}$/.test(bound.offset.text)) {
    return Number(bound.offset.text);
  }
  faults.error('FSC3409', 'offset' in bound ? bound.offset.span : bound.span, 'the offset is no whole number', {
    help: 'write a whole number of rows, at most 9999999',
  });
  return undefined;
}

function rangeFrame(frame: Frame, isTotal: boolean, orderColumns: number, faults: Faults): RowFrame | null {
  const offset = [frame.start, frame.end].find((bound) => bound.kind === 'preceding');
  if (offset !== undefined && orderColumns !== 1) {
    return faults.error('FSC3409', frame.span, 'a RANGE offset with several ORDER BY columns', {
      cause: 'the databases measure the offset on one column',
      help: 'order by the event time alone',
    });
  }
  const start = frame.start.kind === 'unboundedPreceding' ? null : rangeOffset(frame.start, faults);
  const end = frame.end.kind === 'unboundedPreceding' ? undefined : rangeOffset(frame.end, faults);
  if (start === undefined || end === undefined)
    return frameEnd(frame, end === undefined && frame.end.kind === 'unboundedPreceding', faults);
  if (start !== null && start < end) return frameEnd(frame, true, faults);
  if (isTotal) return { mode: 'rows', start: start === null ? null : 0, end: 0 };
  return { mode: 'range', startMicros: start, endMicros: end };
}

function rangeOffset(bound: FrameBound, faults: Faults): number | undefined {
  if (bound.kind === 'currentRow') return 0;
  const value = bound.kind === 'preceding' ? intervalOf(bound.offset) : undefined;
  const micros = value === undefined ? -1 : value.days * MICROS_PER_DAY + value.micros;
  if (value !== undefined && value.months === 0 && value.days >= 0 && value.micros >= 0 && Number.isSafeInteger(micros))
    return micros;
  const help =
    value !== undefined && value.months !== 0
      ? 'count in days: the length of a month is not fixed'
      : "write INTERVAL '7 days'";
  faults.error('FSC3409', 'offset' in bound ? bound.offset.span : bound.span, 'the offset is no constant interval', {
    help,
  });
  return undefined;
}

function intervalOf(expr: Expr): ReturnType<typeof intervalValue> {
  if (expr.kind === 'interval') return intervalLiteral(expr.value, expr.unit);
  if (expr.kind === 'cast' && expr.type.name === 'interval' && expr.operand.kind === 'string')
    return intervalValue(expr.operand.value);
  return undefined;
}
