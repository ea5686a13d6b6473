/** Programs of SQL text, and batches of flights as a reader of Parquet gives them. */
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { GroupState, Program } from '../../runtime/state/program.ts';
import type { ColumnBatch, ColumnVector } from '../../runtime/values/batch.ts';
import { flightsSource, SPAN_DAYS, START } from './flights.ts';

export const HOUR_MICROS = 3_600_000_000;
export const DAY_MICROS = 24 * HOUR_MICROS;
export const START_MICROS = Date.parse(`${START}Z`) * 1000;
export const BATCH_ROWS = 16_384;

export type KeyKind = 'text' | 'bigint';

/** A program of views over flights, by name. */
export function programOf(views: Readonly<Record<string, string>>, key: KeyKind = 'text'): Program {
  const source = flightsSource('none').replace(/origin {6}text/, `origin      ${key}`);
  const files = new Map([['features/sources/flights.sql', source]]);
  for (const [name, sql] of Object.entries(views)) files.set(`features/${name}/v1.sql`, sql);
  const { plan, diagnostics } = compileProject(files);
  if (plan === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return loadProgram(emitProject(plan));
}

export function newState(program: Program, group = 0): GroupState {
  const first = program.groups[group];
  if (first === undefined) throw new Error('no group');
  return first.create({ errors: { count: () => {} }, entityHint: 0 });
}

/** Flights in order of departure, evenly over the span, each of a random origin. */
export interface Flights {
  readonly times: Float64Array;
  readonly origins: Int32Array;
  /** NaN: NULL. */
  readonly delays: Float64Array;
  readonly distances: Float64Array;
}

export function makeFlights(count: number, entities: number, spanMicros = SPAN_DAYS * DAY_MICROS): Flights {
  const flights = {
    times: new Float64Array(count),
    origins: new Int32Array(count),
    delays: new Float64Array(count),
    distances: new Float64Array(count),
  };
  let seed = 1;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return Math.floor(((seed >>> 0) / 4294967296) * below);
  };
  const step = spanMicros / count;
  for (let i = 0; i < count; i++) {
    flights.times[i] = START_MICROS + Math.floor(i * step);
    flights.origins[i] = next(entities);
    flights.delays[i] = next(50) === 0 ? Number.NaN : next(200) - 40;
    flights.distances[i] = 100 + next(2400);
  }
  return flights;
}

let dictionarySerial = 1;

/** Codes and texts as the readers' interners give them: a text has the next code when it is seen first. */
function interned(
  origins: Int32Array,
  entities: number,
): { readonly codes: Int32Array; readonly dictionary: string[] } {
  const codeOf = new Int32Array(entities).fill(-1);
  const dictionary: string[] = [];
  const codes = origins.map((origin) => {
    if (codeOf[origin] === -1) codeOf[origin] = dictionary.push(`K${origin}`) - 1;
    return codeOf[origin] as number;
  });
  return { codes, dictionary };
}

/** The same batch object again and again would hide what a reader's own buffers cost: each has its own. */
export function* batchesOf(flights: Flights, entities: number, key: KeyKind): Generator<ColumnBatch> {
  const texts = key === 'text' ? interned(flights.origins, entities) : null;
  const dictionaryId = dictionarySerial++;
  const numeric = (values: Float64Array, nulls: Uint8Array | null = null): ColumnVector => ({
    kind: 'numeric',
    values,
    nulls,
    wide: null,
  });
  for (let from = 0; from < flights.times.length; from += BATCH_ROWS) {
    const to = Math.min(flights.times.length, from + BATCH_ROWS);
    const delays = flights.delays.slice(from, to);
    const nulls = Uint8Array.from(delays, (delay) => (Number.isNaN(delay) ? 1 : 0));
    for (let i = 0; i < delays.length; i++) if (nulls[i] === 1) delays[i] = 0;
    const origin: ColumnVector =
      texts === null
        ? numeric(Float64Array.from(flights.origins.subarray(from, to)))
        : {
            kind: 'text',
            strings: null,
            codes: texts.codes.subarray(from, to),
            dictionary: texts.dictionary,
            dictionaryId,
            nulls: null,
          };
    const none: ColumnVector = {
      kind: 'text',
      strings: null,
      codes: new Int32Array(to - from),
      dictionary: ['JFK'],
      dictionaryId: 0,
      nulls: null,
    };
    const columns = [numeric(flights.times.slice(from, to)), origin, none, numeric(delays, nulls)];
    yield { length: to - from, columns: [...columns, numeric(flights.distances.slice(from, to))] };
  }
}

export const EVERY_ROW = Int32Array.from({ length: BATCH_ROWS }, (_, i) => i);

/** The batch's events, and everything before its last one settled: no lateness. */
export function take(state: GroupState, batch: ColumnBatch): void {
  state.ingest(batch, EVERY_ROW, batch.length);
  state.settle((batch.columns[0] as { values: Float64Array }).values[batch.length - 1] as number);
}
