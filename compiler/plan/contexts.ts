import type { BindContext } from '../bind/context.ts';
import { unknownColumn } from '../bind/unknown-column.ts';
import type { Faults } from '../catalog/faults.ts';
import { replacing, textOf } from '../diagnostics/edits.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import { eventTimeName } from './naming.ts';
import type { PlanExpr, SourcePlan } from './plan.ts';

/** A column of the source, by name; qualifiers were resolved before. */
export function sourceColumn(
  node: Extract<Expr, { kind: 'column' }>,
  source: SourcePlan,
  faults: Faults,
): PlanExpr | null {
  if (faults.poisoned.has(node)) return null;
  const name = node.name.name;
  const index = source.spec.columns.findIndex((column) => column.name === name);
  const column = source.spec.columns[index];
  if (column !== undefined) return { kind: 'column', type: column.type, column: index, name, span: node.span };
  const names = source.spec.columns.map((candidate) => candidate.name);
  return unknownColumn(node.name, source.spec.name, names, faults);
}

/** Where a stage-1 expression stands. */
export type Place = 'where' | 'filter' | 'argument' | 'group' | 'over';

/** Stage 1: the event's own columns. `place` names itself in faults. */
export function eventContext(source: SourcePlan, faults: Faults, place: Place): BindContext {
  return {
    faults,
    column: (node) => sourceColumn(node, source, faults),
    now: (node) => misplacedNow(node, source, faults, place),
    aggregate: (node) => misplacedAggregate(node, faults, place),
    over: (node) =>
      faults.error('FSC3413', node.over?.span ?? node.span, `a window function in ${PLACES[place]}`, {
        label: 'computed after the event was taken or left out',
      }),
    whole: () => undefined,
  };
}

const PLACES: Readonly<Record<Place, string>> = {
  where: 'WHERE',
  filter: 'FILTER',
  argument: 'an aggregate',
  group: 'GROUP BY',
  over: 'a window function',
};

function misplacedNow(node: CallExpr, source: SourcePlan, faults: Faults, place: Place): null {
  const time = eventTimeName(source.spec);
  switch (place) {
    case 'argument':
    case 'group':
      return faults.error('FSC3214', node.span, `now() inside ${PLACES[place]}`, {
        label: 'one value for each lookup, inside a value for each event',
        help: `a window stands in FILTER: \`sum(x) FILTER (WHERE ${time} > now() - INTERVAL '1 day')\`; the age of the latest event is \`now() - max(${time})\``,
      });
    case 'over':
      return faults.error('FSC3415', node.span, 'now() inside a window function', {
        label: 'moves with the lookup, the frame with its row',
      });
    default:
      return faults.error('FSC3301', node.span, 'now() is no window bound here', {
        label: `not compared with the event time \`${time}\``,
        help: `write \`${time} > now() - INTERVAL '1 day'\` as a conjunct of its own, at the top of WHERE or FILTER`,
      });
  }
}

function misplacedAggregate(node: Expr, faults: Faults, place: Place): null {
  if (place === 'where') {
    return faults.error('FSC3209', node.span, 'an aggregate in WHERE', {
      label: 'not known yet when events are chosen',
    });
  }
  const value = node.kind === 'call' && node.args.length === 1 && !node.distinct ? node.args[0] : undefined;
  const written = textOf(faults.file, (value ?? node).span);
  const mended =
    value === undefined
      ? { help: 'give it a column of the event' }
      : { help: `write \`${written}\`, the event’s own value`, edits: replacing(node.span, written) };
  return faults.error('FSC3208', node.span, `an aggregate inside ${PLACES[place]}`, {
    label: LABELS[place],
    ...(place === 'argument' ? { help: nestedHelp(node, faults) } : place === 'over' ? mended : { help: HELPS[place] }),
  });
}

const LABELS: Readonly<Record<Place, string>> = {
  where: 'not known yet when events are chosen',
  filter: 'not known yet when events are chosen',
  argument: 'folds the events of which the outer one takes each',
  group: 'not known yet when events are put into groups',
  over: 'folds the events of which the window takes each',
};

const HELPS: Readonly<Record<Exclude<Place, 'argument' | 'over'>, string>> = {
  where: 'compare the event’s own columns with constants; a condition on an aggregate stands in HAVING',
  filter: 'compare the event’s own columns with constants; a condition on an aggregate stands in HAVING',
  group: 'group by columns of the event',
};

/** An entity has one value of the inner aggregate, so the outer one has nothing to fold. */
function nestedHelp(node: Expr, faults: Faults): string {
  const text = textOf(faults.file, node.span);
  const own = text.includes('\n') ? 'the inner one' : `\`${text}\``;
  return `an entity has one of it, so write ${own} alone; values of several views meet in a request view: \`greatest(a.x, b.x)\``;
}
