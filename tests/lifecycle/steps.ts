/** The steps of a life: each stands for itself, so that a life that fails may be told without most of them. */
import { Random } from '../generators/random.ts';
import {
  type Declaration,
  FEATURES,
  type Inputs,
  isSortedHistory,
  type Order,
  type View,
  viewName,
} from './declaration.ts';
import type { SourcePlan } from './project-world.ts';
import { type FileKind, type Flaw, type Rec, RecordMaker } from './records.ts';
import type { Request } from './request.ts';

export interface Stop {
  /** `abort`: as by Ctrl-C. `kill`: what is on the disk at that moment is all that is left. */
  readonly how: 'abort' | 'kill';
  /** Of stdin after so many records; of files after so many milliseconds. */
  readonly after: number;
}

export type Step =
  | {
      readonly kind: 'grow';
      readonly source: string;
      readonly records: readonly Rec[];
      readonly isNewFile: boolean;
    }
  | { readonly kind: 'run'; readonly sent: readonly Rec[]; readonly isRebuilt: boolean; readonly stop: Stop | null }
  /** Up to an instant. */
  | { readonly kind: 'batch'; readonly at: number; readonly sent: readonly Rec[] }
  | { readonly kind: 'declare'; readonly source: string; readonly change: Partial<Declaration> }
  /** Added, or changed in place, or moved to another source. */
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'drop'; readonly name: string; readonly version: number }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string }
  /** By its name and version, to another source. */
  | { readonly kind: 'move'; readonly view: string; readonly source: string }
  /** The names of two views, versions too. */
  | { readonly kind: 'swap'; readonly views: readonly [string, string] }
  /** A source, with its views. */
  | { readonly kind: 'remove'; readonly source: string }
  /** Sources that were removed, and some views of theirs. */
  | { readonly kind: 'restore'; readonly views: readonly View[] }
  /** A source has no location; all have theirs again. */
  | { readonly kind: 'unplug'; readonly source: string }
  | { readonly kind: 'plug' }
  | { readonly kind: 'reorder'; readonly source: string; readonly order: Order }
  | { readonly kind: 'retry'; readonly verdict: string | null }
  | { readonly kind: 'compile' }
  /** A file that was consumed is changed, and put back. */
  | { readonly kind: 'spoil' }
  /** The same project elsewhere, without what fsc made. */
  | { readonly kind: 'fresh' };

export interface LifePlan {
  readonly seed: number;
  readonly sources: readonly SourcePlan[];
  readonly views: readonly View[];
  readonly requests: readonly Request[];
  readonly steps: readonly Step[];
}

const INPUTS: readonly (readonly [number, FileKind | null, boolean])[] = [
  [3, 'jsonl', false],
  [4, 'jsonl', true],
  [3, null, true],
  [2, 'csv', false],
  [2, 'csv', true],
  [1, 'parquet', false],
  [2, 'parquet', true],
];
const ORDERS: readonly (readonly [number, Order])[] = [
  [4, null],
  [1, 'none'],
  [1, 'arrival'],
];

/** `isSecond`: another source reads stdin. */
function inputsOf(random: Random, isSecond: boolean): Inputs {
  const choices = INPUTS.filter(([, , hasStdin]) => !isSecond || !hasStdin);
  const [, files, hasStdin] = random.choose(choices.map((choice) => [choice[0], choice] as const));
  return { files, order: files === null ? null : random.choose(ORDERS), hasStdin };
}

const FILE_FLAWS: readonly Flaw[] = ['json', 'qty', 'card', 'extra'];
const STDIN_FLAWS: readonly Flaw[] = ['json', 'qty', 'card', 'extra', 'range', 'ahead'];
const LATENESS = [300, 300, 600, 60, 0, 3600];
const NAMES = ['card', 'busy', 'seen'];
const REQUESTS = ['model', 'score'];
const SOURCES = ['tx', 'pay', 'visit'];

export function planLife(seed: number): LifePlan {
  const random = new Random(seed);
  return new Planner(random, seed).plan();
}

/** A source as the planner sees it. */
class Producer {
  readonly plan: SourcePlan;
  readonly #random: Random;
  readonly #records: RecordMaker;
  #last: readonly Rec[] = [];

  constructor(random: Random, name: string, hasReader: boolean) {
    const inputs = inputsOf(random, hasReader);
    // A file has no clock, so that nothing is ahead of it.
    const flaws = inputs.hasStdin ? STDIN_FLAWS : FILE_FLAWS;
    this.#random = random;
    this.#records = new RecordMaker(random, random.chance(0.3) ? [] : flaws);
    this.plan = { name, inputs, declared: this.#declaration() };
  }

  /** Of one of the last records, or thereabouts. */
  instant(): number {
    const r = this.#random;
    if (this.#last.length > 0 && r.chance(0.6)) return r.pick(this.#last).ts;
    return this.#records.now + r.int(-2000, 3000);
  }

  #declaration(): Declaration {
    const r = this.#random;
    return {
      lateness: r.pick(LATENESS),
      above: r.pick([null, null, 0, -3]),
      isOnly: r.chance(0.15),
      isPartitioned: r.chance(0.2),
      hasSeen: r.chance(0.3),
      hasExtra: r.chance(0.15),
      remark: 0,
    };
  }

  grow(count: number): readonly Step[] {
    if (this.plan.inputs.files === null) return [];
    const records = this.#records.some(count).map((rec): Rec => {
      // Of a history before stdin too: there is no clock in a file.
      return rec.flaw === 'ahead' || rec.flaw === 'range' ? { ...rec, flaw: 'none' } : rec;
    });
    this.#last = records;
    return [{ kind: 'grow', source: this.plan.name, records, isNewFile: this.#random.chance(0.4) }];
  }

  send(): readonly Rec[] {
    const r = this.#random;
    // The producer begins where it, or the history, was before.
    const again = r.chance(0.4) ? this.#last.slice(-r.int(1, 8)) : [];
    const count = r.choose([
      [1, 0],
      [4, r.int(1, 10)],
      [1, r.int(10, 40)],
    ]);
    this.#last = [...again, ...this.#records.some(count)];
    return this.#last;
  }

  change(): Step {
    const r = this.#random;
    const change = r.choose<Partial<Declaration>>([
      [3, { lateness: r.pick(LATENESS) }],
      [3, { above: r.pick([null, 0, -3, 3, 8]) }],
      [1.5, { isOnly: r.chance(0.5) }],
      [1.5, { hasExtra: r.chance(0.6) }],
      [1, { remark: r.int(1, 9) }],
    ]);
    return { kind: 'declare', source: this.plan.name, change };
  }
}

class Planner {
  readonly #random: Random;
  readonly #seed: number;
  readonly #producers: readonly Producer[];
  readonly #reader: Producer | null;
  readonly #views: View[] = [];
  /** It has a request view. */
  readonly #asks: boolean;

  constructor(random: Random, seed: number) {
    this.#random = random;
    this.#seed = seed;
    const count = random.choose([
      [5, 1],
      [4, 2],
      [1, 3],
    ]);
    const producers: Producer[] = [];
    for (const name of SOURCES.slice(0, count)) {
      const hasReader = producers.some(({ plan }) => plan.inputs.hasStdin);
      producers.push(new Producer(random, name, hasReader));
    }
    this.#producers = producers;
    this.#asks = random.chance(0.4);
    this.#reader = producers.find(({ plan }) => plan.inputs.hasStdin) ?? null;
  }

  plan(): LifePlan {
    const r = this.#random;
    const views = this.#producers.map(({ plan }, i) => this.#view(NAMES[i]!, 1, plan.name));
    const requests = this.#asks ? [this.#request()] : [];
    const steps: Step[] = this.#producers.flatMap((producer) => producer.grow(r.int(1, 25)));
    const count = r.int(4, 14);
    while (steps.length < count) steps.push(...this.#step());
    steps.push(this.#run(false));
    return { seed: this.#seed, sources: this.#producers.map(({ plan }) => plan), views, requests, steps };
  }

  #step(): readonly Step[] {
    const r = this.#random;
    const hasStdin = this.#reader !== null;
    const producer = r.pick(this.#producers);
    return r.choose<() => readonly Step[]>([
      [7, () => [this.#run(true)]],
      [1, () => [{ ...this.#run(true), isRebuilt: true }]],
      [producer.plan.inputs.hasStdin ? 0.7 : 4, () => producer.grow(r.int(0, 12))],
      [2, () => [this.#batch(producer)]],
      [3, () => [producer.change()]],
      [2.5, () => [{ kind: 'view', view: this.#view(r.pick(NAMES), r.int(1, 2), producer.plan.name) }]],
      // As it was before: rows of then may still stand somewhere.
      [1, () => [{ kind: 'view', view: r.pick(this.#views) }]],
      [1.5, () => this.#edited()],
      [this.#asks ? 1 : 0, () => [{ kind: 'request', request: this.#request() }]],
      [0.7, () => [{ kind: 'drop', name: r.pick(NAMES), version: r.int(1, 2) }]],
      [0.5, () => [{ kind: 'rename', name: r.pick(NAMES), to: r.pick(NAMES) }]],
      [this.#producers.length > 1 ? 1 : 0, () => [{ kind: 'move', view: this.#name(), source: producer.plan.name }]],
      [1.2, () => this.#awayForAWhile(producer)],
      [0.7, () => [{ kind: 'swap', views: [this.#name(), this.#name()] }]],
      [this.#producers.length > 1 ? 1.5 : 0, () => this.#goneForAWhile(producer)],
      [this.#producers.length > 1 ? 0.7 : 0, () => this.#mute(producer)],
      [0.5, () => this.#reordered(producer)],
      [1.2, () => [{ kind: 'retry', verdict: r.pick([null, null, 'constraint', 'late']) }]],
      [0.6, () => [{ kind: 'compile' }]],
      [0.4, () => [{ kind: 'spoil' }]],
      [hasStdin ? 0 : 0.6, () => [{ kind: 'fresh' }]],
    ])();
  }

  /** A source is removed, and put back with views that were there before. */
  #goneForAWhile({ plan }: Producer): readonly Step[] {
    const r = this.#random;
    const some = Array.from({ length: r.int(1, 3) }, () => this.#step()).flat();
    const own = this.#views.filter(({ source }) => source === plan.name);
    const views = r.sample(own, r.int(0, own.length));
    return [{ kind: 'remove', source: plan.name }, ...some, { kind: 'restore', views }];
  }

  #mute({ plan }: Producer): readonly Step[] {
    const some = Array.from({ length: this.#random.int(1, 3) }, () => this.#step()).flat();
    return [{ kind: 'unplug', source: plan.name }, ...some, { kind: 'plug' }];
  }

  /** Refused until it is put back, or all is made anew. */
  #reordered({ plan: { name: source, inputs } }: Producer): readonly Step[] {
    const r = this.#random;
    const order = isSortedHistory(inputs) ? 'arrival' : 'none';
    const then: Step = r.chance(0.5)
      ? { ...this.#run(false), isRebuilt: true }
      : { kind: 'reorder', source, order: inputs.order };
    return [{ kind: 'reorder', source, order }, this.#run(false), then];
  }

  #run(mayStop: boolean): Extract<Step, { kind: 'run' }> {
    const r = this.#random;
    const sent = this.#reader?.send() ?? [];
    const after = this.#reader === null ? r.int(0, 60) : r.int(0, sent.length);
    const stop: Stop | null = mayStop && r.chance(0.2) ? { how: r.pick(['abort', 'kill']), after } : null;
    return { kind: 'run', sent, isRebuilt: false, stop };
  }

  /** A view is taken away, or goes to another source, while its own goes on with another view; then it is as it was. */
  #awayForAWhile({ plan: { name: source } }: Producer): readonly Step[] {
    const r = this.#random;
    const [name, other] = r.shuffle(NAMES) as [string, string];
    const view = this.#view(name, 1, source);
    const away: Step = r.chance(0.5)
      ? { kind: 'drop', name, version: 1 }
      : { kind: 'move', view: viewName(view), source: r.pick(this.#producers).plan.name };
    const before: readonly Step[] = [
      { kind: 'view', view },
      { kind: 'view', view: this.#view(other, 1, source) },
      this.#run(false),
    ];
    const more = r.pick(this.#producers).grow(r.int(1, 5));
    return [
      ...before,
      away,
      ...more,
      this.#run(false),
      { kind: 'view', view },
      ...(r.chance(0.5) ? [this.#run(false)] : []),
    ];
  }

  /** Of some view that there is, or was. */
  #name(): string {
    return viewName(this.#random.pick(this.#views));
  }

  /** A view with the aggregates that it had: the state is as good as it was, and no row is. Then, perhaps, it is as it was. */
  #edited(): readonly Step[] {
    const r = this.#random;
    const before: Step = { kind: 'view', view: r.pick(this.#views) };
    const isRenamed = r.chance(0.6);
    const edited: Step = { kind: 'view', view: { ...before.view, isRenamed, having: !isRenamed || r.chance(0.5) } };
    const back = r.chance(0.6) ? [before, this.#run(false)] : [];
    return [before, this.#run(true), edited, this.#run(true), ...back];
  }

  #batch(producer: Producer): Step {
    const sent = this.#reader?.send() ?? [];
    return { kind: 'batch', at: producer.instant(), sent };
  }

  #request(): Request {
    const r = this.#random;
    const joins = Array.from({ length: r.int(1, 3) }, () => ({
      view: `${r.pick(NAMES)}_v${r.choose([
        [4, 1],
        [1, 2],
      ])}`,
      isInner: r.chance(0.2),
    }));
    const remark = r.int(0, 2);
    return { name: r.pick(REQUESTS), version: 1, joins, isCold: r.chance(0.5), remark };
  }

  #view(name: string, version: number, source: string): View {
    const r = this.#random;
    const shape = r.chance(0.25) ? 'rows' : 'aggregate';
    const view: View = {
      source,
      name,
      version,
      shape,
      features: Array.from({ length: r.int(1, 5) }, () => r.int(0, FEATURES + 1)),
      byKind: r.chance(0.25),
      within: r.chance(0.3) ? r.pick([600, 3600, 86_400, 259_200]) : null,
      having: r.chance(0.15),
      isRenamed: false,
      remark: r.int(0, 2),
    };
    this.#views.push(view);
    return view;
  }
}
