/** Expected rows against the rows of a machine, in any order. */
import type { Value } from '../../runtime/values/types.ts';

/** What is asked of a row, by ordinal of the SELECT; outputs that are not asked for are absent. */
export type Wanted = ReadonlyMap<number, Value>;

export interface Matching {
  /** Index of a wanted row and of the actual one that it was found to be, or is nearest to. */
  readonly pairs: readonly (readonly [wanted: number, actual: number])[];
  readonly missing: readonly number[];
  readonly unexpected: readonly number[];
}

export type Agrees = (ordinal: number, wanted: Value, actual: readonly Value[]) => boolean;

/**
 * Pairs as many rows as possible that agree in full. What is left over is paired by likeness: rows of one entity, or, without a key to tell
 * by, those that differ least.
 */
export function matchRows(
  wanted: readonly Wanted[],
  actual: readonly (readonly Value[])[],
  keys: readonly number[],
  agrees: Agrees,
): Matching {
  const differences = wanted.map((row) =>
    actual.map((candidate) =>
      [...row].filter(([ordinal, value]) => !agrees(ordinal, value, candidate)).map(([o]) => o),
    ),
  );
  const found = fullMatches(differences.map((row) => row.map((differing) => differing.length === 0)));
  const taken = new Set(found.filter((at) => at !== null));
  const free = new Set(actual.map((_, i) => i).filter((i) => !taken.has(i)));
  const pairs: (readonly [number, number])[] = [];
  const missing: number[] = [];
  found.forEach((at, row) => {
    if (at !== null) {
      pairs.push([row, at]);
      return;
    }
    const nearest = nearestOf(differences[row] as readonly (readonly number[])[], free, keys);
    if (nearest === null) missing.push(row);
    else {
      free.delete(nearest);
      pairs.push([row, nearest]);
    }
  });
  return { pairs, missing, unexpected: [...free] };
}

/** Maximum bipartite matching by augmenting paths: the index of each row's partner, or null. */
function fullMatches(fits: readonly (readonly boolean[])[]): (number | null)[] {
  const partner: (number | null)[] = fits.map(() => null);
  const owner = new Map<number, number>();
  const assign = (row: number, seen: Set<number>): boolean => {
    for (const [at, isFit] of (fits[row] as readonly boolean[]).entries()) {
      if (!isFit || seen.has(at)) continue;
      seen.add(at);
      const holder = owner.get(at);
      if (holder !== undefined && !assign(holder, seen)) continue;
      owner.set(at, row);
      partner[row] = at;
      return true;
    }
    return false;
  };
  fits.forEach((_, row) => {
    assign(row, new Set());
  });
  return partner;
}

function nearestOf(
  differences: readonly (readonly number[])[],
  free: ReadonlySet<number>,
  keys: readonly number[],
): number | null {
  let best: number | null = null;
  for (const at of free) {
    const differing = differences[at] as readonly number[];
    if (differing.some((ordinal) => keys.includes(ordinal))) continue;
    if (best === null || differing.length < (differences[best] as readonly number[]).length) best = at;
  }
  return best;
}
