import type { ConstantArg, Resolution, ScalarFunction } from '../../runtime/functions/definition.ts';
import { counted } from '../../runtime/values/counted.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import type { FaultParts, Faults } from '../catalog/faults.ts';
import { nearest } from '../catalog/suggest.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { replacing, textOf } from '../diagnostics/edits.ts';
import type { CallExpr } from '../parse/ast.ts';
import type { PlanExpr } from '../plan/plan.ts';
import { allOrNull, branchType, coerce, commonType, isFloat, isUntyped, settleText, unify } from './coerce.ts';
import { makeCase } from './conditional.ts';
import type { BindContext } from './context.ts';
import { typeInDuckDb } from './duckdb-digits.ts';
import { insteadOf, isVolatile, WINDOW_FUNCTIONS } from './foreign-functions.ts';
import { pickedInstead } from './picked.ts';
import { functionNames, scalarsCalled, scalarsOfOperator } from './registry.ts';
import { roundingHelp } from './rounded.ts';
import { refuseTextOperand, textOperand } from './text-operand.ts';
import { foldUnit, unknownUnit } from './units.ts';
import { NOW_NAMES } from './walk.ts';

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=', 'is distinct from']);

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
  return settled === null ? null : resolveCall(named, settled, span, opSpan, `\`${op}\``, context);
}

/** A string literal or NULL next to a typed operand takes its type, as in the databases. */
function settleOperands(op: string, operands: readonly PlanExpr[], context: BindContext): readonly PlanExpr[] | null {
  const [left, right] = operands;
  if (left === undefined || right === undefined || op === '||' || op === 'like') return operands.map(settleText);
  if (COMPARISONS.has(op) && isUntyped(left) && isUntyped(right))
    return unify([left, right], context.faults, 'operands');
  const text = textOperand(op, left, right);
  if (text === 'left') return refuseTextOperand(op, left, right, context);
  if (text === 'right') return refuseTextOperand(op, right, left, context);
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

/** Whether something is called so that is no aggregate. */
export function isScalar(name: string): boolean {
  return name === 'coalesce' || name === 'nullif' || scalarsCalled(name).length > 0;
}

/** `call`: as written, where it is the function of a call. */
export function unknownFunction(
  name: string,
  nameSpan: Span,
  context: BindContext,
  call: CallExpr | null = null,
): null {
  const { faults } = context;
  const shown = `\`${name}\``;
  if (call !== null && NOW_NAMES.has(name)) return instantOfMore(call, faults);
  if (isVolatile(name)) return faults.error('FSC3112', nameSpan, `${shown} gives another value at each call`);
  if (WINDOW_FUNCTIONS.has(name)) return faults.error('FSC3424', nameSpan, `${shown} without OVER`);
  const instead = call === null ? insteadOf(name) : pickedInstead(call, context);
  if (instead !== null) {
    const parts = typeof instead === 'string' ? { help: instead } : instead;
    return faults.error('FSC3004', nameSpan, `function ${shown} is not supported`, parts);
  }
  const near = nearest(name, nameSpan, functionNames(), 'function');
  return faults.error('FSC3004', nameSpan, `function ${shown} does not exist`, near.edits === undefined ? {} : near);
}

/** now() and its other names, with anything between or behind the parentheses. */
function instantOfMore({ name, span }: CallExpr, faults: Faults): null {
  return faults.error('FSC3107', span, `\`${name}\` takes no arguments`, {
    cause: 'it is the instant that is asked for, in microseconds',
    help: 'write now()',
    edits: replacing(span, 'now()'),
  });
}

export function bindCall(
  name: string,
  args: readonly PlanExpr[],
  span: Span,
  nameSpan: Span,
  context: BindContext,
): PlanExpr | null {
  if (IN_THE_GRAMMAR.has(name) && textOf(context.faults.file, nameSpan).startsWith('"')) {
    return quotedWord(name, nameSpan, context.faults);
  }
  if (name === 'coalesce') return bindCoalesce(args, span, context);
  if (name === 'nullif') return bindNullIf(args, span, context);
  const candidates = scalarsCalled(name);
  if (candidates.length === 0) return unknownFunction(name, nameSpan, context);
  const fitting = candidates.filter(
    (candidate) => args.length >= candidate.minArgs && args.length <= candidate.maxArgs,
  );
  if (fitting.length === 0) {
    const [only] = candidates as [ScalarFunction];
    const takes = only.minArgs === only.maxArgs ? String(only.minArgs) : `${only.minArgs} to ${only.maxArgs}`;
    return context.faults.error('FSC3107', span, `\`${name}\` does not take ${counted(args.length, 'argument')}`, {
      cause: `it takes ${takes.replace('to Infinity', 'or more')}`,
      help: `call it with ${takes.replace('to Infinity', 'or more')}: ${only.doc.summary}`,
    });
  }
  const settled = settleArguments(name, foldUnit(name, args), context);
  return settled === null ? null : resolveCall(fitting, settled, span, nameSpan, `\`${name}\``, context);
}

/** Words of the grammar rather than functions: in quotes they name a function that one of the databases does not have. */
const IN_THE_GRAMMAR = new Set(['coalesce', 'nullif', 'greatest', 'least']);

function quotedWord(name: string, nameSpan: Span, faults: Faults): null {
  return faults.error('FSC3004', nameSpan, `function \`"${name}"\` does not exist`, {
    cause: 'it is a word of the grammar, and no function that could be named in quotes',
    help: 'write it without quotes',
    edits: replacing(nameSpan, name),
  });
}

/** Functions whose arguments are of one type, so that a literal among them is of that type too. */
const OF_ONE_TYPE = new Set(['greatest', 'least']);

function settleArguments(name: string, args: readonly PlanExpr[], context: BindContext): readonly PlanExpr[] | null {
  if (!OF_ONE_TYPE.has(name) || !args.some(isUntyped)) return args.map(settleText);
  let common: SqlType | null = { kind: 'unknown' };
  for (const arg of args) common = common === null ? null : commonType(common, arg.type);
  if (common === null || common.kind === 'unknown') return args.map(settleText);
  const type = common;
  return allOrNull(args.map((arg) => (isUntyped(arg) ? coerce(arg, literalTarget(type), context.faults) : arg)));
}

function resolveCall(
  candidates: readonly ScalarFunction[],
  args: readonly PlanExpr[],
  span: Span,
  nameSpan: Span,
  what: string,
  context: BindContext,
): PlanExpr | null {
  const types = args.map((arg) => arg.type);
  const inDuckDb = args.map(typeInDuckDb);
  const constants: ConstantArg[] = args.map((arg) => (arg.kind === 'const' ? arg.value : undefined));
  let failure: Extract<Resolution, { ok: false }> | null = null;
  for (const candidate of candidates) {
    const resolution = resolveSharing(candidate, types, inDuckDb, constants);
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
  const rounding = roundingParts(candidates[0]?.name, args, span, context);
  const at = failure?.argument ?? null;
  const message = failure?.message ?? `${what} does not take ${shown}`;
  const code = failure?.code ?? 'FSC3101';
  return context.faults.foreign(code, 'FSC3101', at === null ? span : (args[at]?.span ?? span), message, {
    label: at === null ? shown : '',
    cause: failure?.cause,
    help: failure?.help,
    edits: code === 'FSC3010' ? replacing(nameSpan, '* 1.0 /') : undefined,
    ...rounding,
    ...unitParts(code, candidates[0], args, context),
  });
}

/** What DuckDB has no digits for has no type, even where fsc would have them. */
function resolveSharing(
  candidate: ScalarFunction,
  types: readonly SqlType[],
  inDuckDb: readonly SqlType[],
  constants: readonly ConstantArg[],
): Resolution {
  const resolution = candidate.resolve(types, constants, null);
  if (!resolution.ok || inDuckDb.every((type, i) => type === types[i])) return resolution;
  const shared = candidate.resolve(inDuckDb, constants, null);
  return shared.ok || shared.code !== 'FSC3016' ? resolution : shared;
}

function unitParts(
  code: string,
  fn: ScalarFunction | undefined,
  args: readonly PlanExpr[],
  { faults }: BindContext,
): FaultParts {
  const [unit] = args;
  if (code !== 'FSC3014' || fn === undefined || unit?.kind !== 'const' || typeof unit.value !== 'string') return {};
  if (fn.name === 'date_trunc') return unknownUnit(unit.value, unit.span);
  const singular = unit.value.replace(/s$/, '');
  const types = args.map((arg) => arg.type);
  if (singular === unit.value || !fn.resolve(types, [singular], null).ok) return {};
  const isQuoted = textOf(faults.file, unit.span).startsWith("'");
  return { help: `write \`${singular}\``, edits: replacing(unit.span, isQuoted ? `'${singular}'` : singular) };
}

/** For a double that is rounded to digits. */
function roundingParts(
  name: string | undefined,
  args: readonly PlanExpr[],
  span: Span,
  context: BindContext,
): FaultParts {
  const [value, digits] = args;
  if ((name !== 'round' && name !== 'trunc') || value === undefined || digits?.kind !== 'const') return {};
  const isMeant = isFloat(value.type) && typeof digits.value === 'number' && digits.value >= 0;
  return isMeant ? roundingHelp(name, value, Number(digits.value), span, context.faults) : {};
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
