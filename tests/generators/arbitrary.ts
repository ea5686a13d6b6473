/** Cases for fast-check: drawn from a seed, shrunk by dropping what does not matter. */
import fc from 'fast-check';
import { generateCase, generateCases } from './case.ts';
import { children, printExpr, walk } from './print-sql.ts';
import type { Case, Expr, Output, ViewSpec } from './view-spec.ts';
import { versioned } from './view-spec.ts';

const without = <T>(items: readonly T[], from: number, count: number): T[] => [
  ...items.slice(0, from),
  ...items.slice(from + count),
];

/** Halves, quarters … single items taken away. */
function* dropped<T>(items: readonly T[], least: number): Generator<T[]> {
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < items.length; from += size) {
      const rest = without(items, from, size);
      if (rest.length >= least && rest.length < items.length) yield rest;
    }
}

const sameType = (a: Expr, b: Expr): boolean => JSON.stringify(a.type) === JSON.stringify(b.type);

const mentionsLiteralOnly = (expr: Expr): boolean => {
  let leaf = false;
  walk(expr, (e) => {
    if (e.node === 'column' || e.node === 'aggregate' || e.node === 'window' || e.node === 'now') leaf = true;
  });
  return !leaf;
};

/** Smaller expressions of the same type in its place. */
function* simpler(expr: Expr): Generator<Expr> {
  if ((expr.node === 'aggregate' || expr.node === 'window') && expr.filter.length > 0) {
    for (const filter of dropped(expr.filter, 0)) {
      // Unwindowed count(DISTINCT) would no longer compile.
      if (expr.node === 'aggregate' && expr.distinct === true) continue;
      yield { ...expr, filter };
    }
  }
  if (expr.node === 'aggregate' || expr.node === 'window') return;
  for (const child of children(expr)) if (sameType(child, expr) && !mentionsLiteralOnly(child)) yield child;
}

/** Replaces one node of the tree by a simpler one; group expressions stay whole. */
function* rewritten(expr: Expr, whole: ReadonlySet<string>): Generator<Expr> {
  if (whole.has(printExpr(expr))) return;
  yield* simpler(expr);
  switch (expr.node) {
    case 'binary':
      for (const left of rewritten(expr.left, whole)) yield { ...expr, left };
      for (const right of rewritten(expr.right, whole)) yield { ...expr, right };
      break;
    case 'unary':
    case 'cast':
      for (const arg of rewritten(expr.arg, whole)) yield { ...expr, arg };
      break;
    case 'aggregate':
      if (expr.arg !== undefined) for (const arg of rewritten(expr.arg, whole)) yield { ...expr, arg };
      break;
    case 'call':
    case 'window':
      for (let i = 0; i < expr.args.length; i++)
        for (const arg of rewritten(expr.args[i]!, whole)) yield { ...expr, args: expr.args.with(i, arg) };
      break;
    case 'case':
      for (let i = 0; i < expr.whens.length; i++) {
        const one = expr.whens[i]!;
        if (expr.whens.length > 1) yield { ...expr, whens: without(expr.whens, i, 1) };
        for (const when of rewritten(one.when, whole)) yield { ...expr, whens: expr.whens.with(i, { ...one, when }) };
        for (const result of rewritten(one.result, whole))
          yield { ...expr, whens: expr.whens.with(i, { ...one, result }) };
      }
      break;
    default:
  }
}

const inJoins = (views: readonly ViewSpec[], view: ViewSpec): boolean =>
  views.some((v) => v.shape === 'D' && v.joins.some((j) => j.view === versioned(view)));

function* smallerOutputs(view: ViewSpec, fixed: (o: Output) => boolean): Generator<Output[]> {
  const whole = new Set(view.shape === 'A' ? view.keys.map((k) => printExpr(k.expr)) : []);
  for (let i = 0; i < view.outputs.length; i++) {
    const output = view.outputs[i]!;
    if (fixed(output)) continue;
    if (view.outputs.filter((o) => !fixed(o)).length > 1) yield without(view.outputs, i, 1);
    for (const expr of rewritten(output.expr, whole)) {
      if (!mentionsLiteralOnly(expr)) yield view.outputs.map((o, j) => (j === i ? { ...o, expr } : o));
    }
  }
}

const isGuard = (e: Expr): boolean => e.node === 'unary' && e.op === 'is not null';

const refersToNow = (exprs: readonly Expr[]): boolean => {
  let found = false;
  for (const expr of exprs)
    walk(expr, (e) => {
      if (e.node === 'now') found = true;
    });
  return found;
};

const countsDistinct = (view: ViewSpec): boolean => {
  let found = false;
  for (const o of view.outputs)
    walk(o.expr, (e) => {
      if (e.node === 'aggregate' && e.distinct === true) found = true;
    });
  return found;
};

function* smallerViews(view: ViewSpec, joined: boolean): Generator<ViewSpec> {
  if (view.shape === 'A' && view.having !== undefined) {
    const { having: _having, ...rest } = view;
    yield rest;
  }
  if (view.shape !== 'D')
    for (let i = 0; i < view.where.length; i++) {
      const conjunct = view.where[i]!;
      if (isGuard(conjunct) || (refersToNow([conjunct]) && countsDistinct(view))) continue;
      yield { ...view, where: without(view.where, i, 1) };
    }
  // A view that others join keeps its columns.
  if (joined) return;
  const fixed = (o: Output): boolean => view.shape === 'B' && view.entity.includes(o.name);
  for (const outputs of smallerOutputs(view, fixed)) {
    const next = { ...view, outputs };
    if (next.shape !== 'B') yield next;
    else {
      let over = false;
      for (const o of outputs)
        walk(o.expr, (e) => {
          if (e.node === 'window') over = true;
        });
      yield { ...next, entityTag: !over };
    }
  }
}

/** Every case one step smaller. */
export function* smallerCases(test: Case): Generator<Case> {
  const { style, ...plain } = test;
  if (style !== undefined) yield plain;
  for (const log of dropped(test.log, 0)) yield { ...test, log, prefixes: [log.length] };
  if (test.prefixes.length > 1) for (const prefixes of dropped(test.prefixes, 1)) yield { ...test, prefixes };
  for (const instants of dropped(test.instants, 1)) yield { ...test, instants };
  for (const requests of dropped(test.requests, 1)) yield { ...test, requests };
  for (let i = 0; i < test.views.length; i++) {
    const view = test.views[i]!;
    const joined = inJoins(test.views, view);
    if (test.views.length > 1 && !joined) {
      const views = without(test.views, i, 1);
      if (views.some((v) => v.shape === 'D')) yield { ...test, views };
      else {
        const { request: _request, ...rest } = test;
        yield { ...rest, views, requests: [] };
      }
    }
    for (const smaller of smallerViews(view, joined)) yield { ...test, views: test.views.with(i, smaller) };
  }
}

class CaseArbitrary extends fc.Arbitrary<Case> {
  override generate(mrng: fc.Random): fc.Value<Case> {
    return new fc.Value(generateCase(mrng.nextInt(0, 0x7fffffff)), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is Case {
    return typeof value === 'object' && value !== null && 'views' in value && 'log' in value;
  }

  override shrink(value: Case): fc.Stream<fc.Value<Case>> {
    const steps = function* (): Generator<fc.Value<Case>> {
      for (const smaller of smallerCases(value)) yield new fc.Value(smaller, undefined);
    };
    return new fc.Stream(steps());
  }
}

/** Random cases; the same fast-check seed gives the same ones. */
export const caseArbitrary = (): fc.Arbitrary<Case> => new CaseArbitrary();

class CasesArbitrary extends fc.Arbitrary<readonly Case[]> {
  readonly #count: number;

  constructor(count: number) {
    super();
    this.#count = count;
  }

  override generate(mrng: fc.Random): fc.Value<readonly Case[]> {
    return new fc.Value(generateCases(mrng.nextInt(0, 0x7fffffff), this.#count), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is readonly Case[] {
    return Array.isArray(value);
  }

  override shrink(cases: readonly Case[]): fc.Stream<fc.Value<readonly Case[]>> {
    const steps = function* (): Generator<fc.Value<readonly Case[]>> {
      const smaller = cases.length > 1 ? cases : cases.flatMap((one) => [...smallerCases(one)]);
      for (const one of smaller) yield new fc.Value([one], undefined);
    };
    return new fc.Stream(steps());
  }
}

/** Random SQL over `count` logs, which shrinks to one of them first. */
export const casesArbitrary = (count: number): fc.Arbitrary<readonly Case[]> => new CasesArbitrary(count);

/** The smallest case on which `fails` still holds, found greedily within `limit` tries. */
export const shrinkCase = async (
  test: Case,
  fails: (candidate: Case) => Promise<boolean>,
  limit = 2000,
): Promise<Case> => {
  let current = test;
  let tries = 0;
  for (let again = true; again; ) {
    again = false;
    for (const smaller of smallerCases(current)) {
      if (tries++ >= limit) return current;
      if (await fails(smaller)) {
        current = smaller;
        again = true;
        break;
      }
    }
  }
  return current;
};
