import { unreachable } from '../../runtime/values/errors.ts';
import type { CallExpr, Expr, WindowSpec } from '../parse/ast.ts';
import type { PlanExpr } from '../plan/plan.ts';

/** Direct children of a syntax node; a call's FILTER, ORDER BY and OVER included. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'null':
    case 'typedString':
    case 'interval':
    case 'column':
    case 'star':
    case 'unsupported':
      return [];
    case 'unary':
    case 'not':
    case 'isNull':
    case 'isBoolean':
    case 'cast':
    case 'extract':
      return [expr.operand];
    case 'and':
    case 'or':
      return expr.operands;
    case 'binary':
    case 'isDistinct':
      return [expr.left, expr.right];
    case 'between':
      return [expr.operand, expr.low, expr.high];
    case 'in':
      return [expr.operand, ...expr.list];
    case 'like':
      return [expr.operand, expr.pattern];
    case 'case':
      return caseParts(expr);
    case 'subscript':
      return [expr.operand, expr.index];
    case 'call':
      return callParts(expr);
    default:
      return unreachable(expr);
  }
}

function caseParts(expr: Extract<Expr, { kind: 'case' }>): readonly Expr[] {
  const parts: Expr[] = expr.operand === null ? [] : [expr.operand];
  for (const branch of expr.whens) parts.push(branch.when, branch.then);
  if (expr.otherwise !== null) parts.push(expr.otherwise);
  return parts;
}

function callParts(call: CallExpr): readonly Expr[] {
  const parts: Expr[] = [...call.args];
  for (const item of call.orderBy) parts.push(item.expr);
  if (call.filter !== null) parts.push(call.filter);
  if (call.over !== null && call.over.kind === 'inline') {
    parts.push(...call.over.spec.partitionBy);
    for (const item of call.over.spec.orderBy) parts.push(item.expr);
  }
  return parts;
}

export function someExpr(expr: Expr, test: (node: Expr) => boolean): boolean {
  return test(expr) || childrenOf(expr).some((child) => someExpr(child, test));
}

export function findExpr(expr: Expr, test: (node: Expr) => boolean): Expr | null {
  if (test(expr)) return expr;
  for (const child of childrenOf(expr)) {
    const found = findExpr(child, test);
    if (found !== null) return found;
  }
  return null;
}

/** Spellings of the instant; the referee puts it in their place. */
export const NOW_NAMES: ReadonlySet<string> = new Set([
  'now',
  'current_timestamp',
  'localtimestamp',
  'transaction_timestamp',
]);

export function isNow(expr: Expr): boolean {
  return expr.kind === 'call' && NOW_NAMES.has(expr.name) && expr.args.length === 0 && expr.over === null;
}

export function hasNow(expr: Expr): boolean {
  return someExpr(expr, isNow);
}

/** The conjuncts at the top. */
export function conjunctsOf(expr: Expr | null): readonly Expr[] {
  if (expr === null) return [];
  if (expr.kind !== 'and') return [expr];
  return expr.operands.flatMap((operand) => conjunctsOf(operand));
}

/** Direct children of a bound expression. */
export function planChildren(expr: PlanExpr): readonly PlanExpr[] {
  switch (expr.kind) {
    case 'const':
    case 'column':
    case 'slot':
    case 'key':
    case 'request':
    case 'feature':
    case 'now':
      return [];
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
      return expr.args;
    case 'not':
    case 'isNull':
      return [expr.arg];
    case 'case':
      return [...expr.whens.flatMap((branch) => [branch.when, branch.then]), expr.otherwise];
    default:
      return unreachable(expr);
  }
}

export function somePlan(expr: PlanExpr, test: (node: PlanExpr) => boolean): boolean {
  return test(expr) || planChildren(expr).some((child) => somePlan(child, test));
}

export function findPlan(expr: PlanExpr, test: (node: PlanExpr) => boolean): PlanExpr | null {
  if (test(expr)) return expr;
  for (const child of planChildren(expr)) {
    const found = findPlan(child, test);
    if (found !== null) return found;
  }
  return null;
}

/** Rebuilds an expression with mapped children. */
export function mapChildren(expr: PlanExpr, map: (child: PlanExpr) => PlanExpr): PlanExpr {
  switch (expr.kind) {
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
      return { ...expr, args: expr.args.map(map) };
    case 'not':
    case 'isNull':
      return { ...expr, arg: map(expr.arg) };
    case 'case':
      return {
        ...expr,
        // biome-ignore lint/suspicious/noThenProperty: the branch of a CASE, never awaited
        whens: expr.whens.map((branch) => ({ when: map(branch.when), then: map(branch.then) })),
        otherwise: map(expr.otherwise),
      };
    default:
      return expr;
  }
}

/** Rebuilds a syntax tree, bottom up, with `map` applied to every column reference. */
export function mapColumns(expr: Expr, map: (node: Extract<Expr, { kind: 'column' }>) => Expr): Expr {
  const on = (child: Expr): Expr => mapColumns(child, map);
  switch (expr.kind) {
    case 'column':
      return map(expr);
    case 'unary':
    case 'not':
    case 'isNull':
    case 'isBoolean':
    case 'cast':
    case 'extract':
      return { ...expr, operand: on(expr.operand) };
    case 'and':
    case 'or':
      return { ...expr, operands: expr.operands.map(on) };
    case 'binary':
    case 'isDistinct':
      return { ...expr, left: on(expr.left), right: on(expr.right) };
    case 'between':
      return { ...expr, operand: on(expr.operand), low: on(expr.low), high: on(expr.high) };
    case 'in':
      return { ...expr, operand: on(expr.operand), list: expr.list.map(on) };
    case 'like':
      return { ...expr, operand: on(expr.operand), pattern: on(expr.pattern) };
    case 'case':
      return {
        ...expr,
        operand: expr.operand === null ? null : on(expr.operand),
        // biome-ignore lint/suspicious/noThenProperty: the branch of a CASE, never awaited
        whens: expr.whens.map((branch) => ({ when: on(branch.when), then: on(branch.then) })),
        otherwise: expr.otherwise === null ? null : on(expr.otherwise),
      };
    case 'subscript':
      return { ...expr, operand: on(expr.operand), index: on(expr.index) };
    case 'call':
      return mapCall(expr, on);
    default:
      return expr;
  }
}

function mapCall(call: CallExpr, on: (expr: Expr) => Expr): CallExpr {
  const over =
    call.over === null || call.over.kind === 'named' ? call.over : { ...call.over, spec: mapSpec(call.over.spec, on) };
  return {
    ...call,
    args: call.args.map(on),
    orderBy: call.orderBy.map((item) => ({ ...item, expr: on(item.expr) })),
    filter: call.filter === null ? null : on(call.filter),
    over,
  };
}

export function mapSpec(spec: WindowSpec, on: (expr: Expr) => Expr): WindowSpec {
  return {
    ...spec,
    partitionBy: spec.partitionBy.map(on),
    orderBy: spec.orderBy.map((item) => ({ ...item, expr: on(item.expr) })),
  };
}

/** Equal expressions, spans and spelling of names aside. */
export function sameSyntax(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameSyntax(item, b[i]));
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  if (left.kind !== right.kind) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length && keys.every((key) => isLayout(key) || sameSyntax(left[key], right[key]))
  );
}

function isLayout(key: string): boolean {
  return key === 'span' || key === 'quoted' || key.endsWith('Span');
}
