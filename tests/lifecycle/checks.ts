/** What must hold after each step: online rows, values of the past, and verify. */
import { jsonLines } from '../cli/in-process.ts';
import { compareRows, isRefusedOffline, rowOf, rowsOf, rowText } from './answers.ts';
import { keysOf, type View, viewName } from './declaration.ts';
import { CARDS, isoOf, KINDS, START, sqlInstant, timeOf } from './records.ts';
import { newestOf, type Rows } from './referee.ts';
import { ASK_COLUMNS, type Request } from './request.ts';
import type { SourceWorld } from './source-world.ts';
import { LifeError, type Stage } from './stage.ts';
import { checkDataset } from './training.ts';

const LATER = [-5, -3, 1, 59, 299, 300, 301, 600, 3599, 3600, 7200, 86_400, 400_000];

/** `isWhole`: after a run. `touched`: a view to be looked at. */
export async function check(stage: Stage, isWhole: boolean, touched: View | null): Promise<void> {
  const { world, random } = stage;
  if (world.isUnsure) return;
  const later = random.pick(LATER);
  const first = world.views.find((view) => view === touched) ?? random.pick(world.views);
  for (const view of isWhole ? world.views : [first]) await checkOnline(stage, view, later, view === first && isWhole);
  if (world.wholeRequests.length > 0 && stage.chance(0.6)) await checkRequest(stage, random.pick(world.wholeRequests));
  const some = random.pick(world.views);
  const source = world.of(some);
  const past = random.pick([START, newestOf(source.accepted) ?? START]) + random.int(-1000, 20_000);
  if (source.canBeRead && stage.chance(isWhole ? 0.7 : 0.3)) await checkQuery(stage, some, past);
  if (source.canBeRead && stage.chance(0.2)) await checkBatch(stage, some, past);
  if (stage.chance(isWhole ? 0.7 : 0.2)) await checkDataset(stage);
  if (isWhole && stage.chance(0.7)) await verify(stage, later);
}

async function checkOnline(stage: Stage, view: View, later: number, isWhole: boolean): Promise<void> {
  const newest = newestOf(stage.world.of(view).accepted);
  if (newest === null) return;
  const instants = [newest, newest + later];
  for (const t of isWhole ? instants : [stage.random.pick(instants)]) await checkGet(stage, view, t);
}

async function checkGet(stage: Stage, view: View, t: number): Promise<void> {
  const { world } = stage;
  const name = viewName(view);
  const { code, out, err } = await stage.fsc(['get', name, '--all', '--as-of', isoOf(t), '--format', 'json']);
  if (world.isStale(view)) {
    if (code === 0) throw new LifeError(`get of ${name} is to refuse: no run has made its rows since it changed`);
    if (world.isWritten(view) && (code !== 1 || !/FSC7203/.test(err)))
      throw new LifeError(`get of ${name} is to refuse: FSC7203, exit 1`);
    return;
  }
  if (code !== 0) throw new LifeError(`get of ${name} is to answer`);
  const source = world.of(view);
  const due = await stage.referee.rows(view, source.declared, source.accepted, t, 'include');
  compareRows(`get ${name} at ${isoOf(t)}`, rowsOf(view, out), due);
  if (stage.chance(0.4)) await checkOne(stage, view, t, due);
}

async function checkOne(stage: Stage, view: View, t: number, due: Rows): Promise<void> {
  const keys = keysOf(view).map((key) => [key, stage.random.pick(key === 'card' ? CARDS : KINDS)] as const);
  const pairs = keys.map(([key, value]) => `${key}=${value}`);
  const args = ['get', viewName(view), ...pairs, '--as-of', isoOf(t), '--meta', '--format', 'json'];
  const { code, out } = await stage.fsc(args);
  if (code !== 0) throw new LifeError('get is to answer');
  const { row, exact } = JSON.parse(out) as { row: Record<string, unknown> | null; exact: boolean };
  if (!exact) throw new LifeError(`an answer after a run that ended is to be exact: ${out}`);
  const key = JSON.stringify(keys.map(([, value]) => value));
  const [found, wanted] = [rowText(row === null ? null : rowOf(row)), rowText(due.get(key) ?? null)];
  if (found !== wanted)
    throw new LifeError(`get ${viewName(view)} ${key} at ${isoOf(t)}: ${found}, the model ${wanted}`);
}

/** One answer of a request view, at an instant that the rows of all that it joins speak for. */
async function checkRequest(stage: Stage, request: Request): Promise<void> {
  const { world, random } = stage;
  const parts = world.joinedBy(request).map((one) => ({ ...one, records: world.of(one.view).accepted }));
  const newest = parts.flatMap(({ records }) => newestOf(records) ?? []);
  if (newest.length === 0) return;
  const t = Math.max(...newest) + random.pick([0, ...LATER.filter((after) => after > 0)]);
  const ask = { card: random.pick(CARDS), kind: random.pick(KINDS), weight: random.int(-3, 3) };
  const pairs = ASK_COLUMNS.map((column) => `${column}=${ask[column]}`);
  const args = ['get', viewName(request), ...pairs, '--as-of', isoOf(t), '--meta', '--format', 'json'];
  const { code, out, err } = await stage.fsc(args);
  const stale = parts.filter(({ view }) => world.isStale(view));
  if (stale.length > 0) {
    if (code === 0 || (code === 1) !== /FSC7203/.test(err))
      throw new LifeError(`get of ${viewName(request)} is to refuse: what it joins is of another plan`);
    return;
  }
  if (code !== 0) throw new LifeError('get of a request view is to answer');
  const { row, exact } = JSON.parse(out) as { row: Record<string, unknown> | null; exact: boolean };
  if (!exact) throw new LifeError(`an answer after a run that ended is to be exact: ${out}`);
  const found = rowText(row === null ? null : rowOf(row));
  const wanted = rowText(await stage.referee.answer(request, parts, ask, t, 'include'));
  if (found !== wanted)
    throw new LifeError(`get ${viewName(request)} ${pairs.join(' ')} at ${isoOf(t)}: ${found}, the model ${wanted}`);
}

async function checkQuery(stage: Stage, view: View, t: number): Promise<void> {
  const source = stage.world.of(view);
  const call = `${viewName(view)}${view.shape === 'rows' ? '_latest' : ''}(${sqlInstant(t)})`;
  const { code, out, err } = await stage.fsc(['query', `FROM ${call}`, '--format', 'json']);
  if (isRefusedOffline(source, code, err)) return;
  const due = await stage.referee.rows(view, source.declared, source.acceptedOffline, t, 'include');
  compareRows(`query ${call}`, rowsOf(view, out), due);
  if (stage.chance(0.5)) await checkRecords(stage, source);
}

async function checkRecords(stage: Stage, source: SourceWorld): Promise<void> {
  const sql = `SELECT id, epoch(ts)::BIGINT AS t FROM ${source.name} ORDER BY ts, id`;
  const { out } = await stage.fsc(['query', sql, '--format', 'json']);
  const found = jsonLines(out).map(({ id, t }) => `${String(id)} ${String(t)}`);
  const records = [...source.acceptedOffline].sort((a, b) => timeOf(a) - timeOf(b) || a.id - b.id);
  const due = records.map((rec) => `${rec.id} ${timeOf(rec)}`);
  if (found.join('\n') !== due.join('\n'))
    throw new LifeError(`the records of ${source.name}:\n${found.join('\n')}\nthe model:\n${due.join('\n')}`);
}

async function checkBatch(stage: Stage, view: View, t: number): Promise<void> {
  const source = stage.world.of(view);
  const args = ['run', '--mode', 'batch', '--view', viewName(view), '--as-of', isoOf(t), '--out', '-'];
  const { code, out, err } = await stage.fsc(args);
  if (isRefusedOffline(source, code, err)) return;
  const due = await stage.referee.rows(view, source.declared, source.acceptedOffline, t, 'include');
  compareRows(`${viewName(view)} at ${isoOf(t)} by batch`, rowsOf(view, out), due);
}

async function verify(stage: Stage, later: number): Promise<void> {
  const { active, withViews, views } = stage.world;
  if (active.length < withViews.length || views.some((view) => stage.world.isStale(view))) return;
  const newest = active.flatMap((source) => newestOf(source.accepted) ?? []);
  if (newest.length === 0 || active.some((source) => !source.canBeRead || source.due(false).length > 0)) return;
  const t = stage.random.pick(newest);
  const { code, out, err } = await stage.fsc(['verify', '--as-of', 'now', isoOf(t), isoOf(t + later)]);
  if (code !== 0) throw new LifeError(`verify is to agree:\n${out}${err}`);
}
