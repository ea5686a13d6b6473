/**
 * A stream run over its state folder, as `fsc run` does it: the file grows between runs, runs are stopped in the middle, and some are killed,
 * which is played by going on from a copy of the folder that was made at a random moment.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { StateFolder } from '../../../runtime/engines/state-folder.ts';
import { runStream, type StreamRunOptions } from '../../../runtime/engines/stream-run.ts';
import { createLookup, type Lookup } from '../../../runtime/serving/lookup.ts';
import { openLmdbStore } from '../../../runtime/stores/lmdb-store.ts';
import { MemoryStore } from '../../../runtime/stores/memory-store.ts';
import type { OnlineStore } from '../../../runtime/stores/store.ts';
import { type Clock, FixedClock } from '../../../runtime/time/clock.ts';
import type { Random } from '../../generators/random.ts';
import type { Project } from '../project.ts';

const FILE = 'events.jsonl';
const NAMESPACE = 'run';
const SECOND = 1_000_000;

/** Goes on by itself, so that flushes and snapshots come due. */
class SteppingClock implements Clock {
  #micros = 7_000_000_000 * SECOND;

  nowMicros(): number {
    this.#micros += SECOND / 20;
    return this.#micros;
  }
}

export interface FolderRun {
  readonly lookup: Lookup;
  readonly kills: number;
  close(): Promise<void>;
}

/** Reads the whole log, in as many runs as `random` says. */
export async function runInFolder(project: Project, random: Random): Promise<FolderRun> {
  const root = mkdtempSync(join(tmpdir(), 'fsc-runs-'));
  const isStored = random.chance(0.25);
  const store = isStored
    ? await openLmdbStore({ path: join(root, 'online'), readOnly: false, namespace: NAMESPACE })
    : new MemoryStore();
  const runner = new Runner(project, root, store, random);
  if (project.log.knownAtMicros === null) for (const lines of runner.parts()) await runner.runTo(lines);
  else await runner.runLive(project.log.knownAtMicros);
  const { views } = project.program;
  const lookup = createLookup({ views, store, clock: new FixedClock(0), clockMode: 'events', namespace: NAMESPACE });
  return {
    lookup,
    kills: runner.kills,
    close: async () => {
      await store.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

class Runner {
  kills = 0;
  readonly #project: Project;
  readonly #root: string;
  readonly #store: OnlineStore;
  readonly #random: Random;
  readonly #clock = new SteppingClock();
  #folders = 0;

  constructor(project: Project, root: string, store: OnlineStore, random: Random) {
    this.#project = project;
    this.#root = root;
    this.#store = store;
    this.#random = random;
  }

  /** How many lines there are when each run ends. Files of `order: none` may not grow. */
  parts(): number[] {
    const { log } = this.#project;
    const all = log.lines.length;
    if (log.order === 'none' || all < 3) return [all];
    return [this.#random.int(0, all), all].sort((a, b) => a - b);
  }

  async runTo(lines: number): Promise<void> {
    const text = this.#project.log.lines.slice(0, lines).map((line) => `${line}\n`);
    writeFileSync(join(this.#root, FILE), text.join(''));
    if (this.#random.chance(0.4)) await this.#interrupted(false);
    if (this.#random.chance(0.5)) await this.#interrupted(true);
    await this.#run({});
  }

  /** Lines that can't be read again, in one run: whoever was stopped would have to be sent the rest. */
  async runLive(knownAtMicros: number): Promise<void> {
    const stdin = Readable.from([Buffer.from(this.#project.log.lines.map((line) => `${line}\n`).join(''))], {
      objectMode: false,
    });
    await this.#run({ clock: new FixedClock(knownAtMicros) }, stdin);
  }

  get #statePath(): string {
    return join(this.#root, `state-${this.#folders}`);
  }

  /** Stops after a few batches; where it is killed, what it did after that moment is lost. */
  async #interrupted(isKill: boolean): Promise<void> {
    const stop = new AbortController();
    let left = this.#random.int(1, 6);
    const next = join(this.#root, `state-${this.#folders + 1}`);
    await this.#run({
      signal: stop.signal,
      onProgress: () => {
        left--;
        if (left !== 0) return;
        if (isKill) this.#copyState(next);
        stop.abort();
      },
    });
    if (left > 0 || !isKill) return;
    this.#folders++;
    this.kills++;
  }

  #copyState(to: string): void {
    mkdirSync(to, { recursive: true });
    cpSync(this.#statePath, to, { recursive: true, filter: (path) => !path.endsWith('lock') });
  }

  async #run(more: Partial<StreamRunOptions>, stdin: Readable | null = null): Promise<void> {
    const { program, log } = this.#project;
    const folder = StateFolder.open(this.#statePath);
    const location = stdin === null ? FILE : '-';
    const locations = [{ name: 'stream', location, order: stdin === null ? log.order : null }] as const;
    try {
      await runStream({
        program,
        mode: 'stream',
        store: this.#store,
        folder,
        inputs: program.sources
          .filter(({ spec }) => spec.kind === 'log')
          .map((source) => ({ program: source, locations, cutMicros: null, root: this.#root, stdin })),
        archiveFolder: join(this.#root, 'archive'),
        quarantineFolder: join(this.#root, 'quarantine'),
        untilMicros: Number.POSITIVE_INFINITY,
        clockMode: 'events',
        clock: this.#clock,
        namespace: NAMESPACE,
        flushIntervalMicros: SECOND,
        snapshotIntervalMicros: 2 * SECOND,
        isRebuilt: false,
        signal: new AbortController().signal,
        onProgress: null,
        batchRows: this.#random.pick([1, 3, 10, 50]),
        ...more,
      });
    } finally {
      folder.close();
    }
  }
}
