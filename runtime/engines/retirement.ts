/**
 * Views that a source of the run wrote, and writes no more: they were taken away, or read another source by now. A program that still has them so,
 * or has them so again, is not answered from rows that stood still.
 */
import type { OnlineStore } from '../stores/store.ts';
import type { Stamper } from './online-writer.ts';

/** In place of the fingerprint of a view: no program has a view with it. */
const RETIRED = '';

export class Retirement {
  readonly #store: OnlineStore;
  readonly #stamper: Stamper;
  readonly #left: { readonly source: string; readonly views: readonly string[] }[] = [];
  #done: Promise<void> | null = null;

  constructor(store: OnlineStore, stamper: Stamper) {
    this.#store = store;
    this.#stamper = stamper;
  }

  /** Before the first source of the run begins. */
  add(source: string, views: readonly string[]): void {
    this.#left.push({ source, views });
  }

  /** Before any source of the run writes, since a view may have gone from one to the other. */
  once(): Promise<void> {
    this.#done ??= this.#retire();
    return this.#done;
  }

  async #retire(): Promise<void> {
    for (const { source, views } of this.#left) for (const view of views) await this.#retireView(source, view);
  }

  async #retireView(source: string, view: string): Promise<void> {
    const last = await this.#store.heartbeat(view);
    if (last === null || last.fingerprint === RETIRED || !Object.hasOwn(last.positions, source)) return;
    await this.#store.write(this.#stamper.next(), [], { ...last, fingerprint: RETIRED });
  }
}
