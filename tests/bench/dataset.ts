/**
 * A training set, Parquet to Parquet: a million labels, three million flights, six window features (1 h, 1 d, 7 d). `fsc dataset`, the same by
 * hand in DuckDB (labels as empty rows in the windows) and, where python has it, in Polars, in turn, as whole processes:
 * `node tests/bench/run.mjs dataset [--json] [--labels=N] [--rounds=N]`. CPU is user + system, threads and start included.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '../../runtime/sources/duckdb-api.ts';
import { fsc, repository } from './process.ts';

const VIEW = 'airport_delays_v1';
const FEATURES = ['departures_1h', 'mean_delay_1h', 'worst_delay_1d', 'mean_delay_1d', 'long_delays_7d', 'miles_7d'];
const MARK = 'cpu-seconds ';

interface Paths {
  readonly project: string;
  readonly flights: string;
  readonly labels: string;
}

interface Contender {
  readonly name: string;
  /** Runs it as a process; gives its CPU seconds, threads and start included. */
  readonly run: () => number;
  readonly out: string;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

async function sql(text: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    return (await connection.runAndReadAll(text)).getRows() as unknown[][];
  } finally {
    instance.closeSync();
  }
}

/** Labels at airports of flights, up to two hours after one, in no order; the same ones every time. */
async function makeLabels(paths: Paths, count: number): Promise<void> {
  await sql(`COPY (
    SELECT (row_number() OVER ())::INTEGER AS label_id, origin, date + (hash(file_row_number) % 7200)::BIGINT * INTERVAL 1 SECOND AS as_of,
      (hash(file_row_number + 1) % 2)::BOOLEAN AS is_late
    FROM (SELECT * FROM read_parquet(${quoted(paths.flights)}, file_row_number = true) ORDER BY hash(file_row_number + 7) LIMIT ${count})
  ) TO ${quoted(paths.labels)} (FORMAT parquet)`);
}

function byHand(paths: Paths, out: string): string {
  const window = (name: string, micros: string): string =>
    `${name} AS (PARTITION BY origin ORDER BY t RANGE BETWEEN INTERVAL '${micros} microseconds' PRECEDING AND CURRENT ROW)`;
  return `COPY (
    WITH rows AS (
      SELECT origin, date AS t, delay, distance, NULL::INTEGER AS label_id FROM read_parquet(${quoted(paths.flights)})
      UNION ALL
      SELECT origin, as_of, NULL, NULL, label_id FROM read_parquet(${quoted(paths.labels)})
    ), filled AS (
      SELECT label_id,
        count(*) FILTER (WHERE label_id IS NULL) OVER hour AS departures_1h, avg(delay) OVER hour AS mean_delay_1h,
        max(delay) OVER day AS worst_delay_1d, avg(delay) OVER day AS mean_delay_1d,
        count(*) FILTER (WHERE delay > 60) OVER week AS long_delays_7d, sum(distance) OVER week AS miles_7d
      FROM rows
      WINDOW ${window('hour', '3599999999')}, ${window('day', '86399999999')}, ${window('week', '604799999999')}
      QUALIFY label_id IS NOT NULL
    )
    SELECT l.*, f.* EXCLUDE (label_id) FROM read_parquet(${quoted(paths.labels)}) AS l JOIN filled AS f USING (label_id) ORDER BY label_id
  ) TO ${quoted(out)} (FORMAT parquet)`;
}

/** Windows are left-open, as the view's. */
const POLARS = `
import resource, sys
import polars as pl
flights, labels, out = sys.argv[1:4]
events = pl.scan_parquet(flights).select("origin", pl.col("date").cast(pl.Datetime("us")).alias("t"), "delay", "distance", pl.lit(None, pl.Int32).alias("label_id"))
asked = pl.scan_parquet(labels)
rows = pl.concat([events, asked.select("origin", pl.col("as_of").alias("t"), pl.lit(None, pl.Int64).alias("delay"), pl.lit(None, pl.Int64).alias("distance"), "label_id")])
rows = rows.sort("origin", "t", "label_id", nulls_last=False).collect()
is_event = pl.col("label_id").is_null().cast(pl.Int64)
is_long = (pl.col("delay") > 60).fill_null(False).cast(pl.Int64)
def over(column, how, size):
    return getattr(column, f"rolling_{how}_by")("t", window_size=size, closed="right").over("origin", mapping_strategy="group_to_rows")
filled = rows.with_columns(
    over(is_event, "sum", "1h").alias("departures_1h"),
    over(pl.col("delay"), "mean", "1h").alias("mean_delay_1h"),
    over(pl.col("delay"), "max", "1d").alias("worst_delay_1d"),
    over(pl.col("delay"), "mean", "1d").alias("mean_delay_1d"),
    over(is_long, "sum", "7d").alias("long_delays_7d"),
    over(pl.col("distance"), "sum", "7d").alias("miles_7d"),
).filter(pl.col("label_id").is_not_null()).select("label_id", *${JSON.stringify(FEATURES)})
asked.collect().join(filled, on="label_id", how="left", maintain_order="left").write_parquet(out)
usage = resource.getrusage(resource.RUSAGE_SELF)
print("${MARK}", usage.ru_utime + usage.ru_stime)
`;

function pythonWithPolars(): string | null {
  for (const python of [process.env['POLARS_PYTHON'], 'python3', 'python']) {
    if (python === undefined) continue;
    if (spawnSync(python, ['-c', 'import polars']).status === 0) return python;
  }
  return null;
}

function contenders(paths: Paths, folder: string): readonly Contender[] {
  const out = (name: string): string => join(folder, `${name}.parquet`);
  const own = [process.execPath, fileURLToPath(import.meta.url), 'duckdb', paths.flights, paths.labels, out('duckdb')];
  const list: Contender[] = [
    { name: 'fsc', run: () => runFsc(paths, out('fsc')), out: out('fsc') },
    { name: 'duckdb', run: () => runRival('duckdb', own), out: out('duckdb') },
  ];
  const python = pythonWithPolars();
  if (python !== null) {
    const script = join(folder, 'features.py');
    writeFileSync(script, POLARS);
    const command = [python, script, paths.flights, paths.labels, out('polars')];
    list.push({ name: 'polars', run: () => runRival('polars', command), out: out('polars') });
  }
  return list;
}

/** The built command, as a user runs it. */
function runFsc(paths: Paths, out: string): number {
  const args = ['dataset', '--labels', paths.labels, '--view', VIEW, '--ties', 'include', '--out', out, '--quiet'];
  return fsc(paths.project, args).usage.cpuSeconds;
}

/** CPU seconds as the process says itself at its end. */
function runRival(name: string, command: readonly string[]): number {
  const [file = '', ...args] = command;
  const { stdout, stderr, status } = spawnSync(file, args, { encoding: 'utf8' });
  const line = stdout.split('\n').find((text) => text.startsWith(MARK));
  if (status !== 0 || line === undefined) throw new Error(`${name} failed:\n${stdout}\n${stderr}`);
  return Number(line.slice(MARK.length));
}

async function duckDbByHand(paths: Paths, out: string): Promise<void> {
  await sql(byHand(paths, out));
  const { user, system } = process.cpuUsage();
  console.log(`${MARK}${(user + system) / 1e6}`);
  process.exit(0);
}

/** Labels for which the two files differ; means may differ in the last digits. */
async function differences(a: string, b: string): Promise<number> {
  const differs = FEATURES.map((name) =>
    name.startsWith('mean')
      ? `(abs(a.${name} - b.${name}) > 1e-9 * greatest(1, abs(b.${name})) OR (a.${name} IS NULL) <> (b.${name} IS NULL))`
      : `a.${name} IS DISTINCT FROM b.${name}`,
  );
  const both = `read_parquet(${quoted(a)}) AS a FULL JOIN read_parquet(${quoted(b)}) AS b USING (label_id)`;
  const rows = await sql(`SELECT count(*) FROM ${both} WHERE ${differs.join(' OR ')}`);
  return Number(rows[0]?.[0]);
}

function option(name: string, otherwise: number): number {
  const given = process.argv.find((arg) => arg.startsWith(`${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 1));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

async function main(): Promise<void> {
  const root = repository();
  const folder = mkdtempSync(join(tmpdir(), 'fsc-bench-dataset-'));
  const flights = join(root, 'node_modules', 'vega-datasets', 'data', 'flights-3m.parquet');
  const paths: Paths = { project: join(folder, 'project'), flights, labels: join(folder, 'labels.parquet') };
  try {
    mkdirSync(paths.project);
    cpSync(join(root, 'features'), join(paths.project, 'features'), { recursive: true });
    writeFileSync(join(paths.project, 'fsc.json'), JSON.stringify({ sources: { flights: { history: flights } } }));
    const labels = option('--labels', 1_000_000);
    await makeLabels(paths, labels);
    await compare(contenders(paths, folder), labels, option('--rounds', 3));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(list: readonly Contender[], labels: number, rounds: number): Promise<void> {
  const isJson = process.argv.includes('--json');
  const figure = (name: string, value: number, unit: string): void => {
    const rounded = Number(value.toFixed(3));
    console.log(
      isJson ? JSON.stringify({ figure: name, value: rounded, unit }) : `${name.padEnd(34)} ${rounded} ${unit}`,
    );
  };
  const seconds = new Map<string, number[]>(list.map(({ name }) => [name, []]));
  // The first run compiles the project, as a first run does; it is not counted.
  (list[0] as Contender).run();
  for (let round = 0; round < rounds; round++)
    for (const contender of list) seconds.get(contender.name)?.push(contender.run());
  figure('dataset.labels', labels, 'labels');
  const ours = seconds.get('fsc') as number[];
  for (const { name } of list) figure(`dataset.${name}.cpu`, median(seconds.get(name) as number[]), 's');
  for (const { name, out } of list.slice(1)) {
    const ratios = (seconds.get(name) as number[]).map((value, i) => value / (ours[i] as number));
    figure(`dataset.${name}.ratio`, median(ratios), 'times');
    const first = list[0] as Contender;
    figure(`dataset.${name}.differences`, await differences(first.out, out), 'labels');
  }
}

const [kind, flights, labels, out] = process.argv.slice(2);
if (kind === 'duckdb' && flights !== undefined && labels !== undefined && out !== undefined)
  await duckDbByHand({ project: '', flights, labels }, out);
else await main();
