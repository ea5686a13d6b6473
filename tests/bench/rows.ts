/**
 * How long online rows of fifty features become: an entity whose future has ten steps, and one with ten thousand:
 * `node tests/bench/run.mjs rows [--json]`. A step changes one window's count and mean, as an event that leaves it does.
 */
import { RowBuilder } from '../../runtime/stores/row-builder.ts';
import { RowKeys } from '../../runtime/stores/row-key.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { FakeWalk, type Step } from '../serving/steps.ts';
import { report } from './report.ts';

const FEATURES = 50;
const START = Date.UTC(2001, 0, 28) * 1000;
const MINUTE = 60_000_000;
const FLUSH = 1_000_000;

const slotTypes = Array.from({ length: FEATURES }, (_, i): SqlType => ({ kind: i % 2 === 0 ? 'bigint' : 'double' }));

function future(steps: number): Step[] {
  let slots: Value[] = slotTypes.map((_, i) => (i % 2 === 0 ? 10_000 + i : (i * 1000) / 7));
  const all: Step[] = [{ at: START, hasRow: true, slots }];
  for (let step = 1; step <= steps; step++) {
    slots = [...slots];
    const window = 2 * (step % (FEATURES / 2));
    slots[window] = (slots[window] as number) - 1;
    slots[window + 1] = (slots[window + 1] as number) * 0.999 + 1;
    all.push({ at: START + step * MINUTE, hasRow: true, slots });
  }
  return all;
}

function measure(steps: number, most: number): void {
  const keys = new RowKeys({
    namespace: '',
    view: 'wide_v1',
    fingerprint: 'wide_v1',
    entityTypes: [{ kind: 'text', maxLength: null }],
  });
  const builder = new RowBuilder(slotTypes, keys);
  const options = { budget: 'stream', flushIntervalMicros: FLUSH, generation: 1, jitterSeed: 1 } as const;
  const built = builder.build(new FakeWalk(future(steps)), ['card'], options);
  const bytes = built?.rows.reduce((sum, row) => sum + (row.value?.length ?? 0), 0) ?? Number.NaN;
  report('rows', `50 features, ${steps} future steps`, bytes, 'bytes', { most });
  const renewAt = built?.renewAtMicros ?? null;
  if (renewAt === null) return;
  // In time: before the row's steps are used up, and not at every flush.
  report('rows', `50 features, ${steps} future steps: renewed after`, (renewAt - START) / 1e6, 's', {
    least: FLUSH / 1e6,
  });
}

measure(10, 3 * 1024);
measure(10_000, 64 * 1024);
