/** Hybrid integers (types.ts): number while safe, bigint beyond. Exact arithmetic with a fast path that never makes a bigint. */
export type Hybrid = number | bigint;

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const BIG_MAX_SAFE = BigInt(MAX_SAFE);
export const INT64_MAX = 9223372036854775807n;
export const INT64_MIN = -9223372036854775808n;

export function normaliseBigint(value: bigint): Hybrid {
  return value <= BIG_MAX_SAFE && value >= -BIG_MAX_SAFE ? Number(value) : value;
}

export function addHybrid(a: Hybrid, b: Hybrid): Hybrid {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum <= MAX_SAFE && sum >= -MAX_SAFE) return sum;
  }
  return normaliseBigint(BigInt(a) + BigInt(b));
}

export function subHybrid(a: Hybrid, b: Hybrid): Hybrid {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (difference <= MAX_SAFE && difference >= -MAX_SAFE) return difference;
  }
  return normaliseBigint(BigInt(a) - BigInt(b));
}

export function mulHybrid(a: Hybrid, b: Hybrid): Hybrid {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (product <= MAX_SAFE && product >= -MAX_SAFE) return product === 0 ? 0 : product;
  }
  return normaliseBigint(BigInt(a) * BigInt(b));
}

export function negHybrid(a: Hybrid): Hybrid {
  return typeof a === 'number' ? (a === 0 ? 0 : -a) : normaliseBigint(-a);
}

/** Truncates towards zero, as both databases do. b is not 0. */
export function quotHybrid(a: Hybrid, b: Hybrid): Hybrid {
  if (typeof a === 'number' && typeof b === 'number') {
    const q = (a - (a % b)) / b;
    return q === 0 ? 0 : q;
  }
  return normaliseBigint(BigInt(a) / BigInt(b));
}

/** Sign of the dividend, as both databases do. b is not 0. */
export function remHybrid(a: Hybrid, b: Hybrid): Hybrid {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a % b;
    return r === 0 ? 0 : r;
  }
  return normaliseBigint(BigInt(a) % BigInt(b));
}

export function compareHybrid(a: Hybrid, b: Hybrid): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function fitsInt64(value: Hybrid): boolean {
  return typeof value === 'number' || (value <= INT64_MAX && value >= INT64_MIN);
}

/** Nearest double. */
export function hybridToNumber(value: Hybrid): number {
  return typeof value === 'number' ? value : Number(value);
}
