/** A project, its records and runs over it: what the tests of this folder have in common. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import type { RunSummary } from '../../runtime/engines/run-summary.ts';
import type { InputLocation } from '../../runtime/engines/source-input.ts';
import { StateFolder } from '../../runtime/engines/state-folder.ts';
import { runStream, type StreamRunOptions } from '../../runtime/engines/stream-run.ts';
import { listQuarantine } from '../../runtime/log/quarantine-index.ts';
import { createLookup, isNotOnline, type Lookup } from '../../runtime/serving/lookup.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { Program } from '../../runtime/state/program.ts';
import type { OnlineStore } from '../../runtime/stores/store.ts';
import { type Clock, FixedClock } from '../../runtime/time/clock.ts';
import type { Random } from '../state/plans.ts';

export const SECOND = 1_000_000;
export const HOUR = 3600 * SECOND;
export const START_MS = Date.UTC(2024, 0, 1);

const SOURCE = `-- @event_time paid_at
-- @lateness 30 minutes
CREATE TABLE tx (
  id bigint NOT NULL,
  paid_at timestamp NOT NULL,
  card text NOT NULL,
  amount decimal(12,2) CHECK (amount > 0),
  weight double precision,
  PRIMARY KEY (id, paid_at)
);
`;

export const FEATURES: Readonly<Record<string, string>> = {
  'features/sources/tx.sql': SOURCE,
  'features/card/v1.sql': `SELECT card,
  count(*) AS n,
  count(id) AS ids,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS n_1h,
  sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS amount_1d,
  sum(weight) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS weight_1d,
  max(amount) FILTER (WHERE paid_at > now() - INTERVAL '6 hours') AS most_6h,
  count(DISTINCT amount) FILTER (WHERE paid_at > now() - INTERVAL '6 hours') AS kinds_6h,
  (array_agg(id ORDER BY paid_at DESC, id DESC))[1] AS last_id
FROM tx GROUP BY card
`,
  'features/last/v1.sql': `SELECT card, id, amount,
  lag(amount) OVER (PARTITION BY card ORDER BY paid_at, id) AS before,
  sum(amount) OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) AS last6
FROM tx
`,
};

/** A view more, for changed plans. */
export const MORE_FEATURES: Readonly<Record<string, string>> = {
  ...FEATURES,
  'features/shop/v1.sql': `SELECT card, amount, count(*) AS n, min(paid_at) AS first_at
FROM tx WHERE amount IS NOT NULL GROUP BY card, amount
`,
};

export function programOf(features: Readonly<Record<string, string>>): Program {
  return loadProgram(modulesOf(features));
}

export function modulesOf(features: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const { plan, diagnostics } = compileProject(new Map(Object.entries(features)));
  if (plan === null) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n'));
  return emitProject(plan);
}

/** JSON lines `everyMs` of event time apart: late ones, duplicates, broken ones and such as break the CHECK among them. */
export function randomLines(r: Random, count: number, everyMs: number, cards: number): string[] {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const at = START_MS + i * everyMs - (r.chance(0.08) ? r.int(2 * 3_600_000) : r.int(1.5 * everyMs));
    if (r.chance(0.01)) lines.push('{"id": broken');
    else if (r.chance(0.03) && lines.length > 0)
      lines.push(lines[lines.length - 1 - r.int(Math.min(50, lines.length))] as string);
    else {
      const weight = r.chance(0.1) ? 'null' : String(r.pick([0.1, 1e9, -3.25, 7]));
      const amount = r.chance(0.03) ? '-1' : `${r.int(500)}.${10 + r.int(89)}`;
      lines.push(
        `{"id": ${i}, "paid_at": "${new Date(at).toISOString()}", "card": "c${r.int(cards)}", "amount": ${amount}, "weight": ${weight}}`,
      );
    }
  }
  return lines;
}

export const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

const roots = new Set<string>();

/** A folder with a blank in its name; `removeFolders` when the tests are over. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'fsc faults '));
  roots.add(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

export function removeFolders(): void {
  for (const root of roots) removeFolder(root);
}

export function removeFolder(root: string): void {
  roots.delete(root);
  rmSync(root, { recursive: true, force: true });
}

export interface RunOptions extends Partial<StreamRunOptions> {
  readonly root: string;
  readonly store: OnlineStore;
  readonly program: Program;
  readonly history?: string;
  readonly stream?: string;
  readonly stdin?: Readable | readonly string[];
}

/** A run over `tx`: batches of ten records a second apart by the clock, with a flush a second and a snapshot every three. */
export async function run(options: RunOptions): Promise<RunSummary> {
  const { root, program, history, stream, stdin } = options;
  const clock = options.clock ?? new FixedClock(START_MS * 1000 + 1000 * HOUR);
  const locations: InputLocation[] = [];
  if (history !== undefined) locations.push({ name: 'history', location: history, order: 'arrival' });
  if (stream !== undefined)
    locations.push({ name: 'stream', location: stream, order: stream === '-' ? null : 'arrival' });
  const folder = options.folder ?? StateFolder.open(join(root, '.fsc/state'));
  try {
    return await runStream({
      mode: 'stream',
      inputs: program.sources.map((source) => ({
        program: source,
        locations,
        cutMicros: null,
        root,
        stdin: stdin === undefined || stdin instanceof Readable ? (stdin ?? null) : stdinOf(stdin),
      })),
      archiveFolder: join(root, '.fsc/archive'),
      quarantineFolder: join(root, '.fsc/quarantine'),
      untilMicros: Number.POSITIVE_INFINITY,
      clockMode: 'events',
      namespace: '',
      flushIntervalMicros: SECOND,
      snapshotIntervalMicros: 3 * SECOND,
      isRebuilt: false,
      signal: new AbortController().signal,
      onProgress: () => {
        if (clock instanceof FixedClock) clock.advance(SECOND);
      },
      batchRows: 10,
      ...options,
      clock,
      folder,
    });
  } finally {
    if (options.folder === undefined) folder.close();
  }
}

export function stdinOf(lines: readonly string[]): Readable {
  return Readable.from(lines.length === 0 ? [] : [Buffer.from(textOf(lines))], { objectMode: false });
}

export function lookupOf(program: Program, store: OnlineStore, clock: Clock = new FixedClock(0)): Lookup {
  return createLookup({ views: program.views, store, clock, clockMode: 'events', namespace: '' });
}

/** Every value of every entity at some instants of the future, by view; then the heartbeats. */
export async function values(program: Program, store: OnlineStore): Promise<string[]> {
  const lookup = lookupOf(program, store);
  const out: string[] = [];
  for (const { spec } of program.views) {
    const beat = await lookup.heartbeat(spec.name);
    out.push(`${spec.name} ${beat?.newestMicros} ${beat?.ended} ${JSON.stringify(beat?.positions)}`);
    for (const after of [0, 1, HOUR / 2, 7 * HOUR, 30 * HOUR]) {
      const at = (beat?.newestMicros ?? 0) + after;
      const rows: string[] = [];
      for await (const { keys, answer } of lookup.scanAll(spec.name, at)) {
        rows.push(`${after} ${spec.name} ${keys.join()} ${isNotOnline(answer) ? 'not online' : String(answer.row)}`);
      }
      out.push(...rows.sort());
    }
  }
  return out;
}

/** Without heartbeats: positions in stdin depend on what was sent again. */
export function rowsOf(all: readonly string[]): readonly string[] {
  return all.filter((line) => /^\d/.test(line));
}

export function refused(root: string): string[] {
  return listQuarantine(join(root, '.fsc/quarantine'), 'tx')
    .map(({ id, verdict, reason, text }) => `${id} ${verdict} ${reason} ${text}`)
    .sort();
}
