/** Leads a life: each step is done to a project on the disk by the command line, and every answer is held against the model's. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { journaledPosition, snapshotPosition } from '../../runtime/engines/state-folder.ts';
import { type CliResult, cli, jsonLines } from '../cli/in-process.ts';
import { Random } from '../generators/random.ts';
import {
  configText,
  type Declaration,
  keysOf,
  sourceText,
  type View,
  viewName,
  viewPath,
  viewText,
} from './declaration.ts';
import type { Counts, Verdict } from './judge.ts';
import { CARDS, csvLine, csvText, isoOf, jsonLine, KINDS, type Rec, START, timeOf } from './records.ts';
import { canonical, keyText, newestOf, Referee, type Row, type Rows } from './referee.ts';
import type { LifePlan, Step, Stop } from './steps.ts';
import { World } from './world.ts';

export class LifeError extends Error {}

let referee: Promise<Referee> | null = null;

/** The transcript of a life that went as it should; throws a LifeError, whose message has it, for one that did not. */
export async function live(plan: LifePlan, isThorough: boolean): Promise<readonly string[]> {
  referee ??= Referee.open();
  const life = new Life(plan, await referee, isThorough);
  try {
    await life.lead();
    return life.transcript;
  } finally {
    life.remove();
  }
}

class Life {
  readonly transcript: string[] = [];
  readonly #plan: LifePlan;
  readonly #isThorough: boolean;
  readonly #referee: Referee;
  readonly #world: World;
  readonly #random: Random;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fsc life '));
  /** Files that stand on the disk, by their paths. */
  readonly #written = new Set<string>();
  #copies = 0;
  /** A run with --rebuild was cut off. */
  #mustRebuild = false;
  /** `generated/` is up to date; null: a run that was stopped may have come to it. */
  #isCompiled: boolean | null = false;

  constructor(plan: LifePlan, ref: Referee, isThorough: boolean) {
    this.#plan = plan;
    this.#isThorough = isThorough;
    this.#referee = ref;
    this.#world = new World(plan.inputs, plan.declared);
    this.#random = new Random(plan.seed + 7);
    mkdirSync(this.#root);
  }

  get #root(): string {
    return join(this.#folder, 'project');
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async lead(): Promise<void> {
    const world = this.#world;
    try {
      this.#put('fsc.json', configText(world.inputs));
      world.views.push(this.#plan.view);
      this.#putFeatures();
      for (const step of this.#plan.steps) {
        await this.#do(step);
        await this.#check(step.kind === 'run' || step.kind === 'batch');
      }
    } catch (error) {
      const message =
        error instanceof Error
          ? error instanceof LifeError
            ? error.message
            : (error.stack ?? error.message)
          : String(error);
      throw new LifeError(`${this.transcript.join('\n')}\n=> ${message}`);
    }
  }

  async #do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'grow':
        return this.#grow(step.records, step.isNewFile);
      case 'run':
        return this.#run(step.sent, step.isRebuilt, step.stop);
      case 'batch':
        return this.#batch(step.at);
      case 'declare':
        return this.#declare(step.change);
      case 'view':
        return this.#setView(step.view);
      case 'drop':
        return this.#drop(step.name, step.version);
      case 'rename':
        return this.#rename(step.name, step.to);
      case 'retry':
        return this.#retry(step.verdict);
      case 'compile':
        return this.#compile();
      case 'spoil':
        return this.#spoil();
      case 'fresh':
        return this.#fresh();
    }
  }

  // ——— the project's files

  #put(path: string, text: string): void {
    const file = join(this.#root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    this.#written.add(path);
    this.transcript.push(`$ cat > ${path} <<'END'\n${text}END`);
  }

  #take(path: string): void {
    rmSync(join(this.#root, path));
    this.#written.delete(path);
    this.transcript.push(`$ rm ${path}`);
  }

  #putFeatures(): void {
    const { views, declared } = this.#world;
    const wanted = new Map(views.map((view) => [viewPath(view), viewText(view, declared)]));
    wanted.set('features/sources/tx.sql', sourceText(declared));
    for (const path of [...this.#written]) if (path.startsWith('features/') && !wanted.has(path)) this.#take(path);
    for (const [path, text] of wanted) {
      const file = join(this.#root, path);
      if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
        this.#put(path, text);
        this.#isCompiled = false;
      }
    }
  }

  async #grow(records: readonly Rec[], isNewFile: boolean): Promise<void> {
    const world = this.#world;
    const { files } = world.inputs;
    if (files === null || (world.isPending && (world.isSorted || world.inputs.hasStdin))) return;
    // A history of nothing, which stdin has followed: whether it was read is nobody's affair.
    if (world.inputs.hasStdin && world.saved !== null && world.saved.history.length === 0) return;
    const last = world.files.at(-1);
    if (last === undefined || isNewFile || files === 'parquet') {
      const name = `data/${String(world.files.length + 1).padStart(3, '0')}.${files}`;
      world.files.push({ name, records });
      await this.#writeFile(name, records);
    } else if (records.length > 0) {
      world.files[world.files.length - 1] = { name: last.name, records: [...last.records, ...records] };
      const lines = records.map((rec) => `${files === 'csv' ? csvLine(rec) : jsonLine(rec)}\n`).join('');
      appendFileSync(join(this.#root, last.name), lines);
      this.transcript.push(`$ cat >> ${last.name} <<'END'\n${lines}END`);
    }
  }

  async #writeFile(name: string, records: readonly Rec[]): Promise<void> {
    const { files } = this.#world.inputs;
    if (files === 'jsonl') this.#put(name, records.map((rec) => `${jsonLine(rec)}\n`).join(''));
    else if (files === 'csv') this.#put(name, csvText(records));
    else {
      mkdirSync(join(this.#root, 'data'), { recursive: true });
      await this.#referee.writeParquet(join(this.#root, name), records);
      this.transcript.push(`# ${name} holds:\n${records.map(jsonLine).join('\n')}`);
    }
  }

  #declare(change: Partial<Declaration>): void {
    if (this.#world.isPending) return;
    this.#world.declared = { ...this.#world.declared, ...change };
    this.#putFeatures();
  }

  #setView(view: View): void {
    const { views } = this.#world;
    const at = views.findIndex((one) => viewName(one) === viewName(view));
    if (at >= 0) views[at] = view;
    else if (view.version === 1 || views.some((one) => one.name === view.name)) views.push(view);
    else return;
    this.#putFeatures();
  }

  #drop(name: string, version: number): void {
    const world = this.#world;
    const rest = world.views.filter((view) => view.name !== name || view.version !== version);
    if (rest.length === 0) return;
    world.views = rest;
    this.#putFeatures();
  }

  #rename(name: string, to: string): void {
    const world = this.#world;
    if (world.views.some((view) => view.name === to)) return;
    world.views = world.views.map((view) => (view.name === name ? { ...view, name: to } : view));
    this.#putFeatures();
  }

  // ——— commands

  async #fsc(
    args: readonly string[],
    options: { stdin?: string | Readable; signal?: AbortSignal; cwd?: string } = {},
  ): Promise<CliResult> {
    const shown = args.map((arg) => (/[^\w.:=/-]/.test(arg) ? `'${arg}'` : arg)).join(' ');
    const sent = typeof options.stdin === 'string' && options.stdin !== '' ? ` <<'END'\n${options.stdin}END` : '';
    this.transcript.push(`$ fsc ${shown}${sent}`);
    const result = await cli(args, { cwd: this.#root, ...options });
    // Every command that reads the views does so first.
    const compiles = args[0] !== 'quarantine' && !args.includes('--frozen') && options.cwd === undefined;
    if (compiles && options.signal === undefined) this.#isCompiled = true;
    if (result.code !== 0) this.transcript.push(`${result.err.trimEnd()}\n(exit ${result.code})`);
    if (result.code === 70) throw new LifeError(`a crash of fsc ${args[0]}: ${result.err}`);
    return result;
  }

  async #run(sent: readonly Rec[], rebuild: boolean, stop: Stop | null): Promise<void> {
    const world = this.#world;
    const isRebuilt = rebuild || this.#mustRebuild;
    if (world.inputs.files !== null && world.files.length === 0) await this.#grow([], true);
    const due = world.due(isRebuilt);
    const args = ['run', '--mode', 'stream', '--format', 'json', ...(isRebuilt ? ['--rebuild'] : [])];
    if (stop !== null && due.kind === 'done' && !world.hasWaiting) return this.#stopped(args, sent, isRebuilt, stop);
    const stdin = world.inputs.hasStdin ? sent.map((rec) => `${jsonLine(rec)}\n`).join('') : '';
    const result = await this.#fsc(args, { stdin });
    if (due.kind === 'refused') {
      const code = /"code":"(FSC\d+)"/.exec(result.err)?.[1] ?? '';
      if (result.code === 0 || !due.codes.includes(code))
        throw new LifeError(`this run is to be refused: ${due.codes.join(' or ')}, exit ${due.exit}`);
      return;
    }
    if (result.code !== 0) throw new LifeError('this run is to be done');
    this.#mustRebuild = false;
    this.#checkCounts(world.runs(sent, isRebuilt), result.out);
    await this.#checkQuarantine();
    if (this.#chance(0.25)) await this.#runAgain();
  }

  #checkCounts(due: Counts | null, out: string): void {
    const { events, skipped } = JSON.parse(out) as { events: Omit<Counts, 'skipped'>; skipped: number };
    const { read, accepted, duplicate, late, quarantined } = events;
    if (read !== accepted + duplicate + late + quarantined)
      throw new LifeError(`the counts of the run do not add up: ${out}`);
    if (due === null) return;
    const found: Counts = { read, accepted, duplicate, late, quarantined, skipped };
    if (JSON.stringify(found) !== JSON.stringify(due))
      throw new LifeError(`the run counts ${JSON.stringify(found)}, the model ${JSON.stringify(due)}`);
  }

  async #runAgain(): Promise<void> {
    const before = await this.#everyRow();
    const result = await this.#fsc(['run', '--mode', 'stream', '--format', 'json']);
    if (result.code !== 0) throw new LifeError('the same run once more is to change nothing');
    const none: Counts = { read: 0, accepted: 0, duplicate: 0, late: 0, quarantined: 0, skipped: 0 };
    this.#checkCounts(none, result.out);
    if ((JSON.parse(result.out) as { rows: number }).rows !== 0)
      throw new LifeError('the same run once more wrote rows');
    if ((await this.#everyRow()) !== before)
      throw new LifeError(`the same run once more changed rows; before:\n${before}`);
  }

  async #everyRow(): Promise<string> {
    const all: string[] = [];
    for (const view of this.#world.views)
      all.push((await this.#fsc(['get', viewName(view), '--all', '--format', 'json'])).out);
    return all.join('\n');
  }

  /** Cut off somewhere; what it has committed is found out from its state, and the rest is the next run's. */
  async #stopped(args: readonly string[], sent: readonly Rec[], isRebuilt: boolean, stop: Stop): Promise<void> {
    const world = this.#world;
    const controller = new AbortController();
    const end = (): void => {
      if (controller.signal.aborted) return;
      if (stop.how === 'kill') this.#copyState();
      controller.abort();
    };
    const { hasStdin } = world.inputs;
    const timer = hasStdin ? null : setTimeout(end, stop.after);
    const stdin = hasStdin ? Readable.from(slowly(sent, stop.after, end), { objectMode: false }) : '';
    this.transcript.push(
      `# ${stop.how} after ${stop.after} ${hasStdin ? 'records' : 'ms'} of:\n${sent.map(jsonLine).join('\n')}`,
    );
    const result = await this.#fsc(args, { stdin, signal: controller.signal });
    if (timer !== null) clearTimeout(timer);
    if (result.code !== 130 && result.code !== 0) throw new LifeError('a run that was stopped is to exit 130');
    if (stop.how === 'kill' && controller.signal.aborted) this.#takeCopy();
    this.#mustRebuild = isRebuilt;
    if (this.#isCompiled === false) this.#isCompiled = null;
    const known = hasStdin ? await this.#consumedOfStdin() : 0;
    const taken = Math.max(0, known - world.consumedOfStdin);
    this.transcript.push(`# it had taken in ${taken} of ${sent.length}`);
    if (taken > sent.length) throw new LifeError(`it took in more than was sent`);
    world.stops(sent.slice(0, taken));
  }

  async #consumedOfStdin(): Promise<number> {
    const folder = join(this.#root, '.fsc/state');
    if (!existsSync(folder)) return 0;
    const saved = await snapshotPosition(folder, 'tx');
    const journaled = journaledPosition(folder, 'tx');
    return Math.max(0, ...[saved, journaled].map((position) => position?.partitions['stream:-']?.offset ?? 0));
  }

  get #copy(): string {
    return join(this.#folder, `killed-${this.#copies}`);
  }

  #copyState(): void {
    this.#copies += 1;
    const state = join(this.#root, '.fsc');
    if (existsSync(state))
      cpSync(state, this.#copy, { recursive: true, filter: (path) => !/(^|\/)lock$|\.lock$/.test(path) });
  }

  #takeCopy(): void {
    const state = join(this.#root, '.fsc');
    rmSync(state, { recursive: true, force: true });
    if (existsSync(this.#copy)) renameSync(this.#copy, state);
  }

  async #batch(at: number): Promise<void> {
    const world = this.#world;
    if (world.isPending || world.inputs.hasStdin || world.files.length === 0 || world.isChanged) return;
    const refusal = world.refusesUntil(at);
    const counts = refusal === null ? world.runsUntil(at) : null;
    if (refusal === null && counts === null) return;
    const result = await this.#fsc([
      'run',
      '--mode',
      'batch',
      '--to',
      'online',
      '--as-of',
      isoOf(at),
      '--format',
      'json',
    ]);
    if (refusal !== null) {
      if (result.code !== 1 || !/FSC7104|FSC7301/.test(result.err))
        throw new LifeError(`this run is to be refused: ${refusal}, exit 1`);
      return;
    }
    if (result.code !== 0) throw new LifeError('this run is to be done');
    this.#checkCounts(counts, result.out);
    await this.#checkQuarantine();
  }

  async #retry(verdict: Verdict | string | null): Promise<void> {
    const world = this.#world;
    if (world.isPending || world.saved === null) return;
    const args = [
      'quarantine',
      'retry',
      '--all',
      '--format',
      'json',
      ...(verdict === null ? [] : ['--verdict', verdict]),
    ];
    const result = await this.#fsc(args);
    if (result.code !== 0) throw new LifeError('these records are to be tried again');
    const { waiting } = JSON.parse(result.out) as { waiting: readonly { readonly id: string }[] };
    const places = waiting.map(({ id }) => world.placeOf(id));
    const due = world.canBeAskedFor(verdict);
    if (places.toSorted().join() !== due.toSorted().join()) throw new LifeError(`to be tried again: ${due.join()}`);
    world.asksAgain(places);
    await this.#checkQuarantine();
  }

  async #checkQuarantine(): Promise<void> {
    const { out, code } = await this.#fsc(['quarantine', 'list', '--limit', '100000', '--format', 'json']);
    if (code !== 0) throw new LifeError('the quarantine is to be listed');
    const found = jsonLines(out).map(
      ({ verdict, state, text }) => `${String(verdict)} ${String(state)} ${idOf(String(text))}`,
    );
    const due = this.#world.kept.flatMap((one) => {
      const state = this.#world.stateOf(one);
      return state === 'retried' ? [] : [`${one.verdict} ${state} ${one.rec.id}`];
    });
    const [a, b] = [found.sort().join('\n'), due.sort().join('\n')];
    if (a !== b) throw new LifeError(`the quarantine has\n${a}\nand the model\n${b}`);
  }

  async #compile(): Promise<void> {
    const frozen = await this.#fsc(['get', viewName(this.#world.views[0]!), '--all', '--frozen']);
    const isStale = /FSC7008/.test(frozen.err) && frozen.code === 2;
    if (this.#isCompiled !== null && this.#isCompiled === isStale)
      throw new LifeError('--frozen is to refuse if and only if something is stale');
    for (const args of [['compile'], ['compile', '--check']]) {
      if ((await this.#fsc(args)).code !== 0) throw new LifeError('the project is to compile');
    }
  }

  async #spoil(): Promise<void> {
    const world = this.#world;
    const last = world.saved?.files.at(-1);
    if (world.isPending || last === undefined || last.records.length === 0 || world.due(false).kind === 'refused')
      return;
    if (world.inputs.files === 'parquet' || world.inputs.hasStdin !== (world.inputs.files === 'csv')) return;
    const file = join(this.#root, last.name);
    const before = readFileSync(file);
    const state = await this.#everyRow();
    writeFileSync(file, before.subarray(0, before.length - 12));
    const result = await this.#fsc(['run', '--mode', 'stream']);
    writeFileSync(file, before);
    if (result.code !== 1 || !/FSC7104/.test(result.err))
      throw new LifeError(`a run over a shortened ${last.name} is to be refused`);
    if ((await this.#everyRow()) !== state) throw new LifeError('a run that was refused changed rows');
  }

  async #fresh(): Promise<void> {
    const world = this.#world;
    if (world.inputs.hasStdin || world.files.length === 0) return;
    const other = join(this.#folder, `fresh-${this.#copies}`);
    this.#copies += 1;
    cpSync(this.#root, other, { recursive: true, filter: (path) => !/(^|\/)\.fsc$/.test(path) });
    this.transcript.push('# in a copy without .fsc:');
    if ((await this.#fsc(['run', '--mode', 'stream', '--format', 'json'], { cwd: other })).code !== 0)
      throw new LifeError('this run is to be done');
    const records = world.acceptedOffline;
    const t = newestOf(records);
    for (const view of t === null ? [] : world.views) {
      const { out } = await this.#fsc(['get', viewName(view), '--all', '--format', 'json'], { cwd: other });
      this.#compare(
        `get ${viewName(view)} of a copy`,
        rowsOf(view, out),
        await this.#referee.rows(view, world.declared, records, t!, 'include'),
      );
    }
    this.transcript.push('# back in the project');
  }

  // ——— what must hold after each step

  #chance(p: number): boolean {
    return this.#random.chance(p) || this.#isThorough;
  }

  async #check(isWhole: boolean): Promise<void> {
    const world = this.#world;
    if (world.isPending || this.#mustRebuild) return;
    const r = this.#random;
    const newest = newestOf(world.accepted);
    const instants: number[] =
      newest === null
        ? []
        : [newest, newest + r.pick([-5, -3, 1, 59, 299, 300, 301, 600, 3599, 3600, 7200, 86_400, 400_000])];
    const first = r.pick(world.views);
    for (const view of newest === null ? [] : isWhole ? world.views : [first])
      for (const t of view === first && isWhole ? instants : [r.pick(instants)]) await this.#checkGet(view, t);
    if (world.inputs.hasStdin ? world.saved === null || world.isHistoryChanged : world.files.length === 0) return;
    const some = r.pick(world.views);
    const past = r.pick([START, newest ?? START]) + r.int(-1000, 20_000);
    if (this.#chance(isWhole ? 0.7 : 0.3)) await this.#checkQuery(some, past);
    if (this.#chance(0.2)) await this.#checkBatch(some, past);
    if (this.#chance(isWhole ? 0.7 : 0.2)) await this.#checkDataset(r.pick(world.views));
    if (isWhole && newest !== null && this.#chance(0.7)) await this.#verify(instants);
  }

  async #checkGet(view: View, t: number): Promise<void> {
    const world = this.#world;
    const name = viewName(view);
    const { code, out, err } = await this.#fsc(['get', name, '--all', '--as-of', isoOf(t), '--format', 'json']);
    if (world.isStale(view)) {
      if (code === 0) throw new LifeError(`get of ${name} is to refuse: no run has made its rows since it changed`);
      const isNew = world.saved?.views.has(name) !== true;
      if (!isNew && (code !== 1 || !/FSC7203/.test(err)))
        throw new LifeError(`get of ${name} is to refuse: FSC7203, exit 1`);
      return;
    }
    if (code !== 0) throw new LifeError(`get of ${name} is to answer`);
    const due = await this.#referee.rows(view, world.declared, world.accepted, t, 'include');
    this.#compare(`get ${name} at ${isoOf(t)}`, rowsOf(view, out), due);
    if (this.#chance(0.4)) await this.#checkOne(view, t, due);
  }

  async #checkOne(view: View, t: number, due: Rows): Promise<void> {
    const keys = keysOf(view).map((key) => [key, this.#random.pick(key === 'card' ? CARDS : KINDS)] as const);
    const args = [
      'get',
      viewName(view),
      ...keys.map(([key, value]) => `${key}=${value}`),
      '--as-of',
      isoOf(t),
      '--meta',
      '--format',
      'json',
    ];
    const { code, out } = await this.#fsc(args);
    if (code !== 0) throw new LifeError('get is to answer');
    const { row, exact } = JSON.parse(out) as { row: Record<string, unknown> | null; exact: boolean };
    if (!exact) throw new LifeError(`an answer after a run that ended is to be exact: ${out}`);
    const key = JSON.stringify(keys.map(([, value]) => value));
    const wanted = due.get(key) ?? null;
    const found = row === null ? null : rowOf(row);
    if (rowText(found) !== rowText(wanted))
      throw new LifeError(
        `get ${viewName(view)} ${key} at ${isoOf(t)}: ${rowText(found)}, the model ${rowText(wanted)}`,
      );
  }

  #compare(what: string, found: Rows, due: Rows): void {
    const text = (rows: Rows): string =>
      [...rows]
        .map(([key, row]) => `  ${key} ${rowText(row)}`)
        .sort()
        .join('\n');
    if (text(found) !== text(due)) throw new LifeError(`${what}:\n${text(found)}\nthe model:\n${text(due)}`);
  }

  async #checkQuery(view: View, t: number): Promise<void> {
    const world = this.#world;
    const call = `${viewName(view)}${view.shape === 'rows' ? '_latest' : ''}(TIMESTAMP '${isoOf(t).replace('T', ' ').replace('Z', '')}')`;
    const { code, out, err } = await this.#fsc(['query', `FROM ${call}`, '--format', 'json']);
    if (this.#isRefusedOffline(code, err)) return;
    const due = await this.#referee.rows(view, world.declared, world.acceptedOffline, t, 'include');
    this.#compare(`query ${call}`, rowsOf(view, out), due);
    if (!this.#chance(0.5)) return;
    const all = await this.#fsc([
      'query',
      'SELECT id, epoch(ts)::BIGINT AS t FROM tx ORDER BY ts, id',
      '--format',
      'json',
    ]);
    const found = jsonLines(all.out)
      .map(({ id, t: at }) => `${String(id)} ${String(at)}`)
      .join('\n');
    const records = [...world.acceptedOffline].sort((a, b) => timeOf(a) - timeOf(b) || a.id - b.id);
    const wanted = records.map((rec) => `${rec.id} ${timeOf(rec)}`).join('\n');
    if (found !== wanted) throw new LifeError(`the records of tx:\n${found}\nthe model:\n${wanted}`);
  }

  async #checkBatch(view: View, t: number): Promise<void> {
    const world = this.#world;
    const args = ['run', '--mode', 'batch', '--view', viewName(view), '--as-of', isoOf(t), '--out', '-'];
    const { code, out, err } = await this.#fsc(args);
    if (this.#isRefusedOffline(code, err)) return;
    const due = await this.#referee.rows(view, world.declared, world.acceptedOffline, t, 'include');
    this.#compare(`${viewName(view)} at ${isoOf(t)} by batch`, rowsOf(view, out), due);
  }

  #isRefusedOffline(code: number, err: string): boolean {
    if (this.#world.isRedeclaredOffline) {
      if (code !== 2 || !/FSC7302/.test(err)) throw new LifeError('this is to be refused: FSC7302, exit 2');
      return true;
    }
    if (code !== 0) throw new LifeError('this is to be answered');
    return false;
  }

  async #checkDataset(view: View): Promise<void> {
    const r = this.#random;
    const world = this.#world;
    const records = world.acceptedOffline;
    const labels = Array.from({ length: 6 }, (_, n) => {
      const near = records.length > 0 && r.chance(0.7) ? r.pick(records).ts : START;
      const t =
        near +
        r.choose([
          [2, 0],
          [1, r.int(-400, 400)],
          [1, r.int(0, 90_000)],
        ]);
      return { n, card: r.pick(CARDS), kind: r.pick(KINDS), t };
    });
    const ties = r.pick(['include', 'exclude'] as const);
    const lines = labels.map(
      ({ n, card, kind, t }) =>
        `${JSON.stringify({ n_label: n, card, ...(view.byKind ? { kind } : {}), as_of: isoOf(t) })}\n`,
    );
    this.#put('labels.jsonl', lines.join(''));
    const engine = r.chance(0.25) ? ['--engine', 'duckdb'] : [];
    const args = [
      'dataset',
      '--labels',
      'labels.jsonl',
      '--view',
      viewName(view),
      '--out',
      '-',
      '--ties',
      ties,
      '--allow-open',
      ...engine,
    ];
    const { code, out, err } = await this.#fsc(args);
    if (this.#isRefusedOffline(code, err)) return;
    const found = jsonLines(out);
    if (found.length !== labels.length) throw new LifeError(`${labels.length} labels, ${found.length} rows`);
    for (const [i, { card, kind, t }] of labels.entries()) {
      const due = await this.#referee.rows(view, world.declared, records, t, ties);
      const wanted = due.get(JSON.stringify(keysOf(view).map((key) => (key === 'card' ? card : kind))));
      for (const [name, value] of rowOf(found[i]!)) {
        if (['n_label', 'card', 'kind', 'as_of'].includes(name)) continue;
        const own = wanted?.get(name) ?? null;
        if (own !== value)
          throw new LifeError(
            `dataset, label ${i} (${card}, ${isoOf(t)}): ${name} is ${value}, the model has ${own}\n${out}`,
          );
      }
    }
  }

  async #verify(instants: readonly number[]): Promise<void> {
    const world = this.#world;
    if (world.due(false).kind === 'refused') return;
    const { code, out, err } = await this.#fsc(['verify', '--as-of', 'now', ...instants.map(isoOf)]);
    if (code !== 0) throw new LifeError(`verify is to agree:\n${out}${err}`);
  }
}

/** Gives records one by one, so that a run has something to do between them. */
async function* slowly(sent: readonly Rec[], after: number, end: () => void): AsyncGenerator<Buffer> {
  for (const [i, rec] of sent.entries()) {
    if (i === after) end();
    yield Buffer.from(`${jsonLine(rec)}\n`);
    for (let turn = i % 3; turn >= 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
  }
  if (after >= sent.length) end();
}

function idOf(text: string): string {
  return /"id": ?"?(\d+)/.exec(text)?.[1] ?? /^\d+/.exec(text)?.[0] ?? text;
}

function rowOf(row: Readonly<Record<string, unknown>>): Row {
  return new Map(Object.entries(row).map(([name, value]) => [name, canonical(value)]));
}

function rowsOf(view: View, out: string): Rows {
  return new Map(
    jsonLines(out)
      .map((line) => rowOf(line))
      .map((row) => [keyText(view, row), row]),
  );
}

function rowText(row: Row | null): string {
  return row === null ? 'no row' : JSON.stringify(Object.fromEntries(row));
}
