import type { ConstantArg, Resolution, ScalarFunction } from '../../runtime/functions/definition.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import { didYouMean } from '../catalog/suggest.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { allOrNull, branchType, coerce, isUntyped, settleText, unify } from './coerce.ts';
import { makeCase } from './conditional.ts';
import type { BindContext } from './context.ts';
import { functionNames, scalarsCalled, scalarsOfOperator } from './registry.ts';

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** An operator over bound operands, literals among them still untyped. */
export function bindOperator(
  op: string,
  operands: readonly PlanExpr[],
  span: Span,
  context: BindContext,
  opSpan: Span = span,
): PlanExpr | null {
  const candidates = scalarsOfOperator(op, operands.length === 1 ? 1 : 2);
  const named = candidates.length > 0 ? candidates : scalarsCalled(op);
  if (named.length === 0) return context.faults.error('FSC3105', opSpan, `the operator \`${op}\` is not supported`);
  const settled = settleOperands(op, operands, context);
  return settled === null ? null : resolveCall(named, settled, span, `\`${op}\``, context);
}

/** A string literal or NULL next to a typed operand takes its type, as in the databases. */
function settleOperands(op: string, operands: readonly PlanExpr[], context: BindContext): readonly PlanExpr[] | null {
  const [left, right] = operands;
  if (left === undefined || right === undefined || op === '||' || op === 'like') return operands.map(settleText);
  if (COMPARISONS.has(op) && isUntyped(left) && isUntyped(right))
    return unify([left, right], context.faults, 'operands');
  return allOrNull([settleBeside(left, right, context), settleBeside(right, left, context)]);
}

function settleBeside(expr: PlanExpr, other: PlanExpr, context: BindContext): PlanExpr | null {
  if (!isUntyped(expr) || isUntyped(other)) return settleText(expr);
  const isNull = expr.kind === 'const' && expr.value === null;
  if (isNull) return expr.kind === 'const' ? { ...expr, type: other.type } : expr;
  return coerce(expr, literalTarget(other.type), context.faults);
}

/** `d = '1.505'` must not fail for having more digits than the column: the literal's own scale counts, like a number's. */
function literalTarget(type: SqlType): SqlType {
  return type.kind === 'text' ? { kind: 'text', maxLength: null } : type;
}

export function bindCall(
  name: string,
  args: readonly PlanExpr[],
  span: Span,
  nameSpan: Span,
  context: BindContext,
): PlanExpr | null {
  if (name === 'coalesce') return bindCoalesce(args, span, context);
  if (name === 'nullif') return bindNullIf(args, span, context);
  const candidates = scalarsCalled(name);
  if (candidates.length === 0) {
    return context.faults.error('FSC3004', nameSpan, `unknown function \`${name}\``, {
      help: didYouMean(name, functionNames(), 'function'),
    });
  }
  const fitting = candidates.filter(
    (candidate) => args.length >= candidate.minArgs && args.length <= candidate.maxArgs,
  );
  if (fitting.length === 0) {
    const [only] = candidates as [ScalarFunction];
    return context.faults.error('FSC3107', span, `\`${name}\` does not take ${args.length} arguments`, {
      cause: `it takes ${only.minArgs === only.maxArgs ? only.minArgs : `${only.minArgs} to ${only.maxArgs}`}`,
    });
  }
  const settled = settleArguments(args, context);
  return settled === null ? null : resolveCall(fitting, settled, span, `\`${name}\``, context);
}

/** greatest('2001-01-01', ts): literals beside values of one type take it where no text stands among them. */
function settleArguments(args: readonly PlanExpr[], _context: BindContext): readonly PlanExpr[] | null {
  return args.map(settleText);
}

function resolveCall(
  candidates: readonly ScalarFunction[],
  args: readonly PlanExpr[],
  span: Span,
  what: string,
  context: BindContext,
): PlanExpr | null {
  const types = args.map((arg) => arg.type);
  const constants: ConstantArg[] = args.map((arg) => (arg.kind === 'const' ? arg.value : undefined));
  let failure: Extract<Resolution, { ok: false }> | null = null;
  for (const candidate of candidates) {
    const resolution = candidate.resolve(types, constants, null);
    if (!resolution.ok) {
      // The overload with a fault of its own explains more than one that is not meant.
      if (failure === null || (failure.code === null && resolution.code !== null)) failure = resolution;
      continue;
    }
    const wanted = resolution.args;
    const coerced = allOrNull(args.map((arg, index) => coerce(arg, wanted[index] ?? arg.type, context.faults)));
    if (coerced === null) return null;
    return { kind: 'call', fn: candidate.name, args: coerced, type: resolution.result, span };
  }
  const shown = types.map(printType).join(', ');
  const message = failure?.message ?? `${what} does not take ${shown}`;
  return context.faults.foreign(failure?.code ?? 'FSC3101', 'FSC3101', span, message, {
    cause: failure?.cause,
    help: failure?.help,
  });
}

function bindCoalesce(args: readonly PlanExpr[], span: Span, context: BindContext): PlanExpr | null {
  if (args.length === 0) return context.faults.error('FSC3107', span, '`coalesce` needs arguments');
  const unified = unify(args, context.faults, 'the arguments of coalesce');
  return unified === null ? null : { kind: 'coalesce', type: branchType(unified), args: unified, span };
}

function bindNullIf(args: readonly PlanExpr[], span: Span, context: BindContext): PlanExpr | null {
  const [value, other] = args;
  if (value === undefined || other === undefined || args.length > 2) {
    return context.faults.error('FSC3107', span, '`nullif` takes two arguments');
  }
  const equal = bindOperator('=', [value, other], span, context);
  const settled = settleText(value);
  if (equal === null) return null;
  const none: PlanExpr = { kind: 'const', type: settled.type, value: null, span };
  return makeCase([equal], [none], settled, span, context);
}
