/** `sum(CASE WHEN ts > now() - … THEN x END)`: how other stores write a window, and what it is in FILTER. */
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { BindContext } from '../bind/context.ts';
import { conjunctsOf, hasNow, someExpr } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { textOf } from '../diagnostics/edits.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import { eventTimeName } from './naming.ts';

type Case = Extract<Expr, { kind: 'case' }>;

/** The context of a call's argument, in which now() is told with the call in FILTER's form where it has one. */
export function suggestingFilter(node: CallExpr, source: SourceSpec, context: BindContext): BindContext {
  const { faults } = context;
  const newText = inFilter(node, source, faults);
  if (newText === null) return context;
  return {
    ...context,
    now: (now) =>
      faults.error('FSC3214', now.span, 'now() inside an aggregate', {
        label: 'one value for each lookup, inside a value for each event',
        help: `a window stands in FILTER: \`${newText}\``,
        edits: [{ span: node.span, newText }],
      }),
  };
}

function inFilter(node: CallExpr, source: SourceSpec, faults: Faults): string | null {
  const [argument] = node.args;
  if (argument?.kind !== 'case' || node.args.length !== 1) return null;
  // A column of a CTE stands for a CASE that is written elsewhere.
  if (argument.span.start < node.span.start || argument.span.end > node.span.end) return null;
  const [branch, ...more] = argument.whens;
  if (branch === undefined || more.length > 0 || argument.operand !== null) return null;
  if (!isWindow(branch.when, eventTimeName(source)) || hasNow(branch.then)) return null;
  const [condition, value] = [oneLine(branch.when, faults), oneLine(branch.then, faults)];
  const kept = node.filter === null ? '' : oneLine(node.filter, faults);
  if (condition === null || value === null || kept === null) return null;
  const where = kept === '' ? condition : `${asConjunct(node.filter, kept)} AND ${asConjunct(branch.when, condition)}`;
  return rewritten(node, argument, value, ` FILTER (WHERE ${where})`);
}

function rewritten(node: CallExpr, argument: Case, value: string, filter: string): string | null {
  const then = argument.whens[0]?.then;
  const isZero = isNumber(argument.otherwise, /^0+(\.0*)?$/);
  const isNone = argument.otherwise === null || argument.otherwise.kind === 'null';
  if (node.name === 'sum' && isZero && isNumber(then ?? null, /^1$/) && !node.distinct) return `count(*)${filter}`;
  // Without an event in the window the sum of zeros is 0, that of nothing NULL.
  if (node.name === 'sum' && isZero && !node.distinct) return `coalesce(sum(${value})${filter}, 0)`;
  if (!isNone) return null;
  const isCount = node.name === 'count' && !node.distinct && then !== undefined && isConstant(then);
  return isCount ? `count(*)${filter}` : `${node.name}(${node.distinct ? 'DISTINCT ' : ''}${value})${filter}`;
}

function isNumber(expr: Expr | null, digits: RegExp): boolean {
  return expr?.kind === 'number' && digits.test(expr.text);
}

function isConstant(expr: Expr): boolean {
  return expr.kind === 'number' || expr.kind === 'string' || expr.kind === 'boolean';
}

/** Whether FILTER would read every conjunct with now() as a bound of the event time. */
function isWindow(condition: Expr, time: string): boolean {
  const bounds = conjunctsOf(condition).filter(hasNow);
  return bounds.length > 0 && bounds.every((bound) => isBound(bound) && hasColumn(bound, time));
}

function isBound(expr: Expr): boolean {
  return expr.kind === 'between' ? !expr.negated : expr.kind === 'binary' && /^[<>]=?$/.test(expr.op);
}

function hasColumn(expr: Expr, name: string): boolean {
  return someExpr(expr, (node) => node.kind === 'column' && node.name.name === name);
}

function asConjunct(expr: Expr | null, text: string): string {
  return expr?.kind === 'or' ? `(${text})` : text;
}

/** As written, its lines joined; null where a comment or a text goes over the end of a line. */
function oneLine(expr: Expr, faults: Faults): string | null {
  const lines = textOf(faults.file, expr.span).split(/\s*\r?\n\s*/);
  if (lines.length === 1) return lines[0] ?? null;
  const isPlain = lines.every((line) => !/--|\/\*/.test(line) && line.split(/['"]/).length % 2 === 1);
  return isPlain ? lines.join(' ') : null;
}
