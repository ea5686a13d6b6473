/**
 * Taken by `require`: an ESM import would look through some sixty CommonJS files for the names of their exports, which takes longer than many a
 * command does. Where fsc is bundled, this file is replaced by the package itself (scripts/bundle.mjs).
 */
import { createRequire } from 'node:module';
import type * as DuckDbApi from '@duckdb/node-api';

export const api = createRequire(import.meta.url)('@duckdb/node-api') as typeof DuckDbApi;
