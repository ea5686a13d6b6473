/** `arg_max(x, ts)`, `last(x)` and their like: the value of the latest or earliest event, in the names of the view. */
import type { FaultParts } from '../catalog/faults.ts';
import { textOf } from '../diagnostics/edits.ts';
import type { CallExpr } from '../parse/ast.ts';
import type { BindContext } from './context.ts';
import { insteadOf } from './foreign-functions.ts';

const LATEST = new Set(['last', 'arg_max', 'max_by', 'latest']);
const EARLIEST = new Set(['first', 'first_value_agg', 'any_value', 'arg_min', 'min_by']);

/** What to write instead of a call; null for a name of none of the databases. */
export function pickedInstead(call: CallExpr, context: BindContext): FaultParts | string | null {
  const help = insteadOf(call.name);
  const [argument, by] = call.args;
  if (help === null || argument === undefined || context.eventOrder === undefined) return help;
  // A column of a CTE stands for what is written elsewhere.
  if (argument.span.start < call.span.start || argument.span.end > call.span.end) return help;
  const { asc, desc } = context.eventOrder;
  const value = textOf(context.faults.file, argument.span);
  if (value.includes('\n')) return help;
  const own = help
    .replace('array_agg(x ORDER BY event_time DESC, key DESC)', () => `array_agg(${value} ORDER BY ${desc})`)
    .replace('array_agg(x ORDER BY event_time, key)', () => `array_agg(${value} ORDER BY ${asc})`);
  const order = LATEST.has(call.name) ? desc : EARLIEST.has(call.name) ? asc : null;
  const isByTime = by === undefined || (by.kind === 'column' && by.name.name === asc.split(',')[0]);
  if (order === null) return own;
  if (!isByTime) return `events are picked by event time and key alone: ${own}`;
  const isPlain = call.filter === null && call.orderBy.length === 0 && !call.distinct && call.args.length < 3;
  const edits = isPlain ? [{ span: call.span, newText: `(array_agg(${value} ORDER BY ${order}))[1]` }] : [];
  return { help: own, edits };
}
