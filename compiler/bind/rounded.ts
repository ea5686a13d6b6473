/** `round(avg(x)::numeric, 2)`: a double has no digits to round to, so what is written instead. */

import type { FaultParts, Faults } from '../catalog/faults.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { textOf } from '../diagnostics/edits.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { isFloat } from './coerce.ts';
import type { BindContext } from './context.ts';

type Cast = Extract<Expr, { kind: 'cast' }>;

const DECIMALS = new Set(['decimal', 'numeric', 'dec']);
/** As whole numbers every machine holds these powers of ten. */
const MAX_DIGITS = 9;

export function isDecimalCast(expr: Expr | undefined): expr is Cast {
  return expr?.kind === 'cast' && DECIMALS.has(expr.type.name);
}

/** What to write for a double `value` rounded by `span`, which holds it. */
export function roundingHelp(
  what: 'round' | 'trunc',
  value: PlanExpr,
  digits: number,
  span: Span,
  faults: Faults,
): FaultParts {
  const isOwn = span.start <= value.span.start && value.span.end <= span.end;
  const written = textOf(faults.file, value.span);
  if (!isOwn || digits > MAX_DIGITS || written.includes('\n')) {
    return { help: `scale it before and after: \`${what}(x * 100) / 100\`` };
  }
  const isLeaf = ['slot', 'column', 'key', 'feature', 'request'].includes(value.kind);
  const power = `1${'0'.repeat(digits)}`;
  const scaled = isLeaf ? `${written} * ${power}` : `(${written}) * ${power}`;
  const newText = digits === 0 ? `${what}(${written})` : `${what}(${scaled}) / ${power}`;
  const source = value.kind === 'column' ? 'declare the column decimal at the source, or scale it' : 'scale it';
  const help = `a double is no decimal: ${source} before and after, \`${newText}\``;
  return { help, edits: [{ span, newText: standsAlone(span, faults) ? newText : `(${newText})` }] };
}

/** Whether no operator beside it would take a part of a quotient. */
function standsAlone(span: Span, faults: Faults): boolean {
  const { text } = faults.file;
  return !/[-+*/%^]\s*$/.test(text.slice(0, span.start)) && !/^\s*(::|[%^[])/.test(text.slice(span.end));
}

/** The digits that a type keeps; those of money where it says none. */
export function digitsOf(type: Cast['type']): number {
  return type.args.length === 0 ? 2 : (type.args[1] ?? 0);
}

/** The call is `round(CAST(double AS decimal), digits)`, and its fault was told. */
export function tellRoundedCast(
  node: CallExpr,
  context: BindContext,
  bind: (expr: Expr, context: BindContext) => PlanExpr | null,
): boolean {
  const [cast, digits] = node.args;
  if ((node.name !== 'round' && node.name !== 'trunc') || !isDecimalCast(cast) || digits?.kind !== 'number')
    return false;
  const value = bind(cast.operand, context);
  if (value === null || !isFloat(value.type)) return false;
  tellDoubleToDecimal(
    cast,
    context.faults,
    roundingHelp(node.name, value, Number(digits.text), node.span, context.faults),
  );
  return true;
}

export function tellDoubleToDecimal(cast: Cast, faults: Faults, parts: FaultParts): null {
  return faults.error('FSC3109', cast.span, 'cannot cast a double to decimal', {
    cause: 'Postgres keeps 15 digits, DuckDB the binary expansion',
    ...parts,
  });
}
