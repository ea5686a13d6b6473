/**
 * What the state of six window features takes, a bigint key: bytes an entity and a kept event, and ten million entities in one process with
 * the longest pause: `node --expose-gc tests/bench/run.mjs state [--json]`.
 */
import { AIRPORT_VIEW } from './flights.ts';
import { BATCH_ROWS, batchesOf, DAY_MICROS, makeFlights, newState, programOf, take } from './programs.ts';
import { report } from './report.ts';

const program = programOf({ airport: AIRPORT_VIEW }, 'bigint');

function memoryOf(entities: number, events: number): { entities: number; keptEvents: number; bytes: number } {
  const state = newState(program);
  for (const batch of batchesOf(makeFlights(events, entities, 7 * DAY_MICROS), entities, 'bigint')) take(state, batch);
  return state.memory();
}

/** The same entities with three times the events: what the events add is theirs, the rest is the entities'. */
function bytesEach(): void {
  const few = memoryOf(500_000, 2_000_000);
  const many = memoryOf(500_000, 8_000_000);
  const event = (many.bytes - few.bytes) / (many.keptEvents - few.keptEvents);
  const entity = (few.bytes - event * few.keptEvents) / few.entities;
  report('state', 'a kept event', event, 'bytes', { most: 32 });
  report('state', 'an entity', entity, 'bytes', { most: 200 });
}

function tenMillion(): void {
  const entities = 10_000_000;
  const state = newState(program);
  let longestMs = 0;
  let done = 0;
  // A part of the events at a time, so that they are not counted as state.
  for (let part = 0; part < 8; part++) {
    const flights = makeFlights(2_500_000, entities, DAY_MICROS);
    for (let i = 0; i < flights.times.length; i++) {
      flights.times[i] = (flights.times[i] as number) + part * DAY_MICROS;
      flights.origins[i] = Math.floor((done + i) / 2);
    }
    done += flights.times.length;
    for (const batch of batchesOf(flights, entities, 'bigint')) {
      const start = performance.now();
      take(state, batch);
      longestMs = Math.max(longestMs, performance.now() - start);
    }
    state.takeDirty();
  }
  const { entities: known, keptEvents, bytes } = state.memory();
  report('state', `${known} entities with ${keptEvents} kept events`, bytes / 2 ** 30, 'GiB of state');
  report('state', 'memory of the process then', process.memoryUsage().rss / 2 ** 30, 'GiB', { most: 6 });
  report('state', `longest pause of a batch of ${BATCH_ROWS}`, longestMs, 'ms', { most: 200 });
}

bytesEach();
tenMillion();
