import type { CallTypes, ScalarFunction } from '../../../runtime/functions/definition.ts';
import { unreachable } from '../../../runtime/values/errors.ts';
import type { SqlType, Value } from '../../../runtime/values/types.ts';
import type { PlanExpr } from '../../plan/plan.ts';
import { jsData } from './escape.ts';

/**
 * An SQL value in generated code: a value and whether it is NULL, apart, so that numbers stay unboxed. `isNull` is a local or `true`/`false`;
 * where it is true, `value` means nothing.
 */
export interface JsOperand {
  readonly value: string;
  readonly isNull: string;
}

export type LeafExpr = Extract<PlanExpr, { kind: 'column' | 'slot' | 'key' | 'now' | 'request' | 'feature' }>;

export interface PrinterHost {
  readonly scalar: (name: string) => ScalarFunction;
  readonly leaf: (expr: LeafExpr, printer: ExprPrinter) => JsOperand;
  /** A statement that counts an error of the expression. */
  readonly countError: (expr: PlanExpr) => string;
}

/** Prints expressions as statements. One printer is one function body; equal expressions in straight-line code are computed once. */
export class ExprPrinter {
  readonly lines: string[] = [];
  readonly #host: PrinterHost;
  #temporaries = 0;
  #scopes: Map<string, JsOperand>[] = [new Map()];

  constructor(host: PrinterHost) {
    this.#host = host;
  }

  temporary(prefix = 'v'): string {
    return `${prefix}${this.#temporaries++}`;
  }

  line(text: string): void {
    this.lines.push('  '.repeat(this.#scopes.length) + text);
  }

  print(expr: PlanExpr): JsOperand {
    if (expr.kind === 'const') return constant(expr.value);
    const key = exprKey(expr);
    for (const scope of this.#scopes) {
      const known = scope.get(key);
      if (known !== undefined) return known;
    }
    const operand = this.#compute(expr);
    this.#scopes[this.#scopes.length - 1]?.set(key, operand);
    return operand;
  }

  /** `cond` is a JavaScript condition; what `body` prints runs only where it holds. */
  block(condition: string, body: () => void): void {
    this.line(`if (${condition}) {`);
    this.#scopes.push(new Map());
    body();
    this.#scopes.pop();
    this.line('}');
  }

  #compute(expr: Exclude<PlanExpr, { kind: 'const' }>): JsOperand {
    switch (expr.kind) {
      case 'column':
      case 'slot':
      case 'key':
      case 'now':
      case 'request':
      case 'feature':
        return this.#host.leaf(expr, this);
      case 'call':
        return this.#call(expr);
      case 'and':
        return this.#connective(expr.args, 'false');
      case 'or':
        return this.#connective(expr.args, 'true');
      case 'not': {
        const arg = this.print(expr.arg);
        return { value: `!${arg.value}`, isNull: arg.isNull };
      }
      case 'isNull': {
        const arg = this.print(expr.arg);
        return { value: expr.negated ? negate(arg.isNull) : arg.isNull, isNull: 'false' };
      }
      case 'case':
        return this.#case(expr);
      case 'coalesce':
        return this.#coalesce(expr);
      default:
        return unreachable(expr);
    }
  }

  #call(expr: Extract<PlanExpr, { kind: 'call' }>): JsOperand {
    const fn = this.#host.scalar(expr.fn);
    const args = expr.args.map((arg) => this.print(arg));
    const types: CallTypes = { args: expr.args.map((arg) => arg.type), result: expr.type };
    if (!fn.strict) return this.#lenientCall(expr, fn, args, types);
    const nulls = [...new Set(args.map((arg) => arg.isNull))].filter((isNull) => isNull !== 'false');
    if (nulls.includes('true')) return constant(null);
    const text = fn.js(
      args.map((arg) => arg.value),
      types,
    );
    const anyNull = nulls.join(' || ');
    if (!fn.canFail(types)) return this.#settle(text, anyNull, expr.type);
    const value = this.temporary();
    const isNull = this.temporary('z');
    this.line(`let ${value} = ${zero(expr.type)}, ${isNull} = true;`);
    const compute = (): void => {
      const raw = this.temporary('r');
      this.line(`const ${raw} = ${text};`);
      this.line(`if (${raw} === null) ${this.#host.countError(expr)} else { ${value} = ${raw}; ${isNull} = false; }`);
    };
    if (anyNull === '') compute();
    else this.block(`!(${anyNull})`, compute);
    return { value, isNull };
  }

  #settle(text: string, anyNull: string, type: SqlType): JsOperand {
    const value = this.temporary();
    if (anyNull === '') {
      this.line(`const ${value} = ${text};`);
      return { value, isNull: 'false' };
    }
    const isNull = anyNull.includes(' ') ? this.temporary('z') : anyNull;
    if (isNull !== anyNull) this.line(`const ${isNull} = ${anyNull};`);
    this.line(`const ${value} = ${isNull} ? ${zero(type)} : ${text};`);
    return { value, isNull };
  }

  /** A function that sees NULLs itself: it gets values or null. */
  #lenientCall(expr: PlanExpr, fn: ScalarFunction, args: readonly JsOperand[], types: CallTypes): JsOperand {
    const values = args.map((arg) => this.nullable(arg));
    const raw = this.temporary('r');
    this.line(`const ${raw} = ${fn.js(values, types)};`);
    const isNull = this.temporary('z');
    this.line(`const ${isNull} = ${raw} === null;`);
    if (fn.canFail(types) && args.every((arg) => arg.isNull === 'false')) {
      this.line(`if (${isNull}) ${this.#host.countError(expr)}`);
    }
    return { value: raw, isNull };
  }

  /** The operand as one expression that gives null for NULL. */
  nullable(operand: JsOperand): string {
    if (operand.isNull === 'false') return operand.value;
    if (operand.isNull === 'true') return 'null';
    const local = this.temporary('o');
    this.line(`const ${local} = ${operand.isNull} ? null : ${operand.value};`);
    return local;
  }

  /** AND and OR stop at `decisive` (false, true); NULL otherwise wins over the rest. */
  #connective(args: readonly PlanExpr[], decisive: 'true' | 'false'): JsOperand {
    const value = this.temporary();
    const isNull = this.temporary('z');
    const done = decisive === 'true' ? value : `!${value}`;
    this.line(`let ${value} = ${decisive === 'true' ? 'false' : 'true'}, ${isNull} = false;`);
    const step = (index: number): void => {
      const arg = args[index];
      if (arg === undefined) return;
      const operand = this.print(arg);
      const hit = decisive === 'true' ? operand.value : `!${operand.value}`;
      if (operand.isNull === 'false') this.line(`if (${hit}) { ${value} = ${decisive}; ${isNull} = false; }`);
      else {
        this.line(
          `if (${operand.isNull}) ${isNull} = true; else if (${hit}) { ${value} = ${decisive}; ${isNull} = false; }`,
        );
      }
      if (index + 1 < args.length) this.block(negate(done), () => step(index + 1));
    };
    step(0);
    return { value, isNull };
  }

  #case(expr: Extract<PlanExpr, { kind: 'case' }>): JsOperand {
    const value = this.temporary();
    const isNull = this.temporary('z');
    this.line(`let ${value} = ${zero(expr.type)}, ${isNull} = true;`);
    const assign = (operand: JsOperand): void => {
      if (operand.isNull === 'true') return;
      this.line(`${isNull} = ${operand.isNull}; ${value} = ${operand.value};`);
    };
    const step = (index: number): void => {
      const branch = expr.whens[index];
      if (branch === undefined) {
        assign(this.print(expr.otherwise));
        return;
      }
      const when = this.print(branch.when);
      const holds = this.temporary('h');
      this.line(`const ${holds} = ${isTrue(when)};`);
      this.block(holds, () => assign(this.print(branch.then)));
      this.block(`!${holds}`, () => step(index + 1));
    };
    step(0);
    return { value, isNull };
  }

  #coalesce(expr: Extract<PlanExpr, { kind: 'coalesce' }>): JsOperand {
    const value = this.temporary();
    const isNull = this.temporary('z');
    this.line(`let ${value} = ${zero(expr.type)}, ${isNull} = true;`);
    const step = (index: number): void => {
      const arg = expr.args[index];
      if (arg === undefined) return;
      const operand = this.print(arg);
      if (operand.isNull !== 'true') this.line(`${isNull} = ${operand.isNull}; ${value} = ${operand.value};`);
      if (index + 1 < expr.args.length) this.block(isNull, () => step(index + 1));
    };
    step(0);
    return { value, isNull };
  }
}

/** A JavaScript condition that holds where the boolean operand is TRUE. */
export function isTrue(operand: JsOperand): string {
  if (operand.isNull === 'false') return operand.value;
  if (operand.isNull === 'true') return 'false';
  return `(!${operand.isNull} && ${operand.value})`;
}

function negate(condition: string): string {
  if (condition === 'true') return 'false';
  if (condition === 'false') return 'true';
  return condition.startsWith('!') ? condition.slice(1) : `!${condition}`;
}

function constant(value: Value): JsOperand {
  if (value === null) return { value: '0', isNull: 'true' };
  const text = jsData(value);
  return { value: text.startsWith('-') || text.startsWith('{') ? `(${text})` : text, isNull: 'false' };
}

function zero(type: SqlType): string {
  if (type.kind === 'text') return "''";
  return type.kind === 'boolean' ? 'false' : '0';
}

/** Equal for expressions that mean the same; spans are left out. */
export function exprKey(expr: PlanExpr): string {
  return JSON.stringify(expr, (key, value: unknown) => {
    if (key === 'span') return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number' && !Number.isFinite(value)) return `${value}f`;
    return Object.is(value, -0) ? '-0f' : value;
  });
}
