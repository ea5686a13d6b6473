import type { Io } from './io.ts';

/** What each command has told of, by name: several parts of one may come upon the same. */
export class ToldOnce {
  readonly #told = new WeakMap<Io, Set<string>>();

  /** True at the first call of a command with this name. */
  isFirst(io: Io, name: string): boolean {
    const told = this.#told.get(io) ?? new Set();
    if (told.has(name)) return false;
    this.#told.set(io, told.add(name));
    return true;
  }
}
