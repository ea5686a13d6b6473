/**
 * Columns of a Parquet scan as the columns that a source declares. A value is taken only if it fits without loss (rules.md 12). Where the
 * types agree the scan's own vector is handed on, untouched.
 */
import type { ColumnVector, NumericVector, TextVector } from '../values/batch.ts';
import { decimalToNumber, fitsPrecision, powerOfTen, rescale, truncateScale } from '../values/decimal.ts';
import { fitsInt64, type Hybrid } from '../values/hybrid.ts';
import type { ColumnSpec } from '../values/manifest.ts';
import {
  type ReadResult,
  readDateText,
  readDecimalText,
  readDouble,
  readIntegerAsDouble,
  readString,
  refused,
  taken,
} from '../values/text.ts';
import { MICROS_PER_DAY, printType, type SqlType, type Value } from '../values/types.ts';
import type { ParquetColumn } from './duckdb-scan.ts';
import { readInstantText } from './fast-timestamp.ts';
import { readEpochDigits } from './json-decoder.ts';
import { emptyVector, type FieldSpec, valueAt } from './record-columns.ts';

export type RefuseField = (row: number, reason: string) => void;

/** Gives the declared column for the scanned one; tells of values that don't fit. Its buffers are used again for each batch. */
export type ColumnConverter = (scanned: ColumnVector, length: number, refuse: RefuseField) => ColumnVector;

const INT_LIMIT = { smallint: 2 ** 15, integer: 2 ** 31 } as const;

/** Stands for a column that was not read: whoever looks into it all the same fails. */
export const UNREAD: TextVector = {
  kind: 'text',
  strings: null,
  codes: new Int32Array(0),
  dictionary: null,
  dictionaryId: 0,
  nulls: new Uint8Array(0),
};

export function converterOf(field: FieldSpec, column: Pick<ParquetColumn, 'type' | 'engineType'>): ColumnConverter {
  const from = column.type;
  if (from === null) return always(field, `a column of ${column.engineType} is no ${printType(field.type)}`);
  if (field.isLoose) return from.kind === 'text' ? handOn(field) : looseText(from);
  if (field.type.kind === 'text') {
    return from.kind === 'text'
      ? textConverter(field)
      : always(field, `${column.engineType} is no ${printType(field.type)}`);
  }
  if (field.epochUnit === null) {
    if (isSame(from, field.type)) return handOn(field);
    if (isInstant(from) && isInstant(field.type)) return instantConverter(field);
    const limit = integerLimit(field.type);
    if (limit !== null && (from.kind === 'integer' || from.kind === 'bigint')) return integerConverter(field, limit);
  }
  return valueConverter(field, from, column.engineType);
}

function isInstant(type: SqlType): boolean {
  return type.kind === 'timestamp' || type.kind === 'timestamptz';
}

function integerLimit(type: SqlType): number | null {
  return type.kind === 'smallint' || type.kind === 'integer' ? INT_LIMIT[type.kind] : null;
}

/** All values of `from` are values of `to`, and stand in a vector as the same number. */
function isSame(from: SqlType, to: SqlType): boolean {
  switch (from.kind) {
    case 'smallint':
      return to.kind === 'smallint' || to.kind === 'integer' || to.kind === 'bigint' || to.kind === 'double';
    case 'integer':
      return to.kind === 'integer' || to.kind === 'bigint' || to.kind === 'double';
    case 'decimal':
      return to.kind === 'decimal' && to.scale === from.scale && to.precision >= from.precision;
    case 'real':
      return to.kind === 'real' || to.kind === 'double';
    case 'bigint':
    case 'double':
    case 'boolean':
    case 'date':
      return to.kind === from.kind;
    default:
      return false;
  }
}

/**
 * SQL that counts values of the file's column that the field would not take, each fault apart: of a condition that is one call DuckDB asks a text's
 * dictionary, of a longer one each row. A column that nobody reads is so looked over where it stands. They may count others too. null: only
 * reading tells.
 */
export function refusalCounts(field: FieldSpec, column: ParquetColumn, name: string): readonly string[] | null {
  if (field.isLoose || field.decidesOnly || field.epochUnit !== null || column.type === null) return null;
  const counts = field.nullable ? [] : [`count(*) - count(${name})`];
  const countWhere = (condition: string): number => counts.push(`count(*) FILTER (WHERE ${condition})`);
  if (field.type.kind === 'text') {
    if (column.type.kind !== 'text') return null;
    countWhere(`contains(${name}, chr(0))`);
    // Bytes: never fewer than characters.
    if (field.type.maxLength !== null) countWhere(`strlen(${name}) > ${field.type.maxLength}`);
    return counts;
  }
  if (isSame(column.type, field.type)) return counts;
  const limit = integerLimit(field.type);
  if (limit === null || (column.type.kind !== 'integer' && column.type.kind !== 'bigint')) return null;
  countWhere(`${name} >= ${limit} OR ${name} < ${-limit}`);
  return counts;
}

function refuseNulls(field: FieldSpec, vector: ColumnVector, length: number, refuse: RefuseField): void {
  if (field.nullable || vector.nulls === null) return;
  const { nulls } = vector;
  for (let row = 0; row < length; row += 1) if (nulls[row] === 1) refuse(row, 'is null and NOT NULL');
}

function handOn(field: FieldSpec): ColumnConverter {
  return (scanned, length, refuse) => {
    refuseNulls(field, scanned, length, refuse);
    return scanned;
  };
}

function setNull(vector: NumericVector, row: number): void {
  vector.nulls ??= new Uint8Array(vector.values.length);
  vector.nulls[row] = 1;
  vector.values[row] = 0;
  vector.wide?.delete(row);
}

/** Checks in place: whatever is refused becomes NULL. */
function integerConverter(field: FieldSpec, limit: number): ColumnConverter {
  const name = printType(field.type);
  return (scanned, length, refuse) => {
    refuseNulls(field, scanned, length, refuse);
    const vector = scanned as NumericVector;
    const { values } = vector;
    for (let row = 0; row < length; row += 1) {
      const value = values[row]!;
      if (value < limit && value >= -limit) continue;
      refuse(row, `${value} is out of range for ${name}`);
      setNull(vector, row);
    }
    return vector;
  };
}

function instantConverter(field: FieldSpec): ColumnConverter {
  return (scanned, length, refuse) => {
    refuseNulls(field, scanned, length, refuse);
    const vector = scanned as NumericVector;
    const { values } = vector;
    for (let row = 0; row < length; row += 1) {
      // Beyond what timestamps reach is out of range, which is another verdict.
      if (!Number.isNaN(values[row]!)) continue;
      refuse(row, 'an instant between two microseconds');
      setNull(vector, row);
    }
    return vector;
  };
}

/** Each distinct text is looked at once. */
function textConverter(field: FieldSpec): ColumnConverter {
  let seen = 0;
  let dictionaryId = -1;
  let faults = new Map<number, string>();
  return (scanned, length, refuse) => {
    refuseNulls(field, scanned, length, refuse);
    const vector = scanned as TextVector;
    const dictionary = vector.dictionary!;
    if (vector.dictionaryId !== dictionaryId) {
      dictionaryId = vector.dictionaryId;
      faults = new Map();
      seen = 0;
    }
    for (; seen < dictionary.length; seen += 1) {
      const read = readString(dictionary[seen]!, field.type);
      if (!read.ok) faults.set(seen, read.reason);
    }
    if (faults.size > 0) refuseTexts(vector, length, faults, refuse);
    return vector;
  };
}

function refuseTexts(
  vector: TextVector,
  length: number,
  faults: ReadonlyMap<number, string>,
  refuse: RefuseField,
): void {
  const codes = vector.codes!;
  for (let row = 0; row < length; row += 1) {
    const reason = faults.get(codes[row]!);
    if (reason === undefined || (vector.nulls !== null && vector.nulls[row] === 1)) continue;
    refuse(row, reason);
    vector.nulls ??= new Uint8Array(codes.length);
    vector.nulls[row] = 1;
  }
}

/** No value of the column fits. */
function always(field: FieldSpec, reason: string): ColumnConverter {
  let out = emptyVector(field.type, 0);
  return (scanned, length, refuse) => {
    if (capacityOf(out) < length) out = emptyVector(field.type, length);
    const nulls = out.nulls ?? new Uint8Array(capacityOf(out));
    nulls.fill(1);
    out.nulls = nulls;
    for (let row = 0; row < length; row += 1) {
      if (scanned.nulls === null || scanned.nulls[row] === 0) refuse(row, reason);
      else if (!field.nullable) refuse(row, 'is null and NOT NULL');
    }
    return out;
  };
}

function capacityOf(vector: ColumnVector): number {
  return vector.kind === 'numeric' ? vector.values.length : vector.strings!.length;
}

/** A column that the files don't have: its default, or NULL. */
export function missingColumn(field: FieldSpec): (length: number, refuse: RefuseField) => ColumnVector {
  let out = emptyVector(field.type, 0);
  const value = field.defaultValue ?? null;
  return (length, refuse) => {
    if (capacityOf(out) < length) out = emptyVector(field.type, length);
    if (value === null) out.nulls = new Uint8Array(capacityOf(out)).fill(1);
    else for (let row = 0; row < length; row += 1) setValue(out, row, value);
    if (value === null && !field.nullable)
      for (let row = 0; row < length; row += 1) refuse(row, 'is missing and NOT NULL');
    return out;
  };
}

/** A column of nothing but its default, or NULL. */
export function defaultColumn(column: ColumnSpec, length: number): ColumnVector {
  const value = column.hasDefault ? column.defaultValue : null;
  const out = emptyVector(column.type, length);
  if (value === null) out.nulls = new Uint8Array(length).fill(1);
  else for (let row = 0; row < length; row += 1) setValue(out, row, value);
  return out;
}

function setValue(vector: ColumnVector, row: number, value: Exclude<Value, null>): void {
  if (vector.kind === 'text') vector.strings![row] = value as string;
  else if (typeof value === 'bigint') {
    vector.values[row] = Number(value);
    vector.wide ??= new Map();
    vector.wide.set(row, value);
  } else vector.values[row] = Number(value);
}

function looseText(from: SqlType): ColumnConverter {
  return (scanned, length) => {
    const strings = new Array<string>(length).fill('');
    for (let row = 0; row < length; row += 1) strings[row] = String(valueAt(scanned, from, row) ?? '');
    return { kind: 'text', strings, codes: null, dictionary: null, dictionaryId: 0, nulls: scanned.nulls };
  };
}

/** Value by value: for types that only some values of the other fit. */
function valueConverter(field: FieldSpec, from: SqlType, engineType: string): ColumnConverter {
  let out = emptyVector(field.type, 0);
  const convert = valueReader(field, from, engineType);
  return (scanned, length, refuse) => {
    if (capacityOf(out) < length) out = emptyVector(field.type, length);
    out.nulls = null;
    if (out.kind === 'numeric') out.wide = null;
    for (let row = 0; row < length; row += 1) {
      const value = valueAt(scanned, from, row);
      const read = value === null ? taken(null) : convert(value);
      if (!read.ok) refuse(row, read.reason);
      else if (read.value === null && !field.nullable) refuse(row, 'is null and NOT NULL');
      if (!read.ok || read.value === null) setNull(out as NumericVector, row);
      else setValue(out, row, read.value);
    }
    return out;
  };
}

type ReadValue = (value: Exclude<Value, null>) => ReadResult;

function valueReader(field: FieldSpec, from: SqlType, engineType: string): ReadValue {
  const to = field.type;
  const no = (): ReadResult => refused(`${engineType} is no ${printType(to)}`);
  if (field.epochUnit !== null) return epochReader(field, from) ?? no;
  switch (to.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return integerReader(to, from) ?? no;
    case 'decimal':
      return decimalReader(to.precision, to.scale, from) ?? no;
    case 'real':
    case 'double':
      return doubleReader(to, from) ?? no;
    case 'date':
      return dateReader(from) ?? no;
    case 'timestamp':
    case 'timestamptz':
      return timestampReader(from) ?? no;
    default:
      return no;
  }
}

/** Unscaled digits and scale of an exact number, or null for other types. */
function exactScale(type: SqlType): number | null {
  if (type.kind === 'decimal') return type.scale;
  return type.kind === 'smallint' || type.kind === 'integer' || type.kind === 'bigint' ? 0 : null;
}

function isFloating(type: SqlType): boolean {
  return type.kind === 'real' || type.kind === 'double';
}

function epochReader(field: FieldSpec, from: SqlType): ReadValue | null {
  if (isFloating(from)) return (value) => readEpochDigits(String(value), field);
  const scale = exactScale(from);
  if (scale === null) return null;
  return (value) => readEpochDigits(`${value as Hybrid}e-${scale}`, field);
}

function integerReader(to: SqlType, from: SqlType): ReadValue | null {
  const name = printType(to);
  const limit = integerLimit(to);
  const check = (value: Hybrid, shown: string): ReadResult => {
    const fits = limit === null ? fitsInt64(value) : value < limit && value >= -limit;
    return fits ? taken(value) : refused(`${shown} is out of range for ${name}`);
  };
  if (isFloating(from)) {
    return (value) =>
      Number.isSafeInteger(value)
        ? check((value as number) + 0, String(value))
        : refused(`${String(value)} does not fit ${name} without loss`);
  }
  const scale = exactScale(from);
  if (scale === null) return null;
  return (value) => {
    const whole = truncateScale(value as Hybrid, scale, 0);
    return rescale(whole, 0, scale) === value
      ? check(whole, String(whole))
      : refused(`a fraction does not fit ${name} without loss`);
  };
}

function decimalReader(precision: number, scale: number, from: SqlType): ReadValue | null {
  const name = `decimal(${precision},${scale})`;
  // Up to 15 digits of a double are what somebody wrote; more are the double's own.
  if (isFloating(from)) {
    return (value) => {
      const text = String(value);
      return text.replace(/e.*$|[-.]/g, '').replace(/^0+/, '').length > 15
        ? refused(`${text} does not fit ${name} without loss`)
        : readDecimalText(text, precision, scale);
    };
  }
  if (from.kind === 'text') return (value) => readDecimalText((value as string).trim(), precision, scale);
  const own = exactScale(from);
  if (own === null) return null;
  return (value) => {
    const scaled = own <= scale ? rescale(value as Hybrid, own, scale) : truncateScale(value as Hybrid, own, scale);
    const isExact = own <= scale || rescale(scaled, scale, own) === value;
    return isExact && fitsPrecision(scaled, precision)
      ? taken(scaled)
      : refused(`${decimalText(value as Hybrid, own)} does not fit ${name} without loss`);
  };
}

function decimalText(unscaled: Hybrid, scale: number): string {
  const power = powerOfTen(scale);
  const whole = BigInt(unscaled) / power;
  const rest = BigInt(unscaled) % power;
  return scale === 0 ? String(whole) : `${whole}.${String(rest < 0n ? -rest : rest).padStart(scale, '0')}`;
}

function doubleReader(to: SqlType, from: SqlType): ReadValue | null {
  if (isFloating(from)) return (value) => readDouble(value as number, to);
  const scale = exactScale(from);
  if (scale === null) return null;
  if (scale === 0) return (value) => readIntegerAsDouble(BigInt(value as Hybrid), to);
  return (value) => readDouble(decimalToNumber(value as Hybrid, scale), to);
}

function dateReader(from: SqlType): ReadValue | null {
  if (from.kind === 'text') return (value) => readDateText((value as string).trim());
  if (!isInstant(from)) return null;
  return (value) => {
    const days = (value as number) / MICROS_PER_DAY;
    return Number.isInteger(days) ? taken(days) : refused('a time of day does not fit date without loss');
  };
}

function timestampReader(from: SqlType): ReadValue | null {
  if (from.kind === 'text') return (value) => readInstantText((value as string).trim());
  if (from.kind !== 'date') return null;
  return (value) => taken((value as number) * MICROS_PER_DAY);
}
