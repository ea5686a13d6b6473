/**
 * A quarantined record as a JSON line, so that it can go in again whatever file it came from. CSV fields and Parquet columns become values of
 * the declared types where they are some; what they are not stays as it was, to be refused again.
 */

import { columnsOfOnly } from '../log/judge.ts';
import type { RefusedRecord } from '../log/source-log.ts';
import { type Json, printJsonValue, rawJsonAt } from '../values/json.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { readTextValue } from '../values/text.ts';
import type { SqlType } from '../values/types.ts';
import { splitFields } from './csv-splitter.ts';
import { readInstantText } from './fast-timestamp.ts';
import { fileColumnName } from './parquet.ts';
import { type FieldSpec, fieldsOf } from './record-columns.ts';

export type RetryText = { readonly ok: true; readonly line: string } | { readonly ok: false; readonly why: string };

/** Of such a record not all that came was kept, or not as it came. */
const NOT_KEPT: ReadonlySet<string> = new Set(['invalid UTF-8', 'line over 1 MiB', 'record over 1 MiB']);

/** `header` gives the column names of a CSV file; null: the file can't be read any more. */
export function retryText(
  spec: SourceSpec,
  record: RefusedRecord,
  header: (file: string) => readonly string[] | null,
): RetryText {
  const { text, place, reason } = record;
  if (NOT_KEPT.has(reason)) return { ok: false, why: `${reason}: its bytes were not kept` };
  const file = place.partition.replace(/\.gz$/i, '');
  if (file.endsWith('.csv')) return csvText(spec, text, header(place.partition), place.partition);
  if (file.endsWith('.parquet')) return parquetText(spec, text);
  return { ok: true, line: text };
}

function csvText(spec: SourceSpec, text: string, header: readonly string[] | null, file: string): RetryText {
  if (header === null) return { ok: false, why: `\`${file}\`, which names its columns, cannot be read` };
  const cells: (string | null)[] = [];
  const fault = splitFields(text, cells);
  if (fault !== null) return { ok: false, why: `it is no record: ${fault}` };
  if (cells.length !== header.length)
    return { ok: false, why: `it is no record: ${cells.length} fields where the header has ${header.length}` };
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

/** The quarantine's text has the columns by their names in the file. */
function parquetText(spec: SourceSpec, text: string): RetryText {
  const json = JSON.parse(text) as { readonly [name: string]: Json };
  const values = new Tree();
  for (const field of fieldsOf(spec, columnsOfOnly(spec))) {
    const name = fileColumnName(field.path);
    if (Object.hasOwn(json, name)) values.set(field.path, parquetValue(rawJsonAt(text, [name]) ?? 'null', field.type));
  }
  return { ok: true, line: values.print() };
}

/** A date that the file has as an instant. */
function parquetValue(raw: string, type: SqlType): string {
  return type.kind === 'date' ? raw.replace(/T00:00:00Z"$/, '"') : raw;
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
