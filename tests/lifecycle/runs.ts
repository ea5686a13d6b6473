/** Runs of a life: to their end, cut off, or up to an instant; and what waits in the quarantine. */
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { journaledPosition, snapshotPosition } from '../../runtime/engines/state-folder.ts';
import { jsonLines } from '../cli/in-process.ts';
import { growFile } from './history.ts';
import type { Counts } from './judge.ts';
import { sumOf } from './project-world.ts';
import { isoOf, jsonLine, type Rec } from './records.ts';
import type { SourceWorld } from './source-world.ts';
import { LifeError, type Stage } from './stage.ts';
import type { Step, Stop } from './steps.ts';

type RunStep = Extract<Step, { kind: 'run' }>;

const NOTHING: Counts = { read: 0, accepted: 0, duplicate: 0, late: 0, quarantined: 0, skipped: 0 };
const STREAM = ['run', '--mode', 'stream', '--format', 'json'];

export async function run(stage: Stage, { sent, isRebuilt: isAsked, stop }: RunStep): Promise<void> {
  const { world } = stage;
  const { active, reader } = world;
  const isRebuilt = isAsked || active.some(({ mustRebuild }) => mustRebuild);
  for (const source of active) if (source.isWithoutFile) await growFile(stage, source, [], true);
  const codes = active.flatMap((source) => source.due(isRebuilt));
  const args = [...STREAM, ...(isRebuilt ? ['--rebuild'] : [])];
  if (stop !== null && codes.length === 0 && !active.some(({ hasWaiting }) => hasWaiting))
    return runCutOff(stage, args, reader === null ? [] : sent, isRebuilt, stop);
  const stdin = reader === null ? '' : sent.map((rec) => `${jsonLine(rec)}\n`).join('');
  const result = await stage.fsc(args, { stdin });
  if (codes.length > 0) {
    const code = /"code":"(FSC\d+)"/.exec(result.err)?.[1] ?? '';
    if (result.code === 0 || !codes.includes(code))
      throw new LifeError(`this run is to be refused: ${codes.join(' or ')}`);
    return;
  }
  if (result.code !== 0) throw new LifeError('this run is to be done');
  const counts = active.map((source) => source.runs(source === reader ? sent : [], isRebuilt));
  world.writes(active);
  await stage.mark();
  checkCounts(sumOf(counts), result.out);
  await checkQuarantine(stage);
  if (stage.chance(0.25)) await runAgain(stage);
}

function checkCounts(due: Counts | null, out: string): void {
  const { events, skipped } = JSON.parse(out) as { events: Omit<Counts, 'skipped'>; skipped: number };
  const { read, accepted, duplicate, late, quarantined } = events;
  if (read !== accepted + duplicate + late + quarantined)
    throw new LifeError(`the counts of the run do not add up: ${out}`);
  if (due === null) return;
  const found: Counts = { read, accepted, duplicate, late, quarantined, skipped };
  if (JSON.stringify(found) !== JSON.stringify(due))
    throw new LifeError(`the run counts ${JSON.stringify(found)}, the model ${JSON.stringify(due)}`);
}

async function runAgain(stage: Stage): Promise<void> {
  const before = await stage.everyRow();
  const result = await stage.fsc(STREAM);
  if (result.code !== 0) throw new LifeError('the same run once more is to change nothing');
  checkCounts(NOTHING, result.out);
  if ((JSON.parse(result.out) as { rows: number }).rows !== 0) throw new LifeError('the same run once more wrote rows');
  if ((await stage.everyRow()) !== before)
    throw new LifeError(`the same run once more changed rows; before:\n${before}`);
}

/** Cut off somewhere; what it has committed is found out from its state, and the rest is the next run's. */
async function runCutOff(
  stage: Stage,
  args: readonly string[],
  sent: readonly Rec[],
  isRebuilt: boolean,
  stop: Stop,
): Promise<void> {
  const { active, reader } = stage.world;
  const controller = new AbortController();
  const copy = stage.newFolder('killed');
  const end = (): void => {
    if (controller.signal.aborted) return;
    if (stop.how === 'kill') copyState(stage.root, copy);
    controller.abort();
  };
  const timer = reader === null ? setTimeout(end, stop.after) : null;
  const stdin = reader === null ? '' : Readable.from(slowly(sent, stop.after, end), { objectMode: false });
  stage.tell(
    `# ${stop.how} after ${stop.after} ${reader === null ? 'ms' : 'records'} of:\n${sent.map(jsonLine).join('\n')}`,
  );
  const result = await stage.fsc(args, { stdin, signal: controller.signal });
  if (timer !== null) clearTimeout(timer);
  if (result.code !== 130 && result.code !== 0) throw new LifeError('a run that was stopped is to exit 130');
  if (stop.how === 'kill' && controller.signal.aborted) takeState(stage.root, copy);
  if (stage.isCompiled === false) stage.isCompiled = null;
  const taken = reader === null ? 0 : await takenIn(stage, reader);
  if (reader !== null) stage.tell(`# it had taken in ${taken} of ${sent.length}`);
  if (taken > sent.length) throw new LifeError(`it took in more than was sent`);
  for (const source of active) source.stops(source === reader ? sent.slice(0, taken) : [], isRebuilt);
}

async function takenIn(stage: Stage, reader: SourceWorld): Promise<number> {
  const folder = join(stage.root, '.fsc/state');
  if (!existsSync(folder)) return 0;
  const saved = await snapshotPosition(folder, reader.name);
  const journaled = journaledPosition(folder, reader.name);
  const offsets = [saved, journaled].map((position) => position?.partitions['stream:-']?.offset ?? 0);
  return Math.max(0, ...offsets.map((offset) => offset - reader.consumedOfStdin));
}

function copyState(root: string, copy: string): void {
  const state = join(root, '.fsc');
  if (existsSync(state)) cpSync(state, copy, { recursive: true, filter: (path) => !/(^|\/)lock$|\.lock$/.test(path) });
}

function takeState(root: string, copy: string): void {
  const state = join(root, '.fsc');
  rmSync(state, { recursive: true, force: true });
  if (existsSync(copy)) renameSync(copy, state);
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

/** Up to an instant. What stdin has after it is not taken in. */
export async function runUntil(stage: Stage, { at, sent }: Extract<Step, { kind: 'batch' }>): Promise<void> {
  const { world } = stage;
  const { active, reader } = world;
  if (world.isUnsure || active.some((source) => source.isWithoutFile || source.isChanged)) return;
  const refusals = active.flatMap((source) => source.refusesUntil(at));
  const sentTo = (source: SourceWorld): readonly Rec[] => (source === reader ? sent : []);
  if (refusals.length === 0 && !active.every((source) => source.hasUntil(sentTo(source), at))) return;
  const args = ['run', '--mode', 'batch', '--to', 'online', '--as-of', isoOf(at), '--format', 'json'];
  const stdin = reader === null ? '' : sent.map((rec) => `${jsonLine(rec)}\n`).join('');
  const result = await stage.fsc(args, { stdin });
  if (refusals.length > 0) {
    if (result.code !== 1 || !refusals.some((code) => result.err.includes(code)))
      throw new LifeError(`this run is to be refused: ${refusals.join(' or ')}, exit 1`);
    return;
  }
  if (result.code !== 0) throw new LifeError('this run is to be done');
  const counts = active.map((source) => source.runsUntil(sentTo(source), at));
  world.writes(active);
  await stage.mark();
  checkCounts(sumOf(counts), result.out);
  await checkQuarantine(stage);
}

export async function retry(stage: Stage, verdict: string | null): Promise<void> {
  const { world } = stage;
  if (world.isUnsure || world.sources.every(({ saved }) => saved === null)) return;
  const args = ['quarantine', 'retry', '--all', '--format', 'json'];
  const result = await stage.fsc(verdict === null ? args : [...args, '--verdict', verdict]);
  const due = world.sources.map((source) => ({ source, places: source.canBeAskedFor(verdict) }));
  const isRefused = due.some(({ source, places }) => !source.isPresent && places.length > 0);
  if (result.code !== (isRefused ? 1 : 0)) throw new LifeError('these records are to be tried again');
  const { waiting } = JSON.parse(result.out) as {
    waiting: readonly { readonly source: string; readonly id: string }[];
  };
  for (const { source, places } of due) {
    const found = waiting.filter((one) => one.source === source.name).map(({ id }) => source.placeOf(id));
    const wanted = source.isPresent ? places : [];
    if (found.toSorted().join() !== wanted.toSorted().join())
      throw new LifeError(`to be tried again of ${source.name}: ${wanted.join()}`);
    source.asksAgain(found);
  }
  await checkQuarantine(stage);
}

async function checkQuarantine(stage: Stage): Promise<void> {
  if (stage.world.isPending) return;
  const { out, code } = await stage.fsc(['quarantine', 'list', '--limit', '100000', '--format', 'json']);
  if (code !== 0) throw new LifeError('the quarantine is to be listed');
  const found = jsonLines(out).map(
    ({ source, verdict, state, text }) => `${String(source)} ${String(verdict)} ${String(state)} ${idOf(String(text))}`,
  );
  const due = stage.world.kept.flatMap(({ world, one }) => {
    const state = world.stateOf(one);
    return state === 'retried' ? [] : [`${world.name} ${one.verdict} ${state} ${one.rec.id}`];
  });
  const [a, b] = [found.sort().join('\n'), due.sort().join('\n')];
  if (a !== b) throw new LifeError(`the quarantine has\n${a}\nand the model\n${b}`);
}

function idOf(text: string): string {
  return /"id": ?"?(\d+)/.exec(text)?.[1] ?? /^\d+/.exec(text)?.[0] ?? text;
}
