import type { Dialect } from '../../../runtime/functions/definition.ts';
import { quoteName } from './text.ts';

/** No name of a source or feature holds a blank. */
const PREFIX = 'fsc let ';
const REFERENCE = /"fsc let (\d+)"/g;

/**
 * Parts of expressions that are computed once, as columns of SELECTs between a relation and the SELECT that uses it: guarded forms name
 * their arguments several times, so that written out a sum of a few doubles would be millions of characters.
 */
export class Lets {
  readonly #alias: string;
  /** A part uses parts of lower layers only. */
  readonly #layers: string[][] = [];
  readonly #known = new Map<string, string>();
  readonly #layerOf: number[] = [];

  /** `alias` is what the relation is called. */
  constructor(alias: string) {
    this.#alias = alias;
  }

  get isEmpty(): boolean {
    return this.#layers.length === 0;
  }

  /** The column that holds the part; `text` is over the relation and parts named before. */
  name(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const column = quoteName(`${PREFIX}${this.#layerOf.length}`);
    let layer = 0;
    for (const [, index] of text.matchAll(REFERENCE)) layer = Math.max(layer, (this.#layerOf[Number(index)] ?? -1) + 1);
    this.#layerOf.push(layer);
    this.#layers[layer] = [...(this.#layers[layer] ?? []), `${text} AS ${column}`];
    const name = `${this.#alias}.${column}`;
    this.#known.set(text, name);
    return name;
  }

  /** The FROM item under the same alias, with the parts beside its columns. */
  over(from: string, dialect: Dialect): string {
    // Postgres would write the parts out again where they are used; OFFSET keeps the SELECTs apart.
    const fence = dialect === 'postgres' ? '\nOFFSET 0' : '';
    return this.#layers.reduce(
      (inner, parts) =>
        `(\nSELECT ${this.#alias}.*,\n${parts.map((part) => `  ${part}`).join(',\n')}\nFROM ${inner}${fence}\n) AS ${this.#alias}`,
      from,
    );
  }
}
