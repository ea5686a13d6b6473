/**
 * Views that a source of the run wrote, and writes no more: they were taken away, or read another source by now. A program that still has them so,
 * or has them so again, is not answered from rows that stood still. The store knows which there are, even of a run that was killed at once.
 */
import type { OnlineStore } from '../stores/store.ts';
import type { Stamper } from './online-writer.ts';

/** In place of the fingerprint of a view: no program has a view with it. */
const RETIRED = '';

export class Retirement {
  readonly #store: OnlineStore;
  readonly #stamper: Stamper;
  readonly #viewsOf = new Map<string, ReadonlySet<string>>();
  #done: Promise<void> | null = null;

  constructor(store: OnlineStore, stamper: Stamper) {
    this.#store = store;
    this.#stamper = stamper;
  }

  /** Before the first source of the run begins: what it writes. */
  add(source: string, views: readonly string[]): void {
    this.#viewsOf.set(source, new Set(views));
  }

  /** Before any source of the run writes, since a view may have gone from one to the other. */
  once(): Promise<void> {
    this.#done ??= this.#retire();
    return this.#done;
  }

  async #retire(): Promise<void> {
    for (const view of await this.#store.heartbeats()) {
      const last = await this.#store.heartbeat(view);
      // Of another view: a flipped bit in the name that it stands under.
      if (last === null || last.fingerprint === RETIRED || last.view !== view) continue;
      const isLeft = Object.keys(last.positions).some((source) => this.#viewsOf.get(source)?.has(view) === false);
      if (isLeft) await this.#store.write(this.#stamper.next(), [], { ...last, fingerprint: RETIRED });
    }
  }
}
