/**
 * Online rows of plans that no lookup is answered from: a view's heartbeat names its plan, and whoever has another is refused (FSC7203). They go
 * a commit at a time, beside what else a run does. Those of the plan that the heartbeat names stay until the run has its own in place.
 */
import type { Program } from '../state/program.ts';
import { keysOfOtherPlans } from '../stores/plan-sweep.ts';
import type { OnlineStore, StoredRow } from '../stores/store.ts';
import { ROWS_PER_WRITE, type Stamper } from './online-writer.ts';

export class Leftovers {
  readonly #store: OnlineStore;
  readonly #stamper: Stamper;
  readonly #namespace: string;
  /** By the view's name: what this run writes, whether or not its heartbeat says so yet. */
  readonly #fingerprints: ReadonlyMap<string, string>;

  constructor(store: OnlineStore, stamper: Stamper, namespace: string, program: Program) {
    this.#store = store;
    this.#stamper = stamper;
    this.#namespace = namespace;
    this.#fingerprints = new Map(program.views.map(({ spec }) => [spec.name, spec.fingerprint]));
  }

  /** One commit of deletions. True: nothing is left. */
  async sweepSome(): Promise<boolean> {
    const rows: StoredRow[] = [];
    for await (const key of this.#keys()) {
      rows.push({ key, value: null });
      if (rows.length === ROWS_PER_WRITE) break;
    }
    if (rows.length > 0) await this.#store.write(this.#stamper.next(), rows, null);
    return rows.length < ROWS_PER_WRITE;
  }

  async *#keys(): AsyncGenerator<Uint8Array> {
    for (const view of new Set([...this.#fingerprints.keys(), ...(await this.#store.heartbeats())])) {
      const last = await this.#store.heartbeat(view);
      if (last === null) continue;
      const own = this.#fingerprints.get(view);
      const kept = own === undefined ? [last.fingerprint] : [last.fingerprint, own];
      yield* keysOfOtherPlans(this.#store, this.#namespace, view, kept);
    }
  }
}
