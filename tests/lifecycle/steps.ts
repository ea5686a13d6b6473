/** The steps of a life: each stands for itself, so that a life that fails may be told without most of them. */
import { Random } from '../generators/random.ts';
import { type Declaration, FEATURES, type Inputs, type View } from './declaration.ts';
import { type Flaw, type Rec, RecordMaker } from './records.ts';

export interface Stop {
  /** `abort`: as by Ctrl-C. `kill`: what is on the disk at that moment is all that is left. */
  readonly how: 'abort' | 'kill';
  /** Of stdin after so many records; of files after so many milliseconds. */
  readonly after: number;
}

export type Step =
  | { readonly kind: 'grow'; readonly records: readonly Rec[]; readonly isNewFile: boolean }
  | { readonly kind: 'run'; readonly sent: readonly Rec[]; readonly isRebuilt: boolean; readonly stop: Stop | null }
  /** Up to an instant; only of files. */
  | { readonly kind: 'batch'; readonly at: number }
  | { readonly kind: 'declare'; readonly change: Partial<Declaration> }
  /** Added, or changed in place. */
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'drop'; readonly name: string; readonly version: number }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string }
  | { readonly kind: 'retry'; readonly verdict: string | null }
  | { readonly kind: 'compile' }
  /** A file that was consumed is changed, and put back. */
  | { readonly kind: 'spoil' }
  /** The same project elsewhere, without what fsc made. */
  | { readonly kind: 'fresh' };

export interface LifePlan {
  readonly seed: number;
  readonly inputs: Inputs;
  readonly declared: Declaration;
  readonly view: View;
  readonly steps: readonly Step[];
}

const INPUTS: readonly (readonly [number, Inputs])[] = [
  [3, { files: 'jsonl', hasStdin: false }],
  [4, { files: 'jsonl', hasStdin: true }],
  [3, { files: null, hasStdin: true }],
  [2, { files: 'csv', hasStdin: false }],
  [2, { files: 'csv', hasStdin: true }],
  [1, { files: 'parquet', hasStdin: false }],
  [2, { files: 'parquet', hasStdin: true }],
];

const FILE_FLAWS: readonly Flaw[] = ['json', 'qty', 'card', 'extra'];
const STDIN_FLAWS: readonly Flaw[] = ['json', 'qty', 'card', 'extra', 'range', 'ahead'];
const LATENESS = [300, 300, 600, 60, 0, 3600];
const NAMES = ['card', 'busy', 'seen'];

export function planLife(seed: number): LifePlan {
  const random = new Random(seed);
  return new Planner(random, seed).plan();
}

class Planner {
  readonly #random: Random;
  readonly #seed: number;
  readonly #inputs: Inputs;
  readonly #files: RecordMaker;
  readonly #views: View[] = [];
  #last: readonly Rec[] = [];

  constructor(random: Random, seed: number) {
    this.#random = random;
    this.#seed = seed;
    this.#inputs = random.choose(INPUTS);
    // A file has no clock, so that nothing is ahead of it.
    const flaws = this.#inputs.hasStdin ? STDIN_FLAWS : FILE_FLAWS;
    const isClean = random.chance(0.3);
    this.#files = new RecordMaker(random, isClean ? [] : flaws);
  }

  plan(): LifePlan {
    const r = this.#random;
    const declared: Declaration = {
      lateness: r.pick(LATENESS),
      above: r.pick([null, null, 0, -3]),
      isOnly: r.chance(0.15),
      isPartitioned: r.chance(0.2),
      hasExtra: r.chance(0.15),
      remark: 0,
    };
    const view = this.#view('card', 1);
    const steps: Step[] = [];
    if (this.#inputs.files !== null) steps.push(...this.#grow(r.int(1, 25)));
    const count = r.int(4, 14);
    while (steps.length < count) steps.push(...this.#step());
    steps.push(this.#run(false));
    return { seed: this.#seed, inputs: this.#inputs, declared, view, steps };
  }

  #step(): readonly Step[] {
    const r = this.#random;
    return r.choose<() => readonly Step[]>([
      [7, () => [this.#run(true)]],
      [1, () => [{ ...this.#run(true), isRebuilt: true }]],
      [this.#inputs.hasStdin ? 0.7 : 4, () => this.#grow(r.int(0, 12))],
      [this.#inputs.hasStdin ? 0 : 1, () => [{ kind: 'batch', at: this.#files.now + r.int(-2000, 3000) }]],
      [3, () => [{ kind: 'declare', change: this.#change() }]],
      [2.5, () => [{ kind: 'view', view: this.#view(r.pick(NAMES), r.int(1, 2)) }]],
      // As it was before: rows of then may still stand somewhere.
      [1, () => [{ kind: 'view', view: r.pick(this.#views) }]],
      [0.7, () => [{ kind: 'drop', name: r.pick(NAMES), version: r.int(1, 2) }]],
      [0.5, () => [{ kind: 'rename', name: r.pick(NAMES), to: r.pick(NAMES) }]],
      [1.2, () => [{ kind: 'retry', verdict: r.pick([null, null, 'constraint', 'late']) }]],
      [0.6, () => [{ kind: 'compile' }]],
      [0.4, () => [{ kind: 'spoil' }]],
      [this.#inputs.hasStdin ? 0 : 0.6, () => [{ kind: 'fresh' }]],
    ])();
  }

  #grow(count: number): readonly Step[] {
    const records = this.#files.some(count).map((rec): Rec => {
      // Of a history before stdin too: there is no clock in a file.
      return rec.flaw === 'ahead' || rec.flaw === 'range' ? { ...rec, flaw: 'none' } : rec;
    });
    this.#last = records;
    return [{ kind: 'grow', records, isNewFile: this.#random.chance(0.4) }];
  }

  #run(mayStop: boolean): Extract<Step, { kind: 'run' }> {
    const r = this.#random;
    const sent: Rec[] = [];
    if (this.#inputs.hasStdin) {
      // The producer begins where it, or the history, was before.
      if (r.chance(0.4)) sent.push(...this.#last.slice(-r.int(1, 8)));
      sent.push(
        ...this.#files.some(
          r.choose([
            [1, 0],
            [4, r.int(1, 10)],
            [1, r.int(10, 40)],
          ]),
        ),
      );
      this.#last = sent;
    }
    const stop: Stop | null =
      mayStop && r.chance(0.2)
        ? { how: r.pick(['abort', 'kill']), after: this.#inputs.hasStdin ? r.int(0, sent.length) : r.int(0, 60) }
        : null;
    return { kind: 'run', sent, isRebuilt: false, stop };
  }

  #change(): Partial<Declaration> {
    const r = this.#random;
    return r.choose<Partial<Declaration>>([
      [3, { lateness: r.pick(LATENESS) }],
      [3, { above: r.pick([null, 0, -3, 3, 8]) }],
      [1.5, { isOnly: r.chance(0.5) }],
      [1.5, { hasExtra: r.chance(0.6) }],
      [1, { remark: r.int(1, 9) }],
    ]);
  }

  #view(name: string, version: number): View {
    const r = this.#random;
    const shape = r.chance(0.25) ? 'rows' : 'aggregate';
    const view: View = {
      name,
      version,
      shape,
      features: Array.from({ length: r.int(1, 5) }, () => r.int(0, FEATURES + 1)),
      byKind: r.chance(0.25),
      within: r.chance(0.3) ? r.pick([600, 3600, 86_400, 259_200]) : null,
      having: r.chance(0.15),
      remark: r.int(0, 2),
    };
    this.#views.push(view);
    return view;
  }
}
