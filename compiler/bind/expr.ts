import { unreachable } from '../../runtime/values/errors.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import { decimalDigits, hybrid, intervalLiteral, literalValue } from '../catalog/literals.ts';
import { resolveTypeName } from '../catalog/types.ts';
import { inserting, wrapping } from '../diagnostics/edits.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { bindCall, bindOperator, isScalar, unknownFunction } from './calls.ts';
import { allOrNull, BOOLEAN, castTo, coerce, isFloat, isUntyped, settleText, TEXT } from './coerce.ts';
import { bindCase, bindIn, bindIsBoolean } from './conditional.ts';
import type { BindContext } from './context.ts';
import { comparesAlike } from './mixed-comparison.ts';
import { aggregateCalled, scalarNamed } from './registry.ts';
import { digitsOf, isDecimalCast, roundingHelp, tellDoubleToDecimal, tellRoundedCast } from './rounded.ts';
import { isNow } from './walk.ts';

/** Binds an expression; its type may be unknown (a bare NULL or string literal). Null after its faults were told. */
export function bindExpr(node: Expr, context: BindContext): PlanExpr | null {
  const whole = context.whole(node);
  if (whole !== undefined) return whole;
  switch (node.kind) {
    case 'number':
      return bindNumber(node, context);
    case 'string':
      return bindString(node, context);
    case 'boolean':
      return { kind: 'const', type: BOOLEAN, value: node.value, span: node.span };
    case 'null':
      return { kind: 'const', type: { kind: 'unknown' }, value: null, span: node.span };
    case 'typedString':
      return bindTypedString(node, context);
    case 'interval':
      return bindInterval(node, context);
    case 'column':
      return context.column(node);
    case 'star':
      return context.faults.error('FSC3105', node.span, '`*` is no value', { help: 'name a column' });
    case 'unary':
      return bindUnary(node, context);
    case 'not': {
      const arg = bindCondition(node.operand, context, 'NOT takes a condition');
      return arg === null ? null : { kind: 'not', type: BOOLEAN, arg, span: node.span };
    }
    case 'and':
    case 'or':
      return bindConnective(node, context);
    case 'binary':
      return bindBinary(node, context);
    case 'isNull': {
      const bound = bindTyped(node.operand, context);
      const arg = bound !== null && isUntyped(bound) ? coerce(bound, TEXT, context.faults) : bound;
      return arg === null ? null : { kind: 'isNull', type: BOOLEAN, arg, negated: node.negated, span: node.span };
    }
    case 'isBoolean':
      return bindIsBoolean(node, context);
    case 'isDistinct':
      return bindIsDistinct(node, context);
    case 'between':
      return bindBetween(node, context);
    case 'in':
      return bindIn(node, context);
    case 'like':
      return bindLike(node, context);
    case 'case':
      return bindCase(node, context);
    case 'cast':
      return bindCast(node, context);
    case 'extract':
      return bindExtract(node, context);
    case 'call':
      return bindAnyCall(node, context);
    case 'subscript':
      return bindSubscript(node, context);
    case 'unsupported':
      return context.faults.error('FSC3105', node.span, `${node.what} is not supported`, {
        help: /SELECT|subquery/.test(node.what) ? (context.insteadOfSubquery ?? node.help) : node.help,
      });
    default:
      return unreachable(node);
  }
}

/** Like bindExpr, with string literals settled as text. NULL stays unknown. */
export function bindTyped(node: Expr, context: BindContext): PlanExpr | null {
  const bound = bindExpr(node, context);
  return bound === null ? null : settleText(bound);
}

/** An output or argument: its type must be known. */
export function bindValue(node: Expr, context: BindContext): PlanExpr | null {
  const bound = bindTyped(node, context);
  if (bound === null || !isUntyped(bound)) return bound;
  return context.faults.error('FSC3106', node.span, 'nothing gives this NULL a type', {
    label: 'of which type?',
    help: 'say which',
    edits: wrapping(node.span, 'CAST(', ' AS text)'),
    applicability: 'placeholder',
  });
}

export function bindCondition(node: Expr, context: BindContext, what: string): PlanExpr | null {
  const bound = bindExpr(node, context);
  if (bound === null) return null;
  if (bound.type.kind === 'boolean' || isUntyped(bound)) return coerce(bound, BOOLEAN, context.faults);
  const type = printType(bound.type);
  const isNumber = ['smallint', 'integer', 'bigint', 'decimal'].includes(bound.type.kind);
  return context.faults.error('FSC3103', node.span, `${what}, and this is ${type}`, {
    label: `${type}, not boolean`,
    ...(isNumber ? { help: 'compare it', edits: inserting(node.span.end, ' <> 0') } : {}),
  });
}

function bindNumber(node: Extract<Expr, { kind: 'number' }>, context: BindContext): PlanExpr | null {
  if (/^\d+$/.test(node.text)) {
    for (const kind of ['integer', 'bigint'] as const) {
      const value = literalValue(node.text, { kind });
      if (value !== undefined) return { kind: 'const', type: { kind }, value, span: node.span };
    }
  }
  const digits = decimalDigits(node.text);
  if (digits === undefined) return bindDouble(node, context);
  const { precision, scale } = digits;
  if (precision > 38 || scale > 38) {
    return context.faults.error('FSC3110', node.span, 'the number has more than 38 digits');
  }
  const type: SqlType = { kind: 'decimal', precision: Math.max(precision, scale, 1), scale };
  // DuckDB counts the zeros before the point, and makes a double of more than 38 digits.
  if (scale > 0 && node.text.length > 39) {
    return context.faults.error('FSC3110', node.span, 'the number is written with more than 38 digits', {
      cause: 'DuckDB counts zeros before the point too, and makes a double of it',
      help: 'cast its text',
      edits: wrapping(node.span, "CAST('", `' AS ${printType(type)})`),
    });
  }
  return { kind: 'const', type, value: hybrid(digits.unscaled), span: node.span };
}

/** Only numbers with an exponent get here. */
function bindDouble(node: Extract<Expr, { kind: 'number' }>, context: BindContext): PlanExpr | null {
  const value = literalValue(node.text, { kind: 'double' });
  if (value === undefined) return context.faults.error('FSC3110', node.span, `\`${node.text}\` is no number that fits`);
  return { kind: 'const', type: { kind: 'double' }, value, span: node.span };
}

function bindString(node: Extract<Expr, { kind: 'string' }>, context: BindContext): PlanExpr | null {
  if (literalValue(node.value, TEXT) === undefined) {
    return context.faults.error('FSC3102', node.span, 'the text holds U+0000 or half of a surrogate pair', {
      cause: 'the databases cannot hold it',
      help: 'remove the character',
    });
  }
  return { kind: 'const', type: { kind: 'unknown' }, value: node.value, span: node.span };
}

function bindTypedString(node: Extract<Expr, { kind: 'typedString' }>, context: BindContext): PlanExpr | null {
  const type = resolveTypeName(node.type, context.faults);
  if (type === null) return null;
  return coerce({ kind: 'const', type: { kind: 'unknown' }, value: node.value, span: node.span }, type, context.faults);
}

function bindInterval(node: Extract<Expr, { kind: 'interval' }>, context: BindContext): PlanExpr | null {
  const value = intervalLiteral(node.value, node.unit);
  if (value !== undefined) return { kind: 'const', type: { kind: 'interval' }, value, span: node.span };
  return context.faults.error('FSC3102', node.span, 'the literal is no interval that the databases share', {
    help: "write INTERVAL '7 days', INTERVAL '1 hour 30 minutes' or INTERVAL '7' DAY",
  });
}

function bindUnary(node: Extract<Expr, { kind: 'unary' }>, context: BindContext): PlanExpr | null {
  if (node.operand.kind === 'number' && node.op === '-') {
    const positive = bindNegativeLiteral(node.operand.text, node.span);
    if (positive !== undefined) return positive;
  }
  const arg = bindTyped(node.operand, context);
  if (arg === null) return null;
  if (node.op === '+') return arg;
  return bindOperator('-', [arg], node.span, context);
}

/** `-5` is one constant, so that -9223372036854775808 is a bigint. */
function bindNegativeLiteral(text: string, span: PlanExpr['span']): PlanExpr | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  for (const kind of ['integer', 'bigint'] as const) {
    const value = literalValue(`-${text}`, { kind });
    if (value !== undefined) return { kind: 'const', type: { kind }, value: value === 0 ? 0 : value, span };
  }
  return undefined;
}

function bindConnective(node: Extract<Expr, { kind: 'and' | 'or' }>, context: BindContext): PlanExpr | null {
  const word = node.kind.toUpperCase();
  const args = allOrNull(node.operands.map((operand) => bindCondition(operand, context, `${word} takes conditions`)));
  return args === null ? null : { kind: node.kind, type: BOOLEAN, args, span: node.span };
}

function bindBinary(node: Extract<Expr, { kind: 'binary' }>, context: BindContext): PlanExpr | null {
  const left = bindExpr(node.left, context);
  const right = bindExpr(node.right, context);
  if (left === null || right === null) return null;
  return bindOperator(node.op, [left, right], node.span, context, node.opSpan);
}

function bindIsDistinct(node: Extract<Expr, { kind: 'isDistinct' }>, context: BindContext): PlanExpr | null {
  const left = bindExpr(node.left, context);
  const right = bindExpr(node.right, context);
  if (left === null || right === null) return null;
  const call = bindOperator('is distinct from', [left, right], node.span, context);
  if (call === null) return null;
  return node.negated ? { kind: 'not', type: BOOLEAN, arg: call, span: node.span } : call;
}

function bindBetween(node: Extract<Expr, { kind: 'between' }>, context: BindContext): PlanExpr | null {
  const operand = bindExpr(node.operand, context);
  const low = bindExpr(node.low, context);
  const high = bindExpr(node.high, context);
  if (operand === null || low === null || high === null) return null;
  if (!comparesAlike(operand, [low, high], 'BETWEEN', context)) return null;
  const above = bindOperator('>=', [operand, low], node.span, context);
  const below = bindOperator('<=', [operand, high], node.span, context);
  if (above === null || below === null) return null;
  const inside: PlanExpr = { kind: 'and', type: BOOLEAN, args: [above, below], span: node.span };
  return node.negated ? { kind: 'not', type: BOOLEAN, arg: inside, span: node.span } : inside;
}

function bindLike(node: Extract<Expr, { kind: 'like' }>, context: BindContext): PlanExpr | null {
  const operand = bindTyped(node.operand, context);
  const pattern = bindTyped(node.pattern, context);
  if (operand === null || pattern === null) return null;
  const like = bindOperator('like', [operand, pattern], node.span, context);
  if (like === null || !node.negated) return like;
  return { kind: 'not', type: BOOLEAN, arg: like, span: node.span };
}

function bindCast(node: Extract<Expr, { kind: 'cast' }>, context: BindContext): PlanExpr | null {
  const operand = bindExpr(node.operand, context);
  if (operand !== null && isDecimalCast(node) && isFloat(operand.type)) {
    const help = roundingHelp('round', operand, digitsOf(node.type), node.span, context.faults);
    return tellDoubleToDecimal(node, context.faults, help);
  }
  const type = resolveTypeName(node.type, context.faults);
  if (operand === null || type === null) return null;
  if (type.kind === 'text' && type.maxLength !== null) {
    return context.faults.error('FSC3109', node.type.span, `cast to ${printType(type)}`, {
      cause: 'Postgres cuts the text off, DuckDB does not',
      help: 'cast to text, with substr(x, 1, n) if it should be cut',
    });
  }
  if (operand.kind === 'const' && operand.type.kind === 'unknown') return coerce(operand, type, context.faults);
  const cast = scalarNamed('cast');
  if (cast === null) throw new Error('the registry has no cast');
  const resolution = cast.resolve([operand.type], [undefined], type);
  if (resolution.ok) return { ...castTo(operand, type), span: node.span };
  const { code, message, cause, help } = resolution;
  return context.faults.foreign(code ?? 'FSC3109', 'FSC3109', node.span, message, { cause, help });
}

function bindExtract(node: Extract<Expr, { kind: 'extract' }>, context: BindContext): PlanExpr | null {
  const operand = bindTyped(node.operand, context);
  if (operand === null) return null;
  const unit: PlanExpr = { kind: 'const', type: TEXT, value: node.field, span: node.fieldSpan };
  return bindCall('extract', [unit, operand], node.span, node.fieldSpan, context);
}

function bindAnyCall(node: CallExpr, context: BindContext): PlanExpr | null {
  if (node.over !== null) return context.over(node);
  if (isNow(node)) return context.now(node);
  if (node.star || aggregateCalled(node.name) !== null || node.name === 'array_agg') return context.aggregate(node);
  if (!isScalar(node.name)) return unknownFunction(node.name, node.nameSpan, context, node);
  if (node.distinct || node.filter !== null || node.orderBy.length > 0) {
    return context.faults.error('FSC3107', node.nameSpan, `\`${node.name}\` is no aggregate`, {
      cause: 'DISTINCT, FILTER and ORDER BY belong to aggregates',
      help: 'remove them, or call an aggregate',
    });
  }
  if (tellRoundedCast(node, context, bindExpr)) return null;
  const bound = node.args.map((arg) => bindExpr(arg, context));
  const args = allOrNull(bound);
  return args === null ? null : bindCall(node.name, args, node.span, node.nameSpan, context);
}

function bindSubscript(node: Extract<Expr, { kind: 'subscript' }>, context: BindContext): PlanExpr | null {
  if (node.operand.kind === 'call' && node.operand.name === 'array_agg') return context.aggregate(node);
  return context.faults.error('FSC3105', node.span, 'subscripts are supported after array_agg only');
}
