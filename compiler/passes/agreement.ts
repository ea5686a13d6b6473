import { isFloat } from '../bind/coerce.ts';
import { aggregateNamed, scalarNamed } from '../bind/registry.ts';
import { planChildren } from '../bind/walk.ts';
import type { PlanExpr, Slot } from '../plan/plan.ts';
import type { ViewDraft } from '../plan/view-input.ts';

/** Tells which values are equal in the machines only within a tolerance (design.md section 4). */
export class Agreement {
  readonly #draft: ViewDraft;
  readonly #slots = new Map<number, boolean>();

  constructor(draft: ViewDraft) {
    this.#draft = draft;
  }

  isInexact(expr: PlanExpr): boolean {
    if (!isFloat(expr.type)) return false;
    switch (expr.kind) {
      case 'slot':
        return this.#slot(expr.slot);
      case 'feature':
        return this.#feature(expr.join, expr.ordinal);
      case 'call':
        return this.#callIsInexact(expr);
      case 'case':
        return expr.whens.some((branch) => this.isInexact(branch.then)) || this.isInexact(expr.otherwise);
      case 'coalesce':
        return expr.args.some((arg) => this.isInexact(arg));
      default:
        return false;
    }
  }

  /** A function tells its class for exact arguments. */
  #callIsInexact(expr: Extract<PlanExpr, { kind: 'call' }>): boolean {
    if (expr.args.some((arg) => this.isInexact(arg))) return true;
    const types = expr.args.map((arg) => arg.type);
    const constants = expr.args.map((arg) => (arg.kind === 'const' ? arg.value : undefined));
    const resolution = scalarNamed(expr.fn)?.resolve(types, constants, expr.fn === 'cast' ? expr.type : null);
    return resolution?.ok === true && resolution.agreement === 'double';
  }

  #slot(index: number): boolean {
    const known = this.#slots.get(index);
    if (known !== undefined) return known;
    const slot = this.#draft.kind === 'request' ? undefined : this.#draft.slots[index];
    const inexact = slot !== undefined && this.#slotIsInexact(slot);
    this.#slots.set(index, inexact);
    return inexact;
  }

  #slotIsInexact(slot: Slot): boolean {
    switch (slot.kind) {
      case 'aggregate':
      case 'frame': {
        const { fn, arg, argType, distinct } = slot.call;
        if (arg !== null && this.isInexact(arg)) return true;
        const resolution = aggregateNamed(fn)?.resolve(argType === null ? [] : [argType], distinct);
        return resolution?.ok === true && resolution.agreement === 'double';
      }
      case 'rowNumber':
        return false;
      case 'lag':
        return this.isInexact(slot.expr) || (slot.otherwise !== null && this.isInexact(slot.otherwise));
      default:
        return this.isInexact(slot.expr);
    }
  }

  /** Inexact values that an aggregate tells apart. */
  distinctValues(): readonly PlanExpr[] {
    if (this.#draft.kind === 'request') return [];
    return this.#draft.slots.flatMap((slot) => {
      if (slot.kind !== 'aggregate' && slot.kind !== 'frame') return [];
      const { arg, distinct } = slot.call;
      return distinct && arg !== null && this.isInexact(arg) ? [arg] : [];
    });
  }

  #feature(join: number, ordinal: number): boolean {
    if (this.#draft.kind !== 'request') return false;
    const features = this.#draft.joins[join]?.view.spec.features ?? [];
    return features.find((feature) => feature.ordinal === ordinal)?.agreement === 'double';
  }

  /**
   * Where a decision is taken on an inexact value: a float goes in and something that is no float comes out (a comparison, a cast, a
   * text), or it is rounded.
   */
  decisions(expr: PlanExpr): readonly PlanExpr[] {
    const inner = planChildren(expr).flatMap((child) => this.decisions(child));
    const isDecision = expr.kind === 'call' && (!isFloat(expr.type) || ROUNDING.has(expr.fn));
    return isDecision && expr.args.some((arg) => this.isInexact(arg)) ? [...inner, expr] : inner;
  }
}

export const ROUNDING = new Set(['round', 'floor', 'ceil', 'trunc', 'sign', 'modulo']);

/** Every expression that a view evaluates. */
export function allExprs(draft: ViewDraft): readonly PlanExpr[] {
  const exprs: (PlanExpr | null)[] = draft.outputs.map((output) => output.expr);
  if (draft.kind === 'request') {
    exprs.push(draft.where, ...draft.joins.flatMap((join) => join.keys));
  } else {
    exprs.push(...draft.entity, draft.where, ...draft.slots.flatMap(slotExprs));
    if (draft.kind === 'aggregate') exprs.push(draft.having);
  }
  return exprs.filter((expr) => expr !== null);
}

/** The stage-1 expressions of a slot. */
export function slotExprs(slot: Slot): readonly PlanExpr[] {
  switch (slot.kind) {
    case 'aggregate':
    case 'frame':
      return [slot.call.arg, slot.filter].filter((expr) => expr !== null);
    case 'rowValue':
    case 'frameValue':
      return [slot.expr];
    case 'lag':
      return slot.otherwise === null ? [slot.expr] : [slot.expr, slot.otherwise];
    case 'rowNumber':
      return [];
  }
}
