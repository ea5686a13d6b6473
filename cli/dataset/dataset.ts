/**
 * `fsc dataset`: labels joined with any views, each at its label's instant. Reads: the labels, and the accepted records of the views'
 * sources. Writes: one file, whole or not at all.
 */
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import { openDuckDb, openScanSession } from '../../runtime/engines/duckdb/session.ts';
import { loadInstants, trainingSetSql } from '../../runtime/engines/feature-table.ts';
import {
  type LabelInstants,
  type ReadLabels,
  readLabels,
  type WantedColumn,
} from '../../runtime/engines/label-columns.ts';
import type { LabelFile } from '../../runtime/engines/label-file.ts';
import type { LabelTable } from '../../runtime/engines/label-table.ts';
import { ErrorTally } from '../../runtime/engines/run-summary.ts';
import { defaultColumn } from '../../runtime/sources/parquet-columns.ts';
import type { ViewProgram } from '../../runtime/state/program.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { counted, formatCount, plural } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { FeatureSpec, SourceSpec } from '../../runtime/values/manifest.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import { tellAbsentColumns } from '../absent-columns.ts';
import { tellUnarchived } from '../archived.ts';
import type { ExitStatus } from '../cli.ts';
import { countOpen, finalText } from '../final.ts';
import { sourceFiles } from '../inputs.ts';
import { parseAsOf } from '../instant.ts';
import { type GlobalFlags, type Io, say } from '../io.ts';
import { refuseExcess } from '../limits.ts';
import { locationsOf, type SourceLocations } from '../locations.ts';
import { openProgram } from '../open-program.ts';
import { pathsOf } from '../paths.ts';
import { Progress } from '../progress.ts';
import { tierLate } from '../tiering.ts';
import { newestMicros } from './as-of.ts';
import { Feeds } from './feeds.ts';
import { materialise, openLabels } from './open-labels.ts';
import type { DatasetOptions } from './options.ts';
import { Output } from './output.ts';
import { planReader } from './plan-reader.ts';
import { computeByReplay } from './replay-engine.ts';
import { summarise, tell, tiedEvents } from './summary.ts';
import {
  keyedSources,
  missingTexts,
  type NamedFeature,
  nameFeatures,
  needInstant,
  noRequestTexts,
  requestDefaults,
  sourcesOf,
  viewsNamed,
  wantedColumns,
  withJoined,
} from './wanted.ts';

export async function makeDataset(io: Io, flags: GlobalFlags, options: DatasetOptions): Promise<ExitStatus> {
  tierLate();
  const startedMicros = wallClock.nowMicros();
  const output = Output.at(io, options);
  const opened = await openProgram(io, flags);
  if (opened === null) return 1;
  const workspace = { ...opened, paths: pathsOf(opened.project) };
  const views = viewsNamed(workspace.program, options.views);
  const locations = locationsOf(workspace, options.sources);
  output.refuseInput(sourceFiles(workspace.project, locations));
  const found = await materialise(io, flags, options);
  if (found === null) return 1;
  // One thread reads and writes as fast as one thread replays; others would only wait for it, busily.
  const session = await (options.engine === 'replay' ? openScanSession() : openDuckDb());
  session.interruptOn(io.signal);
  try {
    const feeds = new Feeds(workspace, locations, options.knownTo, options.completeToMicros, io.signal);
    const file = await openLabels(session, found, options, requestDefaults(workspace.program, views), io.signal);
    const job = new DatasetJob({ io, flags, options, workspace, views, locations, feeds, session, file });
    const { summary, tied } = await job.run(output, startedMicros);
    await tell(io, flags, summary, tied, options.out);
    return 0;
  } finally {
    session.close();
    found.remove();
  }
}

interface JobParts {
  readonly io: Io;
  readonly flags: GlobalFlags;
  readonly options: DatasetOptions;
  readonly workspace: NonNullable<Awaited<ReturnType<typeof openProgram>>> & {
    readonly paths: ReturnType<typeof pathsOf>;
  };
  readonly views: readonly ViewProgram[];
  readonly locations: ReadonlyMap<string, SourceLocations>;
  readonly feeds: Feeds;
  readonly session: DuckDbSession;
  readonly file: LabelFile;
}

class DatasetJob {
  readonly #parts: JobParts;
  readonly #plan: ReturnType<typeof planReader>;
  readonly #sources: readonly string[];

  constructor(parts: JobParts) {
    this.#parts = parts;
    this.#plan = planReader(parts.io, parts.flags, parts.workspace.project);
    this.#sources = sourcesOf(parts.workspace.program, parts.views);
  }

  async run(output: Output, startedMicros: number) {
    const { options, file, views, session, feeds } = this.#parts;
    if (options.instant !== null) needInstant(file, options.instant);
    const features = await nameFeatures(views, file, options.qualified, (view, feature) =>
      this.#passesThrough(view, feature),
    );
    this.#parts.io.signal.throwIfAborted();
    await this.#tellUnarchived();
    const { labels, read, columns, ownEvents } = await this.#readLabels();
    this.#parts.io.signal.throwIfAborted();
    this.#tellReading(read, ownEvents);
    await this.#tellAbsent();
    const errors = new ErrorTally(withJoined(views));
    const tiedLabels = await this.#compute(features, labels, columns, ownEvents, errors);
    this.#decideTies(tiedLabels, labels.length);
    const openLabels = this.#decideOpen(labels);
    this.#limitErrors(errors);
    const raw = output.takesTexts && file.isText ? file.rawRelation : file.relation;
    const names = file.columns.map(({ name }) => name);
    const named = features.map(({ name, feature }) => ({ name, type: feature.type }));
    // What was read in a zone would be another instant to whoever reads it without.
    const instant = options.timeZone !== null && read.naive > 0 ? options.instant : null;
    if (instant !== null) await loadInstants(session, labels.instants);
    const rows = await output.write(session, trainingSetSql(raw, names, named, instant), labels.length);
    const summary = summarise({
      labels: labels.length,
      rows,
      views: options.views,
      features: features.length,
      engine: options.engine,
      ties: options.ties,
      tiedLabels,
      openLabels,
      read,
      sources: feeds.facts.values(),
      errors: options.engine === 'replay' ? errors : null,
      seconds: (wallClock.nowMicros() - startedMicros) / 1_000_000,
    });
    return { summary, tied: tiedEvents(options.ties, this.#sources, ownEvents) };
  }

  /** A request's own column, selected as it is. Only the plan knows; it is made where a name is in question. */
  async #passesThrough(view: ViewProgram, feature: FeatureSpec): Promise<boolean> {
    if (view.spec.shape !== 'request') return false;
    const plan = await this.#plan();
    const found = plan.views.find((candidate) => candidate.spec.name === view.spec.name);
    const expr = found?.outputs[feature.ordinal]?.expr;
    return expr?.kind === 'request' && expr.name === feature.name;
  }

  async #readLabels() {
    const { workspace, views, session, file } = this.#parts;
    const wanted = wantedColumns(workspace.program, views, file);
    const { columns, missing } = wanted;
    for (const text of missingTexts(wanted, file)) say(this.#parts.io, this.#parts.flags, text);
    const instants = await this.#instants();
    const read = await readLabels(session, file, columns, instants);
    const vectors = new Map(read.table.columns);
    for (const column of missing) vectors.set(column.name, defaultColumn(column, read.table.length));
    const own = await this.#readOwnKeys(columns, instants);
    for (const [name, vector] of own.vectors) if (!vectors.has(name)) vectors.set(name, vector);
    const labels: LabelTable = { ...read.table, columns: vectors };
    for (const text of noRequestTexts(workspace.program, views, file, labels))
      say(this.#parts.io, this.#parts.flags, text);
    const known = new Set(columns.map(({ name }) => name));
    const all = [...columns, ...missing, ...own.columns.filter(({ name }) => !known.has(name))];
    return { labels, read, columns: all, ownEvents: own.sources };
  }

  async #instants(): Promise<LabelInstants> {
    const { options, workspace, feeds } = this.#parts;
    if (options.instant !== null) return { column: options.instant, micros: 0, timeZone: options.timeZone };
    const isNewest = options.asOf === 'now' && workspace.project.config.clock === 'events';
    const micros = isNewest
      ? await newestMicros(workspace.program, this.#sources, feeds)
      : parseAsOf(options.asOf, wallClock.nowMicros);
    return { column: null, micros, timeZone: null };
  }

  /** Primary keys that the labels carry; a column of that name that holds no such key is something else. */
  async #readOwnKeys(known: readonly WantedColumn[], instants: LabelInstants) {
    const { options, workspace, file, session } = this.#parts;
    const vectors = new Map<string, NonNullable<ReturnType<LabelTable['columns']['get']>>>();
    const columns: WantedColumn[] = [];
    const sources = new Set<string>();
    if (options.ties !== 'exclude') return { vectors, columns, sources };
    for (const spec of keyedSources(workspace.program, this.#sources, file)) {
      const keys = keyColumnsOf(spec);
      // One column of the labels is read in one way, whatever it is the key of.
      const read = [...known, ...columns];
      if (keys.some((key) => read.some((one) => one.name === key.name && !isReadAlike(one.type, key.type)))) continue;
      try {
        const { table } = await readLabels(session, file, keys, { ...instants, column: null });
        for (const [name, vector] of table.columns) vectors.set(name, vector);
        columns.push(...keys.filter(({ name }) => !columns.some((one) => one.name === name)));
        sources.add(spec.name);
      } catch (error) {
        if (!(error instanceof FscError) || error.code !== 'FSC7013') throw error;
      }
    }
    return { vectors, columns, sources };
  }

  #tellReading(read: ReadLabels, ownEvents: ReadonlySet<string>): void {
    const { io, flags, options, workspace } = this.#parts;
    const tellCount = (count: number, one: string, many: string): void => {
      if (count > 0) say(io, flags, counted(count, one, many));
    };
    if (read.naive > 0) {
      const zone = options.timeZone === null ? 'UTC (--timezone NAME reads them otherwise)' : options.timeZone;
      const what = `of \`${options.instant}\``;
      tellCount(
        read.naive,
        `instant ${what} has no offset and is read as ${zone}`,
        `instants ${what} have no offset and are read as ${zone}`,
      );
    }
    const twice = `shown twice by clocks in ${options.timeZone}; the first time is taken`;
    tellCount(read.ambiguous, `instant was ${twice}`, `instants were ${twice}`);
    tellCount(
      read.castKeys,
      'value of double columns is whole and read as an integer',
      'values of double columns are whole and read as integers',
    );
    if (options.ties !== 'exclude') return;
    for (const { spec } of workspace.program.sources) {
      if (!this.#sources.includes(spec.name)) continue;
      const keys = keyColumnsOf(spec).map(({ name }) => name);
      const what = ownEvents.has(spec.name)
        ? `the label's own event is left out, by its key (${keys.join(', ')})`
        : "all events at a label's instant are left out";
      say(io, flags, `${spec.name}: ${what}`);
    }
  }

  async #tellUnarchived(): Promise<void> {
    const { io, flags, workspace, locations } = this.#parts;
    for (const source of this.#sources) await tellUnarchived(io, flags, workspace, locations, source);
  }

  async #tellAbsent(): Promise<void> {
    const { io, flags, workspace, locations } = this.#parts;
    for (const source of this.#sources) await tellAbsentColumns(io, flags, workspace, locations, source);
  }

  async #compute(
    features: readonly NamedFeature[],
    labels: LabelTable,
    columns: readonly Pick<WantedColumn, 'name' | 'type'>[],
    ownEvents: ReadonlySet<string>,
    errors: ErrorTally,
  ): Promise<number> {
    const { io, flags, options, workspace, session, feeds } = this.#parts;
    if (options.engine === 'duckdb') {
      const { computeByDuckDb } = await import('./duckdb-engine.ts');
      const plan = await this.#plan();
      const job = { session, plan, options, labels, columns, features, sources: this.#sources, ownEvents, feeds };
      return computeByDuckDb(job);
    }
    if (options.engine === 'postgres') {
      const { computeByPostgres } = await import('./postgres-engine.ts');
      const plan = await this.#plan();
      const { project } = workspace;
      const { signal } = io;
      const sources = this.#sources;
      return computeByPostgres({
        session,
        plan,
        options,
        labels,
        columns,
        features,
        sources,
        ownEvents,
        feeds,
        project,
        signal,
      });
    }
    const progress = new Progress(io, flags, 'dataset', labels.length, () => wallClock.nowMicros() / 1000);
    try {
      const { program } = workspace;
      const outcome = await computeByReplay({
        program,
        options,
        labels,
        features,
        ownEvents,
        feeds,
        errors,
        onProgress: (done) => progress.update(done),
        signal: io.signal,
      });
      // A fault is told before the features are put anywhere.
      if (options.ties !== null || outcome.tiedLabels === 0) await outcome.load(session);
      return outcome.tiedLabels;
    } finally {
      progress.end();
    }
  }

  #decideTies(tied: number, labels: number): void {
    if (this.#parts.options.ties !== null || tied === 0) return;
    throw new FscError(
      'FSC7014',
      1,
      `${formatCount(tied)} of ${counted(labels, 'label')} ${plural(tied, 'has', 'have')} the instant of an event of ${plural(tied, 'its', 'their')} entity`,
      'whether that event counts decides what a model may know (leakage or not), so there is no default',
      '--ties include counts it (event time <= t), --ties exclude leaves it out (event time < t)',
    );
  }

  #decideOpen(labels: LabelTable): number {
    const { options, feeds } = this.#parts;
    const open = countOpen(labels.instants, options.knownTo, [...feeds.facts.values()]);
    const { count } = open;
    if (count === 0 || options.allowOpen) return count;
    throw new FscError(
      'FSC7015',
      options.requireFinal ? 3 : 1,
      `${formatCount(count)} of ${counted(labels.length, 'label')} ${plural(count, 'is', 'are')} not final`,
      `a record before ${plural(count, 'its instant', 'their instants')} may still arrive; ${finalText(open)}`,
      'wait for more records, declare how far they are complete ("completeTo" in fsc.json, or --complete-to T), or give --allow-open',
    );
  }

  #limitErrors(errors: ErrorTally): void {
    const { maxExpressionErrors } = this.#parts.options;
    const total = errors.total();
    const counts = Object.entries(errors.toJson()).map(([column, count]) => `${column}: ${formatCount(count)}`);
    const why = `${plural(total, 'it', 'they')} gave NULL: ${counts.join(', ')}`;
    refuseExcess(plural(total, 'expression error'), total, maxExpressionErrors, why, 'nothing was written');
  }
}

function isReadAlike(a: SqlType, b: SqlType): boolean {
  return a.kind === b.kind && (a.kind !== 'decimal' || printType(a) === printType(b));
}

function keyColumnsOf(spec: SourceSpec): readonly WantedColumn[] {
  return spec.keyColumns.map((index) => {
    const { name, type } = spec.columns[index] as SourceSpec['columns'][number];
    return { name, type, what: `the key of ${spec.name}` };
  });
}
