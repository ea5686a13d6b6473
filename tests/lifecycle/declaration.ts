/** The texts of a life's project: its sources, its views and fsc.json. */
import type { FileKind } from './records.ts';

export interface Declaration {
  /** Seconds. */
  readonly lateness: number;
  /** CHECK (amount > …), in whole units; null: none. */
  readonly above: number | null;
  /** @only kind = 'p' */
  readonly isOnly: boolean;
  /** @partition kind; from the first day on, since another partition is another source. */
  readonly isPartitioned: boolean;
  /** @known_time seen; from the first day on. */
  readonly hasSeen: boolean;
  /** A nullable column that was added. */
  readonly hasExtra: boolean;
  /** Says nothing to anybody. */
  readonly remark: number;
}

export function sourceText(
  source: string,
  { lateness, above, isOnly, isPartitioned, hasSeen, hasExtra, remark }: Declaration,
): string {
  return [
    `-- remark ${remark}`,
    '-- @event_time ts',
    `-- @lateness ${lateness} seconds`,
    ...(isOnly ? ["-- @only kind = 'p'"] : []),
    ...(isPartitioned ? ['-- @partition kind'] : []),
    ...(hasSeen ? ['-- @known_time seen'] : []),
    `CREATE TABLE ${source} (`,
    '  id bigint NOT NULL PRIMARY KEY,',
    '  ts timestamp NOT NULL,',
    '  card text NOT NULL,',
    '  kind text NOT NULL,',
    `  amount decimal(12,2)${above === null ? '' : ` CHECK (amount > ${above})`},`,
    `  qty integer${hasExtra ? ',' : ''}`,
    ...(hasExtra ? ['  extra integer'] : []),
    ');',
    '',
  ].join('\n');
}

/** Two declarations that judge records alike and have the same columns. */
export function isSameDeclaration(a: Declaration, b: Declaration): boolean {
  return JSON.stringify({ ...a, remark: 0 }) === JSON.stringify({ ...b, remark: 0 });
}

/** Where a run reads: history files, or nothing; and stdin, or nothing. */
export interface Inputs {
  readonly files: FileKind | null;
  readonly order: Order;
  readonly hasStdin: boolean;
}

/** Of the files; null: as their kind has it. */
export type Order = 'none' | 'arrival' | null;

export function isSortedHistory({ files, order }: Inputs): boolean {
  return (order ?? (files === 'jsonl' ? 'arrival' : 'none')) === 'none';
}

/** Sources that have no inputs are left out. */
export function configText(sources: ReadonlyMap<string, Inputs>): string {
  const texts = [...sources].map(([name, inputs]) => [
    name,
    {
      ...(inputs.files === null ? {} : { history: historyOf(`${folderOf(name)}/*.${inputs.files}`, inputs.order) }),
      ...(inputs.hasStdin ? { stream: '-' } : {}),
    },
  ]);
  return `${JSON.stringify({ sources: Object.fromEntries(texts), clock: 'events' })}\n`;
}

function historyOf(path: string, order: Order): unknown {
  return order === null ? path : { path, order };
}

export function folderOf(source: string): string {
  return `data/${source}`;
}

export function sourcePath(source: string): string {
  return `features/sources/${source}.sql`;
}

interface Named {
  readonly name: string;
  readonly version: number;
}

export interface View extends Named {
  readonly source: string;
  readonly shape: 'aggregate' | 'rows';
  /** Columns of the pool, in order; in `rows` the frame's length and the window of WHERE. */
  readonly features: readonly number[];
  readonly byKind: boolean;
  /** Seconds; null: none. */
  readonly within: number | null;
  readonly having: boolean;
  /** Its aggregates go by other names. */
  readonly isRenamed: boolean;
  readonly remark: number;
}

/** Of an aggregate: by number, so that a view stands for itself in a printed life. The last ones need the column `extra`. */
const POOL: readonly string[] = [
  "count(*) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS n_1h",
  "sum(amount) FILTER (WHERE ts > now() - INTERVAL '10 minutes') AS sum_10m",
  'sum(amount) AS total',
  'count(*) AS n',
  "max(qty) FILTER (WHERE ts >= now() - INTERVAL '1 day') AS most_1d",
  "min(amount) FILTER (WHERE kind = 'p') AS least_p",
  '(array_agg(qty ORDER BY ts DESC, id DESC))[1] AS last_qty',
  '(array_agg(amount ORDER BY ts, id) FILTER (WHERE amount > 1))[1] AS first_big',
  "count(DISTINCT kind) FILTER (WHERE ts > now() - INTERVAL '2 hours') AS kinds_2h",
  "count(*) FILTER (WHERE ts >= date_trunc('hour', now()) - INTERVAL '1 hour' AND ts < date_trunc('hour', now())) AS hour_before",
  'extract(epoch FROM now() - max(ts)) AS quiet',
  'bool_or(amount > 20) AS rich',
  "sum(qty) FILTER (WHERE ts > now() - INTERVAL '5 minutes' AND qty > 0) AS qty_5m",
  'max(amount) + min(amount) AS spread',
];
const POOL_EXTRA: readonly string[] = [
  'sum(extra) AS extra_sum',
  "count(extra) FILTER (WHERE ts > now() - INTERVAL '1 hour') AS extra_1h",
];
export const FEATURES = POOL.length;

/** Of a view, or of a request view. */
export function viewName({ name, version }: Named): string {
  return `${name}_v${version}`;
}

export function viewPath({ name, version }: Named): string {
  return `features/${name}/v${version}.sql`;
}

/** Views over a source that has lost a column still compile: it is left out. */
export function viewText(view: View, { hasExtra }: Declaration): string {
  const head = `-- remark ${view.remark}\n`;
  return head + (view.shape === 'rows' ? rowsText(view, hasExtra) : aggregateText(view, hasExtra));
}

/** Names of all columns but the keys. */
export function featuresOf(view: View, { hasExtra }: Declaration): readonly string[] {
  if (view.shape === 'rows')
    return ['ts', 'id', 'amount', ...(hasExtra ? ['extra'] : []), 'last_sum', 'n_1h', 'before'];
  return chosenOf(view, hasExtra).map((text) => text.slice(text.lastIndexOf(' ') + 1));
}

function chosenOf({ features, isRenamed }: View, hasExtra: boolean): readonly string[] {
  const pool = [...POOL, ...(hasExtra ? POOL_EXTRA : [])];
  const chosen = new Set(features.map((feature) => pool[feature % pool.length]!));
  return [...chosen].map((text) => (isRenamed ? `${text}_renamed` : text));
}

function aggregateText(view: View, hasExtra: boolean): string {
  const { source, byKind, within, having } = view;
  const keys = byKind ? ['card', 'kind'] : ['card'];
  const chosen = chosenOf(view, hasExtra);
  const where = within === null ? '' : `\nWHERE ts > now() - INTERVAL '${within} seconds'`;
  return `SELECT ${[...keys, ...chosen].join(',\n  ')}\nFROM ${source}${where}\nGROUP BY ${keys.join(', ')}${having ? '\nHAVING count(*) > 1' : ''}\n`;
}

function rowsText({ source, features, within }: View, hasExtra: boolean): string {
  const length = 1 + (features[0] ?? 0);
  const where = within === null ? '' : `\nWHERE ts > now() - INTERVAL '${within} seconds'`;
  return `SELECT card, ts, id, amount,${hasExtra ? ' extra,' : ''}
  sum(amount) OVER (PARTITION BY card ORDER BY ts, id ROWS BETWEEN ${length} PRECEDING AND CURRENT ROW) AS last_sum,
  count(*) OVER (PARTITION BY card ORDER BY ts RANGE BETWEEN INTERVAL '1 hour' PRECEDING AND CURRENT ROW) AS n_1h,
  lag(qty) OVER (PARTITION BY card ORDER BY ts, id) AS before
FROM ${source}${where}\n`;
}

export function keysOf({ byKind, shape }: View): readonly string[] {
  return shape === 'aggregate' && byKind ? ['card', 'kind'] : ['card'];
}
