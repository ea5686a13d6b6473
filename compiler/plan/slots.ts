import { printType } from '../../runtime/values/types.ts';
import { canonicalExpr } from '../bind/canonical.ts';
import { windowKey } from './instant-window.ts';
import type { AggregateCall, PlanExpr, RowFrame, Slot } from './plan.ts';

/** The slots of a view; equal ones are kept once. */
export class SlotList {
  readonly slots: Slot[] = [];
  readonly #byKey = new Map<string, number>();

  /** The stage-3 leaf that reads the slot. */
  add(slot: Slot, span: PlanExpr['span']): PlanExpr {
    const key = slotKey(slot);
    let index = this.#byKey.get(key);
    if (index === undefined) {
      index = this.slots.push(slot) - 1;
      this.#byKey.set(key, index);
    }
    return { kind: 'slot', type: slot.type, slot: index, span };
  }
}

export function slotKey(slot: Slot): string {
  switch (slot.kind) {
    case 'aggregate':
      return `aggregate ${callKey(slot.call)} ${optionalKey(slot.filter)} ${windowKey(slot.window)}`;
    case 'rowValue':
      return `value ${canonicalExpr(slot.expr)}`;
    case 'frame':
      return `frame ${callKey(slot.call)} ${optionalKey(slot.filter)} ${frameKey(slot.frame)}`;
    case 'frameValue':
      return `${slot.which} ${canonicalExpr(slot.expr)} ${frameKey(slot.frame)}`;
    case 'lag':
      return `lag ${canonicalExpr(slot.expr)} ${slot.offset} ${optionalKey(slot.otherwise)}`;
    case 'rowNumber':
      return 'rowNumber';
  }
}

function callKey(call: AggregateCall): string {
  return `${call.fn}${call.distinct ? ' distinct' : ''}:${printType(call.type)}(${optionalKey(call.arg)})`;
}

function optionalKey(expr: PlanExpr | null): string {
  return expr === null ? '-' : canonicalExpr(expr);
}

function frameKey(frame: RowFrame): string {
  return frame.mode === 'range'
    ? `range ${frame.startMicros}..${frame.endMicros}`
    : `rows ${frame.start}..${frame.end}`;
}
