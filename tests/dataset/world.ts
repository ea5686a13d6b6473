/** A small project of payments, random events and labels for training sets, and the value of a view by its own text, label by label. */
import { printInstant } from '../../compiler/backends/sql/print-const.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import { type CliResult, cli, jsonLines, project } from '../cli/in-process.ts';

export const HOUR = 3_600_000_000;
export const START = Date.UTC(2024, 1, 27) * 1000;

export const SOURCE = `-- @event_time paid_at
-- @lateness 1 hour
-- @known_time known_at
CREATE TABLE pay (
  id      bigint NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  card    text NOT NULL,
  amount  decimal(12,2),
  shop    text
);
`;

const WINDOWS = `SELECT card,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '2 hours') AS n_2h,
  sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS amount_1d,
  max(shop) FILTER (WHERE paid_at >= now() - INTERVAL '3 hours' AND amount > 10) AS shop_3h,
  min(amount) AS least,
  count(DISTINCT shop) FILTER (WHERE paid_at > now() - INTERVAL '6 hours') AS shops_6h
FROM pay GROUP BY card
`;
const CALENDAR = `SELECT card, count(*) AS n_month, avg(amount) AS mean
FROM pay WHERE paid_at >= date_trunc('month', now()) AND shop IS NOT NULL GROUP BY card HAVING count(*) > 1
`;
const LATEST = `SELECT card, amount, shop AS last_shop,
  sum(amount) OVER (PARTITION BY card ORDER BY paid_at RANGE BETWEEN INTERVAL '4 hours' PRECEDING AND CURRENT ROW) AS amount_4h,
  lag(shop) OVER (PARTITION BY card ORDER BY paid_at, id) AS shop_before
FROM pay
`;
const REQUEST = `-- @kind request
CREATE TABLE ask (card text NOT NULL, shop text, price decimal(12,2), bags integer DEFAULT 2);
`;
const RISK = `SELECT r.card, r.price, r.bags, coalesce(w.n_2h, 0) AS n_2h, w.amount_1d + r.price AS amount_with, l.last_shop = r.shop AS same_shop
FROM ask r LEFT JOIN windows_v1 w ON w.card = r.card LEFT JOIN latest_v1 l ON l.card = r.card
`;

export const VIEWS = { windows_v1: WINDOWS, calendar_v1: CALENDAR, latest_v1: LATEST } as const;

export const FILES = {
  'fsc.json': '{ "sources": { "pay": { "history": { "path": "pay.csv", "completeTo": "2030-01-01" } } } }',
  'features/sources/pay.sql': SOURCE,
  'features/sources/ask.sql': REQUEST,
  'features/windows/v1.sql': WINDOWS,
  'features/calendar/v1.sql': CALENDAR,
  'features/latest/v1.sql': LATEST,
  'features/risk/v1.sql': RISK,
};

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
}

export interface Payment {
  readonly id: number;
  readonly micros: number;
  readonly known: number;
  readonly card: string;
  readonly amount: string | null;
  readonly shop: string | null;
}

/** Few instants and few cards, so that ties are many; known up to five hours late. */
export function payments(random: Random, count: number): Payment[] {
  return Array.from({ length: count }, (_, i) => {
    const micros = START + random.below(200) * (HOUR / 2);
    return {
      id: 1 + ((i * 7919) % count),
      micros,
      known: micros + random.below(10) * (HOUR / 2),
      card: ['a', 'b', 'é', 'D "q",'][random.below(4)] as string,
      amount: random.below(8) === 0 ? null : `${random.below(60)}.${10 + random.below(90)}`,
      shop: random.below(6) === 0 ? null : `shop ${random.below(5)}`,
    };
  });
}

export function iso(micros: number): string {
  return `${new Date(micros / 1000).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, '0')}`;
}

export function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  const field = (value: string | number | null): string => {
    if (value === null) return '';
    return typeof value === 'string' && /[",\n]|^$/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);
  };
  return rows.map((row) => `${row.map(field).join(',')}\n`).join('');
}

export function paymentsCsv(rows: readonly Payment[]): string {
  const lines = rows.map((row) => [row.id, iso(row.micros), row.card, row.amount, row.shop, iso(row.known)]);
  return csv([['id', 'paid_at', 'card', 'amount', 'shop', 'known_at'], ...lines]);
}

export interface Label {
  /** Of the event that the label is; some know none. */
  readonly id: number | null;
  readonly card: string | null;
  readonly micros: number;
}

/** At events (their own), at instants of others, between them, before all, and of cards that nobody has. */
export function labels(random: Random, rows: readonly Payment[], count: number): Label[] {
  return Array.from({ length: count }, () => {
    const row = rows[random.below(rows.length)] as Payment;
    switch (random.below(6)) {
      case 0:
        return { id: null, card: row.card, micros: row.micros + random.below(HOUR) };
      case 1:
        return { id: null, card: random.below(2) === 0 ? null : 'nobody', micros: row.micros };
      case 2:
        return { id: row.id + 1, card: row.card, micros: row.micros };
      default:
        return { id: row.id, card: row.card, micros: row.micros };
    }
  });
}

export function labelsCsv(rows: readonly Label[], withId: boolean): string {
  const lines = rows.map(({ id, card, micros }, i) => [i, ...(withId ? [id] : []), card, `${iso(micros)}Z`]);
  return csv([['label', ...(withId ? ['id'] : []), 'card', 'as_of'], ...lines]);
}

export function world(files: Readonly<Record<string, string>>): { readonly root: string; readonly remove: () => void } {
  return project({ ...FILES, ...files });
}

export async function dataset(root: string, ...args: readonly string[]): Promise<CliResult> {
  return cli(['dataset', ...args], { cwd: root });
}

/** Rows on stdout as JSON objects. */
export async function rowsOf(root: string, ...args: readonly string[]): Promise<Record<string, unknown>[]> {
  const { code, out, err } = await dataset(root, ...args, '--out', '-', '--numbers', 'string');
  if (code !== 0) throw new Error(`exit ${code}: ${err}`);
  return jsonLines(out);
}

export interface Rule {
  readonly ties: 'include' | 'exclude';
  /** The labels carry the primary key. */
  readonly own: boolean;
  readonly knownTo: null | number | 'label';
}

/**
 * What the view's own text returns at the label's instant, over the records that the rule lets it see (design.md section 1): the referee, which
 * shares nothing with either engine.
 */
export class Referee {
  readonly #session: Awaited<ReturnType<typeof openDuckDb>>;

  private constructor(session: Awaited<ReturnType<typeof openDuckDb>>) {
    this.#session = session;
  }

  static async open(root: string): Promise<Referee> {
    const session = await openDuckDb({ threads: 1 });
    await session.run('SET integer_division = true');
    await session.run(
      `CREATE TABLE "all" AS SELECT id::BIGINT id, paid_at::TIMESTAMP paid_at, card, amount::DECIMAL(12,2) amount, nullif(shop, '') shop, known_at::TIMESTAMP known_at
       FROM read_csv('${root}/pay.csv', all_varchar = true, header = true)`,
    );
    return new Referee(session);
  }

  /** Texts of the features, in the order of the SELECT; all null where it has no row. */
  async features(text: string, label: Label, { ties, own, knownTo }: Rule): Promise<(string | null)[]> {
    const t = printInstant(label.micros);
    const isOwn = own ? `AND NOT coalesce(paid_at = ${t} AND id = ${label.id ?? 'NULL'}, FALSE)` : '';
    const known =
      knownTo === null ? '' : `AND known_at <= ${printInstant(knownTo === 'label' ? label.micros : knownTo)}`;
    const time = ties === 'include' || own ? `paid_at <= ${t}` : `paid_at < ${t}`;
    const records = `SELECT * EXCLUDE (known_at) FROM "all" WHERE ${time} ${ties === 'exclude' ? isOwn : ''} ${known}`;
    await this.#session.run(`CREATE OR REPLACE TEMP VIEW pay AS ${records}`);
    const isRows = text.includes(' OVER (');
    const order = isRows ? 'paid_at AS "o1", id AS "o2", ' : '';
    const query = text.replace('SELECT ', `SELECT ${order}`).replaceAll('now()', t);
    const card = label.card === null ? 'NULL' : `'${label.card.replaceAll("'", "''")}'`;
    const latest = isRows ? 'ORDER BY "o1" DESC, "o2" DESC LIMIT 1' : '';
    const reader = await this.#session.connection.runAndReadAll(
      `SELECT COLUMNS(c -> c NOT IN ('card', 'o1', 'o2'))::VARCHAR FROM (${query}) WHERE card = ${card} ${latest}`,
    );
    const [row] = reader.getRows();
    const width = reader.columnNames().length;
    return row === undefined
      ? new Array<null>(width).fill(null)
      : row.map((value) => (value === null ? null : String(value)));
  }

  close(): void {
    this.#session.close();
  }
}
