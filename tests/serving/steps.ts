/** Random step functions: what an entity's future may look like, for the row codec and the lookup. */
import fc from 'fast-check';
import type { FutureWalk } from '../../runtime/state/program.ts';
import { normaliseBigint } from '../../runtime/values/hybrid.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';

export interface Step {
  readonly at: number;
  readonly hasRow: boolean;
  readonly slots: readonly Value[];
}

export interface Future {
  readonly types: readonly SqlType[];
  /** In order of time; neighbours may be equal. */
  readonly steps: readonly Step[];
}

export const SLOT_TYPES: readonly SqlType[] = [
  { kind: 'smallint' },
  { kind: 'integer' },
  { kind: 'bigint' },
  { kind: 'decimal', precision: 38, scale: 4 },
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'real' },
  { kind: 'double' },
  { kind: 'boolean' },
  { kind: 'text', maxLength: null },
  { kind: 'date' },
  { kind: 'timestamp' },
  { kind: 'timestamptz' },
  { kind: 'interval' },
];

const safe = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 63, 64, 127, 128, 8191, 8192, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
);
const wide = fc.oneof(safe, fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map(normaliseBigint));
const double = fc
  .oneof(fc.double(), fc.constantFrom(0, Number.NaN, Infinity, -Infinity, 5e-324, 1.5))
  .map((x) => x + 0);
const text = fc.oneof(
  fc.constantFrom('', '0', '\u2028', '*/', '__proto__', '\ud83d\ude00'),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 120, maxLength: 140 }),
);

export function slotValue(type: SqlType): fc.Arbitrary<Value> {
  const value = (): fc.Arbitrary<Value> => {
    switch (type.kind) {
      case 'bigint':
      case 'decimal':
        return wide;
      case 'real':
        return double.map((x) => Math.fround(x) + 0);
      case 'double':
        return double;
      case 'boolean':
        return fc.boolean();
      case 'text':
        return text;
      case 'interval':
        return fc.record({ months: safe, days: safe, micros: safe }, { noNullPrototype: true });
      default:
        return safe;
    }
  };
  return fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 4, arbitrary: value() });
}

const DAY = 86_400_000_000;
const gap = fc.oneof(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 7200 }).map((seconds) => seconds * 1_000_000),
  fc.integer({ min: 1, max: 30 * DAY }),
);

/** Most steps change few slots, as windows do. */
export function futures(maxSteps: number): fc.Arbitrary<Future> {
  return fc
    .array(fc.constantFrom(...SLOT_TYPES), { minLength: 0, maxLength: 12 })
    .chain((types) =>
      fc.record({
        types: fc.constant(types),
        from: fc.integer({ min: -5_000_000, max: 7_000_000_000_000_000 }),
        base: fc.tuple(...types.map(slotValue)),
        changes: fc.array(
          fc.record({
            gap,
            hasRow: fc.constantFrom(true, true, true, false),
            slots: fc.array(
              types.length === 0
                ? fc.constant({ slot: 0, value: null as Value })
                : fc
                    .nat(types.length - 1)
                    .chain((slot) => slotValue(types[slot] as SqlType).map((value) => ({ slot, value }))),
              { maxLength: 4 },
            ),
          }),
          { maxLength: maxSteps },
        ),
        startsWithRow: fc.boolean(),
      }),
    )
    .map(({ types, from, base, changes, startsWithRow }) => {
      const steps: Step[] = [{ at: from, hasRow: startsWithRow, slots: base }];
      for (const change of changes) {
        const last = steps[steps.length - 1] as Step;
        const slots = [...last.slots];
        if (types.length > 0) for (const { slot, value } of change.slots) slots[slot] = value;
        steps.push({ at: last.at + change.gap, hasRow: change.hasRow, slots });
      }
      return { types, steps };
    });
}

/** The definition: the last step at or before t. */
export function stepAt(steps: readonly Step[], t: number): Step | null {
  let found: Step | null = null;
  for (const step of steps) if (step.at <= t) found = step;
  return found;
}

/** Instants worth asking for: each step's, its neighbours, far after the last. */
export function instantsOf(steps: readonly Step[]): number[] {
  const last = steps[steps.length - 1] as Step;
  return [...steps.flatMap(({ at }) => [at - 1, at, at + 1]), last.at + 400 * DAY];
}

export class FakeWalk implements FutureWalk {
  readonly out: Value[] = [];
  hasRow = false;
  atMicros = 0;
  readonly #steps: readonly Step[];
  #place = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#show();
  }

  next(): boolean {
    if (this.#place + 1 >= this.#steps.length) return false;
    this.#place++;
    this.#show();
    return true;
  }

  #show(): void {
    const step = this.#steps[this.#place] as Step;
    this.atMicros = step.at;
    this.hasRow = step.hasRow;
    this.out.length = 0;
    // Without a row the state leaves whatever it likes behind.
    for (let i = 0; i < step.slots.length; i++) this.out[i] = step.slots[i] as Value;
  }
}
