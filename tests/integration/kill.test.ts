/** Killed at random points, the values equal an undisturbed run's (design.md section 6). FSC_KILLS sets the number. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { listQuarantine } from '../../runtime/log/quarantine.ts';
import { createLookup, isNotOnline } from '../../runtime/serving/lookup.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { type Random, random } from '../state/plans.ts';

const KILLS = Number(process.env['FSC_KILLS'] ?? '24');
const SEED = Number(process.env['FSC_SEED'] ?? '1');
const RECORDS = 12_000;
const HOUR = 3_600_000;
const START = Date.UTC(2024, 0, 1);

const FEATURES: Readonly<Record<string, string>> = {
  'features/sources/tx.sql': `-- @event_time paid_at
-- @lateness 30 minutes
CREATE TABLE tx (
  id bigint NOT NULL,
  paid_at timestamp NOT NULL,
  card text NOT NULL,
  amount decimal(12,2) CHECK (amount > 0),
  weight double precision,
  PRIMARY KEY (id, paid_at)
);
`,
  'features/card/v1.sql': `SELECT card,
  count(*) AS n,
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

function records(r: Random): string[] {
  const lines: string[] = [];
  for (let i = 0; i < RECORDS; i++) {
    const at = START + i * 40_000 - (r.chance(0.05) ? r.int(2 * HOUR) : r.int(60_000));
    const iso = new Date(at).toISOString();
    if (r.chance(0.005)) lines.push('{"id": broken');
    else if (r.chance(0.02) && lines.length > 0)
      lines.push(lines[lines.length - 1 - r.int(Math.min(50, lines.length))] as string);
    else {
      const weight = r.chance(0.1) ? 'null' : String(r.pick([0.1, 1e9, -3.25, 7]));
      lines.push(
        `{"id": ${i}, "paid_at": "${iso}", "card": "c${r.int(40)}", "amount": ${r.chance(0.03) ? '-1' : `${r.int(500)}.${10 + r.int(89)}`}, "weight": ${weight}}`,
      );
    }
  }
  return lines;
}

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function project(lines: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'fsc kill '));
  roots.push(root);
  for (const [path, text] of Object.entries(FEATURES)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  writeFileSync(join(root, 'tx.jsonl'), `${lines.join('\n')}\n`);
  return root;
}

interface Ended {
  readonly code: number | null;
  readonly killed: boolean;
  readonly text: string;
}

/** Kills after so many milliseconds; null: lets it run to its end. */
function work(root: string, location: string, killAfterMs: number | null, input: string | null): Promise<Ended> {
  const worker = join(import.meta.dirname, 'stream-worker.mjs');
  const child = spawn(process.execPath, [worker, root, location], { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  child.stdin.on('error', () => {}); // the reader was killed
  child.stdin.end(input ?? '');
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) =>
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, killed: signal === 'SIGKILL', text });
    }),
  );
}

const { plan, diagnostics } = compileProject(new Map(Object.entries(FEATURES)));
if (plan === null) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n'));
const program = loadProgram(emitProject(plan));

/** Every value of every entity at some instants of the future. */
async function values(root: string): Promise<string[]> {
  const store = await openLmdbStore({ path: join(root, '.fsc/online'), readOnly: true, namespace: '' });
  const lookup = createLookup({ views: program.views, store, clock: wallClock, clockMode: 'events', namespace: '' });
  const out: string[] = [];
  for (const view of ['card_v1', 'last_v1']) {
    const beat = await lookup.heartbeat(view);
    out.push(`${view} ${beat?.newestMicros} ${beat?.ended} ${JSON.stringify(beat?.positions)}`);
    for (const after of [0, 1, HOUR / 2, 7 * HOUR, 30 * HOUR]) {
      const at = (beat?.newestMicros ?? 0) + after * 1000;
      const rows: string[] = [];
      for await (const { keys, answer } of lookup.scanAll(view, at)) {
        rows.push(`${after} ${view} ${keys.join()} ${isNotOnline(answer) ? 'not online' : String(answer.row)}`);
      }
      out.push(...rows.sort());
    }
  }
  await store.close();
  return out;
}

function refused(root: string): string[] {
  return listQuarantine(join(root, '.fsc/quarantine'), 'tx')
    .map(({ id, verdict }) => `${id} ${verdict}`)
    .sort();
}

describe('a run that is killed', () => {
  const r = random(SEED);
  const lines = records(r);
  let undisturbed: string[] = [];
  let undisturbedRefused: string[] = [];
  let wholeMs = 0;

  beforeAll(async () => {
    const root = project(lines);
    const started = performance.now();
    const end = await work(root, 'tx.jsonl', null, null);
    wholeMs = performance.now() - started;
    expect(end.text).toContain('"mode":"stream"');
    const { events } = JSON.parse(end.text) as { events: Record<string, number> };
    expect(events['read']).toBe(lines.length);
    expect(events['late']).toBeGreaterThan(0);
    expect(events['duplicate']).toBeGreaterThan(0);
    undisturbed = await values(root);
    undisturbedRefused = refused(root);
    expect(undisturbed.length).toBeGreaterThan(300);
  }, 120_000);

  it('over a file: values, positions and quarantine equal an undisturbed run’s', async () => {
    let kills = 0;
    while (kills < KILLS) {
      const root = project(lines);
      for (;;) {
        const end = await work(root, 'tx.jsonl', kills < KILLS ? r.int(Math.ceil(wholeMs)) : null, null);
        if (end.killed) kills++;
        else {
          expect(end.code, end.text).toBe(0);
          break;
        }
      }
      expect(await values(root)).toEqual(undisturbed);
      expect(refused(root)).toEqual(undisturbedRefused);
      rmSync(root, { recursive: true, force: true });
    }
  }, 600_000);

  it('over stdin that is sent again: values equal an undisturbed run’s', async () => {
    const input = readFileSync(join(project(lines), 'tx.jsonl'), 'utf8');
    let kills = 0;
    while (kills < Math.ceil(KILLS / 2)) {
      const root = project(lines);
      for (;;) {
        const end = await work(root, '-', kills < KILLS / 2 ? r.int(Math.ceil(wholeMs)) : null, input);
        if (end.killed) kills++;
        else {
          expect(end.code, end.text).toBe(0);
          break;
        }
      }
      const own = (all: readonly string[]): readonly string[] => all.filter((line) => /^\d/.test(line));
      expect(own(await values(root))).toEqual(own(undisturbed));
      rmSync(root, { recursive: true, force: true });
    }
  }, 600_000);
});
