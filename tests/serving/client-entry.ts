/** Stands for `fsc/runtime` in the client's test: the same surface, with the test's few kernels. */
export { connectClient } from '../../runtime/serving/client-runtime.ts';
export * from '../../runtime/state/rt.ts';

export const kernels = {};
