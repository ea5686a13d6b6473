/**
 * What the state of six window features takes, a bigint key: bytes an entity and a kept event, and ten million entities in one process with
 * the longest pause: `node tests/bench/run.mjs state [--json]`.
 */

import type { Memory } from '../../runtime/state/program.ts';
import { AIRPORT_VIEW } from './flights.ts';
import { BATCH_ROWS, batchesOf, DAY_MICROS, makeFlights, newState, programOf, take } from './programs.ts';
import { report } from './report.ts';

const program = programOf({ airport: AIRPORT_VIEW }, 'bigint');

function memoryOf(entities: number, events: number): Memory {
  const state = newState(program);
  for (const batch of batchesOf(makeFlights(events, entities, 7 * DAY_MICROS), entities, 'bigint')) take(state, batch);
  return state.memory();
}

/** An entity has its first block for one event too: where it has few, each costs more. */
function bytesEach(): void {
  const many = memoryOf(500_000, 8_000_000);
  report('state', 'a kept event, 16 an entity', many.eventBytes / many.keptEvents, 'bytes', { most: 32 });
  report('state', 'an entity', (many.bytes - many.eventBytes) / many.entities, 'bytes', { most: 200 });
  const few = memoryOf(500_000, 2_000_000);
  report('state', 'a kept event, 4 an entity', few.eventBytes / few.keptEvents, 'bytes');
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
