import { D2, groupBy, groupByOperators, MultiSet, output } from '@tanstack/db-ivm';

/** The same six features in @tanstack/db-ivm: an insert for an event that enters a window, a retraction for one that leaves. */
interface Row {
  readonly origin: string;
  readonly delay: number;
}

export interface IvmEvents {
  readonly times: Float64Array;
  readonly keys: Int32Array;
  readonly delays: Float64Array;
}

const HOUR = 3_600_000_000;
const WINDOWS = [HOUR, 24 * HOUR, 7 * 24 * HOUR];
const BATCH = 1000;

export function ivmRate(events: IvmEvents): number {
  const graph = new D2();
  const { avg, count, max, sum } = groupByOperators;
  const aggregates = [
    { n: count<Row>(), mean: avg<Row>((row) => row.delay) },
    { worst: max((row: Row) => row.delay), total: sum<Row>((row) => row.delay) },
    { long: sum<Row>((row) => (row.delay > 60 ? 1 : 0)), mean: avg<Row>((row) => row.delay) },
  ];
  let changes = 0;
  const inputs = aggregates.map((features) => {
    const input = graph.newInput<Row>();
    input.pipe(
      groupBy((row: Row) => ({ origin: row.origin }), features as never),
      output(() => {
        changes++;
      }),
    );
    return input;
  });
  graph.finalize();
  const rows = Array.from(
    events.times,
    (_, i): Row => ({ origin: `K${events.keys[i]}`, delay: events.delays[i] as number }),
  );
  const heads = [0, 0, 0];
  const start = performance.now();
  for (let from = 0; from < rows.length; from += BATCH) {
    const to = Math.min(rows.length, from + BATCH);
    const now = events.times[to - 1] as number;
    inputs.forEach((input, w) => {
      const delta: [Row, number][] = [];
      for (let i = from; i < to; i++) delta.push([rows[i] as Row, 1]);
      let head = heads[w] as number;
      while ((events.times[head] as number) <= now - (WINDOWS[w] as number)) delta.push([rows[head++] as Row, -1]);
      heads[w] = head;
      input.sendData(new MultiSet(delta));
    });
    graph.run();
  }
  if (changes === 0) throw new Error('nothing came out');
  return rows.length / ((performance.now() - start) / 1000);
}
