/**
 * `postgres:TABLE` as history (rules.md 2): complete by declaration, read sorted by (event time, key), and of two rows with one identity the
 * least by all columns first. Streamed by COPY; a row is decoded as text, as a field of CSV is.
 */
import { createHash } from 'node:crypto';
import { FIELD_FAULT, RECORD_FAULT } from '../log/reader.ts';
import { FscError } from '../values/errors.ts';
import type { SourceSpec } from '../values/manifest.ts';
import { RANGE_END_MICROS } from '../values/temporal.ts';
import { type ReadResult, readIntegerAsDouble, readTextValue, refused, taken } from '../values/text.ts';
import { printType } from '../values/types.ts';
import { copyRows } from './copy-text.ts';
import { readInstantText } from './fast-timestamp.ts';
import type { FileBatch, FileRecords } from './file-sequence.ts';
import { readEpochDigits } from './json-decoder.ts';
import { readKnownTime, unreadableKnownTime } from './known-time.ts';
import type { TableName } from './location.ts';
import { fileColumnName } from './parquet.ts';
import { PostgresSession, type TextRow } from './postgres-session.ts';
import { EPOCH_MICROS, type FieldSpec, RecordColumns } from './record-columns.ts';

/** How PostgreSQL's types are told apart here, by names of its catalogue. */
type TypeClass = 'integer' | 'numeric' | 'float' | 'boolean' | 'text' | 'date' | 'timestamp' | 'timestamptz' | 'other';

const CLASSES: Readonly<Record<string, TypeClass>> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'numeric',
  float4: 'float',
  float8: 'float',
  bool: 'boolean',
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  name: 'text',
  uuid: 'text',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
};
const INSTANTS: readonly TypeClass[] = ['timestamp', 'timestamptz', 'date'];

interface TableColumn {
  readonly name: string;
  readonly class: TypeClass;
  /** Name in the catalogue, of the type under a domain. */
  readonly base: string;
  /** PostgreSQL's own name of the type, for messages. */
  readonly type: string;
}

export interface PostgresTable {
  readonly url: string;
  readonly table: TableName;
  readonly signal: AbortSignal | null;
}

/** As it is now, or as it was when an open `TableSnapshot` of this `id` was made. */
export async function openPostgresTable(
  spec: SourceSpec,
  fields: readonly FieldSpec[],
  at: PostgresTable,
  snapshot: string | null,
): Promise<FileRecords> {
  const session = await PostgresSession.open(at.url, 'READ ONLY', at.signal, snapshot);
  try {
    const query = tableQuery(spec, fields, await describeTable(session, at.table));
    return new TableRecords(spec, fields, session, query);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What a table holds at one moment, and for who reads it by `id`, while this is open. */
export class TableSnapshot {
  readonly id: string;
  /** Over all that the source reads of the table, in no order: equal for equal rows. */
  readonly checksum: string;
  readonly #session: PostgresSession;

  private constructor(session: PostgresSession, id: string, checksum: string) {
    this.#session = session;
    this.id = id;
    this.checksum = checksum;
  }

  static async open(spec: SourceSpec, fields: readonly FieldSpec[], at: PostgresTable): Promise<TableSnapshot> {
    const session = await PostgresSession.open(at.url, 'READ ONLY', at.signal);
    try {
      const query = tableQuery(spec, fields, await describeTable(session, at.table));
      const checksum = await checksumOf(session, query);
      const [exported] = await session.rows('SELECT pg_export_snapshot()');
      return new TableSnapshot(session, exported?.[0] ?? '', checksum);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

async function checksumOf(session: PostgresSession, { items, from }: TableQuery): Promise<string> {
  const hash = (seed: number): string => `coalesce(sum(CAST(hashtextextended(r, ${seed}) AS numeric)), 0)`;
  const row = `CAST(ROW(${items.map((item) => `CAST(${item} AS text)`).join(', ')}) AS text)`;
  const [sums] = await session.rows(
    `SELECT count(*), ${hash(1)}, ${hash(2)} FROM (SELECT ${row} AS r FROM ${from}) AS records`,
  );
  return createHash('sha256')
    .update(JSON.stringify([items, sums]))
    .digest('hex');
}

function quotedTable({ schema, name }: TableName): string {
  return schema === null ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function printTable({ schema, name }: TableName): string {
  return `postgres:${schema === null ? '' : `${schema}.`}${name}`;
}

interface Table {
  /** For messages. */
  readonly printed: string;
  /** With its schema, quoted. */
  readonly sql: string;
  readonly columns: readonly TableColumn[];
}

async function describeTable(session: PostgresSession, name: TableName): Promise<Table> {
  const printed = printTable(name);
  const oid = await session.resolve(quotedTable(name));
  if (oid === null) throw noTable(printed, 'names are taken as they are written: small letters and capitals differ');
  const [relation] = await session.rows(
    `SELECT n.nspname, c.relname, c.relkind FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = CAST($1 AS oid)`,
    [oid],
  );
  const [schema = null, relname = null, kind = null] = relation ?? [];
  if (!RELATIONS.includes(kind ?? '')) throw noTable(printed, 'what has the name is neither a table nor a view');
  // Under a domain, of a domain too, is a type; of types by users an enum is known.
  const rows = await session.rows(
    `SELECT a.attname, CASE WHEN b.typtype = 'e' THEN 'text' WHEN b.typnamespace = CAST('pg_catalog' AS regnamespace) THEN b.typname END,
  format_type(a.atttypid, a.atttypmod)
FROM pg_attribute AS a
CROSS JOIN LATERAL (
  WITH RECURSIVE under (oid) AS (
    SELECT a.atttypid UNION ALL SELECT t.typbasetype FROM under JOIN pg_type AS t ON t.oid = under.oid WHERE t.typtype = 'd'
  )
  SELECT t.typname, t.typtype, t.typnamespace FROM under JOIN pg_type AS t ON t.oid = under.oid WHERE t.typtype <> 'd'
) AS b
WHERE a.attrelid = CAST($1 AS oid) AND a.attnum > 0 AND NOT a.attisdropped`,
    [oid],
  );
  const columns = rows.map(
    ([column, base, type]): TableColumn => ({
      name: column ?? '',
      type: type ?? '',
      base: base ?? '',
      class: CLASSES[base ?? ''] ?? 'other',
    }),
  );
  return { printed, sql: quotedTable({ schema, name: relname ?? '' }), columns };
}

/** Of the catalogue: tables, partitioned, foreign, views, materialized. */
const RELATIONS = ['r', 'p', 'f', 'v', 'm'];

function noTable(printed: string, cause: string): FscError {
  const help = 'check the name and the schema: postgres:SCHEMA.TABLE';
  return new FscError('FSC7362', 2, `there is no table \`${printed}\``, cause, help);
}

interface TableQuery {
  /** An expression a field; then the known time, where the source has one. */
  readonly items: readonly string[];
  /** A field: of the column that holds it; null: there is none, and DEFAULT fills it. */
  readonly classes: readonly (TypeClass | null)[];
  readonly from: string;
  /** The row has an event time in range, just where reading it gives one. Others come last. */
  readonly isTimed: string;
  readonly orderBy: readonly string[];
}

function tableQuery(spec: SourceSpec, fields: readonly FieldSpec[], { printed, sql, columns }: Table): TableQuery {
  const faults: string[] = [];
  const find = (path: readonly string[]): TableColumn | null => {
    const name = fileColumnName(path);
    const column = columns.find((candidate) => candidate.name === name) ?? null;
    if (column === null) faults.push(`column \`${name}\` is missing`);
    return column;
  };
  const found = fields.map((field) => {
    if (field.defaultValue !== undefined && !columns.some(({ name }) => name === fileColumnName(field.path)))
      return null;
    const column = find(field.path);
    if (column === null || fits(field, column.class)) return column;
    const wanted =
      field.epochUnit === null ? printType(field.type) : `${printType(field.type)} from ${field.epochUnit}`;
    faults.push(`column \`${column.name}\` is ${column.type}, and \`${field.name}\` is declared ${wanted}`);
    return column;
  });
  const known = spec.knownTimePath === null ? null : find(spec.knownTimePath);
  if (known !== null && !INSTANTS.includes(known.class))
    faults.push(`column \`${known.name}\` is ${known.type}, and @known_time is a timestamp`);
  if (faults.length > 0) {
    throw new FscError(
      'FSC7363',
      2,
      `table \`${printed}\` does not fit source \`${spec.name}\``,
      faults.join('; '),
      `mend features/sources/${spec.name}.sql, or name a view of the table that casts: postgres:VIEW`,
    );
  }
  const items = found.map((column, i) => readItem(column, (fields[i] as FieldSpec).isLoose));
  return {
    items: spec.knownTimePath === null ? items : [...items, readItem(known, false)],
    classes: found.map((column) => column?.class ?? null),
    from: sql,
    isTimed: isTimedSql(found[spec.eventTimeColumn] ?? null, fields[spec.eventTimeColumn] as FieldSpec),
    orderBy: orderOf(spec, found),
  };
}

function fits(field: FieldSpec, column: TypeClass): boolean {
  if (field.isLoose) return true;
  if (field.epochUnit !== null) return column === 'integer' || column === 'numeric';
  switch (field.type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'decimal':
      return column === 'integer' || column === 'numeric';
    case 'real':
    case 'double':
      return column === 'integer' || column === 'numeric' || column === 'float';
    case 'timestamp':
    case 'timestamptz':
      return INSTANTS.includes(column);
    case 'boolean':
    case 'text':
    case 'date':
      return column === field.type.kind;
    case 'interval':
    case 'unknown':
      return false;
  }
}

function readItem(column: TableColumn | null, isLoose: boolean): string {
  if (column === null) return 'NULL';
  const name = quoteName(column.name);
  if (column.class === 'timestamptz' && !isLoose) return `${name} AT TIME ZONE 'UTC'`;
  // As text a real has fewer digits than the double that it is.
  if (column.base === 'float4' && !isLoose) return `CAST(${name} AS double precision)`;
  // char(n) without the blanks that it is filled up with.
  return column.class === 'text' || isLoose ? `CAST(${name} AS text)` : name;
}

function isTimedSql(column: TableColumn | null, { epochUnit }: FieldSpec): string {
  // DEFAULT fills it.
  if (column === null) return 'TRUE';
  const name = quoteName(column.name);
  if (epochUnit !== null) {
    const unit = EPOCH_MICROS[epochUnit];
    const isInside = `${name} >= 0 AND ${name} < ${RANGE_END_MICROS / unit}`;
    return column.class === 'integer' ? isInside : `${isInside} AND trunc(${name} * ${unit}) = ${name} * ${unit}`;
  }
  const instant = (day: string): string =>
    column.class === 'timestamptz' ? `TIMESTAMPTZ '${day} 00:00:00+00'` : `${column.class} '${day}'`;
  return `${name} >= ${instant('1970-01-01')} AND ${name} < ${instant('2200-01-01')}`;
}

/** (event time, key), then everything else, so that reading twice gives one order, and the least row of an identity comes first. */
function orderOf(spec: SourceSpec, columns: readonly (TableColumn | null)[]): string[] {
  const first = [spec.eventTimeColumn, ...spec.keyColumns];
  const rest = columns.map((_, i) => i).filter((i) => !first.includes(i));
  return [...first, ...rest].flatMap((i) => {
    const column = columns[i] ?? null;
    if (column === null) return [];
    const item = readItem(column, i >= spec.columns.length);
    return [`${column.class === 'text' || i >= spec.columns.length ? `${item} COLLATE "C"` : item} ASC NULLS LAST`];
  });
}

class TableRecords implements FileRecords {
  readonly endByte = null;
  readonly #fields: readonly FieldSpec[];
  readonly #classes: readonly (TypeClass | null)[];
  /** null: there is none. */
  readonly #knownTimePath: readonly string[] | null;
  readonly #session: PostgresSession;
  readonly #parts: AsyncGenerator<readonly TextRow[]>;
  #rest: readonly TextRow[] = [];

  constructor(spec: SourceSpec, fields: readonly FieldSpec[], session: PostgresSession, query: TableQuery) {
    this.#fields = fields;
    this.#knownTimePath = spec.knownTimePath;
    this.#session = session;
    const { items, from, isTimed, orderBy, classes } = query;
    this.#classes = classes;
    const order = [`(${isTimed}) IS NOT TRUE`, ...orderBy].join(', ');
    this.#parts = copyRows(session.copyOut(`SELECT ${items.join(', ')} FROM ${from} ORDER BY ${order}`));
  }

  async next(maxRows: number): Promise<FileBatch | null> {
    const rows: TextRow[] = [...this.#rest];
    while (rows.length < maxRows) {
      const { value, done } = await this.#parts.next();
      if (done === true) break;
      for (const row of value) rows.push(row);
    }
    this.#rest = rows.splice(maxRows);
    return rows.length === 0 ? null : this.#decode(rows);
  }

  #decode(rows: readonly TextRow[]): FileBatch {
    const columns = new RecordColumns(this.#fields, rows.length);
    const faults = new Uint8Array(rows.length);
    const reasons = new Map<number, string>();
    const known = this.#knownTimePath === null ? null : new Float64Array(rows.length);
    for (const [row, texts] of rows.entries()) {
      for (const [i, field] of this.#fields.entries()) {
        const from = this.#classes[i] ?? null;
        const read = from === null ? filled(field) : readField(field, from, texts[i] ?? null);
        if (read.ok) {
          columns.set(i, row, read.value);
          continue;
        }
        columns.setNull(i, row);
        if (!reasons.has(row)) reasons.set(row, `${field.name}: ${read.reason}`);
        faults[row] = Math.max(faults[row] as number, field.decidesOnly ? RECORD_FAULT : FIELD_FAULT);
      }
      if (known === null) continue;
      const read = readKnownTime(texts[this.#fields.length] ?? null);
      known[row] = read.ok ? (read.value as number) : Number.NaN;
      if (read.ok || reasons.has(row)) continue;
      faults[row] = FIELD_FAULT;
      reasons.set(row, unreadableKnownTime(this.#knownTimePath ?? [], read.reason));
    }
    return {
      batch: { length: rows.length, columns: columns.columns },
      faults: reasons.size === 0 ? null : faults,
      reason: (row) => reasons.get(row) ?? 'malformed',
      text: (row) => this.#textOf(rows[row] ?? []),
      knownTimes: known,
      unknownFields: null,
      bytesAfter: () => null,
    };
  }

  #textOf(row: TextRow): string {
    const parts = this.#fields.map(
      ({ path }, i) => `${JSON.stringify(path.join('.'))}:${JSON.stringify(row[i] ?? null)}`,
    );
    return `{${parts.join(',')}}`;
  }

  async close(): Promise<void> {
    // A run that stops does not wait for the rest of the table.
    await this.#session.destroy();
    await this.#parts.return(undefined);
  }
}

function filled({ defaultValue = null, nullable }: FieldSpec): ReadResult {
  return defaultValue === null && !nullable ? refused('is missing and NOT NULL') : taken(defaultValue);
}

function readField(field: FieldSpec, from: TypeClass, text: string | null): ReadResult {
  if (text === null) return field.nullable ? taken(null) : refused('is null and NOT NULL');
  if (field.epochUnit !== null) return readEpochDigits(text, field);
  if (from === 'integer' && (field.type.kind === 'double' || field.type.kind === 'real'))
    return readIntegerAsDouble(BigInt(text), field.type);
  const isInstant = field.type.kind === 'timestamp' || field.type.kind === 'timestamptz';
  return isInstant ? readInstantText(text) : readTextValue(text, field.type);
}
