/**
 * A quarantined record as a JSON line, so that it can go in again whatever file it came from. CSV fields and Parquet columns become values of
 * the declared types where they are some; what they are not stays as it was, to be refused again.
 */

import { columnsOfOnly } from '../log/judge.ts';
import { INVALID_UTF8, LINE_TOO_LONG } from '../log/record-texts.ts';
import type { RefusedRecord } from '../log/source-log.ts';
import { type Json, printJsonValue, rawJsonAt } from '../values/json.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { parseTimestamp } from '../values/temporal.ts';
import { readTextValue } from '../values/text.ts';
import { RECORD_TOO_LONG, recordFault, splitFields } from './csv-splitter.ts';
import { readInstantText } from './fast-timestamp.ts';
import { fileColumnName } from './parquet.ts';
import { EPOCH_MICROS, type FieldSpec, fieldsOf } from './record-columns.ts';

export type RetryText = { readonly ok: true; readonly line: string } | { readonly ok: false; readonly why: string };

/** Of such a record not all that came was kept, or not as it came. */
const NOT_KEPT: ReadonlySet<string> = new Set([INVALID_UTF8, LINE_TOO_LONG, RECORD_TOO_LONG]);

/** `header`: the column names of the CSV file that it came from; null: it is none, or can't be read any more. */
export function retryText(spec: SourceSpec, record: RefusedRecord, header: readonly string[] | null): RetryText {
  const { text, place, reason } = record;
  if (NOT_KEPT.has(reason)) return { ok: false, why: `${reason}: its bytes were not kept` };
  const name = fileOf(place);
  const file = name.replace(/\.gz$/i, '');
  const json = parseObject(text);
  // No CSV record is a JSON object: a field without quotes holds none.
  if (json === null && file.endsWith('.csv')) return csvText(spec, text, header, name);
  if (json === null) return { ok: true, line: text };
  return { ok: true, line: jsonText(spec, text, json, file.endsWith('.parquet')) };
}

/** Several files that are read sorted are one partition, which goes by the name of their location. */
export function fileOf({ partition, origin }: RefusedRecord['place']): string {
  return origin?.file ?? partition;
}

type JsonObject = { readonly [name: string]: Json };

function parseObject(text: string): JsonObject | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonObject) : null;
  } catch {
    return null;
  }
}

/**
 * As it came, or as it was written down of a Parquet file or of a file that was read sorted: flat, by the names of the fields, instants for
 * counts of seconds.
 */
function jsonText(spec: SourceSpec, text: string, json: JsonObject, isParquet: boolean): string {
  const values = new Tree();
  let isAsItCame = !isParquet;
  for (const field of fieldsOf(spec, columnsOfOnly(spec))) {
    const nested = rawJsonAt(text, field.path);
    const flatName = fileColumnName(field.path);
    const isFlat = nested === null && Object.hasOwn(json, flatName);
    const raw = isFlat ? (rawJsonAt(text, [flatName]) ?? 'null') : nested;
    if (raw === null) continue;
    const value = writtenValue(raw, field, isParquet);
    if (isFlat || value !== raw) isAsItCame = false;
    values.set(field.path, value);
  }
  return isAsItCame ? text : values.print();
}

function writtenValue(raw: string, field: FieldSpec, isParquet: boolean): string {
  // A date that a Parquet file has as an instant.
  if (field.type.kind === 'date' && isParquet) return raw.replace(/T00:00:00Z"$/, '"');
  if (field.epochUnit === null || !raw.startsWith('"')) return raw;
  const micros = parseTimestamp(JSON.parse(raw) as string);
  return micros === null ? raw : countOf(micros, EPOCH_MICROS[field.epochUnit]);
}

/** As digits, exactly. */
function countOf(micros: number, microsPerUnit: number): string {
  const rest = Math.abs(micros % microsPerUnit);
  const whole = String(Math.trunc(micros / microsPerUnit));
  const width = String(microsPerUnit).length - 1;
  return rest === 0 ? whole : `${micros < 0 && whole === '0' ? '-' : ''}${whole}.${String(rest).padStart(width, '0')}`;
}

function csvText(spec: SourceSpec, text: string, header: readonly string[] | null, file: string): RetryText {
  if (header === null) return { ok: false, why: `\`${file}\`, which names its columns, cannot be read` };
  const cells: (string | null)[] = [];
  const fault = recordFault({ fault: splitFields(text, cells), fields: cells }, header.length);
  if (fault !== null) return { ok: false, why: `it is no record: ${fault}` };
  const values = new Tree();
  for (const field of fieldsOf(spec, columnsOfOnly(spec))) {
    const column = header.indexOf(fileColumnName(field.path));
    // A column that the file lacks is missing, which is not NULL: a default may fill it.
    if (column >= 0) values.set(field.path, csvValue(cells[column] ?? null, field));
  }
  return { ok: true, line: values.print() };
}

function csvValue(text: string | null, field: FieldSpec): string {
  if (text === null) return 'null';
  if (field.epochUnit !== null) return /^-?\d+(\.\d+)?$/.test(text.trim()) ? digits(text.trim()) : JSON.stringify(text);
  const isInstant = field.type.kind === 'timestamp' || field.type.kind === 'timestamptz';
  const read = isInstant ? readInstantText(text.trim()) : readTextValue(text, field.type);
  return read.ok ? printJsonValue(read.value, field.type) : JSON.stringify(text);
}

/** JSON has no leading zeros. */
function digits(text: string): string {
  return text.replace(/^(-?)0+(?=\d)/, '$1');
}

/** Fields at their paths; values are JSON texts. */
class Tree {
  readonly #fields = new Map<string, Tree | string>();

  set([name, ...rest]: readonly string[], value: string): void {
    if (name === undefined) return;
    if (rest.length === 0) {
      this.#fields.set(name, value);
      return;
    }
    const known = this.#fields.get(name);
    const inner = known instanceof Tree ? known : new Tree();
    this.#fields.set(name, inner);
    inner.set(rest, value);
  }

  print(): string {
    const fields = [...this.#fields].map(
      ([name, value]) => `${JSON.stringify(name)}:${value instanceof Tree ? value.print() : value}`,
    );
    return `{${fields.join(',')}}`;
  }
}
