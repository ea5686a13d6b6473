// How processes that run random cases are started.

/**
 * What is generated for a case is soon thrown away. V8 waits longer than it does by itself before it optimises code, and has room enough that it
 * need not collect the whole heap every few cases.
 */
export const NODE_FLAGS = ['--interrupt-budget=400000', '--initial-old-space-size=256', '--min-semi-space-size=16'];

/** DuckDB answers one question at a time: always on the same thread, its memory stays near. */
export const ENVIRONMENT = { UV_THREADPOOL_SIZE: '1' };
