import { Readable } from 'node:stream';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RunSummary } from '../../runtime/engines/run-summary.ts';
import type { SourceInput } from '../../runtime/engines/source-input.ts';
import {
  hasHistory,
  hasHistoryRecords,
  StateFolder,
  snapshotPosition,
  streamFiles,
} from '../../runtime/engines/state-folder.ts';
import { DEFAULT_INTERVALS, runStream } from '../../runtime/engines/stream-run.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { counted, plural } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { tellAbsentColumns } from '../absent-columns.ts';
import { isArchived } from '../accepted.ts';
import type { CommandRunner, ExitStatus } from '../cli.ts';
import { parseInstant } from '../instant.ts';
import { type GlobalFlags, type Io, say, writeOut } from '../io.ts';
import { refuseExcess } from '../limits.ts';
import { addSourceOption, locationsOf, needRecords, type SourceLocations } from '../locations.ts';
import { Progress } from '../progress.ts';
import { countsText, readText } from '../read-text.ts';
import { type NumberFormat, numbersOption } from '../result-rows.ts';
import { openStore } from '../store.ts';
import { tierLate } from '../tiering.ts';
import { viewNamed } from '../view-named.ts';
import { openWorkspace, type Workspace } from '../workspace.ts';

interface RunFlags {
  readonly mode: 'batch' | 'stream';
  readonly view?: readonly string[];
  readonly asOf?: string;
  readonly to?: 'online';
  readonly out?: string;
  readonly engine?: 'duckdb' | 'postgres';
  readonly source?: readonly string[];
  readonly untilEnd: boolean;
  readonly shard?: string;
  readonly rebuild: boolean;
  readonly requireFinal: boolean;
  readonly maxQuarantined?: number;
  readonly maxExpressionErrors?: number;
  readonly numbers: NumberFormat;
}

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'run') as Command;
  command
    .addOption(
      new Option('--mode <mode>', 'batch: up to an instant; stream: on from the committed state')
        .choices(['batch', 'stream'])
        .makeOptionMandatory(),
    )
    .option('--view <view...>', 'with --out: the views to write')
    .option('--as-of <instant>', 'batch: values at this instant (default: now)')
    .addOption(new Option('--to <target>', 'batch: where to').choices(['online']).conflicts('out'))
    .option(
      '--out <file>',
      'batch: write values to FILE.parquet, .csv, .jsonl or - instead; {view} stands for the view',
    )
    .addOption(
      new Option('--engine <engine>', 'with --out: the database that computes; both give the same values').choices([
        'duckdb',
        'postgres',
      ]),
    )
    .option('--require-final', 'with --out: exit 3 if a record may still come that changes the values', false)
    .option('--until-end', 'stop at what was the end of the stream when the run started', false)
    .option('--shard <i/n>', 'own a part of the entities')
    .option('--rebuild', 'make state and rows anew from history and archive, which are kept', false)
    .option('--max-quarantined <n>', 'exit 1 if more records were quarantined', countOf)
    .option(
      '--max-expression-errors <n>',
      'exit 1 if more expressions failed in events (overflow, x/0, casts)',
      countOf,
    )
    .addOption(numbersOption());
  addSourceOption(command).action(async () => {
    const options = command.opts<RunFlags>();
    await run(command, (io, flags) => start(io, flags, options), options.out === undefined);
  });
}

function countOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a number of records, 0 or more.');
  return Number(text);
}

async function start(io: Io, flags: GlobalFlags, options: RunFlags): Promise<ExitStatus> {
  refuseMisfits(options);
  const workspace = await openWorkspace(io, flags, { keeps: options.out === undefined });
  if (workspace === null) return 1;
  for (const name of options.view ?? []) viewNamed(workspace.plan, name);
  if (options.out !== undefined) return writeOutFile(io, flags, workspace, options, options.out);
  if (options.view !== undefined)
    say(io, flags, 'warning: --view says what --out writes; online rows are written of all views');
  const locations = locationsOf(workspace, options.source);
  const status = await runOnline(io, flags, workspace, options, locations);
  if (status !== 0) return status;
  const { catalogueAfterRun } = await import('../relations.ts');
  await catalogueAfterRun(io, flags, workspace, locations);
  return io.signal.aborted ? 130 : 0;
}

/** Flags that don't go together. */
function refuseMisfits(options: RunFlags): void {
  if (options.shard !== undefined) throw notYet('--shard', 'one process reads and serves everything');
  const only = (flag: string, why: string): FscError =>
    new FscError('FSC7001', 2, `${flag} does not fit here`, why, null);
  if (options.mode === 'stream') {
    if (options.out !== undefined)
      throw only('--out', 'a stream run writes online rows; `--mode batch --out` writes files');
    if (options.asOf !== undefined)
      throw only('--as-of', 'a stream run goes on to the end of its input; `--mode batch` stops at an instant');
    if (options.view !== undefined) throw only('--view', 'a stream run writes the online rows of all views');
  } else if (options.untilEnd)
    throw only('--until-end', 'a batch run ends at an instant; it goes with `--mode stream`');
  if (options.engine !== undefined && options.out === undefined)
    throw only('--engine', 'online rows always come from the stream operators; it goes with --out');
  if (options.requireFinal && options.out === undefined)
    throw only('--require-final', 'online rows change with the records that come; it goes with --out');
  if (options.rebuild && options.out !== undefined) throw only('--rebuild', '--out has no state');
}

function notYet(flag: string, why: string): FscError {
  return new FscError(
    'FSC7011',
    2,
    `\`${flag}\` is not in this version`,
    why,
    'leave it out; the README lists what is there',
  );
}

async function writeOutFile(
  io: Io,
  flags: GlobalFlags,
  workspace: Workspace,
  options: RunFlags,
  out: string,
): Promise<ExitStatus> {
  const { runBatchOut } = await import('../batch-out.ts');
  return runBatchOut(io, flags, workspace, {
    views: options.view ?? [],
    asOf: options.asOf ?? 'now',
    out,
    engine: options.engine ?? 'duckdb',
    sources: options.source ?? [],
    numbers: options.numbers,
    requireFinal: options.requireFinal,
    maxQuarantined: options.maxQuarantined ?? null,
    maxExpressionErrors: options.maxExpressionErrors ?? null,
  });
}

async function runOnline(
  io: Io,
  flags: GlobalFlags,
  workspace: Workspace,
  options: RunFlags,
  locations: ReadonlyMap<string, SourceLocations>,
): Promise<ExitStatus> {
  const inputs = inputsOf(io, flags, workspace, locations, options.rebuild);
  tierLate();
  for (const { program } of inputs) await tellAbsentColumns(io, flags, workspace, locations, program.spec.name);
  const folder = StateFolder.open(workspace.paths.state);
  const progress = new Progress(io, flags, 'run', null, () => wallClock.nowMicros() / 1000);
  try {
    const store = await openStore(workspace.project, false);
    try {
      const summary = await runStream({
        program: workspace.program,
        mode: options.mode,
        store,
        folder,
        inputs,
        archiveFolder: workspace.paths.archive,
        quarantineFolder: workspace.paths.quarantine,
        untilMicros: untilOf(workspace, options),
        clockMode: workspace.project.config.clock,
        clock: wallClock,
        namespace: workspace.project.config.namespace,
        ...DEFAULT_INTERVALS,
        isRebuilt: options.rebuild,
        signal: io.signal,
        onProgress: (_source, counts) => progress.update(counts.read),
        onLeft: (source) => {
          progress.end();
          say(io, flags, `stdin has records of \`${source}\` after the instant: send them again to \`--mode stream\``);
        },
      });
      progress.end();
      for (const { program } of inputs) await tellOtherHistory(io, flags, workspace, program.spec.name, locations);
      return await tell(io, flags, options, summary);
    } finally {
      await store.close();
    }
  } finally {
    progress.end();
    folder.close();
  }
}

/**
 * A state that began with a stream is past its history for good, also one that fsc.json got since, or that --source stood in for. So does one that
 * began with a history keep it, or one that took files of a stream in, whatever fsc.json says by now; offline commands read what it says.
 */
async function tellOtherHistory(
  io: Io,
  flags: GlobalFlags,
  { paths }: Workspace,
  name: string,
  locations: ReadonlyMap<string, SourceLocations>,
): Promise<void> {
  const at = locations.get(name);
  const position = await snapshotPosition(paths.state, name);
  if (at === undefined || at.isOverridden || position === null) return;
  const isBegun = Object.keys(position.partitions).length > 0;
  if (at.history !== null && isBegun && !hasHistory(position)) say(io, flags, unreadHistory(name));
  if (at.history === null && hasHistoryRecords(position)) say(io, flags, gone(name, 'history', null));
  const [file = null] = streamFiles(position);
  // Of other files in the stream's place a run is told by the log itself.
  if (file !== null && (at.stream === null || at.stream === '-')) say(io, flags, gone(name, 'stream', file));
}

function unreadHistory(name: string): string {
  return `warning: the history of ${name} is not in the online rows: their state began with a stream\nhelp: fsc run --mode stream --rebuild makes them anew, history first`;
}

function gone(name: string, phase: 'history' | 'stream', file: string | null): string {
  const which = file === null ? name : `${name} (${file})`;
  return `warning: the online rows have a ${phase} of ${which} that fsc.json no longer names: batch and training sets are without it\nhelp: put "${phase}" back in fsc.json, or make the rows anew without it: fsc run --mode stream --rebuild`;
}

/** Every source that has records; told where one has none. */
function inputsOf(
  io: Io,
  flags: GlobalFlags,
  workspace: Workspace,
  locations: ReadonlyMap<string, SourceLocations>,
  isRebuilt: boolean,
): SourceInput[] {
  const used = new Set(workspace.program.groups.map((group) => group.source));
  const inputs: SourceInput[] = [];
  let first: string | null = null;
  for (const program of workspace.program.sources) {
    const { name } = program.spec;
    const at = locations.get(name);
    if (program.spec.kind !== 'log' || !used.has(name) || at === undefined) continue;
    if (at.history === null && at.stream === null) {
      first ??= name;
      continue;
    }
    const isFromArchive = isRebuilt && needsArchive(workspace, name, at);
    const stream = isFromArchive ? '-' : at.stream;
    inputs.push({
      program,
      locations: [
        ...(at.history === null
          ? []
          : [{ name: 'history' as const, location: at.history.location, order: at.history.order }]),
        ...(stream === null ? [] : [{ name: 'stream' as const, location: stream, order: null }]),
      ],
      cutMicros: at.cutMicros,
      root: workspace.project.root,
      postgres: workspace.project.config.postgres,
      stdin: isFromArchive ? Readable.from([]) : (io.stdin as Readable),
    });
  }
  if (first !== null && inputs.length === 0) needRecords(first, undefined);
  if (first !== null) say(io, flags, `source \`${first}\` has no data: its views are left as they are`);
  if (inputs.length === 0)
    throw new FscError(
      'FSC7009',
      2,
      'there is nothing to run',
      'no view reads a log source',
      'write a view: features/<view>/v1.sql',
    );
  refuseTwoStdins(inputs.filter(({ stdin }) => stdin === io.stdin));
  return inputs;
}

/** What stdin brought is part of the log for ever, and its archive can only be read in the place of stdin. */
function needsArchive(workspace: Workspace, name: string, at: SourceLocations): boolean {
  if (at.stream === '-' || !isArchived(workspace, name, at)) return false;
  if (at.stream === null) return true;
  throw new FscError(
    'FSC7305',
    1,
    `the state of \`${name}\` can't be made anew over \`${at.stream}\``,
    'the archive holds what stdin brought, and would be left out',
    'rebuild with "stream": "-" in fsc.json (an empty stdin will do), then put the stream back and run as now',
  );
}

function refuseTwoStdins(inputs: readonly SourceInput[]): void {
  const readers = inputs.filter((input) => input.locations.some(({ location }) => location === '-'));
  if (readers.length < 2) return;
  const names = readers.map((input) => `\`${input.program.spec.name}\``).join(' and ');
  throw new FscError(
    'FSC7001',
    2,
    'two sources read stdin',
    `${names} both have the location -`,
    'give one of them another location',
  );
}

function untilOf(workspace: Workspace, options: RunFlags): number {
  if (options.mode === 'stream') return Number.POSITIVE_INFINITY;
  const { asOf } = options;
  if (asOf === undefined || asOf === 'now') {
    // With the clock of the events, now is the newest of them: all there is.
    return workspace.project.config.clock === 'events' ? Number.POSITIVE_INFINITY : wallClock.nowMicros();
  }
  return parseInstant(asOf, () => wallClock.nowMicros());
}

async function tell(io: Io, flags: GlobalFlags, options: RunFlags, summary: RunSummary): Promise<ExitStatus> {
  if (flags.format === 'json') await writeOut(io.stdout, `${JSON.stringify(summaryJson(summary))}\n`);
  else say(io, flags, summaryText(summary));
  if (io.signal.aborted) return 130;
  const done = 'what was consumed is committed';
  refuseExcess('quarantined', summary.events.quarantined, options.maxQuarantined ?? null, done);
  const errors = totalErrors(summary);
  refuseExcess(plural(errors, 'expression error'), errors, options.maxExpressionErrors ?? null, done);
  return 0;
}

/** cli.md counts the errors of expressions in one number; by column they stand beside it. */
export function summaryJson(summary: RunSummary): Record<string, unknown> {
  const { expressionErrors, ...rest } = summary;
  return { ...rest, expressionErrors: totalErrors(summary), expressionErrorsByColumn: expressionErrors };
}

function totalErrors(summary: RunSummary): number {
  return Object.values(summary.expressionErrors).reduce((sum, count) => sum + count, 0);
}

export function summaryText(summary: RunSummary): string {
  const reasons = countsText(summary.quarantine);
  const lines = [
    `${readText(summary)} in ${summary.seconds.toFixed(1)} s; ${counted(summary.rows, 'online row')} written for ${counted(summary.views.length, 'view')}`,
  ];
  if (reasons !== '') lines.push(`quarantine: ${reasons} (fsc quarantine list)`);
  for (const [column, count] of Object.entries(summary.expressionErrors)) {
    lines.push(
      `${column}: ${counted(count, 'value is', 'values are')} NULL because an expression overflowed or failed`,
    );
  }
  return lines.join('\n');
}
