import { PLAN_BYTES, planPrefix, viewPrefix } from './row-key.ts';
import type { OnlineStore } from './store.ts';

/**
 * Keys of a view's rows by all plans but those with these fingerprints. The plans are found from the last to the first, one step each, so that
 * the rows of those that stay are not read.
 */
export async function* keysOfOtherPlans(
  store: OnlineStore,
  namespace: string,
  view: string,
  fingerprints: readonly string[],
): AsyncGenerator<Uint8Array> {
  const prefix = viewPrefix(namespace, view);
  const kept = fingerprints.map((fingerprint) => planPrefix(prefix, fingerprint));
  let end = afterAll(prefix);
  for (;;) {
    const last = await store.floor(prefix, end);
    if (last === null) return;
    // No key is as short, so the next step finds the plan before.
    const plan = last.key.subarray(0, prefix.length + PLAN_BYTES);
    if (!kept.some((one) => Buffer.compare(one, plan) === 0)) for await (const { key } of store.scan(plan)) yield key;
    end = plan;
  }
}

/** Behind any key that starts so: what follows the hash is never 255. */
function afterAll(prefix: Uint8Array): Uint8Array {
  const out = new Uint8Array(prefix.length + PLAN_BYTES + 1).fill(255);
  out.set(prefix);
  return out;
}
