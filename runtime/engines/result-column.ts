import type { SqlType, Value } from '../values/types.ts';

/** A growing-free result column: typed where the type allows, NULL until set. */
export class ResultColumn {
  readonly type: SqlType;
  readonly length: number;
  /** 1 = NULL. */
  readonly nulls: Uint8Array;
  /** Numbers of every numeric kind; booleans as 0/1; timestamps in micros. Empty for text. */
  readonly numbers: Float64Array;
  readonly strings: (string | undefined)[];
  /** Bigints and unscaled decimals beyond ±(2^53−1), by row. */
  readonly wide: Map<number, bigint> = new Map();

  constructor(type: SqlType, length: number) {
    this.type = type;
    this.length = length;
    this.nulls = new Uint8Array(length).fill(1);
    this.numbers = new Float64Array(type.kind === 'text' ? 0 : length);
    this.strings = type.kind === 'text' ? new Array<string | undefined>(length).fill(undefined) : [];
  }

  set(row: number, value: Value): void {
    if (typeof value === 'number') {
      this.numbers[row] = value;
      this.nulls[row] = 0;
    } else if (value === null) {
      this.nulls[row] = 1;
    } else {
      this.#setOther(row, value);
    }
  }

  #setOther(row: number, value: Exclude<Value, null | number>): void {
    if (typeof value === 'string') this.strings[row] = value;
    else if (typeof value === 'boolean') this.numbers[row] = value ? 1 : 0;
    else if (typeof value === 'bigint') {
      this.wide.set(row, value);
      this.numbers[row] = Number(value);
    } else throw new Error('an interval is no result value');
    this.nulls[row] = 0;
  }

  get(row: number): Value {
    if (this.nulls[row] === 1) return null;
    if (this.type.kind === 'text') return this.strings[row] ?? null;
    const value = this.numbers[row] as number;
    if (this.type.kind === 'boolean') return value !== 0;
    if (this.wide.size > 0) return this.wide.get(row) ?? value;
    return value;
  }
}
