import { isNumeric } from '../../runtime/functions/support.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import type { FaultParts } from '../catalog/faults.ts';
import { literalValue } from '../catalog/literals.ts';
import { literalOf, replacing } from '../diagnostics/edits.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { isUntyped } from './coerce.ts';
import type { BindContext } from './context.ts';

const ARITHMETIC = new Set(['+', '-', '*', '/', '%']);
const NUMBER = /^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$/;

/** Beside these a literal says what it is by a word of its own. */
const WORDS: Readonly<Partial<Record<SqlType['kind'], string>>> = {
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
  interval: 'INTERVAL',
};

/** Which of the operands is a string literal that DuckDB does not bind, or not to the type that Postgres gives it; null if none is. */
export function textOperand(op: string, left: PlanExpr, right: PlanExpr): 'left' | 'right' | null {
  if (isRefusedBeside(op, left, right.type, false)) return 'left';
  return isRefusedBeside(op, right, left.type, true) ? 'right' : null;
}

function isRefusedBeside(op: string, expr: PlanExpr, other: SqlType, isSecond: boolean): boolean {
  if (expr.kind !== 'const' || !isUntyped(expr) || typeof expr.value !== 'string' || !ARITHMETIC.has(op)) return false;
  if (isNumeric(other)) return true;
  // A literal of another form is told as one.
  if (WORDS[other.kind] === undefined || literalValue(expr.value, other) === undefined) return false;
  return other.kind === 'interval' || (op === '-' && isSecond);
}

export function refuseTextOperand(op: string, expr: PlanExpr, other: PlanExpr, context: BindContext): null {
  const type = printType(other.type);
  const word = WORDS[other.type.kind];
  return context.faults.error(
    'FSC3101',
    expr.span,
    `\`${op}\` of a text and ${type}`,
    word === undefined ? { cause: NO_OPERATOR, ...asNumber(expr, type) } : withWord(expr, word),
  );
}

const NO_OPERATOR =
  'DuckDB has no such operator for all numbers, and where it has one its result may be of another type than in Postgres';

function withWord(expr: PlanExpr, word: string): FaultParts {
  const typed = `${word} ${literalOf(expr.kind === 'const' ? String(expr.value) : '')}`;
  return {
    cause: 'DuckDB does not find out what the text stands for there',
    help: `write \`${typed}\``,
    edits: replacing(expr.span, typed),
  };
}

function asNumber(expr: PlanExpr, type: string): FaultParts {
  const text = expr.kind === 'const' ? String(expr.value).trim() : '';
  if (!NUMBER.test(text)) return { help: `write a number, or cast: \`CAST('…' AS ${type})\`` };
  return { help: 'write the number', edits: replacing(expr.span, text.replace(/^[+]/, '')) };
}
