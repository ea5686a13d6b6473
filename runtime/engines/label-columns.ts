/** The columns of labels that features need, as vectors of the types that the declarations say. A value is taken only if it fits without loss. */
import { scannedSql } from '../sources/duckdb-scan.ts';
import { converterOf } from '../sources/parquet-columns.ts';
import { emptyVector, type FieldSpec } from '../sources/record-columns.ts';
import type { ColumnVector, NumericVector, TextVector } from '../values/batch.ts';
import { FscError } from '../values/errors.ts';
import { parseTimestamp } from '../values/temporal.ts';
import { clip, readTextValue } from '../values/text.ts';
import { MICROS_PER_DAY, printType, type SqlType } from '../values/types.ts';
import { quoteName } from './duckdb/load.ts';
import type { DuckDbSession } from './duckdb/session.ts';
import { type LabelFile, unusable } from './label-file.ts';
import type { LabelTable } from './label-table.ts';
import type { LabelColumn } from './label-types.ts';
import { isTimeZone, TimeZone } from './time-zone.ts';

export interface WantedColumn {
  readonly name: string;
  readonly type: SqlType;
  /** For messages: `the entity of airport_delays_v1`. */
  readonly what: string;
}

export interface LabelInstants {
  /** The column, or one instant for all. */
  readonly column: string | null;
  readonly micros: number;
  /** Of naive instants. */
  readonly timeZone: string | null;
}

export interface ReadLabels {
  readonly table: LabelTable;
  /** Values of double columns that were whole and became integers. */
  readonly castKeys: number;
  /** Instants without an offset. */
  readonly naive: number;
  /** Naive instants that the zone's clocks showed twice; the first was taken. */
  readonly ambiguous: number;
}

export async function readLabels(
  session: DuckDbSession,
  file: LabelFile,
  wanted: readonly WantedColumn[],
  instants: LabelInstants,
): Promise<ReadLabels> {
  const reader = new LabelReader(file, instants);
  const names = instants.column === null ? [] : [instants.column];
  const items = [...names, ...wanted.map(({ name }) => name)].map((name) => itemSql(file, name));
  // A scan of no column still has rows.
  const sql = `SELECT ${items.length === 0 ? '1::SMALLINT' : items.join(', ')} FROM ${file.rawRelation}`;
  const { batch } = await session.readColumns(sql, await rowCount(session, file));
  const micros = await reader.instants(batch.length, batch.columns[0]);
  const columns = new Map<string, ColumnVector>();
  for (let i = 0; i < wanted.length; i++) {
    const want = wanted[i] as WantedColumn;
    columns.set(want.name, await reader.column(want, batch.columns[names.length + i] as ColumnVector, batch.length));
  }
  const { castKeys, naive, ambiguous } = reader;
  return { table: { length: batch.length, instants: micros, columns }, castKeys, naive, ambiguous };
}

async function rowCount(session: DuckDbSession, file: LabelFile): Promise<number> {
  const { batch } = await session.readColumns(`SELECT count(*) FROM ${file.rawRelation}`);
  const vector = batch.columns[0];
  return vector?.kind === 'numeric' ? (vector.values[0] as number) : 0;
}

const INSTANT_HELP = 'every label needs an instant: ISO 8601, with at most six decimals';

interface Refusal {
  readonly row: number;
  readonly reason: string;
}

class LabelReader {
  castKeys = 0;
  naive = 0;
  ambiguous = 0;
  readonly #file: LabelFile;
  readonly #instants: LabelInstants;

  constructor(file: LabelFile, instants: LabelInstants) {
    this.#file = file;
    this.#instants = instants;
    if (instants.timeZone !== null && !isTimeZone(instants.timeZone)) {
      throw new FscError(
        'FSC7001',
        2,
        `--timezone ${instants.timeZone}: there is no such time zone`,
        null,
        'name one like Europe/Berlin',
      );
    }
  }

  async column(want: WantedColumn, vector: ColumnVector, length: number): Promise<ColumnVector> {
    const column = this.#described(want.name);
    let refusal: Refusal | null = null;
    const refuse = (row: number, reason: string): void => {
      if (refusal === null || row < refusal.row) refusal = { row, reason };
    };
    const out = this.#file.isText
      ? this.#readTexts(want, vector as TextVector, length, refuse)
      : this.#convert(want, column, vector, length, refuse);
    refuseFar(want.type, out, length, refuse);
    if (refusal !== null) throw await this.#fault(want, refusal);
    return out;
  }

  #described(name: string): LabelColumn {
    const column = this.#file.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`label column ${name} is not in ${this.#file.name}`);
    return column;
  }

  #convert(
    want: WantedColumn,
    column: LabelColumn,
    vector: ColumnVector,
    length: number,
    refuse: (row: number, reason: string) => void,
  ): ColumnVector {
    const isFloating = column.type?.kind === 'double' || column.type?.kind === 'real';
    if (isFloating && isWhole(want.type)) this.#takeDoubles(vector as NumericVector, length);
    return converterOf(fieldOf(want), column)(vector, length, refuse);
  }

  /** A column of integers that has a NULL becomes double in pandas, and NaN stands for the NULL. */
  #takeDoubles(vector: NumericVector, length: number): void {
    const { values } = vector;
    for (let row = 0; row < length; row++) {
      if (Number.isNaN(values[row])) {
        vector.nulls ??= new Uint8Array(values.length);
        vector.nulls[row] = 1;
        values[row] = 0;
      } else if (vector.nulls === null || vector.nulls[row] === 0) this.castKeys++;
    }
  }

  #readTexts(
    want: WantedColumn,
    vector: TextVector,
    length: number,
    refuse: (row: number, reason: string) => void,
  ): ColumnVector {
    if (want.type.kind === 'text' && this.#file.nonText.has(want.name)) {
      refuse(0, 'a number or a boolean is no text');
      return vector;
    }
    const dictionary = vector.dictionary as string[];
    const codes = vector.codes as Int32Array;
    const read = dictionary.map((text) => readTextValue(text, want.type));
    const out = want.type.kind === 'text' ? vector : emptyVector(want.type, length);
    out.nulls = vector.nulls;
    for (let row = 0; row < length; row++) {
      if (vector.nulls !== null && vector.nulls[row] === 1) continue;
      const result = read[codes[row] as number] as (typeof read)[number];
      if (!result.ok) refuse(row, result.reason);
      else if (out.kind === 'numeric') setNumber(out, row, result.value as number | bigint | boolean);
    }
    return out;
  }

  async instants(length: number, vector: ColumnVector | undefined): Promise<Float64Array> {
    const { column } = this.#instants;
    if (column === null) return new Float64Array(length).fill(this.#instants.micros);
    const { type, engineType } = this.#described(column);
    if (vector === undefined) throw new Error('the instants were not read');
    if (vector.kind === 'text') {
      if (type?.kind !== 'text' && !this.#file.isText) throw this.#noInstant(column, engineType);
      return this.#textInstants(column, vector, length);
    }
    if (type?.kind !== 'timestamp' && type?.kind !== 'timestamptz' && type?.kind !== 'date')
      throw this.#noInstant(column, engineType);
    const out = vector.values.length === length ? vector.values : vector.values.subarray(0, length);
    for (let row = 0; row < length; row++) {
      if (vector.nulls !== null && vector.nulls[row] === 1) throw await this.#badInstant(column, row, 'is NULL');
      const reason = instantFault(out[row] as number);
      if (reason !== null) throw await this.#badInstant(column, row, reason);
    }
    if (type.kind === 'date') for (let row = 0; row < length; row++) out[row] = (out[row] as number) * MICROS_PER_DAY;
    if (type.kind === 'timestamptz') return out;
    this.naive = length;
    await this.#toInstants(column, out, null);
    return out;
  }

  async #textInstants(column: string, vector: TextVector, length: number): Promise<Float64Array> {
    const out = new Float64Array(length);
    const isNaive = new Uint8Array(length);
    const dictionary = vector.dictionary as string[];
    const parsed = dictionary.map((text) => parseTimestamp(text.trim()));
    const codes = vector.codes as Int32Array;
    for (let row = 0; row < length; row++) {
      if (vector.nulls !== null && vector.nulls[row] === 1) throw await this.#badInstant(column, row, 'is NULL');
      const code = codes[row] as number;
      const micros = parsed[code] ?? null;
      if (micros === null) throw await this.#badInstant(column, row, noTimestamp(dictionary[code] as string));
      const reason = instantFault(micros);
      if (reason !== null) throw await this.#badInstant(column, row, reason);
      out[row] = micros;
      if (hasOffset(dictionary[code] as string)) continue;
      isNaive[row] = 1;
      this.naive++;
    }
    await this.#toInstants(column, out, isNaive);
    return out;
  }

  /** Naive instants (all where `isNaive` is null) by the time zone. */
  async #toInstants(column: string, micros: Float64Array, isNaive: Uint8Array | null): Promise<void> {
    const { timeZone } = this.#instants;
    if (timeZone === null || this.naive === 0) return;
    let least = Number.POSITIVE_INFINITY;
    let greatest = Number.NEGATIVE_INFINITY;
    for (const one of micros) {
      least = Math.min(least, one);
      greatest = Math.max(greatest, one);
    }
    const zone = new TimeZone(timeZone, least, greatest);
    for (let row = 0; row < micros.length; row++) {
      if (isNaive !== null && isNaive[row] === 0) continue;
      const instant = zone.toInstant(micros[row] as number);
      if (instant.kind === 'never')
        throw await this.#badInstant(column, row, `was never shown by clocks in ${timeZone}`);
      if (instant.kind === 'twice') this.ambiguous++;
      micros[row] = instant.micros;
    }
  }

  #noInstant(column: string, engineType: string): FscError {
    return unusable(
      this.#file.name,
      `\`${column}\` is of type ${engineType}, which is no instant`,
      `an instant is a timestamp, a date, or text in ISO 8601${/INT/.test(engineType) ? ', no count of milliseconds' : ''}; name another column with --instant`,
    );
  }

  async #badInstant(column: string, row: number, reason: string): Promise<FscError> {
    const place = await this.#file.place(row);
    return unusable(this.#file.name, `${place}: \`${column}\` ${reason}`, INSTANT_HELP);
  }

  async #fault({ name, type, what }: WantedColumn, { row, reason }: Refusal): Promise<FscError> {
    const place = await this.#file.place(row);
    return unusable(this.#file.name, `${place}: \`${name}\`, ${what}, is no ${printType(type)}: ${reason}`, null);
  }
}

function itemSql({ columns }: LabelFile, name: string): string {
  const column = columns.find((one) => one.name === name);
  return column === undefined ? quoteName(name) : scannedSql({ ...column, engineName: name });
}

function fieldOf({ name, type }: WantedColumn): FieldSpec {
  return {
    name,
    type,
    path: [name],
    epochUnit: null,
    nullable: true,
    defaultValue: undefined,
    isLoose: false,
    decidesOnly: false,
  };
}

function isWhole(type: SqlType): boolean {
  return type.kind === 'smallint' || type.kind === 'integer' || type.kind === 'bigint' || type.kind === 'decimal';
}

/** Days of the years 0 to 9999, which a date as text has. */
const FIRST_DAY = -719_528;
const LAST_DAY = 2_932_896;

/** What no record, and no request, could hold either: each engine would go on with it in its own way. */
function refuseFar(
  type: SqlType,
  vector: ColumnVector,
  length: number,
  refuse: (row: number, reason: string) => void,
): void {
  const isDate = type.kind === 'date';
  if (vector.kind !== 'numeric' || !(isDate || type.kind === 'timestamp' || type.kind === 'timestamptz')) return;
  for (let row = 0; row < length; row++) {
    const value = vector.values[row] as number;
    const fits = isDate ? value >= FIRST_DAY && value <= LAST_DAY : Number.isSafeInteger(value);
    // A NULL's value is 0, or what was refused already.
    if (!fits && vector.nulls?.[row] !== 1) refuse(row, `is out of range for ${printType(type)}`);
  }
}

function setNumber(vector: NumericVector, row: number, value: number | bigint | boolean): void {
  vector.values[row] = Number(value);
  if (typeof value !== 'bigint') return;
  vector.wide ??= new Map();
  vector.wide.set(row, value);
}

const EPOCH = /^\s*\d{9,19}\s*$/;

function noTimestamp(text: string): string {
  const shown = `\`${clip(text)}\` is no timestamp`;
  return EPOCH.test(text) ? `${shown}: a count of seconds or milliseconds is written in ISO 8601` : shown;
}

function instantFault(micros: number): string | null {
  if (Number.isNaN(micros)) return 'lies between two microseconds';
  return Number.isSafeInteger(micros) ? null : 'is out of range';
}

/** A time of day with `Z` or an offset after it. */
function hasOffset(text: string): boolean {
  return /:\d{2}.*?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)\s*$/.test(text);
}
