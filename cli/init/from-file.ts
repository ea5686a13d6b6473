/** `fsc init --from FILE`: a project over records that are there, declared as they look. */
import { basename, relative, resolve, sep } from 'node:path';
import { compileProject } from '../../compiler/index.ts';
import { headerFault } from '../../runtime/sources/csv.ts';
import { findFiles } from '../../runtime/sources/files.ts';
import { type FileFormat, parseLocation } from '../../runtime/sources/location.ts';
import { counted, plural } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { printTimestamp } from '../../runtime/values/temporal.ts';
import { MICROS_PER_MINUTE, printType } from '../../runtime/values/types.ts';
import type { Made } from '../commands/init.ts';
import type { Io } from '../io.ts';
import { plainText } from '../result-rows.ts';
import { shellWord } from '../shell.ts';
import { firstView } from './first-view.ts';
import {
  hashOf,
  type Inferred,
  type InferredColumn,
  infer,
  type KeyFindings,
  keyCandidates,
  keyScore,
  UniqueCheck,
} from './infer.ts';
import { fieldPath, sourceNameOf } from './names.ts';
import { type Cell, FieldProfile } from './profile.ts';
import { openRecords, type ReadCounts, type RecordFile } from './read-records.ts';

const DEFAULT_LATENESS_MICROS = 5 * MICROS_PER_MINUTE;

interface Looked {
  readonly counts: ReadCounts;
  readonly inferred: Inferred;
  readonly eventTime: InferredColumn;
  readonly keys: KeyFindings;
}

export async function projectFromFile(io: Io, root: string, from: string): Promise<Made> {
  const location = parseLocation(from);
  if (location.kind === 'stdin') throw cannotUse('stdin', 'a project reads its records again and again', 'name a file');
  if (location.kind === 'postgres')
    throw cannotUse(
      from,
      'a declaration is inferred from files only',
      'declare the source, and name the table in fsc.json',
    );
  const files = findFiles(io.cwd, from);
  const records = await openRecords(files, location.format, io.signal);
  const source = sourceNameOf(from.split(sep).join('/'));
  const looked = await lookAt(records, location.format, source, from);
  const { inferred, eventTime, keys } = looked;
  const times = inferred.times as NonNullable<Inferred['times']>;
  const view = firstView(source, inferred.columns, eventTime, keys.key, times.greatest - times.least);
  const isSorted = location.format !== 'jsonl' || times.lag <= DEFAULT_LATENESS_MICROS;
  const made = new Map([
    ['fsc.json', config(source, historyPath(root, io.cwd, from), isSorted)],
    [`features/sources/${source}.sql`, sourceSql(source, basename(from), looked)],
    [`features/${source}/v1.sql`, view.sql],
  ]);
  assertCompiles(made);
  return {
    files: made,
    about: about(source, view.entity, looked, from),
    next: nextCommands(source, view.exampleKey),
  };
}

async function lookAt(file: RecordFile, format: FileFormat, source: string, from: string): Promise<Looked> {
  const fault = format === 'csv' ? headerFault(file.fields.map(({ path }) => path[0] ?? '')) : null;
  if (fault !== null)
    throw cannotUse(from, fault, 'write the file anew as CSV with commas, the names of the columns first');
  const profiles: FieldProfile[] = [];
  const counts = await file.read((cells) => {
    while (profiles.length < file.fields.length) {
      profiles.push(new FieldProfile(file.fields[profiles.length] as RecordFile['fields'][number], format === 'csv'));
    }
    for (const [i, cell] of cells.entries()) profiles[i]?.add(cell);
  });
  if (counts.records === 0) throw noRecords(from, counts.broken);
  if (!counts.isWhole)
    for (const field of await file.laterNulls()) (profiles[field] as FieldProfile).hasLaterNulls = true;
  const inferred = infer(profiles, counts.records);
  if (inferred.eventTime === null) throw noInstant(from, inferred);
  const keys = await findKeys(file, inferred, inferred.eventTime, source);
  return { counts, inferred, eventTime: inferred.eventTime, keys };
}

const MOST_CANDIDATES = 6;

/** Reads the records once more, since what is unique can only be asked once the event time is known. */
async function findKeys(
  file: RecordFile,
  { columns }: Inferred,
  eventTime: InferredColumn,
  source: string,
): Promise<KeyFindings> {
  const candidates = keyCandidates(columns, eventTime, source).slice(0, MOST_CANDIDATES);
  const checks = candidates.map((column) => ({ column, alone: new UniqueCheck(), timed: new UniqueCheck() }));
  if (checks.length === 0) return { key: null, perhaps: null };
  await file.read((cells, text) => {
    const record = hashOf(text());
    const time = cellText(cells[eventTime.field] ?? null);
    for (const { column, alone, timed } of checks) {
      const value = cellText(cells[column.field] ?? null);
      if (keyScore(column.name, source) > 0) alone.add(value, record);
      timed.add(`${time}\u0000${value}`, record);
    }
  });
  const key = checks.find(({ column, alone }) => keyScore(column.name, source) > 0 && alone.isUnique)?.column ?? null;
  return { key, perhaps: key ?? checks.find(({ timed }) => timed.isUnique)?.column ?? null };
}

function cellText(cell: Cell): string {
  if (cell === null || typeof cell === 'boolean') return String(cell);
  switch (cell.kind) {
    case 'text':
      return cell.text;
    case 'number':
      return cell.digits;
    case 'instant':
      return String(cell.micros);
    case 'other':
      return cell.what;
  }
}

function noRecords(from: string, broken: number): FscError {
  const format = /\.jsonl/.test(from)
    ? 'no line of it is a JSON object'
    : 'no line of it has as many fields as the header';
  return cannotUse(from, broken > 0 ? format : 'it holds no records', 'name a file that holds some records');
}

function noInstant(from: string, { columns, skipped }: Inferred): FscError {
  const seen = columns.map(({ name, type }) => `${name} ${printType(type)}`);
  const left = skipped.map(({ path, why }) => `${plainText(path)} (${why})`);
  return cannotUse(
    from,
    `no field is an instant; it has ${[...seen, ...left].join(', ') || 'no fields'}`,
    'each record needs the time at which it happened: ISO 8601 (2001-03-01T12:00:00Z), a timestamp column, or a count of seconds or milliseconds since 1970',
  );
}

function cannotUse(from: string, why: string, help: string): FscError {
  return new FscError('FSC7020', 1, `${from} cannot be made a source`, why, help);
}

/** As fsc.json names it: relative to the project. */
function historyPath(root: string, cwd: string, from: string): string {
  const path = relative(root, resolve(cwd, from)).split(sep).join('/');
  if (/\$\{/.test(path)) {
    throw cannotUse(
      from,
      'in fsc.json a dollar sign and a brace begin the name of an environment variable',
      'rename the file or its folder',
    );
  }
  // `kafka:x.csv` would be a topic.
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(path) ? `./${path}` : path;
}

function config(source: string, path: string, isSorted: boolean): string {
  // Not in order of time: read sorted, as a whole, so that no record is late.
  const history = isSorted ? path : { path, order: 'none' };
  const json = {
    $schema: 'https://unpkg.com/fsc/schemas/fsc.schema.json',
    sources: { [source]: { history } },
    online: 'lmdb',
    clock: 'events',
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function sourceSql(source: string, file: string, { inferred, eventTime, counts, keys }: Looked): string {
  const { columns, skipped } = inferred;
  const seen =
    counts.isWhole && counts.records === 1
      ? 'the one record'
      : `${counts.isWhole ? 'all' : 'the first'} ${counted(counts.records, 'record')}`;
  const lines = [
    `-- Inferred from ${seen} of ${plainText(file)}: look it over.`,
    `-- @event_time ${eventTime.name}`,
    '-- @lateness   5 minutes       how far behind the newest record one may still arrive',
  ];
  if (keys.key === null) {
    const perhaps =
      keys.perhaps === null
        ? ''
        : `; perhaps PRIMARY KEY (${keys.perhaps.name}), unique at each ${eventTime.name} so far`;
    lines.push(`-- @key        none            a record is known by its position alone${perhaps}`);
  }
  for (const column of columns) {
    const isSame = column.path.length === 1 && column.path[0] === column.name && column.epochUnit === null;
    if (isSame) continue;
    lines.push(
      `-- @from ${column.name} ${fieldPath(column.path)}${column.epochUnit === null ? '' : ` ${column.epochUnit}`}`,
    );
  }
  for (const { path, why } of skipped) lines.push(`-- not taken: ${plainText(path)}, ${plainText(why)}`);
  const names = Math.max(...columns.map(({ name }) => name.length));
  const types = Math.max(...columns.map(({ type }) => printType(type).length));
  const definitions = columns.map((column) => {
    const rules = [...(column.nullable ? [] : ['NOT NULL']), ...(column === keys.key ? ['PRIMARY KEY'] : [])].join(' ');
    return `  ${column.name.padEnd(names)} ${printType(column.type).padEnd(types)} ${rules}`.trimEnd();
  });
  return `${lines.join('\n')}\nCREATE TABLE ${source} (\n${definitions.join(',\n')}\n);\n`;
}

/** What does not compile here would be our bug, and is told before anything is written. */
function assertCompiles(files: ReadonlyMap<string, string>): void {
  const sql = new Map([...files].filter(([path]) => path.endsWith('.sql')));
  const faults = compileProject(sql).diagnostics.filter(({ severity }) => severity === 'error');
  if (faults.length === 0) return;
  throw new Error(
    `the inferred project does not compile: ${faults.map(({ code, message }) => `${code} ${message}`).join('; ')}\n${[...sql.values()].join('\n')}`,
  );
}

function about(source: string, entity: string, { inferred, eventTime, counts, keys }: Looked, from: string): string[] {
  const times = inferred.times as NonNullable<Inferred['times']>;
  const lines = [
    `source ${source}: ${counted(counts.records, 'record')} of ${plainText(from)}${counts.isWhole ? '' : ' looked at'}, ` +
      `${printTimestamp(times.least)} to ${printTimestamp(times.greatest)}`,
    `  event time ${eventTime.name}, ${keys.key === null ? 'no key' : `key ${keys.key.name}`}, ${counted(inferred.columns.length, 'column')}`,
    `view ${source}_v1: a row for each ${entity}`,
  ];
  const missing = counts.records - eventTime.profile.values + times.outOfRange;
  if (missing > 0)
    lines.push(
      `${counted(missing, 'record has', 'records have')} no ${eventTime.name} that can be: ${plural(missing, 'it', 'they')} will go to quarantine`,
    );
  if (counts.broken > 0)
    lines.push(
      `${counted(counts.broken, 'line is no record: it', 'lines are no records: they')} will go to quarantine`,
    );
  for (const { path, why } of inferred.skipped) lines.push(`not taken: ${plainText(path)}, ${plainText(why)}`);
  return [...lines, `look over features/sources/${source}.sql: types, key and NOT NULL are guesses`];
}

function nextCommands(
  source: string,
  example: { readonly name: string; readonly value: string } | null,
): [string, string][] {
  const view = `${source}_v1`;
  const get =
    example === null ? `fsc get ${view} --all` : `fsc get ${view} ${shellWord(`${example.name}=${example.value}`)}`;
  return [
    ['fsc check', 'parse, bind, plan'],
    ['fsc run --mode stream', 'the records into online rows'],
    [get, 'one online row'],
    [`fsc query "SELECT * FROM ${source} LIMIT 10"`, 'the accepted records'],
    [`fsc explain ${view}`, 'what is computed and kept'],
  ];
}
