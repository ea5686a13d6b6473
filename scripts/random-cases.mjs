// How processes that run random cases are started.

/** Later versions of V8 have other tiers, and refuse the flag. */
const TIERING = process.versions.v8.startsWith('11.') ? ['--interrupt-budget=400000'] : [];

/**
 * What is generated for a case is soon thrown away. V8 waits longer than it does by itself before it optimises code, and has room enough that it
 * need not collect the whole heap every few cases.
 */
export const NODE_FLAGS = [...TIERING, '--initial-old-space-size=256', '--min-semi-space-size=16'];

/** DuckDB answers one question at a time: always on the same thread, its memory stays near. */
export const ENVIRONMENT = { UV_THREADPOOL_SIZE: '1' };
