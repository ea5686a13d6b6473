/** Training sets of a life: any views at any labels, with what was known at an instant. */
import { jsonLines } from '../cli/in-process.ts';
import { isRefusedOffline, rowOf } from './answers.ts';
import { keysOf, type View, viewName } from './declaration.ts';
import { type Label, type LabelFile, putLabels, someLabels } from './labels.ts';
import { isoOf, type Rec, timeOf } from './records.ts';
import type { Row, Ties } from './referee.ts';
import type { Request } from './request.ts';
import { LifeError, type Stage } from './stage.ts';

/** Keys, and what a request selects as it was sent. */
const OWN_COLUMNS = ['card', 'kind'];

/** Seconds; `label`: each label's own instant. */
type KnownTo = number | 'all' | 'label';

type Target = { readonly kind: 'view'; readonly view: View } | { readonly kind: 'request'; readonly request: Request };

interface Asked {
  readonly file: LabelFile;
  readonly targets: readonly Target[];
  /** These, and those that they join. */
  readonly views: readonly View[];
  readonly ties: 'include' | 'exclude';
  readonly knownTo: KnownTo;
}

export async function checkDataset(stage: Stage): Promise<void> {
  const targets = someTargets(stage);
  const views = targets.flatMap((target) => viewsIn(stage, target));
  const [first] = views;
  if (first === undefined) return;
  const records = stage.world.of(first).acceptedOffline;
  const file = someLabels(stage, records);
  const ties = stage.random.pick(['include', 'exclude'] as const);
  const asked: Asked = { file, targets, views, ties, knownTo: someKnownTo(stage, records) };
  const args = await argsOf(stage, asked, first.source);
  if (file.entitiesAt === null && stage.chance(0.2)) await checkUndecided(stage, asked, args);
  const all = file.entitiesAt === null || ties === 'exclude' ? [...args, '--ties', ties] : args;
  const { code, out, err } = await stage.fsc(all);
  const sources = views.map((view) => stage.world.of(view));
  const source = sources.find(({ isRedeclaredOffline }) => isRedeclaredOffline) ?? sources[0]!;
  if (!isRefusedOffline(source, code, err)) await compareSet(stage, asked, out);
}

/** Of one source or of several. */
function someTargets({ world, random }: Stage): readonly Target[] {
  const readable = random.shuffle(world.views.filter((view) => world.of(view).canBeRead));
  const [first] = readable;
  if (first === undefined) return [];
  const sources = random.chance(0.5) ? new Set([first.source]) : new Set(readable.map(({ source }) => source));
  const views = readable.filter(({ source }) => sources.has(source)).slice(0, random.int(1, 3));
  const requests = world.wholeRequests.filter((request) =>
    world.joinedBy(request).every(({ view }) => readable.includes(view)),
  );
  const chosen = requests.length > 0 && random.chance(0.6) ? [random.pick(requests)] : [];
  const own = chosen.length > 0 && random.chance(0.5) ? [] : views;
  return [
    ...own.map((view): Target => ({ kind: 'view', view })),
    ...chosen.map((request): Target => ({ kind: 'request', request })),
  ];
}

function viewsIn({ world }: Stage, target: Target): readonly View[] {
  return target.kind === 'view' ? [target.view] : world.joinedBy(target.request).map(({ view }) => view);
}

function nameOf(target: Target): string {
  return viewName(target.kind === 'view' ? target.view : target.request);
}

function someKnownTo(stage: Stage, records: readonly Rec[]): KnownTo {
  const { random, marks } = stage;
  return random.choose<KnownTo>([
    [4, 'all'],
    [2, 'label'],
    [records.length > 0 ? 1.5 : 0, records.length > 0 ? random.pick(records).seen : 0],
    [marks.length > 0 ? 1.5 : 0, marks.length > 0 ? random.pick(marks) : 0],
  ]);
}

async function argsOf(stage: Stage, { file, targets, knownTo }: Asked, source: string): Promise<readonly string[]> {
  const name = await putLabels(stage, file, source);
  const place = file.entitiesAt === null ? ['--labels', name] : ['--entities', name, '--as-of', isoOf(file.entitiesAt)];
  return [
    'dataset',
    ...place,
    ...targets.flatMap((target) => ['--view', nameOf(target)]),
    ...['--qualified', '--allow-open', '--out', '-', '--format', 'json'],
    ...(knownTo === 'all' ? [] : ['--known-to', knownTo === 'label' ? knownTo : isoOf(knownTo)]),
    ...(stage.random.chance(0.3) ? ['--engine', 'duckdb'] : []),
  ];
}

/** Records of the view's source that count for the label, whatever happens at its instant. */
function knownOf(stage: Stage, view: View, { t }: Label, knownTo: KnownTo): readonly Rec[] {
  const known = stage.world.of(view).knownOffline;
  if (knownTo === 'all') return known.map(({ rec }) => rec);
  const until = knownTo === 'label' ? t : knownTo;
  return known.filter(({ since }) => since <= until).map(({ rec }) => rec);
}

/** An event of the label's entity at its instant must be decided on. */
async function checkUndecided(stage: Stage, asked: Asked, args: readonly string[]): Promise<void> {
  if (asked.knownTo !== 'all' || asked.views.some((view) => stage.world.of(view).isRedeclaredOffline)) return;
  const isTied = asked.views.some((view) =>
    asked.file.labels.some((label) =>
      knownOf(stage, view, label, 'all').some(
        (rec) => timeOf(rec) === label.t && rec.card === label.card && (!hasKind(view) || rec.kind === label.kind),
      ),
    ),
  );
  const { code, err } = await stage.fsc(args);
  if (isTied ? code !== 1 || !/FSC7014/.test(err) : code !== 0)
    throw new LifeError(`without --ties this is to be ${isTied ? 'refused: FSC7014, exit 1' : 'done'}`);
}

function hasKind(view: View): boolean {
  return keysOf(view).includes('kind');
}

async function compareSet(stage: Stage, asked: Asked, out: string): Promise<void> {
  const { labels } = asked.file;
  const found = jsonLines(out).map(rowOf);
  if (found.length !== labels.length) throw new LifeError(`${labels.length} labels, ${found.length} rows:\n${out}`);
  for (const [i, label] of labels.entries()) {
    const row = found[i]!;
    if (row.get('n_label') !== String(label.n) || row.get('card') !== label.card)
      throw new LifeError(`row ${i} is not that of label ${label.n}:\n${out}`);
    for (const target of asked.targets) await compareFeatures(stage, asked, target, label, row);
  }
}

async function compareFeatures(stage: Stage, asked: Asked, target: Target, label: Label, found: Row): Promise<void> {
  const due = await dueOf(stage, asked, target, label);
  const prefix = `${nameOf(target)}__`;
  for (const column of due?.keys() ?? [])
    if (!OWN_COLUMNS.includes(column) && !found.has(prefix + column))
      throw new LifeError(`${prefix}${column} is missing`);
  for (const [name, value] of found) {
    if (!name.startsWith(prefix)) continue;
    const wanted = due?.get(name.slice(prefix.length)) ?? null;
    if (wanted !== value)
      throw new LifeError(
        `dataset, label ${label.n} (${label.card}, ${isoOf(label.t)}): ${name} is ${value}, the model has ${wanted}`,
      );
  }
}

async function dueOf(stage: Stage, asked: Asked, target: Target, label: Label): Promise<Row | null> {
  const { referee, world } = stage;
  const { file, ties, knownTo } = asked;
  const cut: Ties = ties === 'exclude' && file.hasId ? label.id : ties;
  const recordsOf = (view: View): readonly Rec[] => knownOf(stage, view, label, knownTo);
  if (target.kind === 'request') {
    const parts = world.joinedBy(target.request).map((one) => ({ ...one, records: recordsOf(one.view) }));
    return referee.answer(target.request, parts, label, label.t, cut);
  }
  const { view } = target;
  const rows = await referee.rows(view, world.of(view).declared, recordsOf(view), label.t, cut);
  const key = keysOf(view).map((column) => (column === 'card' ? label.card : label.kind));
  return rows.get(JSON.stringify(key)) ?? null;
}
