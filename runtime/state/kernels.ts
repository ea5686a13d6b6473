import { SCALARS } from '../functions/index.generated.ts';
import type { Value } from '../values/types.ts';

/** Every kernel of every scalar function, by name: what generated code calls as `k.NAME(…)`. */
export const kernels: Readonly<Record<string, (...args: never[]) => Value>> = Object.assign(
  Object.create(null),
  ...SCALARS.map((scalar) => scalar.kernels),
);
