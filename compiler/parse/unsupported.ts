import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from './ast.ts';

/** A node for what is SQL but not fsc's; `help` says what to write instead. The binder reports it where it is used. */
export function unsupported(span: Span, what: string, help: string): Expr {
  return { kind: 'unsupported', span, what, help };
}
