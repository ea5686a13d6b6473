/** Records of the sources of a life, as the model knows them and as files and stdin have them. */
import type { Random } from '../generators/random.ts';

/** What makes a record one that fsc can't take. `extra`: only where the source has that column. */
export type Flaw = 'none' | 'json' | 'qty' | 'card' | 'range' | 'ahead' | 'extra';

export interface Rec {
  readonly id: number;
  /** Seconds. */
  readonly ts: number;
  readonly card: string;
  readonly kind: string;
  readonly amount: number | null;
  readonly qty: number | null;
  readonly extra: number | null;
  /** When it is known, to a source whose files say so. */
  readonly seen: number;
  readonly flaw: Flaw;
}

export type FileKind = 'jsonl' | 'csv' | 'parquet';

export const START = Date.UTC(2024, 2, 1) / 1000;
const RANGE = Date.UTC(1969, 5, 1) / 1000;
const AHEAD = Date.UTC(2150, 0, 1) / 1000;
export const CARDS = ['ann', 'bob', 'çem', 'd d', ''];
export const KINDS = ['p', 'q'];

/** The instant that the record claims. */
export function timeOf({ ts, flaw }: Rec): number {
  if (flaw === 'range') return RANGE;
  return flaw === 'ahead' ? AHEAD : ts;
}

export function isoOf(seconds: number): string {
  return new Date(Math.round(seconds * 1000)).toISOString().replace(/\.000Z$/, 'Z');
}

export function sqlInstant(seconds: number): string {
  return `TIMESTAMP '${isoOf(seconds).replace('T', ' ').replace('Z', '')}'`;
}

export function jsonLine(rec: Rec): string {
  if (rec.flaw === 'json') return `{"id": ${rec.id}, broken`;
  const { id, kind } = rec;
  const qty = rec.flaw === 'qty' ? 'many' : rec.qty;
  const extra = rec.flaw === 'extra' ? 'much' : rec.extra;
  return JSON.stringify({
    id,
    ts: isoOf(timeOf(rec)),
    ...(rec.flaw === 'card' ? {} : { card: rec.card }),
    kind,
    ...(rec.amount === null ? {} : { amount: rec.amount }),
    qty,
    ...(extra === null ? {} : { extra }),
    seen: isoOf(rec.seen),
  });
}

const COLUMNS = ['id', 'ts', 'card', 'kind', 'amount', 'qty', 'extra', 'seen'];

export function csvText(records: readonly Rec[]): string {
  return [COLUMNS.join(','), ...records.map(csvLine), ''].join('\n');
}

export function csvLine(rec: Rec): string {
  const { id, flaw, card, kind, amount, qty, extra } = rec;
  const cells = [
    flaw === 'json' ? `${id}x` : id,
    isoOf(timeOf(rec)),
    flaw === 'card' ? null : `"${card}"`,
    kind,
    amount,
    flaw === 'qty' ? 'many' : qty,
    flaw === 'extra' ? 'much' : extra,
    isoOf(rec.seen),
  ];
  return cells.map((cell) => cell ?? '').join(',');
}

/** For DuckDB; a Parquet file has no fields of another type, only missing ones. */
export function sqlRow(rec: Rec): string {
  const { id, flaw, card, kind, amount, qty, extra } = rec;
  const text = flaw === 'card' ? 'NULL' : `'${card}'`;
  return `(${id}, ${sqlInstant(timeOf(rec))}, ${text}, '${kind}', ${amount ?? 'NULL'}, ${qty ?? 'NULL'}, ${extra ?? 'NULL'}, ${sqlInstant(rec.seen)})`;
}

export const SQL_COLUMNS =
  'id BIGINT, ts TIMESTAMP, card VARCHAR, kind VARCHAR, amount DECIMAL(12,2), qty INTEGER, extra INTEGER, seen TIMESTAMP';

/** Hands out records whose time goes on by and large, with doubles, corrections and late ones among them. */
export class RecordMaker {
  readonly #random: Random;
  readonly #flaws: readonly Flaw[];
  readonly #given: Rec[] = [];
  #now = START;
  #id = 0;

  constructor(random: Random, flaws: readonly Flaw[]) {
    this.#random = random;
    this.#flaws = flaws;
  }

  get now(): number {
    return this.#now;
  }

  some(count: number): Rec[] {
    return Array.from({ length: count }, () => this.#next());
  }

  #next(): Rec {
    const r = this.#random;
    if (this.#given.length > 0 && r.chance(0.12)) return this.#again();
    this.#now += r.choose([
      [3, r.int(0, 30)],
      [5, r.int(0, 900)],
      [1, r.int(0, 30_000)],
      [0.2, r.int(0, 200_000)],
    ]);
    const behind = r.choose([
      [6, 0],
      [2, r.int(0, 400)],
      [0.6, r.pick([300, 301, 305, 306, 600, 601, 605])],
      [0.5, r.int(0, 20_000)],
    ]);
    this.#id += 1;
    const rec: Rec = {
      id: this.#id,
      ts: this.#now - behind,
      card: r.pick(CARDS),
      kind: r.pick(KINDS),
      amount: r.chance(0.12) ? null : r.int(-600, 3000) / 100,
      qty: r.chance(0.15) ? null : r.int(-3, 9),
      extra: r.chance(0.6) ? null : r.int(0, 5),
      seen:
        this.#now +
        r.choose([
          [3, 0],
          [2, r.int(0, 600)],
          [1, r.int(0, 40_000)],
        ]),
      flaw: this.#flaws.length > 0 && r.chance(0.1) ? r.pick(this.#flaws) : 'none',
    };
    this.#given.push(rec);
    return rec;
  }

  /** The same once more, or corrected, or under the key of another time. */
  #again(): Rec {
    const r = this.#random;
    const old = r.chance(0.7)
      ? this.#given[this.#given.length - 1 - r.int(0, Math.min(6, this.#given.length - 1))]!
      : r.pick(this.#given);
    return r.choose<Rec>([
      [3, old],
      [3, { ...old, amount: r.int(1, 3000) / 100, card: r.pick(CARDS), flaw: 'none' }],
      [1, { ...old, ts: this.#now, flaw: 'none' }],
    ]);
  }
}
