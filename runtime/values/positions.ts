/**
 * Positions name every partition that was consumed, and a history may be of thousands of files. From batch to batch few of them move, so a position
 * may be made of entries that stay (`done`, one object for all of them) and of those that moved, and is told by what moved since another.
 */
export type Entries<T> = Readonly<Record<string, T>>;

export interface Position<T> {
  readonly partitions: Entries<T>;
}

interface Parts<T> {
  readonly done: Entries<T>;
  readonly moved: Entries<T>;
}

const PARTS = new WeakMap<Position<unknown>, Parts<unknown>>();

/** `moved` takes the place of entries of `done`, which must not change any more. They are put together where somebody asks for all. */
export function grownPosition<T>(done: Entries<T>, moved: Entries<T>): Position<T> {
  let all: Entries<T> | null = null;
  const position = {
    get partitions() {
      all ??= Object.assign(Object.create(null), done, moved) as Entries<T>;
      return all;
    },
  };
  PARTS.set(position, { done, moved });
  return position;
}

/** Without putting them together. */
export function entryOf<T>(position: Position<T>, name: string): T | undefined {
  const [last, first] = partsOf(position);
  return last[name] ?? first?.[name];
}

/** What it is made of; what comes first counts. */
export function partsOf<T>(position: Position<T>): readonly [Entries<T>] | readonly [Entries<T>, Entries<T>] {
  const parts = PARTS.get(position) as Parts<T> | undefined;
  return parts === undefined ? [position.partitions] : [parts.moved, parts.done];
}

/** Entries of `now` that are not, as the same objects, in `since`. null: one of `since` is gone, so that these would not tell `now`. */
export function movedSince<T>(since: Position<T>, now: Position<T>): Entries<T> | null {
  const [moved, done] = partsOf(now);
  const [before, stayed] = partsOf(since);
  return done !== undefined && done === stayed
    ? movedEntries(before, moved)
    : movedEntries(since.partitions, now.partitions);
}

function movedEntries<T>(since: Entries<T>, now: Entries<T>): Entries<T> | null {
  const moved: Record<string, T> = Object.create(null);
  let kept = 0;
  for (const [name, entry] of Object.entries(now)) {
    if (Object.hasOwn(since, name)) kept += 1;
    if (since[name] !== entry) moved[name] = entry;
  }
  return kept === Object.keys(since).length ? moved : null;
}

/** Entries up to which it does not matter whether they are told again. */
export const FEW = 64;
/** One part in so many. */
const SHARE = 4;

/**
 * Tells positions, one after the other: all of one as often as it takes, and of the others what moved since the last that was told as a whole. So what
 * is told of `n` partitions takes no more room than some multiple of `n`, and a constant a position.
 */
export class PositionTeller<T> {
  #whole: Position<T> | null;

  /** `whole`: the last that was told as a whole; null: none was. */
  constructor(whole: Position<T> | null = null) {
    this.#whole = whole;
  }

  /** null: as a whole; from now on it is the one that others go on from. */
  moved(now: Position<T>): Entries<T> | null {
    const moved = this.#whole === null ? null : movedSince(this.#whole, now);
    if (moved !== null && !isMuch(moved, now)) return moved;
    this.#whole = now;
    return null;
  }

  /** The next is told as a whole. */
  reset(): void {
    this.#whole = null;
  }
}

function isMuch<T>(moved: Entries<T>, now: Position<T>): boolean {
  const count = Object.keys(moved).length;
  return count > FEW && count * SHARE > Object.keys(now.partitions).length;
}
