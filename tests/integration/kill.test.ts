/**
 * Killed at random points, the values, positions, quarantine and archive equal an undisturbed run's, and readers never see anything but whole rows that
 * do not go back (design.md section 6). FSC_KILLS sets the number of kills, FSC_SEED where they fall.
 */
import { appendFileSync, cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listArchive } from '../../runtime/engines/duckdb/archive-files.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { createLookup, isNotOnline } from '../../runtime/serving/lookup.ts';
import { parquetRelation } from '../../runtime/sources/duckdb-scan.ts';
import type { Program } from '../../runtime/state/program.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { plainSpec } from '../../runtime/values/plain-spec.ts';
import { random } from '../state/plans.ts';
import { bundled, type Ended, pause, start, valuesOf } from './process.ts';
import {
  FEATURES,
  folderWith,
  HOUR,
  MORE_FEATURES,
  modulesOf,
  programOf,
  randomLines,
  refused,
  removeFolder,
  removeFolders,
  rowsOf,
  START_MS,
  textOf,
} from './project.ts';
import type { WorkerStep } from './stream-worker.ts';

afterAll(removeFolders, 60_000);

const KILLS = Number(process.env['FSC_KILLS'] ?? '207');
const r = random(Number(process.env['FSC_SEED'] ?? '1'));

const STRICTER = {
  ...FEATURES,
  'features/sources/tx.sql': (FEATURES['features/sources/tx.sql'] as string).replace('amount > 0', 'amount > 5'),
};
/** A copy that stays: what a kill left is seldom left again. */
function kept(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'fsc-killed-'));
  cpSync(root, copy, { recursive: true });
  return copy;
}

/** What the worker loads: compiled once. */
const compiled = folderWith();
function plan(name: string, features: Readonly<Record<string, string>>): Plan {
  const modules = join(compiled, `${name}.json`);
  writeFileSync(modules, JSON.stringify([...modulesOf(features)].filter(([path]) => path.startsWith('stream/'))));
  return { program: programOf(features), modules };
}
interface Plan {
  readonly program: Program;
  readonly modules: string;
}
const plain = plan('plain', FEATURES);
const more = plan('more', MORE_FEATURES);
const stricter = plan('stricter', STRICTER);

interface Step {
  readonly plan: Plan;
  readonly history?: string;
  readonly stream?: string;
  /** Lines that stdin has sent once the step is over. */
  readonly sent?: readonly string[];
  /** A restart sends all again, or (false) those that were not consumed. */
  readonly isSentAgain?: boolean;
  readonly mode?: 'batch' | 'stream';
  readonly until?: number;
  readonly isRebuilt?: boolean;
  readonly before?: (root: string) => void;
}

interface Scenario {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly hasArchive?: boolean;
}

const lines = randomLines(r, 1600, 150_000, 40);
const third = Math.floor(lines.length / 3);
const files = { 'tx.jsonl': textOf(lines) };
const old = { 'old.jsonl': textOf(lines.slice(0, third)) };
const live = lines.slice(third);
const mixed = { plan: plain, history: 'old.jsonl', stream: '-' };

const SCENARIOS: readonly Scenario[] = [
  { name: 'a file, from the first start on', files, steps: [{ plan: plain, stream: 'tx.jsonl' }] },
  {
    name: 'a file that grows between two runs',
    files: { 'tx.jsonl': textOf(lines.slice(0, 2 * third)) },
    steps: [
      { plan: plain, stream: 'tx.jsonl' },
      {
        plan: plain,
        stream: 'tx.jsonl',
        before: (root) => appendFileSync(join(root, 'tx.jsonl'), textOf(lines.slice(2 * third))),
      },
    ],
  },
  {
    name: 'stdin that is sent again',
    files: {},
    steps: [{ plan: plain, stream: '-', sent: lines, isSentAgain: true }],
  },
  {
    name: 'stdin that goes on where it was taken in',
    files: {},
    steps: [{ plan: plain, stream: '-', sent: lines }],
    hasArchive: true,
  },
  { name: 'history, then stdin', files: old, steps: [{ ...mixed, sent: live }], hasArchive: true },
  {
    name: 'batch up to an instant, then stream',
    files,
    steps: [
      { plan: plain, stream: 'tx.jsonl', mode: 'batch', until: START_MS * 1000 + 30 * HOUR },
      { plan: plain, stream: 'tx.jsonl' },
    ],
  },
  {
    name: 'a new view beside the others',
    files: old,
    steps: [
      { ...mixed, sent: live.slice(0, third) },
      { ...mixed, plan: more, sent: live },
    ],
    hasArchive: true,
  },
  {
    name: 'another declaration of the source, with --rebuild',
    files: old,
    steps: [
      { ...mixed, sent: live.slice(0, third) },
      { ...mixed, plan: stricter, sent: live, isRebuilt: true },
    ],
    hasArchive: true,
  },
  {
    name: 'a file again with --rebuild',
    files,
    steps: [
      { plan: plain, stream: 'tx.jsonl' },
      { plan: plain, stream: 'tx.jsonl', isRebuilt: true },
    ],
  },
];

interface Worked {
  readonly end: Ended;
  /** From when it was ready, which is also what kills count from. */
  readonly ms: number;
}

/** Kills after so many milliseconds; null: lets it run to its end. */
async function work(root: string, step: Step, consumed: number, killAfterMs: number | null): Promise<Worked> {
  const { plan: own, history, stream, sent, isSentAgain, mode = 'stream', until = null, isRebuilt = false } = step;
  const locations: WorkerStep['locations'] = [
    ...(history === undefined ? [] : ([['history', history]] as const)),
    ...(stream === undefined ? [] : ([['stream', stream]] as const)),
  ];
  const text = JSON.stringify({
    modules: own.modules,
    locations,
    mode,
    untilMicros: until,
    isRebuilt,
  } satisfies WorkerStep);
  const run = start(process.execPath, [await bundled('stream-worker.ts'), root, text], root, 'pipe');
  run.child.stdin?.end(textOf((sent ?? []).slice(isSentAgain === true ? 0 : consumed)));
  let timer: NodeJS.Timeout | undefined;
  let started = Number.NaN;
  run.child.stdout?.once('data', () => {
    started = performance.now();
    if (killAfterMs !== null) timer = setTimeout(() => run.stop('SIGKILL'), killAfterMs);
  });
  const end = await run.ended;
  clearTimeout(timer);
  return { end, ms: performance.now() - started };
}

/** Anywhere in a run, and often early in it: what a restart does is killed too, and each takes up where the last one was killed. */
function killAt(wholeMs: number): number {
  return r.int(Math.ceil(1.1 * wholeMs)) / 2 ** r.int(3);
}

/** How much of stdin the state knows. */
async function consumedOf(root: string): Promise<number> {
  const folder = StateFolder.open(join(root, '.fsc/state'));
  const state = await folder.source(plainSpec('tx', []), true);
  const last = state.frames.at(-1)?.position ?? state.framesFrom;
  await state.close();
  folder.close();
  return last.partitions['stream:-']?.offset ?? 0;
}

interface Outcome {
  readonly values: readonly string[];
  readonly refused: readonly string[];
  readonly archived: readonly string[];
}

async function outcomeOf(root: string, { steps, hasArchive }: Scenario): Promise<Outcome> {
  const last = steps.at(-1) as Step;
  const values = await valuesOf(last.plan.program, root);
  // Where in stdin a record stood depends on what was sent again.
  if (last.isSentAgain === true) return { values: rowsOf(values), refused: [], archived: [] };
  return { values, refused: refused(root), archived: hasArchive === true ? await archivedOf(root) : [] };
}

async function archivedOf(root: string): Promise<string[]> {
  const session = await openDuckDb({ threads: 1 });
  try {
    const paths = listArchive(join(root, '.fsc/archive'), 'tx').map((file) => file.path);
    const reader = await session.connection.runAndReadAll(
      `SELECT _fsc_offset, _fsc_verdict, _fsc_text, id FROM ${parquetRelation(paths)} ORDER BY _fsc_offset`,
    );
    return reader.getRowsJson().map((row) => row.join(' '));
  } finally {
    session.close();
  }
}

async function undisturbed(scenario: Scenario): Promise<{ outcome: Outcome; ms: readonly number[] }> {
  const root = folderWith(scenario.files);
  const ms: number[] = [];
  let consumed = 0;
  for (const step of scenario.steps) {
    step.before?.(root);
    const { end, ms: own } = await work(root, step, consumed, null);
    ms.push(own);
    expect(end.code, end.err).toBe(0);
    const { events } = JSON.parse(end.out.replace('"ready"', '')) as { events: Record<string, number> };
    expect(events['late']).toBeGreaterThan(0);
    expect(events['duplicate']).toBeGreaterThan(0);
    consumed = step.sent?.length ?? 0;
  }
  return { outcome: await outcomeOf(root, scenario), ms };
}

/** Reads on and on, as applications do: opens the store for up to a tenth of a second, and asks for entities all the time. */
class Reader {
  reads = 0;
  slowestMs = 0;
  readonly #path: string;
  readonly #program: Program;
  readonly #newest = new Map<string, number>();
  #isOver = false;
  readonly #ended: Promise<void>;

  constructor(root: string, program: Program) {
    this.#path = join(root, '.fsc/online');
    this.#program = program;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#session();
      } catch (error) {
        // Nothing was run yet.
        if (!(error instanceof FscError) || error.code !== 'FSC7206') throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  async #session(): Promise<void> {
    const store = await openLmdbStore({ path: this.#path, readOnly: true, namespace: '' });
    try {
      const { views } = this.#program;
      const lookup = createLookup({ views, store, clock: wallClock, clockMode: 'events', namespace: '' });
      const until = performance.now() + 1 + (this.reads % 100);
      while (!this.#isOver && performance.now() < until) {
        const started = performance.now();
        const card = `c${this.reads % 40}`;
        const [[one] = [], [last] = []] = await lookup.tryViews(
          [
            { view: 'card_v1', keys: [[card]] },
            { view: 'last_v1', keys: [[card]] },
          ],
          null,
        );
        this.slowestMs = Math.max(this.slowestMs, performance.now() - started);
        this.reads += 1;
        // Often, but so that the writer has the processor too.
        if (this.reads % 4 === 0) await pause(5);
        else await new Promise((resolve) => setImmediate(resolve));
        if (one === undefined || last === undefined || isNotOnline(one) || isNotOnline(last) || one.row === null)
          continue;
        const [, n, ids] = one.row as readonly number[];
        expect(ids).toBe(n);
        expect(n).toBeGreaterThanOrEqual(this.#newest.get(card) ?? 0);
        this.#newest.set(card, n as number);
      }
    } finally {
      await store.close();
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }
}

describe('a run that is killed', () => {
  const each = Math.ceil(KILLS / SCENARIOS.length);
  let [kills, reads] = [0, 0];
  afterAll(() => console.log(`${kills} kills, ${reads} reads meanwhile`));

  it.each(SCENARIOS)(
    'over $name',
    async (scenario) => {
      const { outcome, ms } = await undisturbed(scenario);
      expect(outcome.values.length).toBeGreaterThan(300);
      let own = 0;
      while (own < each) {
        const root = folderWith(scenario.files);
        // With another declaration rows of another kind take the place of the old ones.
        const reader = scenario.steps.at(-1)?.plan === stricter ? null : new Reader(root, plain.program);
        let consumed = 0;
        for (const [i, step] of scenario.steps.entries()) {
          step.before?.(root);
          for (;;) {
            const killAfterMs = own < each ? killAt(ms[i] as number) : null;
            const { end } = await work(root, step, consumed, killAfterMs);
            if (end.signal !== 'SIGKILL') {
              expect(end.code, end.code === 0 ? '' : `${end.err}\nkept as ${kept(root)}`).toBe(0);
              break;
            }
            own += 1;
            if (step.sent !== undefined) consumed = await consumedOf(root);
          }
          consumed = step.sent?.length ?? 0;
        }
        await reader?.stop();
        reads += reader?.reads ?? 0;
        // Readers wait for nobody; how long a turn takes depends on the machine.
        if (reader !== null) expect(reader.slowestMs).toBeLessThan(5000);
        expect(await outcomeOf(root, scenario)).toEqual(outcome);
        removeFolder(root);
      }
      kills += own;
    },
    3_600_000,
  );
});
