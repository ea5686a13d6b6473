import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { SqlType } from '../../../runtime/values/types.ts';
import type { ExprPrinter, JsOperand, LeafExpr } from '../js/print-expr.ts';

/** Reads columns of a batch as locals of the function and of its row loop. */
export class BatchReader {
  readonly header: string[] = [];
  readonly #seen = new Set<number>();
  readonly #source: SourceSpec | null;

  constructor(source: SourceSpec | null) {
    this.#source = source;
  }

  leaf(expr: LeafExpr, printer: ExprPrinter): JsOperand {
    if (expr.kind !== 'column') throw new Error(`${expr.kind} in a stage-1 expression`);
    return this.column(expr.column, expr.type, printer);
  }

  column(index: number, type: SqlType, printer: ExprPrinter): JsOperand {
    this.#declare(index, type);
    const value = printer.temporary('c');
    if (type.kind === 'text') printer.line(`const ${value} = ${this.text(index)};`);
    else if (type.kind === 'boolean') printer.line(`const ${value} = d${index}[row] !== 0;`);
    else printer.line(`const ${value} = ${this.number(index, type)};`);
    if (this.#source?.columns[index]?.nullable === false) return { value, isNull: 'false' };
    const isNull = printer.temporary('z');
    printer.line(`const ${isNull} = n${index} !== null && n${index}[row] !== 0;`);
    return { value, isNull };
  }

  /** Whether a column is NULL in the row, for a condition. */
  nulls(index: number, type: SqlType): { readonly isNull: string } {
    this.#declare(index, type);
    if (this.#source?.columns[index]?.nullable === false) return { isNull: 'false' };
    return { isNull: `n${index} !== null && n${index}[row] !== 0` };
  }

  /** The row's text of a declared column. */
  text(index: number): string {
    return `d${index} !== null ? d${index}[q${index}[row]] : s${index}[row]`;
  }

  /** The row's number of a declared column, a BigInt where no double holds it. */
  number(index: number, type: SqlType): string {
    const value = `d${index}[row]`;
    if (!isWide(type)) return value;
    return `w${index} !== null && Math.abs(${value}) > 9007199254740991 ? w${index}.get(row) : ${value}`;
  }

  #declare(index: number, type: SqlType): void {
    if (this.#seen.has(index)) return;
    this.#seen.add(index);
    const vector = `batch.columns[${index}]`;
    this.header.push(`const n${index} = ${vector}.nulls;`);
    if (type.kind === 'text') {
      this.header.push(`const d${index} = ${vector}.codes === null ? null : ${vector}.dictionary;`);
      this.header.push(`const q${index} = ${vector}.codes, s${index} = ${vector}.strings;`);
    } else {
      this.header.push(`const d${index} = ${vector}.values;`);
      if (isWide(type)) this.header.push(`const w${index} = ${vector}.wide;`);
    }
  }
}

function isWide(type: SqlType): boolean {
  return type.kind === 'bigint' || (type.kind === 'decimal' && type.precision > 15);
}
