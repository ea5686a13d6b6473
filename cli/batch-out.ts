/** `run --mode batch --out FILE`: every entity's values at an instant, by DuckDB or PostgreSQL over the accepted records. */
import type { ViewPlan } from '../compiler/plan/plan.ts';
import { quoteName } from '../runtime/engines/duckdb/load.ts';
import { QuerySession, type QuerySessionOptions } from '../runtime/engines/duckdb/query.ts';
import { addCounts, noCounts, type ReadSummary, readSummary } from '../runtime/engines/run-summary.ts';
import { wallClock } from '../runtime/time/clock.ts';
import { counted } from '../runtime/values/counted.ts';
import { FscError } from '../runtime/values/errors.ts';
import { parseTimestamp, printTimestamp } from '../runtime/values/temporal.ts';
import { isArchived } from './accepted.ts';
import type { ExitStatus } from './cli.ts';
import { countOpen, type Finality, finalityOf, finalText } from './final.ts';
import { sourceFiles } from './inputs.ts';
import { parseAsOf } from './instant.ts';
import { type GlobalFlags, type Io, say, writeAside, writeOut } from './io.ts';
import { refuseExcess } from './limits.ts';
import { locationsOf, type SourceLocations } from './locations.ts';
import { OutFile } from './out-file.ts';
import { countsText, readText } from './read-text.ts';
import { Relations } from './relations.ts';
import { type NumberFormat, writeJsonRows } from './result-rows.ts';
import { viewNamed } from './view-named.ts';
import type { Workspace } from './workspace.ts';

export interface BatchOutOptions {
  /** None: every view that has rows of its own. */
  readonly views: readonly string[];
  /** T of cli.md. */
  readonly asOf: string;
  /** A path with `{view}` where there are several views, or `-`. */
  readonly out: string;
  readonly engine: 'duckdb' | 'postgres';
  /** `--source` as given. */
  readonly sources: readonly string[];
  readonly numbers: NumberFormat;
  /** Values that may still change are not written. */
  readonly requireFinal: boolean;
  readonly maxQuarantined: number | null;
  readonly maxExpressionErrors: number | null;
}

interface BatchSummary extends ReadSummary {
  readonly mode: 'batch';
  readonly views: readonly string[];
  /** A database gives NULL where an expression fails, and does not count. */
  readonly expressionErrors: null;
  readonly rows: number;
  readonly seconds: number;
}

export async function runBatchOut(
  io: Io,
  flags: GlobalFlags,
  workspace: Workspace,
  options: BatchOutOptions,
): Promise<ExitStatus> {
  const startedMicros = wallClock.nowMicros();
  refuseCounting(options);
  if (options.asOf !== 'now') parseAsOf(options.asOf, wallClock.nowMicros); // told before anything is read
  const locations = locationsOf(workspace, options.sources);
  const views = withData(io, flags, workspace, locations, options, chosenViews(workspace, options));
  const files = filesOf(io, views, options.out);
  for (const file of files ?? []) file.refuseInput(sourceFiles(workspace.project, locations));
  sayLeftOut(io, flags, workspace, options);
  const relations = new Relations(io, flags, workspace, locations);
  // Whatever the instant, so that the summary tells of all records.
  for (const view of views) await relations.readSource(view.spec.source);
  const asOfMicros = await instantOf(workspace, relations, views, options.asOf);
  if (options.requireFinal) await refuseOpen(workspace, locations, relations, asOfMicros);
  const values =
    options.engine === 'postgres'
      ? await postgresValues(io, workspace, relations, views, asOfMicros)
      : duckDbValues(relations, asOfMicros);
  const rows = await writeValues(io, values, views, files, options.numbers);
  const summary = summarise(relations, views, rows, (wallClock.nowMicros() - startedMicros) / 1_000_000);
  await tell(io, flags, summary, asOfMicros, options.out);
  await relations.refreshCatalogue();
  refuseExcess(
    'quarantined',
    summary.events.quarantined,
    options.maxQuarantined,
    'the values were written without these records',
  );
  return 0;
}

function refuseCounting({ maxExpressionErrors }: BatchOutOptions): void {
  if (maxExpressionErrors === null) return;
  throw new FscError(
    'FSC7001',
    2,
    '--max-expression-errors does not go with --out',
    'databases give NULL where an expression fails and do not count them',
    'fsc dataset counts them all (--entities FILE --as-of T); a run over online rows counts those that fail in an event, not those of a lookup',
  );
}

/** Request views have no rows until somebody asks. */
function chosenViews(workspace: Workspace, { views }: BatchOutOptions): readonly ViewPlan[] {
  const named = [...new Set(views)].map((name) => viewNamed(workspace.plan, name));
  const request = named.find((view) => view.kind === 'request');
  if (request !== undefined) {
    throw new FscError(
      'FSC7001',
      2,
      `\`${request.spec.name}\` is a request view: it has no rows of its own`,
      `its rows are made from what a caller sends (\`${request.spec.source}\`)`,
      `write the views that it joins, or give requests as labels: fsc dataset --labels FILE --view ${request.spec.name} --out FILE`,
    );
  }
  if (named.length > 0) return named;
  const all = workspace.plan.views.filter((view) => view.kind !== 'request');
  if (all.length > 0) return all;
  throw new FscError('FSC7009', 2, 'there is nothing to write', 'no view has rows of its own', 'write a view first');
}

/** Where no view is named, as in a run: those over a source without data are left out, unless that is all. */
function withData(
  io: Io,
  flags: GlobalFlags,
  workspace: Workspace,
  locations: ReadonlyMap<string, SourceLocations>,
  options: BatchOutOptions,
  views: readonly ViewPlan[],
): readonly ViewPlan[] {
  const hasData = ({ spec: { source } }: ViewPlan): boolean => {
    const at = locations.get(source);
    return (at?.history ?? at?.stream ?? null) !== null || isArchived(workspace, source, at);
  };
  const found = views.filter(hasData);
  if (options.views.length > 0 || found.length === 0) return views;
  for (const source of new Set(views.filter((view) => !hasData(view)).map(({ spec }) => spec.source)))
    say(io, flags, `source \`${source}\` has no data: its views are left out`);
  return found;
}

function sayLeftOut(io: Io, flags: GlobalFlags, workspace: Workspace, { views }: BatchOutOptions): void {
  const left = workspace.plan.views.filter((view) => view.kind === 'request').map((view) => view.spec.name);
  if (views.length > 0 || left.length === 0) return;
  say(io, flags, `left out: ${left.join(', ')} (a request view has no rows of its own)`);
}

/** null: stdout. */
function filesOf(io: Io, views: readonly ViewPlan[], out: string): readonly OutFile[] | null {
  if (out === '-') {
    if (views.length === 1) return null;
    throw severalViews(views, 'stdout takes the rows of one view', 'name it: --view VIEW');
  }
  if (views.length > 1 && !out.includes('{view}')) {
    throw severalViews(views, `\`${out}\` is one file`, "write {view} into the path, such as 'values-{view}.parquet'");
  }
  return views.map((view) => OutFile.at(io.cwd, out.replaceAll('{view}', view.spec.name)));
}

function severalViews(views: readonly ViewPlan[], why: string, help: string): FscError {
  const names = views.map((view) => view.spec.name).join(', ');
  return new FscError('FSC7001', 2, `${views.length} views need as many files`, `${why}; the views are ${names}`, help);
}

/** With the clock of the events, now is the newest of them. */
async function instantOf(
  workspace: Workspace,
  relations: Relations,
  views: readonly ViewPlan[],
  asOf: string,
): Promise<number> {
  if (asOf !== 'now' || workspace.project.config.clock === 'wall') return parseAsOf(asOf, wallClock.nowMicros);
  const times = new Map(
    views.flatMap((view) => {
      if (view.kind === 'request') return [];
      const column = view.source.columns[view.source.eventTimeColumn];
      return column === undefined ? [] : [[view.source.name, column.name] as const];
    }),
  );
  const parts = [...times].map(([source, column]) => `SELECT max(${quoteName(column)}) AS t FROM ${quoteName(source)}`);
  const newest = await relations.withSession({}, async (session) => {
    const { parts: results } = await session.query(`SELECT max(t) FROM (${parts.join(' UNION ALL ')})`);
    for await (const rows of results) return rows[0]?.[0] ?? null;
    return null;
  });
  const micros = typeof newest === 'string' ? parseTimestamp(newest) : null;
  // Without a record nothing has a row, whatever the instant.
  return micros ?? wallClock.nowMicros();
}

async function refuseOpen(
  workspace: Workspace,
  locations: ReadonlyMap<string, SourceLocations>,
  relations: Relations,
  asOfMicros: number,
): Promise<void> {
  const sources: Finality[] = [];
  for (const [name, read] of relations.read)
    sources.push(await finalityOf(workspace, name, locations.get(name) as SourceLocations, read, null));
  const open = countOpen(Float64Array.of(asOfMicros), { kind: 'all' }, sources);
  if (open.count === 0) return;
  throw new FscError(
    'FSC7015',
    3,
    `the values at ${printTimestamp(asOfMicros)} are not final`,
    `a record before it may still arrive; ${finalText(open)}`,
    'wait for more records, declare how far they are complete ("completeTo" in fsc.json), or leave out --require-final',
  );
}

/** Where the rows of the views come from. */
interface Values {
  withSession<T>(options: QuerySessionOptions, action: (session: QuerySession) => Promise<T>): Promise<T>;
  /** Rows in the order of the entity, so that two runs write the same file. */
  sqlOf(view: ViewPlan): string;
  close(): void;
}

function duckDbValues(relations: Relations, asOfMicros: number): Values {
  return {
    withSession: (options, action) => relations.withSession(options, action),
    sqlOf: (view) => valuesSql(view, asOfMicros),
    close: () => undefined,
  };
}

async function postgresValues(
  io: Io,
  workspace: Workspace,
  relations: Relations,
  views: readonly ViewPlan[],
  asOfMicros: number,
): Promise<Values> {
  const { valuesByPostgres } = await import('./postgres-values.ts');
  const { session, sqlOf } = await valuesByPostgres(workspace, relations, views, asOfMicros, io.signal);
  return {
    withSession: (_, action) => action(new QuerySession(session, io.signal)),
    sqlOf,
    close: () => session.close(),
  };
}

function valuesSql(view: ViewPlan, asOfMicros: number): string {
  const macro = quoteName(view.kind === 'rows' ? `${view.spec.name}_latest` : view.spec.name);
  const order = view.spec.entity.map((column) => quoteName(column.name)).join(', ');
  return `SELECT * FROM ${macro}(make_timestamp(CAST(${asOfMicros} AS BIGINT))) ORDER BY ${order}`;
}

async function writeValues(
  io: Io,
  values: Values,
  views: readonly ViewPlan[],
  files: readonly OutFile[] | null,
  numbers: NumberFormat,
): Promise<number> {
  try {
    return files === null
      ? await printRows(io, values, views[0] as ViewPlan, numbers)
      : await writeFiles(values, views, files, numbers);
  } finally {
    values.close();
  }
}

async function printRows(io: Io, values: Values, view: ViewPlan, numbers: NumberFormat): Promise<number> {
  return values.withSession({}, async (session) => {
    const { columns, parts } = await session.query(values.sqlOf(view));
    return writeJsonRows(io.stdout, columns, parts, numbers);
  });
}

/** All files, or none. */
async function writeFiles(
  values: Values,
  views: readonly ViewPlan[],
  files: readonly OutFile[],
  numbers: NumberFormat,
): Promise<number> {
  const writableFiles = files.map((file) => file.temporary);
  const fill = async (session: QuerySession): Promise<number> => {
    let rows = 0;
    for (const [i, view] of views.entries())
      rows += await (files[i] as OutFile).fill(session, values.sqlOf(view), numbers);
    return rows;
  };
  try {
    const rows = await values.withSession({ writableFiles }, fill);
    for (const file of files) file.commit();
    return rows;
  } finally {
    for (const file of files) file.discard();
  }
}

/** What the archive has is accepted, what it overrules a duplicate of that. */
function summarise(relations: Relations, views: readonly ViewPlan[], rows: number, seconds: number): BatchSummary {
  const counts = noCounts();
  for (const { historyCounts, archived, overruled } of relations.read.values()) {
    addCounts(counts, historyCounts);
    counts.read += archived;
    counts.accepted += archived - overruled;
    counts.duplicate += overruled;
  }
  return {
    mode: 'batch',
    views: views.map((view) => view.spec.name),
    ...readSummary(counts),
    expressionErrors: null,
    rows,
    seconds,
  };
}

async function tell(io: Io, flags: GlobalFlags, summary: BatchSummary, asOfMicros: number, out: string): Promise<void> {
  if (flags.format === 'json') {
    const line = `${JSON.stringify(summary)}\n`;
    return out === '-' ? writeAside(io, line) : writeOut(io.stdout, line);
  }
  const { rows, seconds, views } = summary;
  const reasons = countsText(summary.quarantine);
  const place = out === '-' ? '' : ` to ${out}`;
  say(
    io,
    flags,
    [
      `${readText(summary)} in ${seconds.toFixed(1)} s`,
      ...(reasons === '' ? [] : [`quarantined: ${reasons}`]),
      `${counted(rows, 'row')} of ${views.join(', ')} at ${printTimestamp(asOfMicros)} written${place}`,
    ].join('\n'),
  );
}
