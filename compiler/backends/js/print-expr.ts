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

/** Alternatives of a chain that share a frame; longer chains are rare, and pay a call for each that many. */
const CHAIN_STEPS = 200;

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
    this.#braces(`if (${condition})`, body);
  }

  #braces(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.#scopes.push(new Map());
    body();
    this.#scopes.pop();
    this.line('}');
  }

  /**
   * What `steps` print runs in order until a statement that each is given leaves. A chain of alternatives is so flat text: one block in the other
   * for each of them would end the stack of this printer, and of the engine that reads what it prints. `first` is always computed: before the
   * block, so that what follows it knows it too.
   */
  #until(first: PlanExpr | undefined, steps: readonly ((leave: string) => void)[]): void {
    if (first !== undefined) this.print(first);
    const label = this.temporary('L');
    this.#braces(`${label}:`, () => {
      if (steps.length <= CHAIN_STEPS) for (const step of steps) step(`break ${label};`);
      else for (let at = 0; at < steps.length; at += CHAIN_STEPS) this.#apart(steps.slice(at, at + CHAIN_STEPS), label);
    });
  }

  /** A function of its own: all locals of a function lie in one frame, and the stack has an end for that too. */
  #apart(steps: readonly ((leave: string) => void)[], label: string): void {
    this.line('if ((() => {');
    this.#scopes.push(new Map());
    for (const step of steps) step('return true;');
    this.line('return false;');
    this.#scopes.pop();
    this.line(`})()) break ${label};`);
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
    this.line(`let ${value} = ${decisive === 'true' ? 'false' : 'true'}, ${isNull} = false;`);
    const steps = args.map((arg) => (leave: string): void => {
      const operand = this.print(arg);
      const hit = decisive === 'true' ? operand.value : `!${operand.value}`;
      const decide = `if (${hit}) { ${value} = ${decisive}; ${isNull} = false; ${leave} }`;
      this.line(operand.isNull === 'false' ? decide : `if (${operand.isNull}) ${isNull} = true; else ${decide}`);
    });
    this.#until(args[0], steps);
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
    const branches = expr.whens.map(({ when, then }) => (leave: string): void => {
      this.block(isTrue(this.print(when)), () => {
        assign(this.print(then));
        this.line(leave);
      });
    });
    this.#until(expr.whens[0]?.when, [...branches, () => assign(this.print(expr.otherwise))]);
    return { value, isNull };
  }

  #coalesce(expr: Extract<PlanExpr, { kind: 'coalesce' }>): JsOperand {
    const value = this.temporary();
    const isNull = this.temporary('z');
    this.line(`let ${value} = ${zero(expr.type)}, ${isNull} = true;`);
    const steps = expr.args.map((arg) => (leave: string): void => {
      const operand = this.print(arg);
      if (operand.isNull !== 'true') this.line(`${isNull} = ${operand.isNull}; ${value} = ${operand.value};`);
      this.line(`if (!${isNull}) ${leave}`);
    });
    this.#until(expr.args[0], steps);
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
