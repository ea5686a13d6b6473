/** Rows of a machine at one instant: against what a test expects, and against another machine. */
import type { Output, ViewPlan } from '../../compiler/plan/plan.ts';
import type { DuckDbSession } from '../../runtime/engines/duckdb/session.ts';
import { agree } from '../../runtime/values/agree.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { plainText, plainValue } from '../result-rows.ts';
import type { Place } from '../test-files.ts';
import { type RowTolerance, type Tolerances, tolerancesAt } from '../tolerances.ts';
import type { Row, TestWorld } from './machines.ts';
import { type Agrees, matchRows, type Wanted } from './match.ts';

export interface Failure {
  readonly machine: string;
  readonly place: Place;
  readonly asOf: string;
  /** Which row: its key, or what was asked of it. */
  readonly row: string;
  /** null: the whole row. */
  readonly column: string | null;
  readonly expected: string;
  readonly actual: string;
}

export interface ReadyExpectation {
  readonly place: Place;
  readonly asOf: string;
  readonly nowMicros: number;
  readonly rows: readonly { readonly place: Place; readonly wanted: Wanted }[];
}

/** A double in a test is what a person wrote of it. */
const WRITTEN_SHARE = 1e-9;

interface WantedRows {
  readonly rows: readonly Wanted[];
  readonly places: readonly Place[];
  /** How much of a double may be lost in writing it down. */
  readonly share: number;
  /** Who says so, where that is not the test. */
  readonly by: string | null;
}

export class Check {
  /** Holds the records that count, in relations named like the sources. */
  readonly #session: DuckDbSession;
  readonly #view: ViewPlan;
  readonly #requests: readonly Row[];
  readonly #expectation: ReadyExpectation;
  readonly #keys: readonly number[];
  readonly #inexact: ReadonlySet<number>;
  #tolerances: Tolerances | null = null;

  constructor(session: DuckDbSession, world: TestWorld, expectation: ReadyExpectation) {
    const { entity, features } = world.view.spec;
    this.#session = session;
    this.#view = world.view;
    this.#requests = world.requests;
    this.#expectation = expectation;
    this.#keys = entity.map((column) => column.ordinal);
    this.#inexact = new Set(
      features.filter((feature) => feature.agreement === 'double').map((feature) => feature.ordinal),
    );
  }

  expected(machine: string, actual: readonly Row[]): Promise<readonly Failure[]> {
    const { rows } = this.#expectation;
    const wanted = rows.map((row) => row.wanted);
    const places = rows.map((row) => row.place);
    return this.#compare(machine, { rows: wanted, places, share: WRITTEN_SHARE, by: null }, actual);
  }

  /** All columns, against the rows of another machine. */
  agreement(
    machine: string,
    actual: readonly Row[],
    other: string,
    reference: readonly Row[],
  ): Promise<readonly Failure[]> {
    const rows = reference.map((row): Wanted => new Map(row.entries()));
    const places = reference.map(() => this.#expectation.place);
    return this.#compare(machine, { rows, places, share: 0, by: other }, actual);
  }

  async #compare(machine: string, wanted: WantedRows, actual: readonly Row[]): Promise<readonly Failure[]> {
    const agrees: Agrees = (ordinal, value, row) =>
      agree(this.#type(ordinal), value, row[ordinal] as Value, this.#written(ordinal, value, wanted.share));
    const { pairs, missing, unexpected } = matchRows(wanted.rows, actual, this.#keys, agrees);
    const isClean =
      missing.length + unexpected.length === 0 &&
      pairs.every(([at, found]) =>
        [...(wanted.rows[at] as Wanted)].every(([ordinal, value]) => agrees(ordinal, value, actual[found] as Row)),
      );
    return isClean ? [] : this.#differences(machine, wanted, actual);
  }

  /** Values are not what was written, to the digit: the tolerances of these very values decide. */
  async #differences(machine: string, wanted: WantedRows, actual: readonly Row[]): Promise<readonly Failure[]> {
    const tolerances = await this.#tolerancesOf(actual);
    const agrees: Agrees = (ordinal, value, row) =>
      agree(
        this.#type(ordinal),
        value,
        row[ordinal] as Value,
        this.#allowed(ordinal, value, wanted.share, tolerances(row)),
      );
    const { pairs, missing, unexpected } = matchRows(wanted.rows, actual, this.#keys, agrees);
    const { asOf } = this.#expectation;
    const expectedText = (text: string): string => (wanted.by === null ? text : `${text} by ${wanted.by}`);
    const failures: Failure[] = [];
    for (const [at, found] of pairs) {
      const row = actual[found] as Row;
      for (const [ordinal, value] of wanted.rows[at] as Wanted) {
        if (agrees(ordinal, value, row)) continue;
        failures.push({
          machine,
          place: wanted.places[at] as Place,
          asOf,
          row: this.#label(wanted.rows[at] as Wanted, row),
          column: this.#output(ordinal).name,
          expected: expectedText(this.#text(ordinal, value)),
          actual: this.#text(ordinal, row[ordinal] as Value),
        });
      }
    }
    for (const at of missing) {
      const row = wanted.rows[at] as Wanted;
      if (this.#mayVanish(row)) continue;
      const place = wanted.places[at] as Place;
      const expected = expectedText(this.#shown(row));
      failures.push({ machine, place, asOf, row: this.#label(row, null), column: null, expected, actual: 'no row' });
    }
    for (const found of unexpected) {
      const row = actual[found] as Row;
      if (tolerances(row).mayVanish) continue;
      const { place } = this.#expectation;
      const whole = this.#shown(new Map(row.entries()));
      failures.push({
        machine,
        place,
        asOf,
        row: this.#label(null, row),
        column: null,
        expected: expectedText('no row'),
        actual: whole,
      });
    }
    return failures;
  }

  /** By row: of its entity, or, since a row does not tell its request, the widest of all requests. */
  async #tolerancesOf(rows: readonly Row[]): Promise<(row: Row) => RowTolerance> {
    this.#tolerances ??= await tolerancesAt(this.#session, this.#view, this.#expectation.nowMicros);
    const tolerances = this.#tolerances;
    if (this.#view.kind !== 'request') {
      const known = new Map(rows.map((row) => [row, tolerances.of(this.#keys.map((key) => row[key] as Value))]));
      return (row) => known.get(row) as RowTolerance;
    }
    const all = this.#requests.map((request) => tolerances.of(request));
    const values = this.#view.outputs.map((_, ordinal) =>
      this.#inexact.has(ordinal) ? Math.max(0, ...all.map((one) => one.values[ordinal] ?? 0)) : null,
    );
    const widest = { values, mayVanish: all.some((one) => one.mayVanish) };
    return () => widest;
  }

  #mayVanish(row: Wanted): boolean {
    if (this.#tolerances === null || this.#view.kind === 'request') return false;
    if (this.#keys.some((key) => !row.has(key))) return false;
    return this.#tolerances.of(this.#keys.map((key) => row.get(key) as Value)).mayVanish;
  }

  #written(ordinal: number, value: Value, share: number): number | null {
    if (!this.#inexact.has(ordinal)) return null;
    return typeof value === 'number' && Number.isFinite(value) ? Math.abs(value) * share : 0;
  }

  #allowed(ordinal: number, value: Value, share: number, tolerance: RowTolerance): number | null {
    const own = tolerance.values[ordinal] ?? null;
    return own === null ? null : Math.max(own, this.#written(ordinal, value, share) ?? 0);
  }

  #output(ordinal: number): Output {
    return this.#view.outputs[ordinal] as Output;
  }

  #type(ordinal: number): SqlType {
    return this.#output(ordinal).type;
  }

  #text(ordinal: number, value: Value): string {
    return plainValue(value, this.#type(ordinal));
  }

  /** The row's key, or what is asked of it. */
  #label(wanted: Wanted | null, actual: Row | null): string {
    const keys = this.#keys.flatMap((key) => {
      const value = actual?.[key] ?? wanted?.get(key);
      return value === undefined ? [] : [`${plainText(this.#output(key).name)}=${this.#text(key, value)}`];
    });
    if (keys.length > 0) return keys.join(' ');
    return this.#shown(wanted ?? new Map((actual ?? []).entries()));
  }

  #shown(row: Wanted): string {
    const fields = [...row].map(([ordinal, value]) => {
      return `${plainText(this.#output(ordinal).name)}: ${this.#text(ordinal, value)}`;
    });
    return `{ ${fields.join(', ')} }`;
  }
}
