import { unreachable } from '../../../runtime/values/errors.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type {
  AggregateCall,
  AggregateViewPlan,
  InstantBound,
  InstantWindow,
  PlanExpr,
  RowFrame,
  RowsViewPlan,
  Slot,
} from '../../plan/plan.ts';
import { exprKey } from '../js/print-expr.ts';
import { ExprUsers } from './expr-users.ts';

/** What a ring column's numbers stand for; runtime/state's GroupLayout has the same words. */
export type Holds = 'int' | 'double' | 'hybrid' | 'text';

export type StateViewPlan = AggregateViewPlan | RowsViewPlan;

/** A stage-1 expression kept with each event. */
export interface RingColumn {
  readonly expr: PlanExpr;
  readonly holds: Holds;
  /** Eight bytes a value, else four. */
  readonly isWide: boolean;
  /** Among the columns of the same width. */
  readonly place: number;
  readonly index: number;
}

/** One bit of an event's mask: all of `predicates` are TRUE and the column is not NULL. */
export interface Condition {
  readonly predicates: readonly PlanExpr[];
  readonly notNull: RingColumn | null;
  readonly index: number;
}

export type WindowShape =
  | { readonly kind: 'instant'; readonly window: InstantWindow }
  | { readonly kind: 'frame'; readonly of: Window; readonly frame: RowFrame };

/** A run of ring offsets [head, tail) that only moves forward. Windows that end alike share a tail. */
export interface Window {
  readonly shape: WindowShape;
  readonly tail: Tail;
  /** Field of the head; −1 where the window has no beginning, so that events are folded and forgotten. */
  readonly head: number;
  /** Index of the lower threshold (instant windows). */
  readonly threshold: number;
  readonly accumulators: Accumulator[];
}

export interface Tail {
  readonly shape:
    | { readonly kind: 'instant'; readonly upper: readonly InstantBound[] }
    | { readonly kind: 'frame'; readonly of: Window; readonly mode: 'range' | 'rows'; readonly end: number };
  readonly field: number;
  readonly threshold: number;
  readonly windows: Window[];
}

/**
 * `condition` −1: every event of the ring. `at`: first Float64 field. `position`: first Int32 field. Sums of integers are limbs of 32 bits with
 * slack. A `span` counts every event between a window's head and its tail, so nothing is kept for it.
 */
export type Accumulator =
  | { readonly kind: 'span'; readonly condition: -1; readonly at: -1 }
  | { readonly kind: 'count'; readonly condition: number; readonly at: number }
  | {
      readonly kind: 'sumInt' | 'sumWide' | 'sumDouble' | 'squareInt' | 'squareDouble';
      readonly condition: number;
      readonly column: RingColumn;
      readonly at: number;
    }
  | {
      readonly kind: 'min' | 'max';
      readonly condition: number;
      readonly column: RingColumn;
      readonly at: number;
      readonly deque: number;
      readonly position: number;
    }
  | {
      readonly kind: 'distinct';
      readonly condition: number;
      readonly column: RingColumn;
      readonly at: number;
      readonly index: number;
    }
  | {
      readonly kind: 'latest' | 'earliest';
      readonly condition: number;
      readonly column: RingColumn;
      readonly at: number;
      readonly position: number;
    };
export type AccumulatorKind = Accumulator['kind'];

/** How a view's slot is read from the state. */
export interface SlotReading {
  readonly slot: Slot;
  readonly window: Window;
  readonly accumulators: readonly Accumulator[];
  /** Columns read from the row itself (shape B): value, and lag's default. */
  readonly columns: readonly RingColumn[];
}

export interface ViewReading {
  readonly plan: StateViewPlan;
  readonly where: Window;
  /** Shape A: counts the rows that the SELECT groups. */
  readonly rows: Accumulator | null;
  readonly slots: readonly SlotReading[];
}

const MAX_WINDOWS_A_FUNCTION = 16;

/** Float64 fields of accumulators that add up integers. */
export const FIELDS = { count: 1, sumInt: 2, sumWide: 4, squareInt: 4 } as const;

/** Decides what a group keeps: each distinct expression, condition, window and accumulator once, whoever asks for it. */
export class Layout {
  readonly rows: boolean;
  readonly columns: RingColumn[] = [];
  readonly conditions: Condition[] = [];
  readonly tails: Tail[] = [];
  readonly windows: Window[] = [];
  readonly views: ViewReading[];
  /** Of what is computed for each event but its entity. */
  readonly users = new ExprUsers();
  readonly keyUsers = new ExprUsers();
  readonly keyColumns: number[];
  readonly deques: { readonly head: number; readonly tail: number }[] = [];
  readonly sums: number[] = [];
  readonly offsets: number[] = [];
  readonly reach: { field: number; back: number }[] = [];
  /** Int32 fields of a cursor. */
  positions = 0;
  /** Float64 fields of a cursor. */
  accumulators = 0;
  readonly distincts: Holds[] = [];
  readonly kept: { readonly at: number; readonly holds: Holds }[] = [];
  thresholds = 0;
  /** Some accumulator takes every event, so no event may be left out of the ring. */
  keepsAll = false;
  #columnsByKey = new Map<string, RingColumn>();
  #conditionsByKey = new Map<string, number>();
  #windowsByKey = new Map<string, Window>();
  #accumulatorsByKey = new Map<string, Accumulator>();

  constructor(views: readonly StateViewPlan[]) {
    const first = views[0] as StateViewPlan;
    this.rows = first.kind === 'rows';
    this.keyColumns = first.source.keyColumns.map((index) => this.#keyColumn(first, index));
    for (const view of views) this.#nameUsers(view);
    this.views = views.map((view) => (view.kind === 'rows' ? this.#rowsView(view) : this.#aggregateView(view)));
    for (const window of this.windows) {
      if (window.head >= 0) this.reach.push({ field: window.head, back: 0 });
      else this.reach.push({ field: window.tail.field, back: 0 });
    }
  }

  /** Doubles a record: event time and wide columns, then by halves narrow columns, masks and places of deques. */
  get stride(): number {
    return this.#wides + Math.ceil((this.#narrows + this.masks + this.deques.length) / 2);
  }

  /** Doubles a cursor: accumulators, then positions by halves. */
  get cursorStride(): number {
    return this.accumulators + Math.ceil(this.positions / 2);
  }

  /** A number of a record; `i` is the record's place among all. */
  value(column: RingColumn, i: string): string {
    if (column.isWide) return `f[(${i}) * ${this.stride} + ${1 + column.place}]`;
    return this.#int(2 * this.#wides + column.place, i);
  }

  mask(mask: number, i: string): string {
    return this.#int(2 * this.#wides + this.#narrows + mask, i);
  }

  time(i: string): string {
    return `f[(${i}) * ${this.stride}]`;
  }

  /** Where in a record of Int32 a deque has its place. */
  dequeField(deque: number): number {
    return 2 * this.#wides + this.#narrows + this.masks + deque;
  }

  /** Where a column stands in a record, of Float64 if it is wide, else of Int32. */
  field(column: RingColumn): number {
    return column.isWide ? 1 + column.place : 2 * this.#wides + column.place;
  }

  /** A test of an event's bit. */
  bit(condition: number, i: string): string {
    return `(${this.mask(condition >> 5, i)} & ${1 << (condition & 31)}) !== 0`;
  }

  #int(field: number, i: string): string {
    return `g[(${i}) * ${2 * this.stride} + ${field}]`;
  }

  get #wides(): number {
    return 1 + this.columns.filter((column) => column.isWide).length;
  }

  get #narrows(): number {
    return this.columns.filter((column) => !column.isWide).length;
  }

  get masks(): number {
    return Math.ceil(this.conditions.length / 32);
  }

  /** The bit "column is not NULL", −1 where it never is. */
  notNull(column: RingColumn): number {
    return mayBeNull(column.expr) ? this.#condition([], column) : -1;
  }

  #keyColumn(view: StateViewPlan, index: number): number {
    const spec = view.source.columns[index];
    if (spec === undefined) throw new Error(`source ${view.source.name} has no column ${index}`);
    const span = { start: 0, end: 0 };
    return this.#column({ kind: 'column', column: index, name: spec.name, type: spec.type, span }, null).index;
  }

  #nameUsers({ spec, entity, where }: StateViewPlan): void {
    const view = spec.name;
    entity.forEach((expr, index) => {
      this.keyUsers.add(expr, view, [spec.entity[index]?.name ?? 'key']);
    });
    if (where !== null) this.users.add(where, view, ['WHERE']);
  }

  #aggregateView(plan: AggregateViewPlan): ViewReading {
    const where = plan.where === null ? [] : [plan.where];
    const window = this.#instant(plan.whereWindow);
    const rows = this.#accumulator(window, 'count', this.#condition(where, null), null);
    const slots = plan.slots.map((slot, index) => {
      if (slot.kind !== 'aggregate') throw new Error(`slot ${slot.kind} in an aggregate view`);
      const over = this.#instant(bothWindows(plan.whereWindow, slot.window));
      const predicates = slot.filter === null ? where : [...where, slot.filter];
      const users = slotUsers(plan, index);
      if (slot.filter !== null) this.users.add(slot.filter, users.view, users.columns);
      const accumulators = this.#aggregate(over, slot.call, predicates, users);
      return { slot, window: over, accumulators, columns: [] };
    });
    return { plan, where: window, rows, slots };
  }

  #rowsView(plan: RowsViewPlan): ViewReading {
    const where = this.#instant(plan.whereWindow);
    let lag = 0;
    const slots = plan.slots.map((slot, index): SlotReading => {
      const users = slotUsers(plan, index);
      switch (slot.kind) {
        case 'aggregate':
          throw new Error('slot aggregate in a rows view');
        case 'rowValue':
          return { slot, window: where, accumulators: [], columns: [this.#nullableColumn(slot.expr, users)] };
        case 'rowNumber':
          return { slot, window: where, accumulators: [this.#accumulator(where, 'count', -1, null)], columns: [] };
        case 'lag': {
          lag = Math.max(lag, slot.offset);
          const columns = [this.#nullableColumn(slot.expr, users)];
          if (slot.otherwise !== null) columns.push(this.#nullableColumn(slot.otherwise, users));
          return { slot, window: where, accumulators: [], columns };
        }
        case 'frame': {
          const over = this.#frame(where, slot.frame);
          const predicates = slot.filter === null ? [] : [slot.filter];
          if (slot.filter !== null) this.users.add(slot.filter, users.view, users.columns);
          return { slot, window: over, accumulators: this.#aggregate(over, slot.call, predicates, users), columns: [] };
        }
        case 'frameValue': {
          const over = this.#frame(where, slot.frame);
          const column = this.#nullableColumn(slot.expr, users);
          const kind = slot.which === 'first' ? 'earliest' : 'latest';
          return { slot, window: over, accumulators: [this.#accumulator(over, kind, -1, column)], columns: [] };
        }
        default:
          return unreachable(slot);
      }
    });
    this.reach.push({ field: where.tail.field, back: lag + 1 });
    return { plan, where, rows: null, slots };
  }

  #aggregate(window: Window, call: AggregateCall, predicates: readonly PlanExpr[], users: SlotUsers): Accumulator[] {
    if (call.arg === null) return [this.#accumulator(window, 'count', this.#condition(predicates, null), null)];
    if (call.fn === 'bool_and' || call.fn === 'bool_or') {
      const known = this.#accumulator(
        window,
        'count',
        this.#condition(predicates, this.#column(call.arg, users)),
        null,
      );
      const truth = this.#accumulator(window, 'count', this.#condition([...predicates, call.arg], null), null);
      return [known, truth];
    }
    if (call.fn === 'latest' || call.fn === 'earliest') {
      const column = this.#nullableColumn(call.arg, users);
      return [this.#accumulator(window, call.fn, this.#condition(predicates, null), column)];
    }
    const column = this.#column(call.arg, users);
    const condition = this.#condition(predicates, column);
    const take = (kind: AccumulatorKind): Accumulator =>
      this.#accumulator(window, kind, condition, kind === 'count' ? null : column);
    if (call.distinct) {
      if (call.fn !== 'count') return call.fn === 'min' || call.fn === 'max' ? [take(call.fn)] : unsupported(call);
      return [take('distinct')];
    }
    switch (call.fn) {
      case 'count':
        return [take('count')];
      case 'sum':
      case 'avg':
        return [take(sumKind(column, call.argType)), take('count')];
      case 'min':
      case 'max':
        return [take(call.fn)];
      case 'var_samp':
      case 'var_pop':
      case 'stddev_samp':
      case 'stddev_pop':
        return column.holds === 'int'
          ? [take('sumInt'), take('squareInt'), take('count')]
          : [take('sumDouble'), take('squareDouble'), take('count')];
      default:
        return unsupported(call);
    }
  }

  #nullableColumn(expr: PlanExpr, users: SlotUsers): RingColumn {
    const column = this.#column(expr, users);
    this.notNull(column);
    return column;
  }

  #column(expr: PlanExpr, users: SlotUsers | null): RingColumn {
    if (users !== null) this.users.add(expr, users.view, users.columns);
    const key = exprKey(expr);
    const known = this.#columnsByKey.get(key);
    if (known !== undefined) return known;
    const kept = storage(expr);
    const place = this.columns.filter((column) => column.isWide === kept.isWide).length;
    const column: RingColumn = { expr, ...kept, place, index: this.columns.length };
    this.columns.push(column);
    this.#columnsByKey.set(key, column);
    return column;
  }

  #condition(predicates: readonly PlanExpr[], column: RingColumn | null): number {
    const notNull = column !== null && mayBeNull(column.expr) ? column : null;
    // In shape B nothing but what passes WHERE is in the ring; NULL flags alone keep no event.
    if (predicates.length === 0 && notNull === null) {
      this.keepsAll = true;
      return -1;
    }
    const key = JSON.stringify([predicates.map(exprKey).sort(), notNull?.index ?? -1]);
    const known = this.#conditionsByKey.get(key);
    if (known !== undefined) return known;
    const index = this.conditions.length;
    this.conditions.push({ predicates, notNull, index });
    this.#conditionsByKey.set(key, index);
    return index;
  }

  #instant(window: InstantWindow): Window {
    const key = `i${JSON.stringify([sorted(window.lower), sorted(window.upper)])}`;
    const known = this.#windowsByKey.get(key);
    if (known !== undefined) return known;
    const tail = this.#tail(`i${JSON.stringify(sorted(window.upper))}`, { kind: 'instant', upper: window.upper });
    const bounded = window.lower.length > 0;
    return this.#window(key, { kind: 'instant', window }, tail, bounded, bounded ? this.thresholds++ : -1);
  }

  #frame(of: Window, frame: RowFrame): Window {
    const where = this.windows.indexOf(of);
    const end = frame.mode === 'range' ? frame.endMicros : frame.end;
    const start = frame.mode === 'range' ? frame.startMicros : frame.start;
    const key = `f${JSON.stringify([where, frame.mode, start, end])}`;
    const known = this.#windowsByKey.get(key);
    if (known !== undefined) return known;
    const tail = this.#tail(`f${JSON.stringify([where, frame.mode, end])}`, {
      kind: 'frame',
      of,
      mode: frame.mode,
      end,
    });
    return this.#window(key, { kind: 'frame', of, frame }, tail, start !== null || of.head >= 0, -1);
  }

  #window(key: string, shape: WindowShape, tail: Tail, bounded: boolean, threshold: number): Window {
    const window: Window = { shape, tail, head: bounded ? this.#offset() : -1, threshold, accumulators: [] };
    tail.windows.push(window);
    this.windows.push(window);
    this.#windowsByKey.set(key, window);
    return window;
  }

  #tail(key: string, shape: Tail['shape']): Tail {
    const known = this.tails.findLast((tail) => tailKey(this, tail) === key);
    if (known !== undefined && known.windows.length < MAX_WINDOWS_A_FUNCTION) return known;
    const tail: Tail = {
      shape,
      field: this.#offset(),
      threshold: shape.kind === 'instant' ? this.thresholds++ : -1,
      windows: [],
    };
    this.tails.push(tail);
    return tail;
  }

  #offset(): number {
    this.offsets.push(this.positions);
    return this.positions++;
  }

  #accumulator(window: Window, kind: AccumulatorKind, condition: number, column: RingColumn | null): Accumulator {
    if (condition === -1) this.keepsAll = true;
    if (kind === 'count' && condition === -1 && window.head >= 0) return { kind: 'span', condition, at: -1 };
    const key = JSON.stringify([this.windows.indexOf(window), kind, condition, column?.index ?? -1]);
    const known = this.#accumulatorsByKey.get(key);
    if (known !== undefined) return known;
    const accumulator = this.#newAccumulator(window, kind, condition, column);
    window.accumulators.push(accumulator);
    this.#accumulatorsByKey.set(key, accumulator);
    return accumulator;
  }

  #newAccumulator(window: Window, kind: AccumulatorKind, condition: number, maybe: RingColumn | null): Accumulator {
    const at = this.accumulators;
    if (kind === 'count') {
      this.accumulators += FIELDS[kind];
      return { kind, condition, at };
    }
    const column = maybe as RingColumn;
    const bounded = window.head >= 0;
    switch (kind) {
      case 'sumInt':
      case 'sumWide':
      case 'squareInt':
        this.accumulators += FIELDS[kind];
        return { kind, condition, column, at };
      case 'span':
        throw new Error('nothing is kept for a span');
      case 'sumDouble':
      case 'squareDouble':
        this.sums.push(at);
        this.accumulators += 1;
        return { kind, condition, column, at };
      case 'distinct':
        this.accumulators += 1;
        return { kind, condition, column, at, index: this.distincts.push(column.holds) - 1 };
      case 'min':
      case 'max': {
        if (!bounded) {
          this.accumulators += 2;
          this.kept.push({ at, holds: column.holds });
          return { kind, condition, column, at, deque: -1, position: -1 };
        }
        const position = this.positions;
        this.positions += 2;
        this.deques.push({ head: position, tail: position + 1 });
        return { kind, condition, column, at: -1, deque: this.deques.length - 1, position };
      }
      case 'latest':
      case 'earliest':
        if (bounded) return { kind, condition, column, at: -1, position: this.#offset() };
        this.accumulators += 2;
        this.kept.push({ at, holds: column.holds });
        return { kind, condition, column, at, position: -1 };
      default:
        return unreachable(kind);
    }
  }
}

function tailKey(layout: Layout, tail: Tail): string {
  const { shape } = tail;
  if (shape.kind === 'instant') return `i${JSON.stringify(sorted(shape.upper))}`;
  return `f${JSON.stringify([layout.windows.indexOf(shape.of), shape.mode, shape.end])}`;
}

function bothWindows(a: InstantWindow, b: InstantWindow): InstantWindow {
  return { lower: [...a.lower, ...b.lower], upper: [...a.upper, ...b.upper] };
}

/** Bounds as a set: equal ones once, in a fixed order. */
function sorted(bounds: readonly InstantBound[]): string[] {
  const keys = bounds.map((b) => JSON.stringify([b.trunc, b.offsetMonths, b.offsetMicros, b.inclusive]));
  return [...new Set(keys)].sort();
}

/** Four bytes where the type has no more; a date that is computed may be out of their range. */
function storage(expr: PlanExpr): { holds: Holds; isWide: boolean } {
  const { type } = expr;
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'boolean':
      return { holds: 'int', isWide: false };
    case 'date':
      return { holds: 'int', isWide: expr.kind !== 'column' };
    case 'timestamp':
    case 'timestamptz':
      return { holds: 'int', isWide: true };
    case 'decimal':
      return { holds: type.precision <= 15 ? 'int' : 'hybrid', isWide: true };
    case 'bigint':
      return { holds: 'hybrid', isWide: true };
    case 'real':
    case 'double':
      return { holds: 'double', isWide: true };
    case 'text':
      return { holds: 'text', isWide: false };
    case 'interval':
    case 'unknown':
      throw new Error(`a value of type ${type.kind} cannot be kept in the state`);
    default:
      return unreachable(type);
  }
}

function sumKind(column: RingColumn, type: SqlType | null): AccumulatorKind {
  if (column.holds === 'double') return 'sumDouble';
  if (type?.kind === 'boolean') throw new Error('sum of booleans');
  return column.holds === 'hybrid' ? 'sumWide' : 'sumInt';
}

function mayBeNull(expr: PlanExpr): boolean {
  if (expr.kind === 'const') return expr.value === null;
  return expr.kind !== 'isNull';
}

function unsupported(call: AggregateCall): never {
  throw new Error(`the stream operators do not know the aggregate ${call.fn}${call.distinct ? ' distinct' : ''}`);
}

/** What reads a slot: who is told of an expression error. */
interface SlotUsers {
  readonly view: string;
  readonly columns: readonly string[];
}

function slotUsers(plan: StateViewPlan, slot: number): SlotUsers {
  const columns = plan.outputs.filter((output) => readsSlot(output.expr, slot)).map((output) => output.name);
  if (plan.kind === 'aggregate' && plan.having !== null && readsSlot(plan.having, slot)) columns.push('HAVING');
  if (columns.length === 0) columns.push(`slot ${slot}`);
  return { view: plan.spec.name, columns };
}

function readsSlot(expr: PlanExpr, slot: number): boolean {
  switch (expr.kind) {
    case 'slot':
      return expr.slot === slot;
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
      return expr.args.some((arg) => readsSlot(arg, slot));
    case 'not':
    case 'isNull':
      return readsSlot(expr.arg, slot);
    case 'case':
      return (
        readsSlot(expr.otherwise, slot) ||
        expr.whens.some((branch) => readsSlot(branch.when, slot) || readsSlot(branch.then, slot))
      );
    default:
      return false;
  }
}
