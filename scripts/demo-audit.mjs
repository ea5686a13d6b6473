/** Rows of a training set against the files' own SQL text and the emitted SQL, run in DuckDB at the instants of the labels. */
import { bundle } from './bundle.mjs';

const MODULES = [
  'cli/workspace',
  'cli/locations',
  'cli/accepted',
  'cli/verify/batch',
  'cli/verify/compare',
  'runtime/engines/duckdb/accepted',
  'runtime/engines/duckdb/session',
  'runtime/sources/record-columns',
];

/** `instants`: micros. Gives how many values agreed and differed, and lines that show the first differences. */
export async function auditTraining({ root, file, views, instants }) {
  const load = await bundle('demo', MODULES);
  const { openWorkspace } = await load('cli/workspace');
  const { locationsOf } = await load('cli/locations');
  const { acceptedInput } = await load('cli/accepted');
  const { acceptedParquet } = await load('runtime/engines/duckdb/accepted');
  const { openDuckDb } = await load('runtime/engines/duckdb/session');
  const { Batch } = await load('cli/verify/batch');
  const { compareView } = await load('cli/verify/compare');
  const { valueAt } = await load('runtime/sources/record-columns');

  const io = { ...process, stdin: process.stdin, env: process.env, cwd: root, signal: new AbortController().signal };
  const flags = { project: root, profile: null, format: 'human', quiet: true, frozen: false };
  const workspace = await openWorkspace(io, flags);
  const locations = locationsOf(workspace, []);
  const training = await openDuckDb();
  const batch = await Batch.open();
  const found = { agreed: 0, differed: 0, rows: 0, examples: [] };
  try {
    for (const nowMicros of instants) {
      for (const { spec } of workspace.plan.sources) {
        if (spec.kind !== 'log') continue;
        const source = workspace.program.sources.find((one) => one.spec.name === spec.name);
        const { paths } = await acceptedParquet(acceptedInput(workspace, source, locations.get(spec.name)));
        const list = paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ');
        await batch.setSource(spec, `SELECT * FROM read_parquet([${list}])`, nowMicros);
      }
      for (const name of views) {
        const view = workspace.plan.views.find((one) => one.spec.name === name);
        const { answers, requests } = await answersOf(valueAt, training, file, view, nowMicros);
        if (view.kind === 'request') await batch.setRequests(view.request, requests);
        const options = { view, batch, lookup: answers, nowMicros, requests, signal: io.signal };
        const comparison = await compareView(options);
        if (comparison.compared === 0 || comparison.notOnline > 0) throw new Error(`${name}: the training set has no rows at ${nowMicros}`);
        found.agreed += comparison.agreed;
        found.differed += comparison.differed;
        found.rows += comparison.compared;
        for (const one of comparison.differences.slice(0, 3)) found.examples.push(`${name} at ${nowMicros}: ${JSON.stringify(one, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`);
      }
    }
  } finally {
    training.close();
    batch.close();
  }
  return found;
}

/** The training set in the place of online: what it has for a key at the instant. */
async function answersOf(valueAt, session, file, view, nowMicros) {
  const keys = view.kind === 'request' ? view.request.columns.map((one) => one.name) : view.spec.entity.map((one) => one.name);
  const features = view.spec.features.filter((one) => !keys.includes(one.name));
  const names = [...keys, ...features.map((one) => one.name)];
  const columns = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
  const sql = `SELECT DISTINCT ${columns} FROM read_parquet('${file.replaceAll("'", "''")}') WHERE as_of = make_timestamp(${nowMicros})`;
  const { types, batch } = await session.readColumns(sql);
  const known = new Map();
  const requests = [];
  for (let i = 0; i < batch.length; i++) {
    const values = names.map((_, c) => valueAt(batch.columns[c], types[c], i));
    const key = values.slice(0, keys.length);
    const text = JSON.stringify(key);
    if (known.has(text)) throw new Error(`${view.spec.name}: two labels of one key and instant have different values: ${text}`);
    const row = [];
    view.spec.entity.forEach((one, k) => {
      row[one.ordinal] = key[k];
    });
    for (const one of view.spec.features) row[one.ordinal] = values[names.indexOf(one.name)];
    const hasRow = view.kind === 'request' || features.some((one) => row[one.ordinal] !== null);
    known.set(text, { keys: key, row: hasRow ? row : null });
    requests.push(key);
  }
  const meta = { asOf: nowMicros, exact: true, knownTo: null, validFrom: null, validTo: null };
  const answerTo = (key) => ({ row: known.get(JSON.stringify(key))?.row ?? null, meta });
  return {
    requests,
    answers: {
      tryViews: async ([request]) => [request.keys.map(answerTo)],
      async *scanAll() {
        for (const { keys: key } of known.values()) yield { keys: key, answer: answerTo(key) };
      },
    },
  };
}
