/**
 * What a stream costs as views and windows grow: `node tests/bench/run.mjs layout [--json]`. Thirty views that form five groups against five
 * views with the same windows, and three hundred windows in one group against fifty, in CPU time and in the same process.
 */
import type { GroupState, Program } from '../../runtime/state/program.ts';
import { batchesOf, DAY_MICROS, EVERY_ROW, type Flights, makeFlights, newState, programOf } from './programs.ts';
import { cpuSeconds, median, report } from './report.ts';

const ENTITIES = 1000;
const REPEATS = 3;
const GROUP_KEYS = ['origin', 'origin, destination', 'destination, origin', 'upper(origin)', 'destination'];
const SIZES = ['1 hour', '1 day', '7 days'];

/** Aggregates over the three windows: what view `variant` of a group selects. `null`: all of them. */
function select(keys: string, variant: number | null): string {
  const all = SIZES.flatMap((size, i) => {
    const filter = `FILTER (WHERE departed_at > now() - INTERVAL '${size}')`;
    return [`count(*) ${filter} AS n${i}`, `sum(distance) ${filter} AS miles${i}`];
  });
  const chosen = variant === null ? all : [all[variant], `max(departed_at) AS last${variant}`];
  const columns = variant === null ? [...all, 'max(departed_at) AS last'] : chosen;
  const named = keys === 'upper(origin)' ? 'upper(origin) AS code' : keys;
  return `SELECT ${[named, ...columns].join(', ')} FROM flights\nWHERE departed_at > now() - INTERVAL '7 days'\nGROUP BY ${keys}`;
}

function viewsOf(variants: readonly (number | null)[]): Record<string, string> {
  const views: Record<string, string> = {};
  for (const [group, keys] of GROUP_KEYS.entries())
    for (const [i, variant] of variants.entries()) views[`g${group}_${i}`] = select(keys, variant);
  return views;
}

/** Every group takes every batch, as a stream run does it. */
function secondsOf(program: Program, flights: Flights): number {
  const batches = [...batchesOf(flights, ENTITIES, 'text')];
  const states: readonly GroupState[] = program.groups.map((_, group) => newState(program, group));
  const start = cpuSeconds();
  for (const batch of batches) {
    const newest = (batch.columns[0] as { values: Float64Array }).values[batch.length - 1] as number;
    for (const state of states) {
      state.ingest(batch, EVERY_ROW, batch.length);
      state.settle(newest);
    }
  }
  for (const state of states) state.takeDirty();
  return cpuSeconds() - start;
}

function viewsAgainstGroups(): void {
  const few = programOf(viewsOf([null]));
  const many = programOf(viewsOf([0, 1, 2, 3, 4, 5]));
  if (few.groups.length !== 5 || many.groups.length !== 5 || many.views.length !== 30)
    throw new Error(`${few.groups.length} and ${many.groups.length} groups, ${many.views.length} views`);
  const flights = makeFlights(1_000_000, ENTITIES);
  const rates = (program: Program): number =>
    flights.times.length / median(Array.from({ length: REPEATS }, () => secondsOf(program, flights)));
  const [five, thirty] = [rates(few), rates(many)];
  report('layout', '5 views in 5 groups', five, 'events/CPU s');
  report('layout', '30 views in 5 groups, the same windows', thirty, 'events/CPU s');
  report('layout', '30 views to 5', thirty / five, '×', { least: 0.7 });
}

function windowed(count: number): Program {
  const columns = Array.from(
    { length: count },
    (_, i) => `count(*) FILTER (WHERE departed_at > now() - INTERVAL '${(i + 1) * 30} minutes') AS n${i}`,
  );
  return programOf({ wide: `SELECT origin, ${columns.join(', ')} FROM flights GROUP BY origin` });
}

function windowsInOneGroup(): void {
  const flights = makeFlights(300_000, ENTITIES, 14 * DAY_MICROS);
  const nanosOf = (count: number): number => {
    const program = windowed(count);
    const seconds = median(Array.from({ length: REPEATS }, () => secondsOf(program, flights)));
    return (seconds * 1e9) / flights.times.length / count;
  };
  const [fifty, most] = [nanosOf(50), nanosOf(300)];
  report('layout', '50 windows in one group', fifty, 'ns a window and event');
  report('layout', '300 windows in one group', most, 'ns a window and event');
  report('layout', '300 windows to 50', most / fifty, '×', { most: 1.5 });
}

viewsAgainstGroups();
windowsInOneGroup();
