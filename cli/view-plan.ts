/** A view's plan in words, for `explain`: what is done for each record, what is kept for each entity, what is left for a lookup. */
import { planChildren } from '../compiler/bind/walk.ts';
import type { InstantBound, InstantWindow, PlanExpr, RowFrame, Slot, ViewPlan } from '../compiler/plan/plan.ts';
import type { Program } from '../runtime/state/program.ts';
import { counted } from '../runtime/values/counted.ts';
import { unreachable } from '../runtime/values/errors.ts';
import {
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  printType,
} from '../runtime/values/types.ts';

export interface SlotWords {
  readonly slot: number;
  readonly what: string;
  /** Which records it is over, by their time; null: it belongs to the latest row. */
  readonly window: string | null;
  readonly where: string | null;
  readonly type: string;
}

export interface OutputWords {
  readonly name: string;
  readonly type: string;
  /** null: it is the entity's, not a feature. */
  readonly agreement: 'exact' | 'double' | null;
  readonly expression: string;
  /** It is this slot, as it stands. */
  readonly slot: number | null;
  /** Those that the expression reads. */
  readonly slots: readonly number[];
}

export interface ViewWords {
  readonly view: string;
  readonly shape: ViewPlan['kind'];
  readonly summary: string;
  readonly file: string;
  readonly fingerprint: string;
  readonly owner: string | null;
  readonly description: string | null;
  readonly source: string;
  readonly entity: readonly { readonly name: string; readonly type: string }[];
  readonly enrich: {
    readonly where: string | null;
    readonly window: string | null;
    readonly entity: readonly string[];
  };
  readonly joins: readonly { readonly view: string; readonly inner: boolean; readonly on: readonly string[] }[];
  readonly aggregate: readonly SlotWords[];
  readonly project: readonly OutputWords[];
  /** A row that fails it is no row: HAVING, or WHERE of a request view. */
  readonly filter: string | null;
  readonly state: readonly string[];
  /** Null for a request view, which keeps nothing. */
  readonly stateBytes: StateBytes | null;
}

/** Of the group whose events and entities the view shares. */
export interface StateBytes {
  readonly event: number;
  readonly entity: number;
  readonly sharedWith: readonly string[];
}

export function stateBytesOf(program: Program, name: string): StateBytes | null {
  const group = program.groups.find((candidate) => candidate.views.includes(name));
  if (group === undefined) return null;
  const { eventBytes: event, entityBytes: entity, views } = group;
  return { event, entity, sharedWith: views.filter((view) => view !== name) };
}

export function viewWords(view: ViewPlan, stateBytes: StateBytes | null): ViewWords {
  const { spec } = view;
  const text = new PlanText(view);
  const isRequest = view.kind === 'request';
  const filter = isRequest ? view.where : view.kind === 'aggregate' ? view.having : null;
  return {
    view: spec.name,
    shape: view.kind,
    summary: summaryOf(view),
    file: view.file.path,
    fingerprint: spec.fingerprint,
    owner: spec.owner,
    description: spec.description,
    source: spec.source,
    entity: spec.entity.map(({ name, type }) => ({ name, type: printType(type) })),
    enrich: {
      where: isRequest || view.where === null ? null : text.expr(view.where),
      window: isRequest ? null : text.window(view.whereWindow),
      entity: isRequest ? [] : view.entity.map((expr) => text.expr(expr)),
    },
    joins: isRequest
      ? view.joins.map((join) => ({
          view: join.view.spec.name,
          inner: join.inner,
          on: join.keys.map((key, i) => `${join.view.spec.entity[i]?.name ?? '?'} = ${text.expr(key)}`),
        }))
      : [],
    aggregate: isRequest ? [] : view.slots.map((slot, i) => text.slot(slot, i)),
    project: view.outputs.map(({ name, type, expr }, ordinal) => ({
      name,
      type: printType(type),
      agreement: spec.features.find((feature) => feature.ordinal === ordinal)?.agreement ?? null,
      expression: text.expr(expr),
      slot: expr.kind === 'slot' ? expr.slot : null,
      slots: [...new Set(slotsOf(expr))].sort((a, b) => a - b),
    })),
    filter: filter === null ? null : text.expr(filter),
    state: spec.stateNotes,
    stateBytes,
  };
}

function summaryOf(view: ViewPlan): string {
  const entity = view.spec.entity.map(({ name }) => name).join(', ');
  switch (view.kind) {
    case 'aggregate':
      return `aggregates over ${view.source.name}, a row for each ${entity}`;
    case 'rows':
      return `rows of ${view.source.name}; the latest one for each ${entity}`;
    case 'request':
      return `joins what a caller sends (${view.request.name}) with other views, all at one instant`;
    default:
      return unreachable(view);
  }
}

/** Expressions are shown in the user's own words. */
class PlanText {
  readonly #view: ViewPlan;
  readonly #eventTime: string;
  /** WHERE has a window, which holds for every slot. */
  readonly #isWindowed: boolean;

  constructor(view: ViewPlan) {
    this.#view = view;
    this.#isWindowed = view.kind !== 'request' && view.whereWindow.lower.length + view.whereWindow.upper.length > 0;
    this.#eventTime = view.kind === 'request' ? '' : (view.source.columns[view.source.eventTimeColumn]?.name ?? '');
  }

  expr(expr: PlanExpr): string {
    // Conjuncts may come from several places of the text.
    if (expr.kind === 'and') return expr.args.map((arg) => this.#operand(arg)).join(' AND ');
    return this.#view.file.text.slice(expr.span.start, expr.span.end).replace(/\s+/g, ' ').trim();
  }

  #operand(expr: PlanExpr): string {
    return expr.kind === 'or' ? `(${this.expr(expr)})` : this.expr(expr);
  }

  /** null: whatever their time. */
  window(window: InstantWindow): string | null {
    const bounds = [
      ...window.lower.map((bound) => `${bound.inclusive ? '>=' : '>'} ${boundText(bound)}`),
      ...window.upper.map((bound) => `${bound.inclusive ? '<=' : '<'} ${boundText(bound)}`),
    ];
    return bounds.length === 0 ? null : bounds.map((bound) => `${this.#eventTime} ${bound}`).join(' AND ');
  }

  slot(slot: Slot, index: number): SlotWords {
    const base = { slot: index, type: printType(slot.type) };
    const where = (filter: PlanExpr | null): string | null => (filter === null ? null : this.expr(filter));
    switch (slot.kind) {
      case 'aggregate': {
        const window = this.window(slot.window) ?? (this.#isWindowed ? 'all that counts' : 'the whole history');
        return { ...base, what: this.#call(slot.call), window, where: where(slot.filter) };
      }
      case 'frame':
        return { ...base, what: this.#call(slot.call), window: frameText(slot.frame), where: where(slot.filter) };
      case 'frameValue':
        return {
          ...base,
          what: `the ${slot.which} ${this.expr(slot.expr)}`,
          window: frameText(slot.frame),
          where: null,
        };
      case 'rowValue':
        return { ...base, what: this.expr(slot.expr), window: null, where: null };
      case 'lag': {
        const rows = slot.offset === 1 ? 'the row before' : `${slot.offset} rows before`;
        return { ...base, what: `${this.expr(slot.expr)} of ${rows}`, window: null, where: null };
      }
      case 'rowNumber':
        return { ...base, what: 'the number of the row', window: null, where: null };
      default:
        return unreachable(slot);
    }
  }

  #call(call: Extract<Slot, { kind: 'aggregate' }>['call']): string {
    if (call.arg === null) return 'count(*)';
    return `${call.fn}(${call.distinct ? 'DISTINCT ' : ''}${this.expr(call.arg)})`;
  }
}

function boundText({ trunc, offsetMonths, offsetMicros }: InstantBound): string {
  const base = trunc === null ? 'now()' : `date_trunc('${trunc}', now())`;
  const months = offsetMonths === 0 ? '' : ` ${sign(offsetMonths)} ${counted(Math.abs(offsetMonths), 'month')}`;
  const micros = offsetMicros === 0 ? '' : ` ${sign(offsetMicros)} ${durationText(Math.abs(offsetMicros))}`;
  return `${base}${months}${micros}`;
}

function sign(value: number): string {
  return value < 0 ? '-' : '+';
}

function frameText(frame: RowFrame): string {
  const end = frame.mode === 'range' ? frame.endMicros : frame.end;
  const unit = frame.mode === 'range' ? durationText : (rows: number): string => counted(rows, 'row');
  const start = frame.mode === 'range' ? frame.startMicros : frame.start;
  const from = start === null ? 'the first row' : start === 0 ? 'the row' : `${unit(start)} before the row`;
  if (end !== 0) return `from ${from} to ${unit(end)} before it`;
  return frame.mode === 'range' ? `from ${from} to it, and rows of the same time` : `from ${from} to it`;
}

/** In the greatest unit that it is whole in. */
function durationText(micros: number): string {
  const units = [
    [MICROS_PER_DAY, 'day'],
    [MICROS_PER_HOUR, 'hour'],
    [MICROS_PER_MINUTE, 'minute'],
    [MICROS_PER_SECOND, 'second'],
  ] as const;
  const [length, name] = units.find(([unit]) => micros >= unit && micros % unit === 0) ?? [1, 'microsecond'];
  return counted(micros / length, name);
}

function slotsOf(expr: PlanExpr): number[] {
  return expr.kind === 'slot' ? [expr.slot] : planChildren(expr).flatMap(slotsOf);
}
