/** Leads a life: each step is done to a project on the disk by the command line, and every answer is held against the model's. */
import { cpSync } from 'node:fs';
import { compareRows, rowsOf } from './answers.ts';
import { check } from './checks.ts';
import { type Declaration, type Order, type View, viewName } from './declaration.ts';
import { growFile, spoil } from './history.ts';
import { ProjectWorld } from './project-world.ts';
import { isoOf } from './records.ts';
import { newestOf, Referee } from './referee.ts';
import type { Request } from './request.ts';
import { retry, run, runUntil } from './runs.ts';
import { LifeError, Stage } from './stage.ts';
import type { LifePlan, Step } from './steps.ts';

let referee: Promise<Referee> | null = null;

/** The transcript of a life that went as it should; throws a LifeError, whose message has it, for one that did not. */
export async function live(plan: LifePlan, isThorough: boolean): Promise<readonly string[]> {
  referee ??= Referee.open();
  const world = new ProjectWorld(plan.sources);
  const stage = new Stage(plan.seed, world, await referee, isThorough);
  try {
    world.views.push(...plan.views);
    world.requests = plan.requests;
    stage.putFeatures();
    for (const step of plan.steps) {
      await take(stage, step);
      await check(stage, step.kind === 'run' || step.kind === 'batch', step.kind === 'view' ? step.view : null);
    }
    return stage.transcript;
  } catch (error) {
    throw new LifeError(`${stage.transcript.join('\n')}\n=> ${textOf(error)}`);
  } finally {
    stage.remove();
  }
}

function textOf(error: unknown): string {
  if (error instanceof LifeError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function take(stage: Stage, step: Step): Promise<void> {
  switch (step.kind) {
    case 'grow':
      return growFile(stage, stage.world.source(step.source), step.records, step.isNewFile);
    case 'run':
      return run(stage, step);
    case 'batch':
      return runUntil(stage, step);
    case 'declare':
      return declare(stage, step.source, step.change);
    case 'view':
      return setView(stage, step.view);
    case 'request':
      return setRequest(stage, step.request);
    case 'drop':
      return drop(stage, step.name, step.version);
    case 'rename':
      return rename(stage, step.name, step.to);
    case 'move':
      return move(stage, step.view, step.source);
    case 'swap':
      return swap(stage, step.views);
    case 'remove':
      return remove(stage, step.source);
    case 'restore':
      return restore(stage, step.views);
    case 'unplug':
      return unplug(stage, step.source);
    case 'plug':
      return plug(stage);
    case 'reorder':
      return reorder(stage, step.source, step.order);
    case 'retry':
      return retry(stage, step.verdict);
    case 'compile':
      return compile(stage);
    case 'spoil':
      return spoil(stage);
    case 'fresh':
      return fresh(stage);
  }
}

function declare(stage: Stage, name: string, change: Partial<Declaration>): void {
  const source = stage.world.source(name);
  if (stage.world.isPending) return;
  source.declared = { ...source.declared, ...change };
  stage.putFeatures();
}

function setView(stage: Stage, view: View): void {
  const { world } = stage;
  if (!world.of(view).isPresent) return;
  const at = world.views.findIndex((one) => viewName(one) === viewName(view));
  const isKnown = at >= 0 || view.version === 1 || world.views.some((one) => one.name === view.name);
  const views = at >= 0 ? world.views.with(at, view) : [...world.views, view];
  if (!isKnown || !isActive(world, views)) return;
  world.views = views;
  stage.putFeatures();
}

function setRequest(stage: Stage, request: Request): void {
  const { world } = stage;
  world.requests = [...world.requests.filter((one) => viewName(one) !== viewName(request)), request];
  stage.putFeatures();
}

/** A run has something to do. */
function isActive(world: ProjectWorld, views: readonly View[]): boolean {
  return views.some((view) => world.of(view).isPlugged);
}

function drop(stage: Stage, name: string, version: number): void {
  const { world } = stage;
  const rest = world.views.filter((view) => view.name !== name || view.version !== version);
  if (!isActive(world, rest)) return;
  world.views = rest;
  stage.putFeatures();
}

function rename(stage: Stage, name: string, to: string): void {
  const { world } = stage;
  if (world.views.some((view) => view.name === to)) return;
  world.views = world.views.map((view) => (view.name === name ? { ...view, name: to } : view));
  stage.putFeatures();
}

/** The same text over another source. */
function move(stage: Stage, name: string, to: string): void {
  const { world } = stage;
  const views = world.views.map((view) => (viewName(view) === name ? { ...view, source: to } : view));
  if (!world.source(to).isPresent || !isActive(world, views)) return;
  world.views = views;
  stage.putFeatures();
}

/** Each has the text that the other had. */
function swap(stage: Stage, [a, b]: readonly [string, string]): void {
  const { world } = stage;
  const [first, second] = [a, b].map((name) => world.views.find((view) => viewName(view) === name));
  if (first === undefined || second === undefined) return;
  world.views = world.views.map((view) => {
    const { name, version } = view;
    if (view === first) return { ...second, name, version };
    return view === second ? { ...first, name, version } : view;
  });
  stage.putFeatures();
}

/** A source goes, and its views with it. */
function remove(stage: Stage, name: string): void {
  const { world } = stage;
  const rest = world.views.filter((view) => view.source !== name);
  if (world.isPending || !isActive(world, rest)) return;
  world.source(name).isPresent = false;
  world.views = rest;
  stage.putFeatures();
}

/** Every source that is gone comes back, with views where others have not got their names meanwhile. */
function restore(stage: Stage, views: readonly View[]): void {
  const { world } = stage;
  for (const source of world.sources) {
    if (source.isPresent) continue;
    source.isPresent = true;
    for (const view of views) {
      const isFree = !world.views.some((one) => viewName(one) === viewName(view));
      if (view.source === source.name && isFree) world.views.push(view);
    }
  }
  stage.putFeatures();
}

/** A source has no location for a while. */
function unplug(stage: Stage, name: string): void {
  const { world } = stage;
  if (world.isPending) return;
  const source = world.source(name);
  source.isPlugged = false;
  if (world.active.length === 0) source.isPlugged = true;
  stage.putFeatures();
}

function plug(stage: Stage): void {
  for (const source of stage.world.sources) source.isPlugged = true;
  stage.putFeatures();
}

function reorder(stage: Stage, name: string, order: Order): void {
  const source = stage.world.source(name);
  if (stage.world.isPending || source.inputs.files === null || !source.canBeSorted) return;
  source.inputs = { ...source.inputs, order };
  stage.putFeatures();
}

async function compile(stage: Stage): Promise<void> {
  const frozen = await stage.fsc(['get', viewName(stage.world.views[0]!), '--all', '--frozen']);
  const isStale = /FSC7008/.test(frozen.err) && frozen.code === 2;
  if (stage.isCompiled !== null && stage.isCompiled === isStale)
    throw new LifeError('--frozen is to refuse if and only if something is stale');
  for (const args of [['compile'], ['compile', '--check']]) {
    if ((await stage.fsc(args)).code !== 0) throw new LifeError('the project is to compile');
  }
}

/** The same project elsewhere, without what fsc made. */
async function fresh(stage: Stage): Promise<void> {
  const { world } = stage;
  if (world.active.some((source) => source.inputs.hasStdin || source.isWithoutFile)) return;
  const other = stage.newFolder('fresh');
  cpSync(stage.root, other, { recursive: true, filter: (path) => !/(^|\/)\.fsc$/.test(path) });
  stage.tell('# in a copy without .fsc:');
  if ((await stage.fsc(['run', '--mode', 'stream', '--format', 'json'], { cwd: other })).code !== 0)
    throw new LifeError('this run is to be done');
  for (const view of world.views) {
    const { declared, acceptedOffline: records, isPlugged } = world.of(view);
    const t = newestOf(records);
    if (t === null || !isPlugged) continue;
    const { out } = await stage.fsc(['get', viewName(view), '--all', '--format', 'json', '--as-of', isoOf(t)], {
      cwd: other,
    });
    const due = await stage.referee.rows(view, declared, records, t, 'include');
    compareRows(`get ${viewName(view)} of a copy`, rowsOf(view, out), due);
  }
  stage.tell('# back in the project');
}
