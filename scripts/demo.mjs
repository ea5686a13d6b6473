/**
 * The main job on real data: 3,000,000 US flights of 2001, with the embedded stores and no server. Compiles features/, backfills the first months,
 * goes on as a stream, looks airports up through the generated client, builds a training set of 1,000,000 labels, and proves that online values,
 * training-set values and the SQL text run in DuckDB agree. Exits 1 on one difference.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { auditTraining as audit } from './demo-audit.mjs';
import { linkSelf } from './link-self.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const main = join(root, 'dist', 'cli', 'main.js');
const work = join(root, '.fsc', 'demo');
const LABELS = 1_000_000;
/** Instants at which every route is a label, and at which the training set is held against the SQL text. */
const AUDITED = 10;
const SEED = Number(process.env.FSC_SEED ?? Date.now() % 1_000_000);
const BACKFILL_TO = '2001-04-01T00:00:00Z';
const bold = (text) => (process.stdout.isTTY && process.env.NO_COLOR === undefined ? `\u001b[1m${text}\u001b[0m` : text);
const count = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

let agreed = 0;
let differed = 0;
let step = 0;
const started = process.hrtime.bigint();

function title(text) {
  step += 1;
  console.log(`\n${bold(`${step}. ${text}`)}`);
}

/** Runs the command as a person would; its progress and messages go to the terminal. */
function fsc(...args) {
  console.log(`$ npx fsc ${args.map((arg) => (/[\s;*'()]/.test(arg) ? JSON.stringify(arg) : arg)).join(' ')}`);
  const result = spawnSync(process.execPath, [main, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
  const out = result.stdout.toString();
  if (result.signal !== null || result.status === 130) process.exit(130);
  return { status: result.status, out };
}

function mustRun(...args) {
  const { status, out } = fsc(...args);
  if (status !== 0) fail(`fsc ${args[0]} exited ${status}\n${out}`);
  return out;
}

function fail(text) {
  console.error(`\n${text}`);
  process.exit(1);
}

/** Small and repeatable: the seed is printed, FSC_SEED repeats it. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const next = random(SEED);
const between = (from, to) => new Date(Date.parse(from) + Math.floor(next() * (Date.parse(to) - Date.parse(from)))).toISOString();

if (!existsSync(main)) fail('dist/ is missing: run npm ci, or npm run build');
console.log(bold('fsc demo'), `on 3,000,000 US flights of 2001 (seed ${SEED})`);
// The example's own state, which this demo makes anew.
for (const name of ['state', 'online', 'archive', 'quarantine', 'demo']) rmSync(join(root, '.fsc', name), { recursive: true, force: true });
mkdirSync(work, { recursive: true });

title('Compile features/ to DuckDB, Postgres, stream operators and a typed client');
mustRun('compile');

title('Backfill the first months: history through the stream operators');
mustRun('run', '--mode', 'batch', '--as-of', BACKFILL_TO);
verify('Online against batch and the SQL text, as of then', [BACKFILL_TO, ...instants(2, BACKFILL_TO, '2001-04-03T00:00:00Z')]);

title('Go on as a stream over the rest');
mustRun('run', '--mode', 'stream');

title('Look airports up through the generated client');
await lookUp();

title(`Build a training set of ${count(LABELS)} labels`);
const audited = instants(AUDITED, '2001-01-08T00:00:00Z', '2001-06-30T00:00:00Z').sort();
const labels = relative(root, join(work, 'labels.sql'));
const training = relative(root, join(work, 'train.parquet'));
writeFileSync(join(root, labels), labelsSql(audited));
const views = ['trip_risk_v1', 'airport_delays_v1', 'route_delays_v1'];
mustRun('dataset', '--labels', labels, ...views.flatMap((view) => ['--view', view]), '--out', training, '--ties', 'exclude');

title('Prove it');
verify('Online, as of the end and at instants of its future', ['2001-07-01T00:00:00Z', ...instants(4, '2001-07-01T00:00:00Z', '2001-07-09T00:00:00Z')]);
await auditTraining(audited);

const seconds = Number(process.hrtime.bigint() - started) / 1e9;
console.log(`\n${bold(`${count(agreed)} values agreed, ${count(differed)} differed`)}  (${seconds.toFixed(0)} s)`);
if (differed > 0) fail(`There are differences. Please report them with the seed: FSC_SEED=${SEED}`);
console.log(`
What to type next:
  npx fsc get airport_delays_v1 origin=ORD --meta
  npx fsc query "SELECT * FROM airport_delays_v1(TIMESTAMP '2001-03-01 12:00') ORDER BY departures_1h DESC LIMIT 5"
  npx fsc explain airport_delays_v1
  npx fsc test
  npx fsc init --from your-events.parquet ../my-features`);

function instants(n, from, to) {
  return Array.from({ length: n }, () => between(from, to));
}

function verify(text, times) {
  console.log(text);
  const { status, out } = fsc('verify', ...times.flatMap((time) => ['--as-of', time]), '--format', 'json');
  for (const line of out.split('\n').filter((one) => one !== '')) {
    const json = JSON.parse(line);
    if (json.view === undefined || json.agreed === undefined) continue;
    agreed += json.agreed;
    differed += json.differed;
    if (json.differed > 0) console.log(line);
  }
  if (status !== 0 && differed === 0) fail(`fsc verify exited ${status}\n${out}`);
  console.log(`${count(agreed)} values agreed so far, ${count(differed)} differed`);
}

/** Half are departures half a minute later (what a model would be asked), the others all routes at the audited instants. */
function labelsSql(times) {
  const list = times.map((time) => `TIMESTAMP '${time.slice(0, 23).replace('T', ' ')}'`).join(', ');
  return `WITH routes AS (SELECT DISTINCT origin, destination FROM flights),
audited AS (SELECT origin, destination, t AS as_of FROM routes, (SELECT unnest([${list}]) AS t) AS instants),
departures AS (
  SELECT origin, destination, departed_at + INTERVAL '30 seconds' AS as_of
  FROM (SELECT * FROM flights WHERE departed_at > TIMESTAMP '2001-01-08') AS later USING SAMPLE reservoir(${LABELS} ROWS) REPEATABLE (${SEED})
)
SELECT row_number() OVER (ORDER BY as_of, origin, destination) AS label_id, origin, destination, CAST(label_id % 4 AS integer) AS bags, as_of
FROM (SELECT * FROM audited UNION ALL SELECT * FROM departures LIMIT ${LABELS}) AS labels`;
}

async function lookUp() {
  linkSelf(root);
  const { connect } = await import(pathToFileURL(join(root, 'generated', 'client', 'index.js')).href);
  const features = await connect({ project: root });
  try {
    for (const at of ['2001-07-01T00:00:00Z', '2001-07-01T00:30:00Z', '2001-07-02T00:00:00Z', '2001-07-05T00:00:00Z']) {
      const { row, meta } = await features.get('airport_delays_v1', { origin: 'ORD' }, { at });
      console.log(`ORD at ${at}  departures_1h ${row.departures_1h}  worst_delay_1d ${row.worst_delay_1d}  long_delays_7d ${row.long_delays_7d}  exact ${meta.exact}`);
    }
    const before = process.hrtime.bigint();
    const times = 20_000;
    const airports = ['ORD', 'ATL', 'DFW', 'LAX', 'PHX', 'STL', 'DTW', 'MSP'];
    for (let i = 0; i < times; i++) await features.get('airport_delays_v1', { origin: airports[i % airports.length] });
    const micros = Number(process.hrtime.bigint() - before) / 1000 / times;
    console.log(`${count(times)} lookups, ${micros.toFixed(1)} µs each`);
  } finally {
    await features.close();
  }
}

/** The training set's rows at the audited instants against the files' own SQL text, run in DuckDB at those instants. */
async function auditTraining(times) {
  const found = await audit({ root, file: join(root, training), views, instants: times.map((time) => Date.parse(time) * 1000) });
  agreed += found.agreed;
  differed += found.differed;
  for (const line of found.examples) console.log(line);
  console.log(`Training set at ${times.length} random instants, ${count(found.rows)} rows, against the SQL text: ${count(found.agreed)} values agreed, ${count(found.differed)} differed`);
}
