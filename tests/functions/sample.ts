/** One table of random rows that every call draws its arguments from: a column for each type and argument position. */
import { quoteText } from '../../compiler/backends/sql/text.ts';
import type { Dialect } from '../../runtime/functions/definition.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { type Call, TYPES } from './calls.ts';
import { cellText, Random, randomValue, sqlTypeName } from './values.ts';

const POSITIONS = 3;
/** How often an argument is the same value as the one before it of its type: comparisons must see equals. */
const REPEATED = 0.15;

export interface SampleColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly values: readonly Value[];
}

export class Sample {
  readonly columns: readonly SampleColumn[];
  readonly rows: number;

  constructor(seed: number, rows: number) {
    this.rows = rows;
    const random = new Random(seed);
    const columns: SampleColumn[] = [];
    for (let position = 0; position < POSITIONS; position++) {
      TYPES.forEach((type, i) => {
        const before = columns[(position - 1) * TYPES.length + i];
        const values = Array.from({ length: rows }, (_, row) =>
          before !== undefined && random.next() < REPEATED ? (before.values[row] as Value) : randomValue(random, type),
        );
        columns.push({ name: `${'abc'[position]}${i}`, type, values });
      });
    }
    this.columns = columns;
  }

  column(position: number, type: SqlType): SampleColumn {
    return this.columns[position * TYPES.length + TYPES.indexOf(type)] as SampleColumn;
  }

  /** Argument texts: columns of the sample, and constants as the user writes them. */
  texts(call: Call, dialect: Dialect): string[] {
    return call.constants.map((constant, position) => {
      if (constant === undefined) return this.column(position, call.declared[position] as SqlType).name;
      return typeof constant === 'string' ? quoteText(constant, dialect) : String(constant);
    });
  }

  /** The call's arguments in each row. */
  argumentsOf(call: Call): Value[][] {
    return Array.from({ length: this.rows }, (_, row) =>
      call.declared.map((type, position) => {
        const constant = call.constants[position];
        return constant === undefined ? (this.column(position, type).values[row] as Value) : constant;
      }),
    );
  }

  /** Statements that make the table `v`. `physical` gives the type that a column has in it. */
  statements(dialect: Dialect, physical: (type: SqlType) => SqlType = (type) => type): string[] {
    const names = this.columns.map(({ name, type }) => `${name} ${sqlTypeName(physical(type), dialect)}`);
    const create = `CREATE TABLE v (i integer, ${names.join(', ')})`;
    const inserts: string[] = [];
    for (let from = 0; from < this.rows; from += 50) {
      const lines = Array.from({ length: Math.min(50, this.rows - from) }, (_, k) =>
        this.#line(from + k, dialect, physical),
      );
      inserts.push(`INSERT INTO v VALUES ${lines.join(', ')}`);
    }
    return [create, ...inserts];
  }

  #line(row: number, dialect: Dialect, physical: (type: SqlType) => SqlType): string {
    const cells = this.columns.map(({ type, values }) => {
      const text = cellText(values[row] as Value, physical(type));
      return text === null ? 'NULL' : quoteText(text, dialect);
    });
    return `(${row}, ${cells.join(', ')})`;
  }
}
