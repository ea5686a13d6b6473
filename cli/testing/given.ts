/** What a test gives a source, as records of its log. */

import type { SourcePlan } from '../../compiler/plan/plan.ts';
import type { SourceProgram } from '../../runtime/log/contract.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import { parseDecimalExact } from '../../runtime/values/decimal.ts';
import { printJsonValue, rawJsonAt } from '../../runtime/values/json.ts';
import type { ColumnSpec, SourceSpec } from '../../runtime/values/manifest.ts';
import { printTimestamp } from '../../runtime/values/temporal.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { jsonFor, type Place, type TestRow, unknownName } from '../test-files.ts';
import { makeUp } from './made-up.ts';
import { lineDecoder } from './memory-records.ts';

export interface GivenRecord {
  readonly place: Place;
  /** JSON as `SourceOfTest.program` reads it. */
  readonly line: string;
}

export interface SourceOfTest {
  /** The source, reading records of a layout of its own: a row of a test names columns, whatever the source's JSON is like. */
  readonly program: SourceProgram;
  readonly records: readonly GivenRecord[];
}

const COLUMNS = 'columns';
const OTHERS = 'others';

/** `used`: columns that the view reads. */
export function givenRecords(
  source: SourcePlan,
  program: SourceProgram,
  rows: readonly TestRow[],
  used: ReadonlySet<number>,
): SourceOfTest {
  const own = { ...program, spec: testSpec(program.spec) };
  const decoder = lineDecoder(own.spec);
  const records = rows.map((row, i) => {
    const fields = row.kind === 'line' ? fieldsOfLine(program.spec, row.text) : fieldsOfRow(program.spec, row);
    if (fields === null) return { place: row.place, line: '' }; // no JSON object: the log refuses it
    const missing = own.spec.columns.flatMap((column, index) => {
      const isMadeUp = !column.nullable && !column.hasDefault && !used.has(index) && index !== own.spec.eventTimeColumn;
      return isMadeUp && !fields.columns.has(column.name) ? [index] : [];
    });
    if (missing.length > 0) {
      const { batch } = decoder.decode([lineOf(fields)], 1, new Map());
      const given = batch.columns.map((vector, c) => valueAt(vector, typeOf(own.spec, c), 0));
      const values = makeUp(source, own, missing, given, i, row.place);
      for (const index of missing) {
        const { name, type } = own.spec.columns[index] as ColumnSpec;
        fields.columns.set(name, printJsonValue(values[index] as Value, type));
      }
    }
    return { place: row.place, line: lineOf(fields) };
  });
  return { program: own, records };
}

function typeOf(spec: SourceSpec, column: number): SqlType {
  return spec.columns[column]?.type ?? { kind: 'text', maxLength: null };
}

function testSpec(spec: SourceSpec): SourceSpec {
  return {
    ...spec,
    columns: spec.columns.map((column) => ({ ...column, path: [COLUMNS, column.name], epochUnit: null })),
    onlyPaths: spec.onlyPaths.map((path) => [OTHERS, path.join('.')]),
    knownTimePath: null,
  };
}

/** JSON texts by name: columns, and fields that only `@only` reads. */
interface Fields {
  readonly columns: Map<string, string>;
  readonly others: Map<string, string>;
}

function lineOf({ columns, others }: Fields): string {
  return `{${JSON.stringify(COLUMNS)}:${objectOf(columns)},${JSON.stringify(OTHERS)}:${objectOf(others)}}`;
}

function objectOf(fields: ReadonlyMap<string, string>): string {
  return `{${[...fields].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

function fieldsOfRow(spec: SourceSpec, row: Extract<TestRow, { kind: 'values' }>): Fields {
  const fields: Fields = { columns: new Map(), others: new Map() };
  for (const [name, value] of row.values) {
    const column = spec.columns.find((candidate) => candidate.name === name);
    if (column !== undefined) fields.columns.set(name, jsonFor(value, column.type));
    else if (spec.onlyPaths.some((path) => path.join('.') === name)) fields.others.set(name, value.json);
    else {
      const names = spec.columns.map((candidate) => candidate.name);
      throw unknownName(value.place, `\`${spec.name}\` has no column \`${name}\``, name, names);
    }
  }
  return fields;
}

/** A line of a file is read as the source's JSON; where that has no field of a column, one called like the column counts. */
function fieldsOfLine(spec: SourceSpec, text: string): Fields | null {
  if (!isObject(text)) return null;
  const fields: Fields = { columns: new Map(), others: new Map() };
  for (const column of spec.columns) {
    const mapped = rawJsonAt(text, column.path);
    const json = mapped === null ? rawJsonAt(text, [column.name]) : fromEpoch(mapped, column);
    if (json !== null) fields.columns.set(column.name, json);
  }
  for (const path of spec.onlyPaths) {
    const json = rawJsonAt(text, path);
    if (json !== null) fields.others.set(path.join('.'), json);
  }
  return fields;
}

function isObject(text: string): boolean {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json);
  } catch {
    return false;
  }
}

const EPOCH_SCALE = { epoch_s: 6, epoch_ms: 3, epoch_us: 0 } as const;

/** A count since 1970 as the timestamp that it means; what is none stays what it is, and is refused as no timestamp. */
function fromEpoch(json: string, { epochUnit }: ColumnSpec): string {
  if (epochUnit === null || json === 'null') return json;
  const micros = parseDecimalExact(json, 38, EPOCH_SCALE[epochUnit]);
  return typeof micros === 'number' && Math.abs(micros) < 1e17 ? `"${printTimestamp(micros)}"` : 'false';
}
