import { Lets } from './lets.ts';
import type { PrintEnv } from './print-expr.ts';
import { quoteName } from './text.ts';

/**
 * Leaves of several joined relations as the columns of one, called `alias`, so that parts of expressions over them can be named below the
 * SELECT that uses them.
 */
export class FlatLeaves {
  readonly lets: Lets;
  readonly env: PrintEnv;
  readonly #names = new Map<string, string>();

  /** `joined` prints leaves over the relations themselves. */
  constructor(joined: PrintEnv, alias: string) {
    this.lets = new Lets(alias);
    this.env = {
      functions: joined.functions,
      lets: this.lets,
      leaf: (expr) => {
        const text = joined.leaf(expr);
        return expr.kind === 'now' && !text.includes('.') ? text : `${alias}.${this.#nameOf(text)}`;
      },
    };
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = quoteName(`fsc leaf ${this.#names.size}`);
    this.#names.set(text, name);
    return name;
  }

  /** What the SELECT over the joined relations gives. */
  items(): readonly string[] {
    return [...this.#names].map(([text, name]) => `${text} AS ${name}`);
  }
}
