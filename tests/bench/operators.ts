/**
 * Stream operators in memory, one core: events a second of CPU time for six window features at three numbers of entities, training-set probes,
 * and the same features in @tanstack/db-ivm: `node tests/bench/run.mjs operators [--json]`. Every window of every entity is brought up to the
 * settle line inside the time taken, and what a few entities have is counted again by hand.
 */
import type { GroupState, Program } from '../../runtime/state/program.ts';
import type { Value } from '../../runtime/values/types.ts';
import { AIRPORT_VIEW } from './flights.ts';
import { ivmRate } from './operators-ivm.ts';
import {
  batchesOf,
  DAY_MICROS,
  EVERY_ROW,
  type Flights,
  HOUR_MICROS,
  type KeyKind,
  makeFlights,
  newState,
  programOf,
  START_MICROS,
  take,
} from './programs.ts';
import { cpuSeconds, median, report } from './report.ts';

const EVENTS = 3_000_000;
const REPEATS = 3;
const CHECKED = 25;
const LABELS = 1_000_000;

/** A service holds its state; the engine drops compiled code when the last function that runs it is gone, and would compile it for each state. */
const held: GroupState[] = [];

/** Has the operators compiled once. */
function warmUp(program: Program, key: KeyKind): void {
  const flights = makeFlights(300_000, 1000);
  const state = newState(program);
  for (const batch of batchesOf(flights, 1000, key)) take(state, batch);
  state.takeDirty();
  held.push(state);
}

function ingest(program: Program, flights: Flights, entities: number, key: KeyKind): number {
  const ready = [...batchesOf(flights, entities, key)];
  const state = newState(program);
  const start = cpuSeconds();
  for (const batch of ready) take(state, batch);
  state.takeDirty();
  const seconds = cpuSeconds() - start;
  check(state, flights, entities, key);
  return flights.times.length / seconds;
}

/** A few entities at two instants, against the events one by one. */
function check(state: GroupState, flights: Flights, entities: number, key: KeyKind): void {
  const newest = flights.times[flights.times.length - 1] as number;
  const out: Value[] = [];
  for (let i = 0; i < CHECKED; i++) {
    const origin = Math.floor((i * entities) / CHECKED);
    const entity = state.entityId([key === 'text' ? `K${origin}` : origin]);
    for (const t of [newest, newest + 20 * HOUR_MICROS]) {
      const found = entity >= 0 && state.probe(0, entity, t, out);
      const expected = byHand(flights, origin, t);
      if (JSON.stringify(found ? out : null) !== JSON.stringify(expected))
        throw new Error(`${origin} has ${JSON.stringify(out)}, not ${JSON.stringify(expected)}`);
    }
  }
}

function byHand(flights: Flights, origin: number, t: number): Value[] | null {
  const mine: number[] = [];
  for (let i = 0; i < flights.times.length; i++) if (flights.origins[i] === origin) mine.push(i);
  if (mine.length === 0) return null;
  const last = (micros: number): number[] => mine.filter((i) => (flights.times[i] as number) > t - micros);
  const delays = (rows: readonly number[]): number[] =>
    rows.map((i) => flights.delays[i] as number).filter((delay) => !Number.isNaN(delay));
  const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
  const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : sum(values) / values.length);
  const [hour, day, week] = [last(HOUR_MICROS), last(DAY_MICROS), last(7 * DAY_MICROS)];
  return [
    hour.length,
    mean(delays(hour)),
    delays(day).length === 0 ? null : Math.max(...delays(day)),
    mean(delays(day)),
    delays(week).filter((delay) => delay > 60).length,
    week.length === 0 ? null : sum(week.map((i) => flights.distances[i] as number)),
  ];
}

/** A million labels over three million events in order of time, as `fsc dataset` does it. */
function replaySeconds(program: Program, entities: number): number {
  const span = 365 * DAY_MICROS;
  const ready = [...batchesOf(makeFlights(EVENTS, entities, span), entities, 'text')];
  const state = newState(program);
  const out: Value[] = [];
  const step = span / LABELS;
  let label = 0;
  let departures = 0;
  const instantOf = (index: number): number => START_MICROS + Math.floor(index * step);
  const start = cpuSeconds();
  for (const batch of ready) {
    state.ingest(batch, EVERY_ROW, batch.length);
    const newest = (batch.columns[0] as { values: Float64Array }).values[batch.length - 1] as number;
    for (; label < LABELS && instantOf(label) < newest; label++) {
      const entity = (label * 7919) % entities;
      if (entity < state.entityCount && state.probeInOrder(0, entity, instantOf(label), out))
        departures += out[0] as number;
    }
    state.settle(Math.min(newest, instantOf(label)));
  }
  if (departures === 0) throw new Error('nothing was counted');
  return cpuSeconds() - start;
}

function main(): void {
  const programs = {
    text: programOf({ airport: AIRPORT_VIEW }),
    bigint: programOf({ airport: AIRPORT_VIEW }, 'bigint'),
  };
  const goals: readonly [number, number][] = [
    [1000, 4e6],
    [100_000, 2.5e6],
    [1_000_000, 1.5e6],
  ];
  for (const key of ['text', 'bigint'] as const) warmUp(programs[key], key);
  let thousand = 0;
  for (const [entities, least] of goals) {
    const flights = makeFlights(EVENTS, entities);
    for (const key of ['text', 'bigint'] as const) {
      // V8 compiles again for another state of another size: the first run is left out, as are the first seconds of a service.
      const rates = Array.from({ length: 1 + REPEATS }, () => ingest(programs[key], flights, entities, key)).slice(1);
      if (entities === 1000 && key === 'text') thousand = median(rates);
      report('operators', `six features, ${entities} entities, ${key} key`, median(rates), 'events/CPU s', { least });
    }
  }
  report('operators', 'replay of 1 M labels over 3 M events', replaySeconds(programs.text, 300), 'CPU s');
  const { times, origins: keys, delays } = makeFlights(20_000, 1000);
  const ivm = ivmRate({ times, keys, delays: delays.map((delay) => (Number.isNaN(delay) ? 0 : delay)) });
  report('operators', 'the same in @tanstack/db-ivm, 1000 entities', ivm, 'events/s');
  report('operators', 'ratio to @tanstack/db-ivm', thousand / ivm, '×', { least: 20 });
}

main();
