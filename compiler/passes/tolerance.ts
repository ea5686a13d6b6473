/**
 * How far two machines' answers to one view may be apart (design.md section 4), as moves.
 *
 * Tolerances are said of aggregates (a sum of doubles within 1e-9·Σ|x|) and of single operations (a division within 2 ulp); an output is an
 * expression over them. So each place where machines may differ is moved by its tolerance, up and down, one at a time; an output's own tolerance
 * is the sum of what these moves do to it (cli/tolerances.ts evaluates them). Pure: a plan in, plans out.
 */
import { callNamed, isFloat } from '../bind/coerce.ts';
import { aggregateNamed, scalarNamed } from '../bind/registry.ts';
import { mapChildren, planChildren } from '../bind/walk.ts';
import type { AggregateCall, Output, PlanExpr, RequestViewPlan, Slot, ViewPlan } from '../plan/plan.ts';
import { Agreement } from './agreement.ts';

type LogViewPlan = Exclude<ViewPlan, RequestViewPlan>;

/** How the value of a slot may move. `scale` and `instead` are slots of `SlotMoves.plan`. */
export type SlotMove =
  /** Within 1e-9 times the scale. */
  | { readonly kind: 'around'; readonly slot: number; readonly scale: number }
  /** The same, never below 0. */
  | { readonly kind: 'variance'; readonly slot: number; readonly scale: number }
  /** The same of its square. */
  | { readonly kind: 'deviation'; readonly slot: number; readonly scale: number }
  /** Within a share of itself. */
  | { readonly kind: 'share'; readonly slot: number; readonly share: number }
  /** It may be either of these. */
  | { readonly kind: 'instead'; readonly slot: number; readonly instead: readonly number[] };

export interface SlotMoves {
  /** Gives each entity's key, then all slots: the view's own, then those that the moves need. It has every entity, whatever HAVING says. */
  readonly plan: LogViewPlan;
  readonly moves: readonly SlotMove[];
}

export interface PlaceMoves {
  /** The view with further outputs: its own ones with an operation moved. */
  readonly plan: ViewPlan;
  /** For each place: the ordinal of the output that it is in, and those of the output moved. */
  readonly places: readonly { readonly ordinal: number; readonly moved: readonly number[] }[];
}

const DOUBLE = { kind: 'double' } as const;
const RELATIVE = 1e-9;
/** As shares: an ulp is at most 2^-52 of its value, or 2^-23 for real. */
const ULP = 2 ** -52;
const REAL_ULP = 2 ** -23;
const AVERAGE_ULPS = 2;
const DIVISION_ULPS = 2;
const FUNCTION_ULPS = 4;

/** IEEE rounds these alike everywhere, or they give one of the values that they were given. */
const SAME_EVERYWHERE = new Set(['add', 'subtract', 'multiply', 'negate', 'abs', 'cast', 'greatest', 'least']);

export function slotMoves(view: LogViewPlan): SlotMoves {
  const finder = new SlotMoveFinder(view);
  const moves = view.slots.flatMap((slot, i) => finder.movesOf(slot, i));
  const { querySpan: span } = view;
  const keys = view.entity.map((entity, key): Output => {
    return { name: `k${key}`, span, type: entity.type, expr: { kind: 'key', key, type: entity.type, span } };
  });
  const slots = finder.slots.map((slot, i): Output => {
    return { name: `s${i}`, span, type: slot.type, expr: { kind: 'slot', slot: i, type: slot.type, span } };
  });
  const changed = { slots: finder.slots, outputs: [...keys, ...slots] };
  const plan: LogViewPlan = view.kind === 'aggregate' ? { ...view, ...changed, having: null } : { ...view, ...changed };
  return { plan, moves };
}

/** null: no operation of the view's outputs may differ by itself. */
export function placeMoves(view: ViewPlan): PlaceMoves | null {
  const outputs: Output[] = [...view.outputs];
  const places = view.outputs.flatMap((output, ordinal) =>
    placesOf(output.expr).map((moves) => {
      const moved = moves.map((expr, i) => outputs.push({ ...output, name: `${output.name} ${i}`, expr }) - 1);
      return { ordinal, moved };
    }),
  );
  return places.length === 0 ? null : { plan: { ...view, outputs }, places };
}

/** For each operation inside `expr` in which machines may differ: the whole expression with it moved up, and down. */
function placesOf(expr: PlanExpr): readonly (readonly PlanExpr[])[] {
  const own = expr.kind === 'call' ? callMoves(expr) : [];
  const inside = planChildren(expr).flatMap((child, index) =>
    placesOf(child).map((moves) => moves.map((moved) => withChild(expr, index, moved))),
  );
  return own.length === 0 ? inside : [own, ...inside];
}

function callMoves(expr: Extract<PlanExpr, { kind: 'call' }>): readonly PlanExpr[] {
  if (!isFloat(expr.type) || SAME_EVERYWHERE.has(expr.fn)) return [];
  const types = expr.args.map((arg) => arg.type);
  const constants = expr.args.map((arg) => (arg.kind === 'const' ? arg.value : undefined));
  const resolution = scalarNamed(expr.fn)?.resolve(types, constants, null);
  if (resolution?.ok !== true || resolution.agreement !== 'double') return [];
  const ulps = expr.fn === 'divide' ? DIVISION_ULPS : FUNCTION_ULPS;
  const share = ulps * (expr.type.kind === 'real' ? REAL_ULP : ULP);
  return [1 + share, 1 - share].map((factor) => scaled(expr, factor));
}

function scaled(expr: PlanExpr, factor: number): PlanExpr {
  const { span, type } = expr;
  const product = callNamed(
    'multiply',
    [asDouble(expr), { kind: 'const', value: factor, type: DOUBLE, span }],
    DOUBLE,
    span,
  );
  return type.kind === 'double' ? product : callNamed('cast', [product], type, span);
}

function withChild(expr: PlanExpr, index: number, child: PlanExpr): PlanExpr {
  let at = -1;
  return mapChildren(expr, (old) => {
    at += 1;
    return at === index ? child : old;
  });
}

/** What the moves need to know besides (Σ|x| and the like) is computed as further slots. */
class SlotMoveFinder {
  readonly slots: Slot[];
  readonly #agreement: Agreement;

  constructor(view: LogViewPlan) {
    this.slots = [...view.slots];
    this.#agreement = new Agreement(view);
  }

  movesOf(slot: Slot, index: number): readonly SlotMove[] {
    const leaf: PlanExpr = { kind: 'slot', slot: index, type: slot.type, span: { start: 0, end: 0 } };
    if (!this.#agreement.isInexact(leaf)) return [];
    if (slot.kind === 'aggregate' || slot.kind === 'frame') {
      const { fn, arg, argType, distinct } = slot.call;
      const resolution = aggregateNamed(fn)?.resolve(argType === null ? [] : [argType], distinct);
      if (arg !== null && resolution?.ok === true && resolution.agreement === 'double') {
        return [this.#aggregateMove(slot, index, arg)];
      }
    }
    return movedArguments(slot).map((slots) => ({
      kind: 'instead',
      slot: index,
      instead: slots.map((other) => this.slots.push(other) - 1),
    }));
  }

  #aggregateMove(slot: Extract<Slot, { call: AggregateCall }>, index: number, arg: PlanExpr): SlotMove {
    const { fn } = slot.call;
    switch (fn) {
      case 'var_samp':
      case 'var_pop':
        return { kind: 'variance', slot: index, scale: this.#scale(slot, 'avg', square(arg)) };
      case 'stddev_samp':
      case 'stddev_pop':
        return { kind: 'deviation', slot: index, scale: this.#scale(slot, 'avg', square(arg)) };
      default:
        if (!isFloat(arg.type)) return { kind: 'share', slot: index, share: AVERAGE_ULPS * ULP };
        return {
          kind: 'around',
          slot: index,
          scale: this.#scale(slot, fn, callNamed('abs', [asDouble(arg)], DOUBLE, arg.span)),
        };
    }
  }

  /** The aggregate `fn` of another argument over the same events. */
  #scale(slot: Extract<Slot, { call: AggregateCall }>, fn: string, arg: PlanExpr): number {
    return (
      this.slots.push({ ...slot, call: { ...slot.call, fn, arg, argType: DOUBLE, type: DOUBLE }, type: DOUBLE }) - 1
    );
  }
}

/** For a value that is taken as it is (min, latest, lag …) from an expression with operations that may differ: the slot with each one moved. */
function movedArguments(slot: Slot): readonly (readonly Slot[])[] {
  switch (slot.kind) {
    case 'aggregate':
    case 'frame': {
      const { call } = slot;
      if (call.arg === null) return [];
      return placesOf(call.arg).map((moves) => moves.map((arg) => ({ ...slot, call: { ...call, arg } })));
    }
    case 'rowValue':
    case 'frameValue':
      return placesOf(slot.expr).map((moves) => moves.map((expr) => ({ ...slot, expr })));
    case 'lag': {
      const here = placesOf(slot.expr).map((moves) => moves.map((expr) => ({ ...slot, expr })));
      if (slot.otherwise === null) return here;
      return [...here, ...placesOf(slot.otherwise).map((moves) => moves.map((otherwise) => ({ ...slot, otherwise })))];
    }
    case 'rowNumber':
      return [];
  }
}

function square(arg: PlanExpr): PlanExpr {
  return callNamed('multiply', [asDouble(arg), asDouble(arg)], DOUBLE, arg.span);
}

function asDouble(expr: PlanExpr): PlanExpr {
  return expr.type.kind === 'double' ? expr : callNamed('cast', [expr], DOUBLE, expr.span);
}

/** The value of a slot after each of its moves. `at` gives the slots of the row. */
export function movedValues(move: SlotMove, at: (slot: number) => number | null): readonly (number | null)[] {
  const value = at(move.slot);
  if (move.kind === 'instead') return move.instead.map(at);
  if (value === null || !Number.isFinite(value)) return [];
  if (move.kind === 'share') return [value * (1 + move.share), value * (1 - move.share)];
  // The scale is NULL where Σ|x| is beyond the range of a double.
  const by = RELATIVE * Math.min(at(move.scale) ?? Number.MAX_VALUE, Number.MAX_VALUE);
  switch (move.kind) {
    case 'around':
      return [value + by, value - by];
    case 'variance':
      return [value + by, Math.max(0, value - by)];
    case 'deviation':
      return [Math.sqrt(value * value + by), Math.sqrt(Math.max(0, value * value - by))];
  }
}
