/** Online rows of one view against batch rows, value by value, at one instant. */
import { type OwnTextLimits, ownTextLimits } from '../../compiler/backends/sql/own-text.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { type Answer, isNotOnline, type Lookup, type NotOnline } from '../../runtime/serving/lookup.ts';
import { agree } from '../../runtime/values/agree.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { Value } from '../../runtime/values/types.ts';
import { ownValue, RAISES } from '../own-text.ts';
import { keyText, type RowTolerance, type Tolerances } from '../tolerances.ts';
import type { Batch, Row } from './batch.ts';

export interface Difference {
  /** The entity's values; of a request view the request's. */
  readonly keys: Row;
  /** Ordinal of the SELECT; null: the row as a whole. */
  readonly ordinal: number | null;
  /** A value, or, of a whole row, its values; null: there is none. */
  readonly online: Value | Row;
  readonly batch: Value | Row;
  /** undefined: it was not asked. */
  readonly own: Value | Row | undefined;
}

export interface Comparison {
  /** Entities, or requests. */
  compared: number;
  /** In values of features; a row without any counts as one value. */
  agreed: number;
  differed: number;
  /** The stored steps do not speak for the instant. */
  notOnline: number;
  /** Why the file's own text was not compared; null: it was. */
  ownLeftOut: string | null;
  /** Ordinals of columns that were not compared with the text, for it raises there; all where it has no rows without raising. */
  ownRaises: ReadonlySet<number>;
  /** What DuckDB says to the text, where it refuses it. */
  ownFault: string | null;
  /** The first ones. */
  readonly differences: Difference[];
}

/** So many are kept to be shown. */
export const SHOWN_DIFFERENCES = 20;
const KEYS_PER_LOOKUP = 1000;
/** The own text's rows are held in memory: above this it is left out. */
const OWN_ROWS = 500_000;
const TOO_MANY = 'too many rows';
const REFUSED = 'DuckDB refuses it';
const OTHER_ROWS = 'its conditions may mean something else in DuckDB';

export interface CompareOptions {
  readonly view: ViewPlan;
  readonly batch: Batch;
  readonly lookup: Lookup;
  readonly nowMicros: number;
  /** Of a request view. */
  readonly requests: readonly Row[];
  readonly signal: AbortSignal;
}

export async function compareView(options: CompareOptions): Promise<Comparison> {
  const comparer = new Comparer(options);
  return options.view.kind === 'request' ? comparer.requests() : comparer.entities();
}

type Found = Answer | NotOnline;

class Comparer {
  readonly #options: CompareOptions;
  readonly #features: readonly number[];
  readonly #keys: readonly number[];
  /** What a row as a whole counts. */
  readonly #rowValues: number;
  readonly #limits: OwnTextLimits;
  readonly #result: Comparison = {
    compared: 0,
    agreed: 0,
    differed: 0,
    notOnline: 0,
    ownLeftOut: null,
    ownRaises: new Set(),
    ownFault: null,
    differences: [],
  };
  #tolerances: Tolerances | null = null;

  constructor(options: CompareOptions) {
    const { entity, features } = options.view.spec;
    this.#options = options;
    this.#features = features.map((feature) => feature.ordinal);
    this.#keys = entity.map((column) => column.ordinal);
    this.#rowValues = Math.max(1, features.length);
    this.#limits = ownTextLimits(options.view);
  }

  async entities(): Promise<Comparison> {
    const { view, batch, nowMicros, signal } = this.#options;
    const own = await this.#ownRows((row) => this.#keyOf(row));
    const seen = new Set<string>();
    for await (const part of batch.rows(view, nowMicros)) {
      for (let from = 0; from < part.length; from += KEYS_PER_LOOKUP) {
        signal.throwIfAborted();
        const rows = part.slice(from, from + KEYS_PER_LOOKUP);
        const keys = rows.map((row) => this.#keys.map((ordinal) => row[ordinal] as Value));
        const found = await this.#lookUp(keys);
        for (const [i, row] of rows.entries()) {
          const key = this.#keyOf(row);
          seen.add(key);
          await this.#compare(
            keys[i] as Row,
            found[i] as Found,
            row,
            own === null ? undefined : (own.get(key) ?? null),
          );
        }
      }
    }
    await this.#onlineOnly(seen, own);
    await this.#ownOnly(seen, own);
    return this.#result;
  }

  async requests(): Promise<Comparison> {
    const { view, batch, nowMicros, requests } = this.#options;
    const own = await this.#ownRows((row) => String(row[0]));
    const rows = new Map<number, Row>();
    for await (const part of batch.rows(view, nowMicros)) {
      for (const [request, ...row] of part) rows.set(request as number, row);
    }
    const found = await this.#lookUp(requests);
    for (const [i, request] of requests.entries()) {
      const ownRow = own === null ? undefined : (own.get(String(i))?.slice(1) ?? null);
      await this.#compare(request, found[i] as Found, rows.get(i) ?? null, ownRow);
    }
    return this.#result;
  }

  #keyOf(row: Row): string {
    return keyText(this.#keys.map((ordinal) => row[ordinal] as Value));
  }

  async #ownRows(keyOf: (row: Row) => string): Promise<ReadonlyMap<string, Row> | null> {
    const { view, batch, nowMicros } = this.#options;
    if (this.#limits.rows) return this.#leaveOut(OTHER_ROWS);
    try {
      const own = await batch.ownRows(view, nowMicros, OWN_ROWS);
      if (own === 'too many') return this.#leaveOut(TOO_MANY);
      this.#result.ownRaises = own === 'raises' ? new Set(this.#features) : own.raising;
      return own === 'raises' ? this.#leaveOut(RAISES) : new Map(own.rows.map((row) => [keyOf(row), row]));
    } catch (error) {
      // The other views, and what was emitted for this one, are compared all the same.
      if (!(error instanceof FscError) || error.code !== 'FSC7350' || error.exitCode !== 1) throw error;
      this.#result.ownFault = error.message;
      return this.#leaveOut(REFUSED);
    }
  }

  #leaveOut(why: string): null {
    this.#result.ownLeftOut = why;
    return null;
  }

  async #lookUp(keys: readonly Row[]): Promise<readonly Found[]> {
    const { view, lookup, nowMicros } = this.#options;
    const [answers] = await lookup.tryViews([{ view: view.spec.name, keys }], nowMicros);
    return answers as Found[];
  }

  /** Entities that online has and DuckDB has not. */
  async #onlineOnly(seen: ReadonlySet<string>, own: ReadonlyMap<string, Row> | null): Promise<void> {
    const { view, lookup, nowMicros, signal } = this.#options;
    for await (const { keys, answer } of lookup.scanAll(view.spec.name, nowMicros)) {
      signal.throwIfAborted();
      const key = keyText(keys);
      if (seen.has(key)) continue;
      const ownRow = own === null ? undefined : (own.get(key) ?? null);
      // No row anywhere: that agrees, and there is nothing to count.
      if (!isNotOnline(answer) && answer.row === null && (ownRow === undefined || ownRow === null)) continue;
      await this.#compare(keys, answer, null, ownRow);
    }
  }

  /** Entities that only the own text has. */
  async #ownOnly(seen: ReadonlySet<string>, own: ReadonlyMap<string, Row> | null): Promise<void> {
    for (const [key, row] of own ?? []) {
      if (seen.has(key)) continue;
      const keys = this.#keys.map((ordinal) => row[ordinal] as Value);
      const [found] = await this.#lookUp([keys]);
      // Those that online knows were compared in passing through its rows.
      if (found !== undefined && !isNotOnline(found) && found.row === null) await this.#compare(keys, found, null, row);
    }
  }

  async #compare(keys: Row, found: Found, batch: Row | null, own: Row | null | undefined): Promise<void> {
    const result = this.#result;
    result.compared += 1;
    // `exact` says here that the steps cover the instant: how fresh they are does not matter.
    if (isNotOnline(found) || !found.meta.exact) {
      result.notOnline += this.#rowValues;
      return;
    }
    const sides = own === undefined ? [batch] : [batch, own];
    if (sides.some((side) => (side === null) !== (found.row === null))) {
      await this.#comparePresence(keys, found.row, batch, own);
      return;
    }
    if (this.#features.length === 0) result.agreed += 1;
    for (const ordinal of this.#features) {
      const online = found.row === null ? null : (found.row[ordinal] as Value);
      const isEqual = await this.#agreeAll(keys, ordinal, online, sides);
      if (isEqual) result.agreed += 1;
      else
        this.#differ({
          keys,
          ordinal,
          online,
          batch: batch?.[ordinal] ?? null,
          own: own === undefined || this.#result.ownRaises.has(ordinal) ? undefined : (own?.[ordinal] ?? null),
        });
    }
  }

  async #comparePresence(keys: Row, online: Row | null, batch: Row | null, own: Row | null | undefined): Promise<void> {
    const { mayVanish } = await this.#toleranceOf(keys);
    if (mayVanish) this.#result.agreed += this.#rowValues;
    else this.#differ({ keys, ordinal: null, online, batch, own }, this.#rowValues);
  }

  /** `sides`: the emitted SQL's row, then, where it was asked, the own text's. */
  async #agreeAll(keys: Row, ordinal: number, online: Value, sides: readonly (Row | null)[]): Promise<boolean> {
    const type = this.#options.view.outputs[ordinal]?.type;
    if (type === undefined) throw new Error(`no output ${ordinal}`);
    const emitted = sides[0]?.[ordinal] ?? null;
    const isLeftOut = this.#limits.columns.has(ordinal) || this.#result.ownRaises.has(ordinal);
    const asked = isLeftOut ? sides.slice(0, 1) : sides;
    const others = asked.map((side) => ownValue(type, side?.[ordinal] ?? null, emitted));
    if (others.every((other) => agree(type, other, online, null))) return true;
    const tolerance = (await this.#toleranceOf(keys)).values[ordinal] ?? null;
    return tolerance !== null && others.every((other) => agree(type, other, online, tolerance));
  }

  async #toleranceOf(keys: Row): Promise<RowTolerance> {
    const { batch, view, nowMicros } = this.#options;
    this.#tolerances ??= await batch.tolerances(view, nowMicros);
    return this.#tolerances.of(keys);
  }

  #differ(difference: Difference, values = 1): void {
    this.#result.differed += values;
    if (this.#result.differences.length < SHOWN_DIFFERENCES) this.#result.differences.push(difference);
  }
}
