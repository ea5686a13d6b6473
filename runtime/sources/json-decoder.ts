/**
 * One JSON object a record into columns, without loss (rules.md 11 and 12). The common spellings of each type are written straight into
 * the vectors; everything else goes through runtime/values, which knows every rule and says why it refuses.
 */

import { DECODED, FIELD_FAULT, RECORD_FAULT } from '../log/reader.ts';
import type { NumericVector } from '../values/batch.ts';
import { powerOfTen } from '../values/decimal.ts';
import { type Json, rawJsonAt, readJsonValue } from '../values/json.ts';
import { clip, type ReadResult, readDecimalText, readIntegerText, refused, taken } from '../values/text.ts';
import { readInstantText, TimestampReader } from './fast-timestamp.ts';
import { unreadableKnownTime } from './known-time.ts';
import { EPOCH_MICROS, type FieldSpec, type RecordColumns } from './record-columns.ts';

type JsonObject = { readonly [key: string]: Json };

const OBJECT_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

export class JsonDecoder {
  /** Why the last record was refused. */
  reason = '';
  /** Fields of the last record that no column takes. */
  unknownFields = 0;
  readonly #fields: readonly FieldSpec[];
  readonly #columns: RecordColumns;
  readonly #topNames: readonly string[];
  readonly #timestamps = new TimestampReader();
  readonly #decimalPowers: Float64Array;
  /** The record being read. */
  #json: JsonObject | null = null;
  #text = '';
  #hasLongNumber = false;
  #hasEscape = false;

  constructor(fields: readonly FieldSpec[], columns: RecordColumns, extraPaths: readonly (readonly string[])[]) {
    this.#fields = fields;
    this.#columns = columns;
    this.#topNames = [...new Set([...fields.map((field) => field.path[0]!), ...extraPaths.map((path) => path[0]!)])];
    this.#decimalPowers = Float64Array.from(fields, (field) =>
      field.type.kind === 'decimal' && field.type.scale <= 15 ? Number(powerOfTen(field.type.scale)) : 0,
    );
  }

  /** Fills the row; the fault (reader.ts) and `reason` say what is wrong with it. */
  decode(text: string, row: number): number {
    const json = parseObject(text);
    if (typeof json === 'string') return this.refuse(json, row);
    this.#json = json;
    this.#text = text;
    this.#hasLongNumber = hasLongNumber(text);
    this.#hasEscape = text.includes('\\');
    this.#countUnknown(json);
    let fault = DECODED;
    for (let i = 0; i < this.#fields.length; i += 1) {
      const field = this.#fields[i]!;
      const value = valueAtPath(json, field.path);
      if (this.#write(field, i, value, row)) continue;
      this.#columns.setNull(i, row);
      const found = field.decidesOnly ? RECORD_FAULT : FIELD_FAULT;
      if (found > fault) fault = found;
    }
    return fault;
  }

  /** Of the last record: its known time, which is no column. NaN: there is none. null: it is no timestamp, and `reason` says so. */
  instantAt(path: readonly string[]): number | null {
    const value = this.#json === null ? undefined : valueAtPath(this.#json, path);
    if (value === undefined || value === null) return Number.NaN;
    const read = readJsonValue(value, { kind: 'timestamp' }, () => null);
    if (read.ok && typeof read.value === 'number') return read.value;
    this.reason = unreadableKnownTime(path, read.ok ? 'is no instant' : read.reason);
    return null;
  }

  /** A record that is no JSON object. */
  refuse(reason: string, row: number): number {
    this.#json = null;
    this.reason = reason;
    this.unknownFields = 0;
    for (let i = 0; i < this.#fields.length; i += 1) this.#columns.setNull(i, row);
    return RECORD_FAULT;
  }

  #countUnknown(json: JsonObject): void {
    let known = 0;
    for (const name of this.#topNames) if (Object.hasOwn(json, name)) known += 1;
    this.unknownFields = Math.min(65_535, Object.keys(json).length - known);
  }

  /** False: refused, with the reason. */
  #write(field: FieldSpec, column: number, value: Json | undefined, row: number): boolean {
    if (value === undefined || value === null) return this.#writeMissing(field, column, value, row);
    if (this.#writePlain(field, column, value, row)) return true;
    const read = field.isLoose ? looseText(value) : this.#readSlowly(field, value);
    if (!read.ok) return this.#refuse(field, read.reason);
    this.#columns.set(column, row, read.value);
    return true;
  }

  #writeMissing(field: FieldSpec, column: number, value: null | undefined, row: number): boolean {
    if (value === undefined && field.defaultValue !== undefined && field.defaultValue !== null) {
      this.#columns.set(column, row, field.defaultValue);
      return true;
    }
    this.#columns.setNull(column, row);
    if (field.nullable) return true;
    return this.#refuse(field, value === undefined ? 'is missing and NOT NULL' : 'is null and NOT NULL');
  }

  #refuse(field: FieldSpec, reason: string): false {
    this.reason = `${field.name}: ${reason}`;
    return false;
  }

  /** The spellings that need no second look. False: not one of them. */
  #writePlain(field: FieldSpec, column: number, value: Json, row: number): boolean {
    const vector = this.#columns.columns[column]!;
    if (typeof value === 'string') {
      if (vector.kind === 'text') return this.#writePlainText(field, column, value, row);
      if ((field.type.kind !== 'timestamp' && field.type.kind !== 'timestamptz') || field.epochUnit !== null)
        return false;
      const micros = this.#timestamps.read(value);
      if (!(micros >= 0)) return false;
      vector.values[row] = micros;
      return true;
    }
    if (vector.kind === 'text') return false;
    if (typeof value === 'number') {
      if (value === 0 && field.type.kind !== 'double' && this.#mayUnderflow()) return false;
      return this.#writePlainNumber(field, column, vector, value, row);
    }
    if (typeof value !== 'boolean' || field.type.kind !== 'boolean') return false;
    vector.values[row] = value ? 1 : 0;
    return true;
  }

  /** 1e-400 is 0 as a double, and no 0: where the record has a negative exponent somewhere, a zero's digits are looked at. */
  #mayUnderflow(): boolean {
    return this.#text.includes('e-') || this.#text.includes('E-');
  }

  #writePlainText(field: FieldSpec, column: number, value: string, row: number): boolean {
    // Lone surrogates and U+0000 can only come from an escape.
    if (this.#hasEscape || (field.type.kind === 'text' && field.type.maxLength !== null)) return false;
    this.#columns.setText(column, row, value);
    return true;
  }

  #writePlainNumber(field: FieldSpec, column: number, vector: NumericVector, value: number, row: number): boolean {
    switch (field.type.kind) {
      case 'smallint':
        if (this.#hasLongNumber || value !== Math.trunc(value) || value > 32767 || value < -32768) return false;
        break;
      case 'integer':
        if (this.#hasLongNumber || (value | 0) !== value) return false;
        break;
      case 'bigint':
        if (this.#hasLongNumber || !Number.isSafeInteger(value)) return false;
        break;
      case 'decimal':
        return this.#writePlainDecimal(column, vector, value, row, field.type.precision);
      case 'double':
        if (!Number.isFinite(value)) return false;
        break;
      default:
        return false;
    }
    // −0 is stored as 0.
    vector.values[row] = value + 0;
    return true;
  }

  /** value · 10^scale where that is exact: dividing it again gives the value, and its digits fit a double. */
  #writePlainDecimal(column: number, vector: NumericVector, value: number, row: number, precision: number): boolean {
    const power = this.#decimalPowers[column]!;
    if (power === 0 || this.#hasLongNumber) return false;
    const unscaled = Math.round(value * power);
    // Under 10^15 both are exact, so the division is rounded once, as reading the digits is.
    if (!(Math.abs(unscaled) < 1e15) || unscaled / power !== value) return false;
    if (precision < 15 && Math.abs(unscaled) >= 10 ** precision) return false;
    vector.values[row] = unscaled + 0;
    return true;
  }

  #readSlowly(field: FieldSpec, value: Json): ReadResult {
    const { type, path } = field;
    if (field.epochUnit !== null) return this.#readEpoch(field, value);
    const raw = (): string | null => rawJsonAt(this.#text, path);
    if (typeof value === 'number') {
      const digits = raw() ?? String(value);
      if (type.kind === 'decimal') return readDecimalText(digits, type.precision, type.scale);
      if (type.kind === 'smallint' || type.kind === 'integer' || type.kind === 'bigint')
        return readIntegerText(digits, type);
    }
    const isInstant = type.kind === 'timestamp' || type.kind === 'timestamptz';
    return isInstant && typeof value === 'string' ? readInstantText(value) : readJsonValue(value, type, raw);
  }

  #readEpoch(field: FieldSpec, value: Json): ReadResult {
    if (typeof value !== 'number') return refused(`${clip(JSON.stringify(value))} is no number of ${field.epochUnit!}`);
    return readEpochDigits(rawJsonAt(this.#text, field.path) ?? String(value), field);
  }
}

const LONG = 16;

/**
 * Is there a number of 16 or more digits and points? A double may not hold all of them. Of such a run one in sixteen places in a row is
 * part, so that most places need not be looked at.
 */
function hasLongNumber(text: string): boolean {
  const { length } = text;
  for (let at = LONG - 1; at < length; at += LONG) {
    if (!isOfNumber(text.charCodeAt(at))) continue;
    let from = at;
    while (from > 0 && isOfNumber(text.charCodeAt(from - 1))) from -= 1;
    let to = at + 1;
    while (to < length && isOfNumber(text.charCodeAt(to))) to += 1;
    if (to - from >= LONG) return true;
    // What stands at `to` belongs to no number.
    at = to;
  }
  return false;
}

/** A digit or a point; `/`, which stands between them, makes a second look, no more. */
function isOfNumber(code: number): boolean {
  return code >= 0x2e && code <= 0x39;
}

/** A count of `epoch_s|ms|us`, fractions down to the microsecond. */
export function readEpochDigits(digits: string, field: FieldSpec): ReadResult {
  const unit = EPOCH_MICROS[field.epochUnit!];
  const scale = unit === 1 ? 0 : unit === 1000 ? 3 : 6;
  const read = readDecimalText(digits, 38, scale);
  if (!read.ok) return refused(`${clip(digits)} is no whole number of microseconds`);
  // Out of range is a verdict, not a fault: the nearest double stands for it.
  return taken(Number(read.value));
}

/** The text of a scalar that only `@only` looks at; NULL for anything else. */
function looseText(value: Json): ReadResult {
  if (typeof value === 'string') return taken(value);
  if (typeof value === 'number' || typeof value === 'boolean') return taken(String(value));
  return taken(null);
}

/** The object, or why there is none. */
function parseObject(text: string): JsonObject | string {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    return error instanceof RangeError ? 'JSON nested too deeply' : brokenJson(text);
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return 'no JSON object';
  return json as JsonObject;
}

/** What Python's json.dumps writes for floats that JSON has not. */
const PYTHON_FLOATS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g;

/** Names the word and its field where such words are all that is wrong. */
function brokenJson(text: string): string {
  if (!/NaN|Infinity/.test(text)) return 'broken JSON';
  let place: string | null = null;
  let last = '';
  const mended = text.replace(PYTHON_FLOATS, (token, at: number) => {
    if (token.startsWith('"')) {
      last = /^\s*:/.test(text.slice(at + token.length, at + token.length + 8)) ? token.slice(1, -1) : last;
      return token;
    }
    place ??= `${last === '' ? '' : `${clip(last)}: `}${token} is no JSON: write null`;
    return 'null';
  });
  return place !== null && isJson(mended) ? place : 'broken JSON';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function valueAtPath(json: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json = json;
  for (let i = 0; i < path.length; i += 1) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    const name = path[i]!;
    // Names that every object inherits are fields only where the record has them itself.
    if (OBJECT_NAMES.has(name) && !Object.hasOwn(value, name)) return undefined;
    const next: Json | undefined = (value as JsonObject)[name];
    if (next === undefined) return undefined;
    value = next;
  }
  return value;
}
