import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { MICROS_PER_DAY } from '../../runtime/values/types.ts';
import { bindTyped } from '../bind/expr.ts';
import { findExpr, hasNow, isNow } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { intervalHelp, intervalValue } from '../catalog/literals.ts';
import { nearest } from '../catalog/suggest.ts';
import { inserting, removing, replacing, textOf } from '../diagnostics/edits.ts';
import type { Expr, Frame, FrameBound, Identifier, OrderItem, WindowRef, WindowSpec } from '../parse/ast.ts';
import { isColumn, keylessHelp, moreThanOrder } from './aggregates.ts';
import { constantInterval, fractionLiteral, isFraction } from './constant-interval.ts';
import { eventContext } from './contexts.ts';
import { eventOrderText } from './naming.ts';
import type { RowFrame, SourcePlan } from './plan.ts';
import type { ResolvedSelect } from './relation.ts';

/** A window after names and inheritance were resolved and its order checked. */
export interface OverWindow {
  readonly partitionBy: readonly Expr[];
  /** Ordered by event time and the whole key: no ties. */
  readonly isTotal: boolean;
  /** Of what stands behind ORDER BY. */
  readonly order: WindowRef['span'];
  /** The frame of aggregates, first_value and last_value. */
  readonly frame: RowFrame;
  /** Of the frame as written; null: none is. */
  readonly frameSpan: WindowRef['span'] | null;
  readonly span: WindowRef['span'];
}

/** Functions that count rows, so that ties must be decided. */
const COUNTING = new Set(['lag', 'row_number', 'first_value', 'last_value']);

/** The window of a call of `name`. */
export function resolveOver(ref: WindowRef, name: string, select: ResolvedSelect, faults: Faults): OverWindow | null {
  const spec = windowSpec(ref, select, faults);
  if (spec === null) return null;
  if (spec.partitionBy.length === 0) return noPartition(ref, spec, faults);
  const now = [...spec.partitionBy, ...spec.orderBy.map((item) => item.expr)].find(hasNow);
  if (now !== undefined) {
    return faults.error('FSC3415', findExpr(now, isNow)?.span ?? now.span, 'now() inside OVER', {
      label: 'moves with the lookup, the window with its row',
    });
  }
  const source = select.relation.source.spec;
  const isTotal = checkOrder(spec, source, { name, span: ref.span, isCounted: isCounted(name, spec) }, faults);
  if (isTotal === null) return null;
  const order = spanOf(spec.orderBy);
  const frame = frameOf(spec.frame, { isTotal, order, columns: spec.orderBy.length, source }, faults);
  if (frame === null) return null;
  const { partitionBy } = spec;
  return { partitionBy, isTotal, order, frame, frameSpan: spec.frame?.span ?? null, span: ref.span };
}

/** A window that nothing uses must be right too: Postgres refuses it otherwise. */
export function checkWindows(select: ResolvedSelect, source: SourcePlan, faults: Faults): void {
  const seen = new Map<string, WindowRef['span']>();
  const context = eventContext(source, faults, 'over');
  for (const { name, spec } of select.windows) {
    const first = seen.get(name.name);
    if (first === undefined) seen.set(name.name, name.span);
    else {
      faults.error('FSC3423', name.span, `window \`${name.name}\` is defined twice`, {
        label: 'second time',
        secondary: [{ span: first, text: 'first time' }],
      });
    }
    for (const expr of [...spec.partitionBy, ...spec.orderBy.map((item) => item.expr)]) bindTyped(expr, context);
  }
}

function noPartition(ref: WindowRef, spec: WindowSpec, faults: Faults): null {
  const at = spec.span.start + 1;
  return faults.error('FSC3402', ref.span, 'OVER without PARTITION BY', {
    label: 'one window over all entities',
    help: 'add PARTITION BY with the entity’s columns',
    edits: spec.base === null ? inserting(at, `PARTITION BY entity${spec.orderBy.length > 0 ? ' ' : ''}`) : [],
    applicability: 'placeholder',
  });
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
  return faults.error('FSC3410', name.span, `window \`${name.name}\` does not exist`, {
    label: names.length === 0 ? 'no WINDOW clause' : 'not in the WINDOW clause',
    ...nearest(name.name, name.span, names, 'window'),
  });
}

/** DuckDB 1.5 forgets the PARTITION BY of a window's base's base. */
function derivedTwice(base: Identifier, spec: WindowSpec, faults: Faults): null {
  const newText = faults.file.text.slice(spec.span.start + 1, spec.span.end - 1).trim();
  return faults.error('FSC3425', base.span, `window \`${base.name}\` is derived from another one itself`, {
    label: 'a derived window',
    secondary: [{ span: spec.base?.span ?? spec.span, text: 'derived from this' }],
    help: `write what \`${base.name}\` says`,
    edits: newText.includes('\n') ? [] : [{ span: base.span, newText }],
  });
}

/** A derived window sees only those named before it, so there are no cycles. */
function inherit(spec: WindowSpec, select: ResolvedSelect, faults: Faults, before: number): WindowSpec | null {
  const { base } = spec;
  if (base === null) return spec;
  const index = select.windows.findIndex((window, at) => at < before && window.name.name === base.name);
  const found = select.windows[index];
  if (found === undefined) return unknownWindow(base, select, faults);
  if (found.spec.base !== null) return derivedTwice(base, found.spec, faults);
  const parent = found.spec;
  const clash =
    spec.partitionBy.length > 0 || (spec.orderBy.length > 0 && parent.orderBy.length > 0) || parent.frame !== null;
  if (clash) {
    const again = spec.partitionBy.length > 0 ? 'PARTITION BY' : parent.frame !== null ? 'a frame' : 'ORDER BY';
    return faults.error('FSC3418', base.span, `the window overrides its base \`${base.name}\``, {
      label: parent.frame !== null ? 'has a frame already' : `followed by ${again}`,
      secondary: [{ span: found.name.span, text: 'defined here' }],
    });
  }
  return {
    ...spec,
    base: null,
    partitionBy: parent.partitionBy,
    orderBy: parent.orderBy.length > 0 ? parent.orderBy : spec.orderBy,
  };
}

function isCounted(name: string, spec: WindowSpec): boolean {
  return spec.frame === null ? COUNTING.has(name) : spec.frame.mode === 'rows';
}

/** Of these, counted from the other end, another number would come. */
const RANKING: ReadonlySet<string> = new Set(['row_number', 'rank', 'dense_rank']);
const LATEST_ROW = "leave the number out, and a condition on it: an entity's value is its latest row anyway";

interface OverUse {
  readonly name: string;
  readonly span: WindowRef['span'];
  readonly isCounted: boolean;
}

/** True: no ties are left; false: ordered by event time alone; null after the fault was told. */
function checkOrder(spec: WindowSpec, source: SourceSpec, use: OverUse, faults: Faults): boolean | null {
  const names = [source.eventTimeColumn, ...source.keyColumns].map((index) => source.columns[index]?.name ?? '');
  const [first] = spec.orderBy;
  if (first === undefined) {
    const after = spec.partitionBy.at(-1)?.span.end ?? spec.span.start + 1;
    const isOwn = spec.span.start < after && after < spec.span.end;
    const order = use.isCounted ? names.join(', ') : names[0];
    return faults.error('FSC3403', use.span, 'OVER without ORDER BY', {
      label: 'in no order',
      help: `add ORDER BY ${order}`,
      edits: isOwn ? inserting(after, ` ORDER BY ${order}`) : [],
    });
  }
  const descending = spec.orderBy.filter((item) => item.direction === 'desc');
  for (const { expr, span: whole } of descending) {
    const word = { start: expr.span.end, end: whole.end };
    const isPlain = /^\s+desc$/i.test(textOf(faults.file, word));
    faults.error('FSC3404', whole, 'OVER ordered descending', {
      label: 'looks at later events first',
      ...(RANKING.has(use.name) ? { help: LATEST_ROW } : { edits: isPlain ? [{ span: word, newText: '' }] : [] }),
    });
  }
  if (descending.length > 0) return null;
  const wrong = spec.orderBy.find((item, index) => !isColumn(item, names[index]));
  if (wrong !== undefined && wrong === spec.orderBy[names.length] && source.keyColumns.length > 0) {
    return moreThanOrder(spec.orderBy, names.join(', '), 'FSC3403', names.length, faults);
  }
  if (wrong !== undefined) return wrongOrder(wrong, names, use.isCounted, faults);
  if (spec.orderBy.length > 1 && spec.orderBy.length < names.length) {
    const span = spanOf(spec.orderBy);
    return faults.error('FSC3405', span, 'the order leaves ties undecided', {
      label: 'a part of the key',
      help: `write ORDER BY ${names.join(', ')}`,
      edits: [{ span, newText: names.join(', ') }],
    });
  }
  return spec.orderBy.length === names.length && source.keyColumns.length > 0;
}

function wrongOrder(item: OrderItem, names: readonly string[], isCounted: boolean, faults: Faults): null {
  const whole = `ORDER BY ${names.join(', ')}`;
  const help = isCounted || names.length === 1 ? `write ${whole}` : `write ORDER BY ${names[0]}, or ${whole}`;
  return faults.error('FSC3403', item.span, 'OVER is not ordered by event time and key', {
    label: `not ${names
      .slice(0, 2)
      .map((name) => `\`${name}\``)
      .join(' or ')}`,
    help,
  });
}

function spanOf(items: readonly OrderItem[]): OrderItem['span'] {
  return { start: items[0]?.span.start ?? 0, end: items.at(-1)?.span.end ?? 0 };
}

/** Ties need a decision wherever rows are counted. */
export function needsTotalOrder(window: OverWindow, source: SourceSpec, what: string, faults: Faults): boolean {
  if (window.isTotal) return true;
  reportTies(window.order, source, `${what} needs an order without ties`, faults);
  return false;
}

function reportTies(order: WindowRef['span'], source: SourceSpec, message: string, faults: Faults): null {
  if (source.keyColumns.length === 0) {
    return faults.error('FSC3405', order, message, { label: 'leaves ties', help: keylessHelp(source) });
  }
  const newText = eventOrderText(source);
  return faults.error('FSC3405', order, message, {
    label: 'leaves ties',
    help: `write ORDER BY ${newText}`,
    edits: [{ span: order, newText }],
  });
}

interface FrameOrder {
  readonly isTotal: boolean;
  readonly order: WindowRef['span'];
  readonly columns: number;
  readonly source: SourceSpec;
}

function frameOf(frame: Frame | null, order: FrameOrder, faults: Faults): RowFrame | null {
  const { isTotal } = order;
  // Without ties the peers of a row are the row itself, so the default frame counts rows.
  if (frame === null)
    return isTotal ? { mode: 'rows', start: null, end: 0 } : { mode: 'range', startMicros: null, endMicros: 0 };
  const before = faults.errors;
  if (frame.mode === 'groups') {
    const word = { start: frame.span.start, end: frame.span.start + 'GROUPS'.length };
    faults.error('FSC3408', word, 'a GROUPS frame', { label: 'counts groups of equal event times' });
  }
  if (frame.exclude !== null && frame.exclude.what !== 'no others') {
    faults.error('FSC3407', frame.exclude.span, `EXCLUDE ${frame.exclude.what.toUpperCase()}`, {
      edits: removing(faults.file, frame.exclude.span),
    });
  }
  for (const bound of [frame.start, frame.end]) {
    if (bound.kind !== 'following' && bound.kind !== 'unboundedFollowing') continue;
    if (bound.kind === 'following' && isNone(bound.offset)) {
      faults.error('FSC3409', bound.span, 'the frame’s bound is the row itself', {
        label: 'at no distance',
        cause: 'a frame reaches no later event, and the row itself is CURRENT ROW',
        help: 'write CURRENT ROW',
        edits: replacing(bound.span, 'CURRENT ROW'),
      });
      continue;
    }
    faults.error('FSC3406', bound.span, 'the frame reads events later than the one it describes', {
      label:
        bound.kind === 'following'
          ? `reaches ${textOf(faults.file, bound.offset.span)} into the future`
          : 'reaches into the future',
      secondary: [{ span: order.order, text: 'the order of the events' }],
      ...(bound === frame.end ? { edits: [{ span: bound.span, newText: 'CURRENT ROW' }] } : {}),
    });
  }
  if (faults.errors > before) return null;
  if (frame.mode === 'rows') return rowsFrame(frame, order, faults);
  return rangeFrame(frame, isTotal, order.columns, faults);
}

/** `0` and `INTERVAL '0 days'`. */
function isNone(offset: Expr): boolean {
  if (offset.kind === 'number') return /^0+$/.test(offset.text);
  const value = constantInterval(offset);
  return value !== undefined && value.months === 0 && value.days === 0 && value.micros === 0;
}

function rowsFrame(frame: Frame, { isTotal, order, source }: FrameOrder, faults: Faults): RowFrame | null {
  const length = [frame.start, frame.end].find(
    (bound) => bound.kind === 'preceding' && constantInterval(bound.offset) !== undefined,
  );
  if (length?.kind === 'preceding') return otherMode(frame, length.offset, 'RANGE', faults);
  if (!isTotal) return reportTies(order, source, 'a ROWS frame needs an order without ties', faults);
  const start = frame.start.kind === 'unboundedPreceding' ? null : rowOffset(frame.start, faults);
  const end = frame.end.kind === 'unboundedPreceding' ? undefined : rowOffset(frame.end, faults);
  if (start === undefined || end === undefined)
    return frameEnd(frame, end === undefined && frame.end.kind === 'unboundedPreceding', faults);
  if (start !== null && start < end) return frameEnd(frame, true, faults);
  return { mode: 'rows', start, end };
}

/** The offset says that the other kind of frame was meant. */
function otherMode(frame: Frame, offset: Expr, mode: 'RANGE' | 'ROWS', faults: Faults): null {
  const word = { start: frame.span.start, end: frame.span.start + frame.mode.length };
  const [is, wants] = mode === 'RANGE' ? ['a length of time', 'counts rows'] : ['a number of rows', 'measures time'];
  return faults.error('FSC3409', offset.span, `the offset of a ${frame.mode.toUpperCase()} frame is ${is}`, {
    label: is,
    secondary: [{ span: word, text: wants }],
    help: `write ${mode}`,
    edits: replacing(word, mode),
  });
}

function frameEnd(frame: Frame, isReversed: boolean, faults: Faults): null {
  return isReversed
    ? faults.error('FSC3421', frame.span, 'the frame ends before it starts', { label: 'holds no row' })
    : null;
}

/** Undefined after the fault was told. */
function rowOffset(bound: FrameBound, faults: Faults): number | undefined {
  if (bound.kind === 'currentRow') return 0;
  if (bound.kind === 'preceding' && bound.offset.kind === 'number' && /^\d{1,7}$/.test(bound.offset.text)) {
    return Number(bound.offset.text);
  }
  faults.error('FSC3409', 'offset' in bound ? bound.offset.span : bound.span, 'the offset is no whole number', {
    label: 'no count of rows',
    help: 'write a whole number of rows, at most 9999999; a length of time belongs to a RANGE frame',
  });
  return undefined;
}

function rangeFrame(frame: Frame, isTotal: boolean, orderColumns: number, faults: Faults): RowFrame | null {
  const count = [frame.start, frame.end].find((bound) => bound.kind === 'preceding' && bound.offset.kind === 'number');
  if (count?.kind === 'preceding') return otherMode(frame, count.offset, 'ROWS', faults);
  const offset = [frame.start, frame.end].find((bound) => bound.kind === 'preceding');
  if (offset !== undefined && orderColumns !== 1) {
    return faults.error('FSC3409', offset.span, 'a RANGE offset with several ORDER BY columns', {
      label: 'measured on one column',
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
  const value = bound.kind === 'preceding' ? constantInterval(bound.offset) : undefined;
  if (bound.kind === 'preceding' && bound.offset.kind === 'string' && intervalValue(bound.offset.value) !== undefined) {
    faults.error('FSC3409', bound.offset.span, 'the offset is a text', {
      label: 'no length of time',
      help: 'write it as an interval',
      edits: inserting(bound.offset.span.start, 'INTERVAL '),
    });
    return undefined;
  }
  if (bound.kind === 'preceding' && isFraction(bound.offset)) {
    const newText = fractionLiteral(bound.offset);
    faults.error('FSC3409', bound.offset.span, 'the offset is a part of an interval', {
      label: 'no interval, nor a whole number of times one',
      help: `write the interval itself${newText === null ? ', such as' : ':'} \`${newText ?? "INTERVAL '90 minutes'"}\``,
      edits: newText === null ? [] : replacing(bound.offset.span, newText),
    });
    return undefined;
  }
  const micros = value === undefined ? -1 : value.days * MICROS_PER_DAY + value.micros;
  if (value !== undefined && value.months === 0 && value.days >= 0 && value.micros >= 0 && Number.isSafeInteger(micros))
    return micros;
  const isUnread = value === undefined && bound.kind === 'preceding' && bound.offset.kind === 'interval';
  const help = isUnread
    ? intervalHelp(bound.offset.value)
    : value !== undefined && value.months !== 0
      ? "count in days, such as INTERVAL '30 days': the length of a month is not fixed"
      : "write a length of time, such as INTERVAL '7 days'; a number of rows belongs to a ROWS frame";
  faults.error('FSC3409', 'offset' in bound ? bound.offset.span : bound.span, 'the offset is no constant interval', {
    label: value !== undefined && value.months !== 0 ? 'has no fixed length' : 'no length of time',
    help,
  });
  return undefined;
}
