/** Section 4 of the design: when two answers agree. */
import type { Type, Value, ViewSpec } from '../generators/view-spec.ts';
import type { NaiveCell, NaiveRow } from './evaluate.ts';
import { daysFromCivil, parseDecimal } from './values.ts';

export type AgreementClass = 'exact' | 'double';

export interface ColumnInfo {
  readonly name: string;
  readonly type: Type;
  readonly agreement: AgreementClass;
  readonly key: boolean;
}

/** A row of the machine under test, its values as that machine gives them (text, number, bigint, boolean, null). */
export type ActualRow = Readonly<Record<string, unknown>>;

export interface Difference {
  readonly key: string;
  readonly column: string;
  readonly expected: string;
  readonly actual: string;
}

export const columnsOf = (view: ViewSpec): ColumnInfo[] => {
  const outputs = view.shape === 'A' ? [...view.keys, ...view.outputs] : view.outputs;
  const keys = view.shape === 'A' ? view.keys.map((k) => k.name) : view.shape === 'B' ? view.entity : [];
  return outputs.map(({ name, expr }) => ({
    name,
    type: expr.type,
    agreement: expr.type.kind === 'double' || expr.type.kind === 'real' ? 'double' : 'exact',
    key: keys.includes(name),
  }));
};

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(?:Z|\+00(?::?00)?)?$/;

const readTimestamp = (text: string): bigint | undefined => {
  const m = TIMESTAMP.exec(text);
  if (m === null) return undefined;
  const days = daysFromCivil(Number(m[1]), Number(m[2]), Number(m[3]));
  const seconds = BigInt(Number(m[4] ?? 0) * 3600 + Number(m[5] ?? 0) * 60 + Number(m[6] ?? 0));
  return days * 86_400_000_000n + seconds * 1_000_000n + BigInt((m[7] ?? '').padEnd(6, '0'));
};

/** A machine's value as a value of the column's type; undefined if it is none. */
export const readValue = (actual: unknown, type: Type): Value | undefined => {
  if (actual === null || actual === undefined) return null;
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'decimal': {
      const scale = type.kind === 'decimal' ? type.scale : 0;
      if (typeof actual === 'bigint') return parseDecimal(String(actual), scale) ?? undefined;
      if (typeof actual === 'number' && !Number.isFinite(actual)) return undefined;
      return parseDecimal(String(actual), scale) ?? undefined;
    }
    case 'real':
    case 'double':
      if (typeof actual === 'number') return actual;
      if (typeof actual === 'bigint' || (typeof actual === 'string' && actual.trim() !== '')) return Number(actual);
      return undefined;
    case 'boolean':
      return typeof actual === 'boolean' ? actual : actual === 'true' ? true : actual === 'false' ? false : undefined;
    case 'text':
      return typeof actual === 'string' ? actual : undefined;
    case 'date': {
      if (typeof actual === 'bigint') return actual;
      const micros = readTimestamp(String(actual));
      return micros === undefined ? undefined : micros / 86_400_000_000n;
    }
    default:
      return typeof actual === 'bigint' ? actual : readTimestamp(String(actual));
  }
};

const agree = (expected: NaiveCell, actual: Value, column: ColumnInfo): boolean => {
  const { value, tolerance } = expected;
  if (typeof value === 'number' && typeof actual === 'number') {
    if (Number.isNaN(value) || Number.isNaN(actual)) return Number.isNaN(value) && Number.isNaN(actual);
    if (value === actual) return true;
    // Nothing is near an infinity.
    if (column.agreement === 'exact' || tolerance === 0 || !Number.isFinite(value)) return false;
    // Room for the other machine's own last bits.
    return Math.abs(value - actual) <= tolerance * (1 + 1e-12) + 2 ** -52 * Math.abs(value);
  }
  return value === actual;
};

const show = (value: unknown): string =>
  value === undefined ? 'missing' : typeof value === 'bigint' ? String(value) : JSON.stringify(value);

export const keyOfActual = (row: ActualRow, columns: readonly ColumnInfo[]): string =>
  JSON.stringify(
    columns
      .filter((c) => c.key)
      .map((c) => {
        const value = readValue(row[c.name], c.type);
        return typeof value === 'bigint' ? String(value) : value;
      }),
  );

export interface CompareOptions {
  /** Leave out cells that an expression error touched: raw SQL may differ there. */
  readonly skipErrors?: boolean;
  /** Rows are in the same order on both sides (request views); else they are matched by key. */
  readonly byPosition?: boolean;
}

/** Every difference between the naive rows and a machine's; none means that they agree. */
export const compareRows = (
  expected: readonly NaiveRow[],
  actual: readonly ActualRow[],
  columns: readonly ColumnInfo[],
  options: CompareOptions = {},
): Difference[] => {
  const differences: Difference[] = [];
  const keyOf = (row: ActualRow, i: number): string =>
    options.byPosition ? (expected[i]?.key ?? `extra ${i}`) : keyOfActual(row, columns);
  const rest = new Map<string, ActualRow[]>();
  actual.forEach((row, i) => {
    const key = keyOf(row, i);
    rest.set(key, [...(rest.get(key) ?? []), row]);
  });
  for (const row of expected) {
    const found = rest.get(row.key)?.shift();
    if (found === undefined) {
      differences.push({ key: row.key, column: '*', expected: 'a row', actual: 'none' });
      continue;
    }
    for (const column of columns) {
      const cell = row.cells[column.name]!;
      if (cell.uncertain || (options.skipErrors && cell.errors > 0)) continue;
      const value = readValue(found[column.name], column.type);
      if (value === undefined || !agree(cell, value, column))
        differences.push({
          key: row.key,
          column: column.name,
          expected: `${show(cell.value)} ± ${cell.tolerance}`,
          actual: show(found[column.name]),
        });
    }
  }
  for (const [key, rows] of rest)
    for (let i = 0; i < rows.length; i++) differences.push({ key, column: '*', expected: 'no row', actual: 'a row' });
  return differences;
};
