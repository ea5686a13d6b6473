import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from './ast.ts';

/** A node for what is SQL but not fsc's; `help` says what to write instead. The binder reports it where it is used. */
const ROW = 'a row value';

/** `(a, b)` and `ROW(a, b)`. */
export function rowValue(span: Span, help: string): Expr {
  return unsupported(span, ROW, help);
}

export function isRow(expr: Expr): boolean {
  return expr.kind === 'unsupported' && expr.what === ROW;
}

export function unsupported(span: Span, what: string, help: string): Expr {
  return { kind: 'unsupported', span, what, help };
}
