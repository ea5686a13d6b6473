/**
 * Every call that changes the disk or the store fails once, and is the last one of a process once: nothing is lost, nothing is half done, and the
 * run after it ends where an undisturbed one ends (design.md section 6). FSC_FAULTS=all takes every call of every scenario; by default a sample.
 */
import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { listArchive } from '../../runtime/engines/duckdb/archive-files.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { listQuarantine } from '../../runtime/log/quarantine-index.ts';
import { requestRetries, retriedAt } from '../../runtime/log/retries.ts';
import { parquetRelation } from '../../runtime/sources/duckdb-scan.ts';
import type { Program } from '../../runtime/state/program.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { plainSpec } from '../../runtime/values/plain-spec.ts';
import { type Random, random } from '../state/plans.ts';
import { Died, disk, type Fault, type Sabotage } from './disk.ts';
import { LossyStore } from './lossy-store.ts';
import {
  FEATURES,
  folderWith,
  HOUR,
  MORE_FEATURES,
  programOf,
  type RunOptions,
  randomLines,
  refused,
  removeFolder,
  removeFolders,
  run,
  START_MS,
  textOf,
  values,
} from './project.ts';

vi.mock('node:fs', async (original) => {
  const { disk, faultySync } = await import('./disk.ts');
  return faultySync(disk, await original());
});
vi.mock('node:fs/promises', async (original) => {
  const { disk, faultyPromises } = await import('./disk.ts');
  return faultyPromises(disk, await original());
});
/** DuckDB writes the archive's files by itself. */
vi.mock('../../runtime/engines/duckdb/session.ts', async (original) => {
  const { disk } = await import('./disk.ts');
  const real = await original<typeof import('../../runtime/engines/duckdb/session.ts')>();
  const openDuckDb: typeof real.openDuckDb = async (options) => {
    const session = await real.openDuckDb(options);
    const plain = session.run.bind(session);
    session.run = async (sql) => {
      const path = /^COPY .* TO '((?:[^']|'')*)'/s.exec(sql)?.[1]?.replaceAll("''", "'");
      if (disk.isWatched(path)) {
        try {
          disk.call('copy', path);
        } catch (error) {
          throw error instanceof Died ? error : real.engineFault(new Error('IO Error: No space left on device'));
        }
      }
      await plain(sql);
      if (disk.isWatched(path)) disk.note(path);
    };
    return session;
  };
  return { ...real, openDuckDb };
});

afterAll(removeFolders, 60_000);

const SEED = Number(process.env['FSC_SEED'] ?? '1');
const TIMEOUT_MS = 3_600_000;
const IS_ALL = process.env['FSC_FAULTS'] === 'all';
const SAMPLES = Number(process.env['FSC_SAMPLES'] ?? '8');

const program = programOf(FEATURES);
const more = programOf(MORE_FEATURES);
const stricter = programOf({
  ...FEATURES,
  'features/sources/tx.sql': (FEATURES['features/sources/tx.sql'] as string).replace('amount > 0', 'amount > 5'),
});

interface World {
  readonly root: string;
  readonly store: LossyStore;
  readonly clock: FixedClock;
}

interface Step extends Partial<RunOptions> {
  readonly program: Program;
  /** Lines that stdin has sent once the step is over; a restart sends those that were not consumed. */
  readonly sent?: readonly string[];
  readonly before?: (world: World) => void;
}

interface Scenario {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly hasArchive?: boolean;
}

const lines = randomLines(random(SEED), 130, 600_000, 6);
const third = Math.floor(lines.length / 3);
const files = { 'tx.jsonl': textOf(lines) };
const first = { 'tx.jsonl': textOf(lines.slice(0, 2 * third)) };
const old = { 'old.jsonl': textOf(lines.slice(0, third)) };
const live = lines.slice(third);

const SCENARIOS: readonly Scenario[] = [
  { name: 'a file', files, steps: [{ program, stream: 'tx.jsonl' }] },
  {
    name: 'a file that grows between two runs',
    files: first,
    steps: [
      { program, stream: 'tx.jsonl' },
      {
        program,
        stream: 'tx.jsonl',
        before: ({ root }) => appendFileSync(join(root, 'tx.jsonl'), textOf(lines.slice(2 * third))),
      },
    ],
  },
  { name: 'stdin', files: {}, steps: [{ program, stream: '-', sent: lines }], hasArchive: true },
  {
    name: 'history, then stdin in two runs',
    files: old,
    steps: [
      { program, history: 'old.jsonl', stream: '-', sent: live.slice(0, third) },
      { program, history: 'old.jsonl', stream: '-', sent: live },
    ],
    hasArchive: true,
  },
  {
    name: 'batch up to an instant, then stream',
    files,
    steps: [
      { program, stream: 'tx.jsonl', mode: 'batch', untilMicros: START_MS * 1000 + 9 * HOUR },
      { program, stream: 'tx.jsonl' },
    ],
  },
  {
    name: 'a new view beside the others',
    files: old,
    steps: [
      { program, history: 'old.jsonl', stream: '-', sent: live.slice(0, third) },
      { program: more, history: 'old.jsonl', stream: '-', sent: live },
    ],
    hasArchive: true,
  },
  {
    name: 'another declaration of the source, with --rebuild',
    files: old,
    steps: [
      { program, history: 'old.jsonl', stream: '-', sent: live.slice(0, third) },
      { program: stricter, history: 'old.jsonl', stream: '-', sent: live, isRebuilt: true },
    ],
    hasArchive: true,
  },
  {
    name: 'retries of refused records of a file',
    files: first,
    steps: [
      { program, stream: 'tx.jsonl' },
      {
        program,
        stream: 'tx.jsonl',
        before: (world) => {
          retry(world);
          appendFileSync(join(world.root, 'tx.jsonl'), textOf(lines.slice(2 * third)));
        },
      },
    ],
  },
  {
    name: 'retries of refused records of stdin',
    files: old,
    steps: [
      { program, history: 'old.jsonl', stream: '-', sent: live.slice(0, third) },
      { program, history: 'old.jsonl', stream: '-', sent: live, before: retry },
    ],
    hasArchive: true,
  },
  {
    name: 'a file again with --rebuild',
    files: first,
    steps: [
      { program, stream: 'tx.jsonl' },
      { program, stream: 'tx.jsonl', isRebuilt: true },
    ],
  },
];

/** The first refused records again, with a time at which they are accepted; as they were, some. */
function retry({ root }: World): void {
  const records = listQuarantine(join(root, '.fsc/quarantine'), 'tx').slice(0, 7);
  const at = START_MS + 2 * third * 600_000 + 60_000;
  requestRetries(
    join(root, '.fsc/state/retries'),
    'tx',
    records.map(({ id, text }, i) => {
      const own = `{"id": ${9000 + i}, "paid_at": "${new Date(at).toISOString()}", "card": "c1", "amount": 7.00}`;
      return { id, text: i % 3 === 0 ? text : own };
    }),
  );
}

function newWorld(scenario: Scenario): World {
  return {
    root: folderWith(scenario.files),
    store: new LossyStore(),
    clock: new FixedClock(START_MS * 1000 + 1000 * HOUR),
  };
}

/** How much of what stdin sent the state knows; retries are records of stdin too. */
async function consumedOf({ root }: World): Promise<number> {
  const folder = StateFolder.open(join(root, '.fsc/state'));
  const state = await folder.source(plainSpec('tx', []), true);
  const last = state.frames.at(-1)?.position ?? state.framesFrom;
  await state.close();
  folder.close();
  return (last.partitions['stream:-']?.offset ?? 0) - retriedAt(last);
}

async function takeStep(world: World, step: Step, consumed: number): Promise<void> {
  const { sent, before: _, ...options } = step;
  await run({ ...world, ...options, ...(sent === undefined ? {} : { stdin: sent.slice(consumed) }) });
}

interface Outcome {
  readonly values: readonly string[];
  readonly refused: readonly string[];
  readonly archived: readonly string[];
  readonly left: readonly string[];
}

async function outcomeOf({ root, store }: World, scenario: Scenario): Promise<Outcome> {
  const last = scenario.steps.at(-1) as Step;
  return {
    values: await values(last.program, store),
    refused: refused(root),
    archived: scenario.hasArchive === true ? await archivedOf(root) : [],
    left: filesIn(join(root, '.fsc'), '').filter((path) => path.endsWith('tmp')),
  };
}

function filesIn(folder: string, prefix: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${prefix}/${entry.name}`;
    return entry.isDirectory() ? filesIn(join(folder, entry.name), path) : [path];
  });
}

async function archivedOf(root: string): Promise<string[]> {
  const paths = listArchive(join(root, '.fsc/archive'), 'tx').map((file) => file.path);
  const session = await openDuckDb({ threads: 1 });
  try {
    const reader = await session.connection.runAndReadAll(
      `SELECT _fsc_offset, _fsc_verdict, _fsc_text, id FROM ${parquetRelation(paths)} ORDER BY _fsc_offset`,
    );
    return reader.getRowsJson().map((row) => row.join(' '));
  } finally {
    session.close();
  }
}

/** Runs the scenario with the fault; if it strikes, restarts and goes on from that step. */
async function disturbed(
  scenario: Scenario,
  fault: Fault,
  sabotage: Sabotage,
  crash: (world: World) => Promise<void>,
): Promise<{ outcome: Outcome; struck: unknown; calls: number; log: readonly string[] }> {
  const world = newWorld(scenario);
  let struck: unknown = null;
  mkdirSync(join(world.root, '.fsc'));
  disk.watch(join(world.root, '.fsc'), fault);
  disk.sabotage = sabotage;
  let index = 0;
  let prepared = -1;
  const prepare = (step: Step): void => {
    if (prepared === index) return;
    step.before?.(world);
    prepared = index;
  };
  let [calls, log]: [number, readonly string[]] = [0, []];
  try {
    for (; index < scenario.steps.length; index++) {
      const step = scenario.steps[index] as Step;
      prepare(step);
      const before = (scenario.steps[index - 1]?.sent ?? []).length;
      await takeStep(world, step, step.sent === undefined ? 0 : before);
    }
  } catch (error) {
    struck = error;
  } finally {
    [calls, log] = [disk.calls, [...disk.log]];
    disk.unwatch();
    disk.sabotage = {};
  }
  if (struck !== null) {
    await crash(world);
    for (; index < scenario.steps.length; index++) {
      const step = scenario.steps[index] as Step;
      prepare(step);
      const consumed = step.sent === undefined ? 0 : await consumedOf(world);
      await takeStep(world, step, consumed);
    }
  }
  const outcome = await outcomeOf(world, scenario);
  removeFolder(world.root);
  return { outcome, struck, calls, log };
}

const nothing = async (): Promise<void> => {};

const calm = new Map<Scenario, Promise<Awaited<ReturnType<typeof disturbed>>>>();

function undisturbed(scenario: Scenario): Promise<Awaited<ReturnType<typeof disturbed>>> {
  const known = calm.get(scenario);
  if (known !== undefined) return known;
  const fresh = disturbed(scenario, { kind: 'none' }, {}, nothing).then((result) => {
    if (result.struck !== null) throw result.struck;
    return result;
  });
  calm.set(scenario, fresh);
  return fresh;
}

/** What a call does, whatever file it is for this time. */
function kindOf(call: string): string {
  return call
    .replaceAll(/[0-9a-f-]{36}/g, '*')
    .replace(/\.[0-9a-f]+\.parquet$/, '.*.parquet')
    .replaceAll(/\d+/g, '0');
}

type Strike = 'died' | 'power' | 'full';
/** Kinds of calls that were struck, each at least once. */
const struckKinds: Readonly<Record<Strike, Set<string>>> = { died: new Set(), power: new Set(), full: new Set() };

/**
 * Every call, or some: of each kind one at a random place, where the kind is new, and of some of the others. Most calls write pieces of snapshots, so
 * calls chosen without a look at their kind would hardly ever be the renames, the locks or the archive.
 */
function chosen(r: Random, log: readonly string[], scenario: Scenario, strike: Strike): number[] {
  if (IS_ALL) return log.map((_, i) => i + 1);
  const byKind = new Map<string, number[]>();
  for (const [i, call] of log.entries()) byKind.set(kindOf(call), [...(byKind.get(kindOf(call)) ?? []), i + 1]);
  const step = Math.max(1, Math.ceil(byKind.size / SAMPLES));
  const struck = struckKinds[strike];
  const taken = [...byKind].filter(([kind], i) => !struck.has(kind) || (i + SCENARIOS.indexOf(scenario)) % step === 0);
  for (const [kind] of taken) struck.add(kind);
  return taken.map(([, places]) => places[r.int(places.length)] as number).sort((a, b) => a - b);
}

describe.each(SCENARIOS)('$name', (scenario) => {
  it(
    'ends where it ends undisturbed, whichever call a process dies in',
    async () => {
      const { outcome, calls, log } = await undisturbed(scenario);
      expect([calls > 40, log.length]).toEqual([true, calls]);
      for (const at of chosen(random(SEED), log, scenario, 'died')) {
        const result = await disturbed(scenario, { kind: 'die', at }, {}, nothing);
        // Where what died was only tidying up, the next call says that nothing can be read any more; after the last one there is none.
        const isTold = result.struck instanceof Died || result.struck instanceof FscError;
        expect([at, isTold || log[at - 1] === 'unlink lock']).toEqual([at, true]);
        expect(result.outcome, `killed in call ${at}: ${result.log.slice(-3).join(', ')}`).toEqual(outcome);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'ends where it ends undisturbed, whichever call the power is lost in',
    async () => {
      const { outcome, log } = await undisturbed(scenario);
      const r = random(SEED + 1);
      for (const at of chosen(random(SEED + 1), log, scenario, 'power')) {
        const result = await disturbed(scenario, { kind: 'die', at }, {}, async ({ store }) => {
          disk.losePower(r);
          await store.losePower(r);
        });
        expect(result.outcome, `power lost in call ${at}: ${result.log.slice(-3).join(', ')}`).toEqual(outcome);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'stops with exit 3 whichever call finds the disk full, and goes on when there is room',
    async () => {
      const { outcome, log } = await undisturbed(scenario);
      for (const at of chosen(random(SEED + 2), log, scenario, 'full')) {
        const fault: Fault = { kind: 'fail', at, code: 'ENOSPC', once: at % 2 === 0 };
        const result = await disturbed(scenario, fault, {}, nothing);
        const where = `disk full in call ${at}: ${result.log.slice(-3).join(', ')}`;
        if (result.struck !== null) {
          expect(result.struck, where).toBeInstanceOf(FscError);
          expect([where, (result.struck as FscError).exitCode]).toEqual([where, 3]);
        }
        expect(result.outcome, where).toEqual(outcome);
      }
    },
    TIMEOUT_MS,
  );
});

it.each(['died', 'power', 'full'] as const)(
  '%s: in a first start, journal, snapshot, archive, quarantine, retries, store',
  (strike) => {
    const parts = [
      'mkdir state',
      'link lock',
      'write tx.journal',
      'truncate tx.journal',
      'write .tx.snapshot',
      'rename tx.snapshot',
      'copy ',
      'store ',
    ];
    const more = ['rename -.0-0.*.parquet', 'rm -.0-0.*.parquet', 'write tx.jsonl', 'sync retries', 'unlink lock'];
    const struck = [...struckKinds[strike]];
    // Nothing to look at where the tests above were left out, or took every call.
    if (struck.length === 0) return;
    expect([...parts, ...more].filter((part) => !struck.some((kind) => kind.startsWith(part)))).toEqual([]);
  },
);

/** The tests above are worth something if they see it when the product does not keep its order. */
describe('that the tests find out about', () => {
  const [stdin, history] = [SCENARIOS[2] as Scenario, SCENARIOS[3] as Scenario];
  const clearJournal: Sabotage = {
    beforeRename: (_, to) => {
      if (!to.endsWith('.snapshot')) return;
      process.getBuiltinModule('node:fs').truncateSync(to.replace(/snapshot$/, 'journal'), 16);
    },
  };
  it.each<readonly [string, Scenario, Sabotage, RegExp, 'killed' | 'power']>([
    ['a journal that is cleared before the snapshot is in place', stdin, clearJournal, /^rename tx.snapshot/, 'killed'],
    ['a journal that is not synced', stdin, { unsynced: /^tx\.journal$/ }, /./, 'power'],
    ['a snapshot that is not synced', history, { unsynced: /^\.tx\.snapshot/ }, /./, 'power'],
    ['an archive that is not synced', stdin, { unsynced: /^\.[0-9a-f-]+\.tmp$/ }, /./, 'power'],
    ['a quarantine that is not synced', stdin, { unsynced: /^tx\.jsonl$/ }, /./, 'power'],
    ['folders that are not synced', stdin, { unsynced: /^(state|archive|tx|quarantine)$/ }, /./, 'power'],
  ])(
    '%s',
    async (_, scenario, sabotage, calls, kind) => {
      const { outcome, log } = await undisturbed(scenario);
      const r = random(SEED);
      const places = log.flatMap((call, i) => (calls.test(call) ? [i + 1] : []));
      expect(places.length).toBeGreaterThan(0);
      let isFound = false;
      // The first calls find little to lose.
      for (let i = places.length - 1; i >= 0 && !isFound; i -= places.length > 20 ? 3 : 1) {
        try {
          const result = await disturbed(
            scenario,
            { kind: 'die', at: places[i] as number },
            sabotage,
            async ({ store }) => {
              if (kind === 'killed') return;
              disk.losePower(r);
              await store.losePower(r);
            },
          );
          expect(result.outcome).toEqual(outcome);
        } catch {
          isFound = true;
        }
      }
      expect(isFound).toBe(true);
    },
    600_000,
  );
});
