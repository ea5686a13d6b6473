/**
 * Parquet, and JSONL on stdin, to durable online rows: `node tests/bench/run.mjs pipeline [--json]`. A whole `fsc run` process over LMDB with
 * journal and snapshots, from its start to its exit, in events a second of its CPU time (all threads). What it wrote is compared with DuckDB over
 * the same files. How much of JSONL's time is decoding is told by decoding the same file alone.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJsonl } from '../../runtime/sources/jsonl.ts';
import { fieldsOf } from '../../runtime/sources/record-columns.ts';
import { AIRPORT_VIEW, flightsSource, query, writeFlights, writeProject } from './flights.ts';
import { fsc, type Usage } from './process.ts';
import { programOf } from './programs.ts';
import { cpuSeconds, median, report } from './report.ts';

const EVENTS = 3_000_000;
const REPEATS = 3;
const CHECKED = 20;

/** What whole runs took, each from nothing. */
function runs(root: string, events: number, stdin?: Buffer): readonly Usage[] {
  return Array.from({ length: REPEATS }, () => {
    rmSync(join(root, '.fsc'), { recursive: true, force: true });
    const { out, usage } = fsc(root, ['run', '--mode', 'stream', '--format', 'json', '--quiet'], stdin);
    const summary = JSON.parse(out) as { events: { accepted: number } };
    if (summary.events.accepted !== events) throw new Error(`${summary.events.accepted} of ${events} accepted`);
    return usage;
  });
}

async function measure(entities: number, least: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'fsc-bench-'));
  try {
    writeProject(root, {
      'fsc.json': '{"clock": "events", "sources": {"flights": {"history": "flights.parquet"}}}',
      'features/sources/flights.sql': flightsSource('none'),
      'features/airport/v1.sql': AIRPORT_VIEW,
    });
    await writeFlights(join(root, 'flights.parquet'), EVENTS, entities);
    const usages = runs(root, EVENTS);
    await check(root, entities);
    const name = `Parquet to online rows, ${entities} entities`;
    report('pipeline', name, EVENTS / median(usages.map((usage) => usage.cpuSeconds)), 'events/CPU s', { least });
    report('pipeline', `${name}, wall`, EVENTS / median(usages.map((usage) => usage.wallSeconds)), 'events/s');
    report('pipeline', `${name}, peak memory`, median(usages.map((usage) => usage.maxRssBytes)) / 2 ** 20, 'MiB');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A few entities' online values at two instants against the view's own text in DuckDB. */
async function check(root: string, entities: number): Promise<void> {
  const file = `read_parquet('${join(root, 'flights.parquet')}')`;
  const [newest] = await query(`SELECT strftime(max(departed_at), '%Y-%m-%d %H:%M:%S.%f') AS t FROM ${file}`);
  for (const instant of [String(newest?.['t']), '2001-01-30 12:34:56']) {
    const sql = AIRPORT_VIEW.replaceAll('now()', `TIMESTAMP '${instant}'`).replace('FROM flights', `FROM ${file}`);
    const keys = Array.from({ length: CHECKED }, (_, i) => `K${Math.floor((i * entities) / CHECKED)}`);
    const expected = await query(
      `SELECT * FROM (${sql}) WHERE origin IN (${keys.map((key) => `'${key}'`).join(', ')})`,
    );
    for (const row of expected) {
      const { out } = fsc(root, [
        'get',
        'airport_v1',
        `origin=${row['origin']}`,
        '--as-of',
        instant,
        '--format',
        'json',
        '--frozen',
      ]);
      compare(JSON.parse(out) as Record<string, unknown>, row);
    }
  }
}

function compare(got: Record<string, unknown>, expected: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(expected)) {
    const a = got[name] ?? null;
    const b = typeof value === 'bigint' ? Number(value) : value;
    const isEqual = typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) <= 1e-12 * Math.abs(b) : a === b;
    if (!isEqual) throw new Error(`${String(expected['origin'])}.${name} is ${String(a)}, not ${String(b)}`);
  }
}

/** `least` is asked of a stream; of its first million records a fourth is the start of the process and of V8's compiled code. */
async function measureJsonl(entities: number, events: number, least?: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'fsc-bench-'));
  try {
    writeProject(root, {
      'fsc.json': '{"clock": "events", "sources": {"flights": {"stream": "-"}}}',
      'features/sources/flights.sql': flightsSource('none'),
      'features/airport/v1.sql': AIRPORT_VIEW,
    });
    await writeFlights(join(root, 'flights.parquet'), events, entities);
    const [parquet, jsonl] = [join(root, 'flights.parquet'), join(root, 'flights.jsonl')];
    await query(`COPY (SELECT * FROM read_parquet('${parquet}')) TO '${jsonl}' (FORMAT json)`);
    const usages = runs(root, events, readFileSync(jsonl));
    await check(root, entities);
    const seconds = median(usages.map((usage) => usage.cpuSeconds));
    const name = `${events} records of JSONL on stdin to online rows, ${entities} entities`;
    report('pipeline', name, events / seconds, 'events/CPU s', least === undefined ? {} : { least });
    await decodingSeconds(jsonl, events);
    const decoding = await decodingSeconds(jsonl, events);
    report('pipeline', `${name}: share of decoding`, (100 * decoding) / seconds, '%');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Of the lines of the file, split and decoded into columns. */
async function decodingSeconds(path: string, events: number): Promise<number> {
  const spec = programOf({ airport: AIRPORT_VIEW }).sources[0]?.spec;
  if (spec === undefined) throw new Error('no source');
  const records = await openJsonl(spec, fieldsOf(spec, []), { name: path, path }, { byte: 0, skip: 0, mayGrow: false });
  const start = cpuSeconds();
  let rows = 0;
  for (;;) {
    const batch = await records.next(16_384);
    if (batch === null) break;
    rows += batch.batch.length;
  }
  await records.close();
  if (rows !== events) throw new Error(`${rows} decoded`);
  return cpuSeconds() - start;
}

await measure(1000, 500_000);
await measure(100_000, 250_000);
await measureJsonl(1000, 1_000_000);
await measureJsonl(1000, EVENTS, 200_000);
