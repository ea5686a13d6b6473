/** The log through the product's reader, judge and generated operators, in random batches, now and then started anew. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type LogBatch, VERDICTS } from '../../../runtime/log/contract.ts';
import {
  type LogImage,
  type LogPhase,
  type LogSection,
  openLog,
  type SourceLog,
} from '../../../runtime/log/source-log.ts';
import { openPhase } from '../../../runtime/sources/open-source.ts';
import type { GroupState } from '../../../runtime/state/program.ts';
import { FixedClock, wallClock } from '../../../runtime/time/clock.ts';
import type { Value } from '../../../runtime/values/types.ts';
import type { Random } from '../../generators/random.ts';
import type { ActualRow } from '../../reference/compare.ts';
import type { CompiledView, Project } from '../project.ts';
import { actualRow, valueAt } from '../values.ts';

const root = mkdtempSync(join(tmpdir(), 'fsc-properties-'));
const FILE = 'events.jsonl';
const RESTARTS = 0.04;

export interface Judged {
  /** In reading order. */
  readonly verdicts: readonly string[];
  /** Accepted records in log order. */
  readonly accepted: readonly (readonly Value[])[];
}

export interface StreamHooks {
  /** After a batch was ingested and settled. */
  batch?(run: StreamRun): Promise<void>;
  /** When exactly `n` lines are in. */
  prefix?(run: StreamRun, n: number): Promise<void>;
}

/** Drives one log to its end. */
export class StreamRun {
  readonly project: Project;
  /** By group: settled as the log says, and never settled. */
  states: readonly GroupState[];
  unsettled: readonly GroupState[];
  newest = Number.NEGATIVE_INFINITY;
  line = Number.NEGATIVE_INFINITY;
  restarts = 0;
  readonly #random: Random;
  readonly #cut: number;
  readonly #verdicts: string[] = [];
  readonly #accepted: Value[][] = [];
  #lines: readonly string[] = [];
  #consumed = 0;
  #stops: readonly number[] = [];

  constructor(project: Project, random: Random) {
    this.project = project;
    this.#random = random;
    this.#cut = random.pick([1, 2, 5, 20, 1000]);
    this.states = this.#fresh();
    this.unsettled = this.#fresh();
  }

  #fresh(): GroupState[] {
    const entityHint = this.#random.pick([0, 100]);
    return this.project.program.groups.map((group) => group.create({ errors: { count: () => {} }, entityHint }));
  }

  /** Reads the first `prefixes[last]` lines, stopping at each prefix. */
  async read(prefixes: readonly number[], hooks: StreamHooks): Promise<Judged> {
    const sorted = [...prefixes].sort((a, b) => a - b);
    this.#stops = sorted;
    this.#lines = this.project.log.lines.slice(0, sorted[sorted.length - 1]);
    // A file that is cut and written again is written out when it is closed: some systems wait for the disk there.
    rmSync(join(root, FILE), { force: true });
    writeFileSync(join(root, FILE), this.#lines.map((line) => `${line}\n`).join(''));
    let log = await this.#open(null);
    try {
      await this.#reach(0, hooks);
      for (let batch = await log.next(); batch !== null; batch = await log.next()) {
        this.#take(batch);
        await hooks.batch?.(this);
        await this.#reach(this.#consumed, hooks);
        if (this.#random.chance(RESTARTS)) log = await this.#restart(log);
      }
    } finally {
      await log.close();
    }
    return { verdicts: this.#verdicts, accepted: this.#accepted };
  }

  async #reach(lines: number, hooks: StreamHooks): Promise<void> {
    if (this.#stops.includes(lines)) await hooks.prefix?.(this, lines);
  }

  async #open(saved: { position: LogBatch['position']; image: LogImage } | null): Promise<SourceLog> {
    const { program, source, log } = this.project;
    const isLive = log.knownAtMicros !== null;
    const place = isLive
      ? { name: 'stream' as const, location: '-', order: null, stdin: this.#stdin() }
      : { name: 'history' as const, location: FILE, order: log.order, stdin: null };
    const clock = isLive ? new FixedClock(log.knownAtMicros) : wallClock;
    const found = program.sources.find(({ spec }) => spec.name === source.name);
    if (found === undefined) throw new Error('the program has no such source');
    const phases = [this.#cutting(openPhase(source, { ...place, root, signal: null }))];
    return openLog(found, { phases, resumeFrom: saved, clock });
  }

  /** What is left to be sent: a live source sends a record once. */
  #stdin(): Readable {
    const text = this.#lines.slice(this.#consumed).map((line) => `${line}\n`);
    return Readable.from(text.length === 0 ? [] : [Buffer.from(text.join(''))], { objectMode: false });
  }

  /** Batches of random sizes that end where a prefix does. */
  #cutting(phase: LogPhase): LogPhase {
    return {
      ...phase,
      open: async (resume, use) => {
        const reader = await phase.open(resume, use);
        return { next: () => reader.next(this.#size()), close: () => reader.close() };
      },
    };
  }

  #size(): number {
    const next = this.#stops.find((stop) => stop > this.#consumed) ?? Number.POSITIVE_INFINITY;
    return Math.min(next - this.#consumed, this.#random.int(1, this.#cut));
  }

  #take(batch: LogBatch): void {
    const { source, program } = this.project;
    this.#consumed += batch.batch.length;
    for (let row = 0; row < batch.batch.length; row++) this.#verdicts.push(VERDICTS[batch.verdicts[row]!]!);
    for (let i = 0; i < batch.acceptedCount; i++) {
      const row = batch.accepted[i]!;
      this.#accepted.push(source.columns.map(({ type }, c) => valueAt(batch.batch.columns[c]!, type, row)));
    }
    program.groups.forEach((_, i) => {
      this.unsettled[i]!.ingest(batch.batch, batch.accepted, batch.acceptedCount);
      this.states[i]!.ingest(batch.batch, batch.accepted, batch.acceptedCount);
      this.states[i]!.settle(batch.settleLineMicros);
    });
    this.newest = batch.newestMicros;
    this.line = batch.settleLineMicros;
  }

  /** What a stopped run finds again: the log's position and image, and the states' images. */
  async #restart(log: SourceLog): Promise<SourceLog> {
    const saved = { position: structuredClone(log.position), image: copied(log.snapshot()) };
    this.states = restored(this.states, this.#fresh());
    this.unsettled = restored(this.unsettled, this.#fresh());
    await log.close();
    this.restarts++;
    return this.#open(saved);
  }
}

function restored(states: readonly GroupState[], empty: readonly GroupState[]): readonly GroupState[] {
  empty.forEach((state, i) => {
    const image = states[i]!.snapshot();
    state.restore({ fingerprint: image.fingerprint, sections: copied(image.sections) });
  });
  return empty;
}

function copied<T extends LogSection>(sections: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...sections].map(([name, part]) => [name, typeof part === 'string' ? part : (part.slice() as T)]));
}

/** Every entity's row of a view of shape A or B. */
export function probeAll(view: CompiledView, states: readonly GroupState[], t: number): ActualRow[] {
  const rows: ActualRow[] = [];
  const state = states[view.program.group]!;
  for (let entity = 0; entity < state.entityCount; entity++) {
    const row = probeOne(view, state, entity, t);
    if (row !== null) rows.push(actualRow(view.plan.outputs, row));
  }
  return rows;
}

/** Outputs by ordinal; null where the SELECT has no row. */
function probeOne(view: CompiledView, state: GroupState, entity: number, t: number): Value[] | null {
  const slots: Value[] = [];
  if (!state.probe(view.program.viewInGroup, entity, t, slots)) return null;
  const keys: Value[] = [];
  state.entityKeys(entity, keys);
  const out: Value[] = [];
  const input = { slots, keys, nowMicros: t, request: [], features: [], errors: { count: () => {} } };
  return view.program.project(input, out) ? out : null;
}
