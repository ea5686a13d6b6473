import { type Command, Option } from 'commander';
import type { RequestViewPlan, ViewPlan } from '../../compiler/plan/plan.ts';
import { consumedRecords } from '../../runtime/engines/source-input.ts';
import { hasJournaled, snapshotFacts } from '../../runtime/engines/state-folder.ts';
import type { LogPosition } from '../../runtime/log/contract.ts';
import { keyColumns, type OutputColumn, outputColumns } from '../../runtime/serving/key-columns.ts';
import { createLookup, type Lookup } from '../../runtime/serving/lookup.ts';
import type { Heartbeat, OnlineStore } from '../../runtime/stores/store.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { counted, formatCount } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { printJsonValue } from '../../runtime/values/json.ts';
import { printTimestamp } from '../../runtime/values/temporal.ts';
import type { Value } from '../../runtime/values/types.ts';
import type { CommandRunner } from '../cli.ts';
import { parseAsOf } from '../instant.ts';
import { type GlobalFlags, type Io, say, writeOut } from '../io.ts';
import { addSourceOption, locationsOf, type SourceLocations } from '../locations.ts';
import { raisingText } from '../own-text.ts';
import { jsonRow, plainText, plainValue } from '../result-rows.ts';
import { openStore } from '../store.ts';
import { Batch, type Row } from '../verify/batch.ts';
import { type Comparison, compareView, type Difference } from '../verify/compare.ts';
import { consumedRelation } from '../verify/consumed.ts';
import { sampleRequests } from '../verify/sample-requests.ts';
import { openWorkspace, type Workspace } from '../workspace.ts';

/** What may lie behind a difference: two writers, rows that were touched, or a bug. */
const HELP =
  'help: if another project writes to this online store, give it its own ("namespace" in fsc.json keeps two apart); ' +
  'fsc run --mode stream --rebuild writes all rows anew; what still differs then is a bug of fsc: report it';

/** Of each request view. */
const SAMPLED_REQUESTS = 300;

interface VerifyOptions {
  readonly asOf: readonly string[];
  readonly source?: readonly string[];
}

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'verify') as Command;
  command.addOption(new Option('--as-of <T...>', 'the instants').default(['now'], 'now'));
  addSourceOption(command).action(async () => {
    await run(command, (io, flags) => verify(io, flags, command.opts<VerifyOptions>()));
  });
}

async function verify(io: Io, flags: GlobalFlags, options: VerifyOptions): Promise<number> {
  const workspace = await openWorkspace(io, flags);
  if (workspace === null) return 1;
  const store = await openStore(workspace.project, true);
  const batch = await Batch.open();
  try {
    const verification = await Verification.open(io, flags, workspace, store, batch, options.source);
    let differed = 0;
    for (const text of options.asOf) differed += await verification.at(text);
    await verification.checkQuiet();
    if (differed > 0) verification.tellWhatToDo(differed);
    return differed === 0 && !verification.hasRefused ? 0 : 1;
  } finally {
    batch.close();
    await store.close();
  }
}

class Verification {
  readonly #io: Io;
  readonly #flags: GlobalFlags;
  readonly #workspace: Workspace;
  readonly #store: OnlineStore;
  readonly #batch: Batch;
  readonly #lookup: Lookup;
  readonly #locations: ReadonlyMap<string, SourceLocations>;
  readonly #heartbeats: ReadonlyMap<string, Heartbeat>;
  readonly #stamp: string;
  /** By source and position: made once, whatever the number of views and instants. */
  readonly #relations = new Map<string, string>();
  /** Whether DuckDB refused the own text of a view. */
  hasRefused = false;

  private constructor(
    io: Io,
    flags: GlobalFlags,
    workspace: Workspace,
    store: OnlineStore,
    batch: Batch,
    overrides: readonly string[] | undefined,
    heartbeats: ReadonlyMap<string, Heartbeat>,
    stamp: string,
  ) {
    this.#io = io;
    this.#flags = flags;
    this.#workspace = workspace;
    this.#store = store;
    this.#batch = batch;
    this.#locations = locationsOf(workspace, overrides);
    this.#heartbeats = heartbeats;
    this.#stamp = stamp;
    const { clock, namespace } = workspace.project.config;
    this.#lookup = createLookup({
      views: workspace.program.views,
      store,
      clock: wallClock,
      clockMode: clock,
      namespace,
      // At online's own n nothing is stale.
      maxLagMicros: Number.POSITIVE_INFINITY,
    });
  }

  static async open(
    io: Io,
    flags: GlobalFlags,
    workspace: Workspace,
    store: OnlineStore,
    batch: Batch,
    overrides: readonly string[] | undefined,
  ): Promise<Verification> {
    const stamp = JSON.stringify(await store.stamp());
    const heartbeats = new Map<string, Heartbeat>();
    const never: string[] = [];
    for (const { spec } of workspace.program.views) {
      if (spec.shape === 'request') continue;
      const heartbeat = await store.heartbeat(spec.name);
      if (heartbeat === null) never.push(spec.name);
      else heartbeats.set(spec.name, heartbeat);
    }
    for (const name of never) await refuseLost(workspace, store, name);
    if (heartbeats.size === 0) throw nothingRunYet();
    for (const name of never) say(io, flags, `${name} was never run: it is left out`);
    return new Verification(io, flags, workspace, store, batch, overrides, heartbeats, stamp);
  }

  /** Gives the number of values that differ. */
  async at(asOf: string): Promise<number> {
    const nowMicros = parseAsOf(asOf, () => this.#now());
    let differed = 0;
    for (const view of this.#workspace.plan.views) {
      const joined = view.kind === 'request' ? view.joins.map((join) => join.view) : [view];
      if (joined.some((one) => !this.#heartbeats.has(one.spec.name))) continue;
      // Rows of another plan can't be read: told before anything is compared.
      await this.#lookup.tryViews([{ view: view.spec.name, keys: [] }], nowMicros);
      for (const one of joined) await this.#setSource(one, nowMicros);
      const requests = view.kind === 'request' ? await this.#requests(view, nowMicros) : [];
      const { signal } = this.#io;
      const options = { view, batch: this.#batch, lookup: this.#lookup, nowMicros, requests, signal };
      const comparison = await compareView(options);
      await this.#tell(view, nowMicros, comparison);
      differed += comparison.differed;
    }
    return differed;
  }

  /** Rows that were written meanwhile are of another n. */
  async checkQuiet(): Promise<void> {
    if (JSON.stringify(await this.#store.stamp()) === this.#stamp) return;
    throw new FscError(
      'FSC7027',
      3,
      'online rows were written while they were verified',
      'a run goes on, so online and batch were not of the same records',
      'verify once it has ended',
    );
  }

  /** A run that was cut off may have left rows that are ahead of the position that online tells. */
  tellWhatToDo(differed: number): void {
    const { program, paths } = this.#workspace;
    const cutOff = program.sources.map(({ spec }) => spec.name).filter((name) => hasJournaled(paths.state, name));
    for (const name of cutOff)
      say(this.#io, this.#flags, `a run over ${name} was cut off or goes on: run it to its end, then verify again`);
    if (cutOff.length === 0)
      say(this.#io, this.#flags, `${counted(differed, 'value differs', 'values differ')}\n${HELP}`);
  }

  /** The newest event that online knows of, or the clock. */
  #now(): number {
    if (this.#workspace.project.config.clock === 'wall') return wallClock.nowMicros();
    const newest = [...this.#heartbeats.values()].flatMap(({ newestMicros }) => newestMicros ?? []);
    return newest.length === 0 ? wallClock.nowMicros() : Math.max(...newest);
  }

  async #setSource(view: ViewPlan, nowMicros: number): Promise<void> {
    if (view.kind === 'request') throw new Error('a request view joins a request view');
    const { source } = view;
    const position = this.#positionOf(view);
    const key = JSON.stringify([source.name, position]);
    let relation = this.#relations.get(key);
    if (relation === undefined) {
      const at = this.#locations.get(source.name);
      if (at === undefined) throw new Error(`no locations of ${source.name}`);
      relation = await consumedRelation(this.#workspace, source.name, at, position, this.#io.signal);
      this.#relations.set(key, relation);
    }
    await this.#batch.setSource(source, relation, nowMicros);
  }

  #positionOf(view: ViewPlan): LogPosition {
    const heartbeat = this.#heartbeats.get(view.spec.name) as Heartbeat;
    const position = heartbeat.positions[view.spec.source];
    return isPosition(position) ? position : { partitions: {} };
  }

  async #requests(view: RequestViewPlan, nowMicros: number): Promise<readonly Row[]> {
    this.#refuseApart(view);
    const keys: (readonly Row[])[] = [];
    for (const join of view.joins) keys.push(await this.#batch.someKeys(join.view, nowMicros, SAMPLED_REQUESTS));
    const requests = sampleRequests(view, keys, SAMPLED_REQUESTS);
    await this.#batch.setRequests(view.request, requests);
    return requests;
  }

  /** Views that a request view joins are read together, so they must know the same records. */
  #refuseApart(view: RequestViewPlan): void {
    const known = new Map<string, { readonly name: string; readonly records: number }>();
    for (const { view: joined } of view.joins) {
      const records = consumedRecords(this.#positionOf(joined));
      const other = known.get(joined.spec.source);
      if (other !== undefined && other.records !== records) throw apart(view.spec.name, other.name, joined.spec.name);
      known.set(joined.spec.source, { name: joined.spec.name, records });
    }
  }

  async #tell(view: ViewPlan, nowMicros: number, comparison: Comparison): Promise<void> {
    const report = new Report(this.#workspace, view, nowMicros, comparison);
    await writeOut(this.#io.stdout, this.#flags.format === 'json' ? report.json() : report.plain());
    if (comparison.ownFault !== null) {
      this.hasRefused = true;
      say(this.#io, this.#flags, `${view.spec.name}: DuckDB refuses the file's own text: ${comparison.ownFault}`);
    }
    if (comparison.compared > 0 && comparison.agreed + comparison.differed === 0)
      say(this.#io, this.#flags, `${view.spec.name}: no online row speaks for ${printTimestamp(nowMicros)}`);
  }
}

class Report {
  readonly #view: ViewPlan;
  readonly #asOf: string;
  readonly #comparison: Comparison;
  readonly #keys: readonly OutputColumn[];
  readonly #outputs: readonly OutputColumn[];

  constructor(workspace: Workspace, view: ViewPlan, nowMicros: number, comparison: Comparison) {
    this.#view = view;
    this.#asOf = printTimestamp(nowMicros);
    this.#comparison = comparison;
    this.#keys = keyColumns(view.spec, workspace.program.sources);
    this.#outputs = outputColumns(view.spec);
  }

  json(): string {
    const { compared, agreed, differed, notOnline, ownLeftOut, ownRaises, ownFault, differences } = this.#comparison;
    const what = this.#view.kind === 'request' ? 'requests' : 'entities';
    const head = { view: this.#view.spec.name, asOf: this.#asOf, [what]: compared, agreed, differed, notOnline };
    const list = differences.map((difference) => this.#jsonDifference(difference)).join(',');
    const own = {
      ownText: ownLeftOut === null,
      ...(ownRaises.size === 0 ? {} : { ownRaises: this.#raising() }),
      ...(ownFault === null ? {} : { ownFault }),
    };
    return `${JSON.stringify({ ...head, ...own }).slice(0, -1)},"differences":[${list}]}\n`;
  }

  /** Names of the columns for which the own text raises. */
  #raising(): readonly string[] {
    return this.#outputs.filter((_, ordinal) => this.#comparison.ownRaises.has(ordinal)).map(({ name }) => name);
  }

  #ownLeftOut(): string {
    const { ownLeftOut, ownRaises } = this.#comparison;
    if (ownLeftOut !== null) return ` (own text left out: ${ownLeftOut})`;
    if (ownRaises.size === 0) return '';
    return ` (${raisingText(this.#raising())})`;
  }

  #jsonDifference({ keys, ordinal, online, batch, own }: Difference): string {
    const value = (of: Value | Row): string => {
      if (of === null) return 'null';
      if (ordinal === null) return jsonRow(this.#outputs, of as Row, 'number');
      return printJsonValue(of as Value, (this.#outputs[ordinal] as OutputColumn).type);
    };
    const column = ordinal === null ? null : (this.#outputs[ordinal] as OutputColumn).name;
    const fields = [
      `"key":${jsonRow(this.#keys, keys, 'number')}`,
      `"column":${JSON.stringify(column)}`,
      `"online":${value(online)}`,
      `"batch":${value(batch)}`,
      ...(own === undefined ? [] : [`"ownText":${value(own)}`]),
    ];
    return `{${fields.join(',')}}`;
  }

  plain(): string {
    const { compared, agreed, differed, notOnline, differences } = this.#comparison;
    const whom = this.#view.kind === 'request' ? counted(compared, 'request') : counted(compared, 'entity', 'entities');
    const counts = `${counted(agreed, 'value agrees', 'values agree')}, ${counted(differed, 'differs', 'differ')}, ${formatCount(notOnline)} not online`;
    const lines = [`${this.#view.spec.name} at ${this.#asOf}: ${whom}, ${counts}${this.#ownLeftOut()}`];
    let shown = 0;
    for (const difference of differences) {
      lines.push(`  ${this.#plainDifference(difference)}`);
      shown += difference.ordinal === null ? Math.max(1, this.#view.spec.features.length) : 1;
    }
    if (differed > shown) lines.push(`  and ${counted(differed - shown, 'more value')}`);
    return `${lines.join('\n')}\n`;
  }

  #plainDifference({ keys, ordinal, online, batch, own }: Difference): string {
    const value = (of: Value | Row): string => {
      if (ordinal === null) return of === null ? 'no row' : plainText(jsonRow(this.#outputs, of as Row, 'number'));
      return plainValue(of as Value, (this.#outputs[ordinal] as OutputColumn).type);
    };
    const key = this.#keys.map(({ name, type }, i) => `${name}=${plainValue(keys[i] as Value, type)}`).join(' ');
    const column = ordinal === null ? '' : `  ${(this.#outputs[ordinal] as OutputColumn).name}:`;
    const ownText = own === undefined ? '' : `, own text ${value(own)}`;
    return `${key}${column}  online ${value(online)}, batch ${value(batch)}${ownText}`;
  }
}

/** A view whose rows the state has written to this very store has a heartbeat there, unless the store lost it. */
async function refuseLost({ program, paths }: Workspace, store: OnlineStore, name: string): Promise<void> {
  const group = program.groups.find(({ views }) => views.includes(name));
  if (group === undefined) return;
  const saved = await snapshotFacts(paths.state, group.source);
  const mark = saved?.store ?? null;
  if (saved === null || mark === null || mark.identity !== (await store.identity())) return;
  if (!saved.groups.includes(group.fingerprint)) return;
  throw new FscError(
    'FSC7201',
    1,
    `the online store has lost \`${name}\``,
    'the state has written its rows there, and they have no heartbeat',
    'run again: its end writes the heartbeat; if this is told again, remove the store and run',
  );
}

function isPosition(value: unknown): value is LogPosition {
  return typeof value === 'object' && value !== null && 'partitions' in value && typeof value.partitions === 'object';
}

function nothingRunYet(): FscError {
  return new FscError(
    'FSC7017',
    2,
    'nothing was run yet',
    'the online store has no rows of any view',
    'fill it: fsc run --mode stream',
  );
}

function apart(view: string, a: string, b: string): FscError {
  return new FscError(
    'FSC7027',
    3,
    `\`${view}\` cannot be verified`,
    `\`${a}\` and \`${b}\`, which it joins, know different records`,
    'run again, so that both are brought up to date',
  );
}
