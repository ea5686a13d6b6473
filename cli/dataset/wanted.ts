/** What the views need from the labels, and what becomes of their features' names. */
import { suggest } from '../../compiler/diagnostics/suggest.ts';
import type { WantedColumn } from '../../runtime/engines/label-columns.ts';
import { type LabelFile, unusable } from '../../runtime/engines/label-file.ts';
import type { LabelTable } from '../../runtime/engines/label-table.ts';
import type { Program, ViewProgram } from '../../runtime/state/program.ts';
import type { ColumnVector } from '../../runtime/values/batch.ts';
import { counted, plural } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { printJsonValue } from '../../runtime/values/json.ts';
import type { ColumnSpec, FeatureSpec, SourceSpec } from '../../runtime/values/manifest.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import { viewNamed } from '../view-named.ts';

export function viewsNamed(program: Program, names: readonly string[]): readonly ViewProgram[] {
  return names.map((name) => viewNamed(program, name));
}

/** Log sources that the views read, those of joined views too. */
export function sourcesOf(program: Program, views: readonly ViewProgram[]): readonly string[] {
  const names = views.flatMap(({ spec }) =>
    spec.shape === 'request' ? spec.joins.map((join) => sourceOf(program, join.view)) : [spec.source],
  );
  return [...new Set(names)];
}

/** Names of the views, and of those that they join. */
export function withJoined(views: readonly ViewProgram[]): ReadonlySet<string> {
  const joined = views.flatMap(({ spec }) => (spec.shape === 'request' ? spec.joins.map(({ view }) => view) : []));
  return new Set([...views.map(({ spec }) => spec.name), ...joined]);
}

function sourceOf(program: Program, view: string): string {
  return (program.views.find((candidate) => candidate.spec.name === view) as ViewProgram).spec.source;
}

/** Request sources of the views. */
export function requestsOf(program: Program, views: readonly ViewProgram[]): readonly SourceSpec[] {
  const names = new Set(views.flatMap(({ spec }) => (spec.shape === 'request' ? [spec.source] : [])));
  return program.sources.flatMap(({ spec }) => (names.has(spec.name) ? [spec] : []));
}

/** JSON of what `DEFAULT` makes of columns that a request lacks. */
export function requestDefaults(program: Program, views: readonly ViewProgram[]): ReadonlyMap<string, string> {
  const columns = requestsOf(program, views).flatMap((request) => request.columns);
  return new Map(
    columns.flatMap(({ name, type, hasDefault, defaultValue }) =>
      hasDefault && defaultValue !== null ? [[name, printJsonValue(defaultValue, type)]] : [],
    ),
  );
}

export interface MissingColumn extends ColumnSpec {
  /** The request source that declares it. */
  readonly request: string;
}

export interface Wanted {
  readonly columns: readonly WantedColumn[];
  /** Request columns that the labels don't have. */
  readonly missing: readonly MissingColumn[];
}

/** Entity and request columns. */
export function wantedColumns(program: Program, views: readonly ViewProgram[], file: LabelFile): Wanted {
  const columns = new Map<string, WantedColumn>();
  const missing = new Map<string, MissingColumn>();
  const requests = requestsOf(program, views);
  const declared = [...views.map(({ spec }) => spec.entity), ...requests.map((request) => request.columns)].flat();
  const used = declared.map(({ name }) => name);
  for (const { spec } of views) {
    for (const { name, type } of spec.entity) {
      const what = `the entity of ${spec.name}`;
      if (!hasColumn(file, name)) throw lacks(file, used, name, what);
      addWanted(file, columns, { name, type, what });
    }
  }
  for (const request of requests) {
    for (const column of request.columns) {
      const what = `a column of ${request.name}`;
      if (hasColumn(file, column.name)) addWanted(file, columns, { name: column.name, type: column.type, what });
      else if (!column.nullable && !column.hasDefault) throw lacks(file, used, column.name, what);
      else missing.set(column.name, { ...column, request: request.name });
    }
  }
  return { columns: [...columns.values()], missing: [...missing.values()] };
}

/** A name that is misspelt would be NULL in silence; a DEFAULT excuses. */
export function missingTexts({ columns, missing }: Wanted, file: LabelFile): readonly string[] {
  const names = unused(
    file,
    columns.map(({ name }) => name),
  );
  return missing
    .filter(({ hasDefault }) => !hasDefault)
    .map(({ name, request }) => {
      const meant = suggest(name, names);
      const help = meant === null ? '' : `; did you mean \`${meant}\`?`;
      return `warning: ${file.name} has no column \`${name}\` of \`${request}\`: it is NULL in all rows${help}`;
    });
}

/** Labels that are no request: a view answers them with NULL, where `get` refuses them. */
export function noRequestTexts(
  program: Program,
  views: readonly ViewProgram[],
  file: LabelFile,
  labels: LabelTable,
): readonly string[] {
  return requestsOf(program, views).flatMap((request) => {
    const own = views.filter(({ spec }) => spec.source === request.name).map(({ spec }) => spec.name);
    return request.columns.flatMap(({ name, nullable }) => {
      const count = nullable ? 0 : countNulls(labels.columns.get(name), labels.length);
      if (count === 0) return [];
      const have = `${counted(count, 'label')} of ${file.name} ${plural(count, 'has', 'have')}`;
      const what = `NULL in \`${name}\`, which is NOT NULL in \`${request.name}\``;
      return `warning: ${have} ${what}: the features of ${own.join(', ')} are NULL there`;
    });
  });
}

function countNulls(vector: ColumnVector | undefined, length: number): number {
  const nulls = vector?.nulls ?? null;
  if (nulls === null) return 0;
  let count = 0;
  for (let row = 0; row < length; row += 1) count += nulls[row] ?? 0;
  return count;
}

/** A name may serve several views; where they declare it differently, one reading must do for all. */
function addWanted(file: LabelFile, columns: Map<string, WantedColumn>, want: WantedColumn): void {
  const known = columns.get(want.name);
  const type = known === undefined ? want.type : commonType(known.type, want.type);
  if (known !== undefined && type === null) {
    throw unusable(
      file.name,
      `\`${want.name}\` is ${known.what} as ${printType(known.type)}, and ${want.what} as ${printType(want.type)}`,
      'make two training sets, or declare the column alike',
    );
  }
  columns.set(want.name, known === undefined ? want : { ...known, type: type ?? known.type });
}

const WHOLE = ['smallint', 'integer', 'bigint'] as const;

/** Of two types whose values stand in a vector alike: the one that holds both. */
function commonType(a: SqlType, b: SqlType): SqlType | null {
  if (printType(a) === printType(b)) return a;
  if (a.kind === 'text' && b.kind === 'text') return { kind: 'text', maxLength: null };
  const ranks = [a, b].map(({ kind }) => (WHOLE as readonly string[]).indexOf(kind));
  const [first = -1, second = -1] = ranks;
  if (first < 0 || second < 0) return null;
  return first > second ? a : b;
}

function hasColumn(file: LabelFile, name: string): boolean {
  return file.columns.some((column) => column.name === name);
}

/** What a column that is missing may be called there: no name that another one has. */
function unused(file: LabelFile, used: readonly string[]): readonly string[] {
  return file.columns.map(({ name }) => name).filter((name) => !used.includes(name));
}

function lacks(file: LabelFile, used: readonly string[], name: string, what: string): FscError {
  const meant = suggest(name, unused(file, used));
  const help = meant === null ? columnsOf(file) : `did you mean \`${meant}\`? Rename the column`;
  return unusable(file.name, `it has no column \`${name}\`, ${what}`, help);
}

export function needInstant(file: LabelFile, instant: string): void {
  if (hasColumn(file, instant)) return;
  throw unusable(
    file.name,
    `it has no column \`${instant}\` with the labels' instants`,
    `name it with --instant; ${columnsOf(file)}`,
  );
}

function columnsOf(file: LabelFile): string {
  const names = file.columns.map(({ name }) => name);
  return `the file has ${names.join(', ')}`;
}

/** Sources whose whole primary key the labels have columns for: they may know their own events. */
export function keyedSources(program: Program, sources: readonly string[], file: LabelFile): readonly SourceSpec[] {
  return program.sources.flatMap(({ spec }) => {
    const keys = spec.keyColumns.map((column) => (spec.columns[column] as ColumnSpec).name);
    const isCarried = sources.includes(spec.name) && keys.length > 0 && keys.every((name) => hasColumn(file, name));
    return isCarried ? [spec] : [];
  });
}

/** A feature in the training set. */
export interface NamedFeature {
  readonly view: ViewProgram;
  readonly feature: FeatureSpec;
  readonly name: string;
}

/**
 * The output's columns after the labels' own. A clash of names is an error, except where a request's own column only passes through: it is
 * there already, as the label's.
 */
export async function nameFeatures(
  views: readonly ViewProgram[],
  file: LabelFile,
  isQualified: boolean,
  isPassedThrough: (view: ViewProgram, feature: FeatureSpec) => Promise<boolean>,
): Promise<readonly NamedFeature[]> {
  const taken = new Map(file.columns.map(({ name }) => [name.toLowerCase(), 'a column of the labels']));
  const named: NamedFeature[] = [];
  for (const view of views) {
    for (const feature of view.spec.features) {
      const name = isQualified ? `${view.spec.name}__${feature.name}` : feature.name;
      const holder = taken.get(name.toLowerCase());
      if (holder !== undefined && (await isPassedThrough(view, feature))) continue;
      if (holder !== undefined) throw clash(name, view, holder, isQualified);
      taken.set(name.toLowerCase(), `a feature of ${view.spec.name}`);
      named.push({ view, feature, name });
    }
  }
  return named;
}

function clash(name: string, view: ViewProgram, holder: string, isQualified: boolean): FscError {
  return new FscError(
    'FSC7013',
    1,
    `\`${name}\` of ${view.spec.name} is also ${holder}`,
    'a training set holds one column of each name',
    isQualified
      ? 'rename the column of the labels'
      : 'give --qualified, which names features like <view>_v<N>__<feature>',
  );
}
