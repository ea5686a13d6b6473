import { unreachable } from '../../../runtime/values/errors.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { AggregateCall } from '../../plan/plan.ts';
import { cursorLocals, dequeAt } from './advance-text.ts';
import type { Accumulator, Layout, RingColumn, SlotReading, ViewReading, Window } from './layout.ts';

/** `read<i>(c, b, db, out)`: the slots of a view from a cursor; false where the SELECT has no row. */
export function readText(layout: Layout): string {
  return layout.views.map((view, i) => readFunction(layout, view, i)).join('\n');
}

function readFunction(layout: Layout, view: ViewReading, index: number): string {
  const lines = [`function read${index}(c, b, db, out) {`, ...cursorLocals(layout)];
  if (view.rows !== null) lines.push(`  if (${amount(view.where, view.rows)} === 0) return false;`);
  else {
    lines.push(`  const last = pos[P + ${view.where.tail.field}];`);
    lines.push(`  const first = ${view.where.head < 0 ? '0' : `pos[P + ${view.where.head}]`};`);
    lines.push('  if (last <= first) return false;');
  }
  view.slots.forEach((reading, slot) => {
    lines.push(...slotLines(layout, reading).map((text) => `  ${text.replaceAll('OUT', `out[${slot}]`)}`));
  });
  lines.push('  return true;', '}');
  return lines.join('\n');
}

function slotLines(layout: Layout, reading: SlotReading): string[] {
  const { slot } = reading;
  const [first] = reading.accumulators;
  switch (slot.kind) {
    case 'aggregate':
    case 'frame':
      return [`OUT = ${aggregate(layout, reading, slot.call)};`];
    case 'rowValue':
      return [`OUT = ${columnAt(layout, reading.columns[0] as RingColumn, 'b + last - 1')};`];
    case 'rowNumber':
      return [`OUT = ${amount(reading.window, first as Accumulator)};`];
    case 'frameValue':
      return [`OUT = ${picked(layout, reading, first as Accumulator)};`];
    case 'lag': {
      const value = columnAt(layout, reading.columns[0] as RingColumn, 'p');
      const other = reading.columns[1];
      const otherwise = other === undefined ? 'null' : columnAt(layout, other, 'b + last - 1');
      return [`{ const p = b + last - ${1 + slot.offset}; OUT = p >= b + first ? ${value} : ${otherwise}; }`];
    }
    default:
      return unreachable(slot);
  }
}

/** How many events an accumulator counts. */
function amount(window: Window, acc: Accumulator): string {
  return acc.kind === 'span' ? `(pos[P + ${window.tail.field}] - pos[P + ${window.head}])` : `acc[A + ${acc.at}]`;
}

function aggregate(layout: Layout, reading: SlotReading, call: AggregateCall): string {
  const at = (i: number): string => amount(reading.window, reading.accumulators[i] as Accumulator);
  const main = reading.accumulators[0] as Accumulator;
  switch (call.fn) {
    case 'count_star':
    case 'count':
      return at(0);
    case 'sum':
      return `${at(1)} === 0 ? null : ${sum(main, call.type)}`;
    case 'avg':
      return `${at(1)} === 0 ? null : ${average(main, at(1), call.argType)}`;
    case 'min':
    case 'max':
      return extreme(layout, reading, main);
    case 'bool_and':
      return `${at(0)} === 0 ? null : ${at(1)} === ${at(0)}`;
    case 'bool_or':
      return `${at(0)} === 0 ? null : ${at(1)} > 0`;
    case 'latest':
    case 'earliest':
      return picked(layout, reading, main);
    case 'var_samp':
    case 'var_pop':
    case 'stddev_samp':
    case 'stddev_pop': {
      const rest = `${at(2)}, ${call.fn.endsWith('samp')}, ${call.fn.startsWith('stddev')}, ${scaleOf(call.argType)})`;
      const [sums, squares] = reading.accumulators as readonly [Accumulator, Accumulator];
      if (sums.kind === 'sumInt') return `rt.intVariance(acc, A + ${sums.at}, A + ${squares.at}, ${rest}`;
      return `rt.variance(s.sums, ${at(0)}, ${at(1)}, ${rest}`;
    }
    default:
      throw new Error(`the stream operators do not know the aggregate ${call.fn}`);
  }
}

function scaleOf(type: SqlType | null): number {
  return type?.kind === 'decimal' ? type.scale : 0;
}

function limbs(acc: Accumulator): number {
  return acc.kind === 'sumInt' ? 2 : 4;
}

function sum(acc: Accumulator, type: SqlType): string {
  if (acc.kind === 'sumDouble') return `rt.doubleSum(s.sums, acc[A + ${acc.at}])`;
  return `rt.intSum(acc, A + ${acc.at}, ${limbs(acc)}, ${type.kind === 'decimal' ? type.precision : 0})`;
}

function average(acc: Accumulator, count: string, type: SqlType | null): string {
  if (acc.kind === 'sumDouble') return `rt.doubleAverage(s.sums, acc[A + ${acc.at}], ${count})`;
  return `rt.intAverage(acc, A + ${acc.at}, ${limbs(acc)}, ${count}, ${scaleOf(type)})`;
}

function extreme(layout: Layout, reading: SlotReading, acc: Accumulator): string {
  if (acc.kind !== 'min' && acc.kind !== 'max') throw new Error('not an extreme');
  if (reading.window.head < 0)
    return `acc[A + ${acc.at}] === 0 ? null : ${decode(acc.column, `acc[A + ${acc.at + 1}]`)}`;
  const head = `pos[P + ${acc.position}]`;
  const value = layout.value(acc.column, `b + ${dequeAt(layout, acc.deque, head)}`);
  return `${head} === pos[P + ${acc.position + 1}] ? null : ${decode(acc.column, value)}`;
}

function picked(layout: Layout, reading: SlotReading, acc: Accumulator): string {
  if (acc.kind !== 'latest' && acc.kind !== 'earliest') throw new Error('not a pick');
  if (reading.window.head < 0)
    return `acc[A + ${acc.at}] !== 1 ? null : ${decode(acc.column, `acc[A + ${acc.at + 1}]`)}`;
  const at = `pos[P + ${acc.position}]`;
  if (acc.kind === 'latest') {
    return `${at} <= pos[P + ${reading.window.head}] ? null : ${columnAt(layout, acc.column, `b + ${at} - 1`)}`;
  }
  return `${at} >= pos[P + ${reading.window.tail.field}] ? null : ${columnAt(layout, acc.column, `b + ${at}`)}`;
}

/** The column's value of the event at a slab index, null where it is NULL. */
function columnAt(layout: Layout, column: RingColumn, p: string): string {
  const value = decode(column, layout.value(column, p));
  const condition = layout.notNull(column);
  return condition < 0 ? value : `(${layout.bit(condition, p)} ? ${value} : null)`;
}

function decode(column: RingColumn, stored: string): string {
  if (column.holds === 'text') return `s.texts.texts[${stored}]`;
  if (column.holds === 'hybrid') return `s.texts.value(${stored})`;
  return column.expr.type.kind === 'boolean' ? `${stored} === 1` : stored;
}
