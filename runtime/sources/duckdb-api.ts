/**
 * The values of @duckdb/node-api. Taken by `require`: an ESM import would look through some 180 CommonJS files for the names of their
 * exports, which takes longer than many a command does.
 */
import { createRequire } from 'node:module';
import type * as DuckDbApi from '@duckdb/node-api';

const api = createRequire(import.meta.url)('@duckdb/node-api') as typeof DuckDbApi;

export const {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBDecimalType,
  DuckDBInstance,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
  FLOAT,
  INTEGER,
  SMALLINT,
  StatementType,
  TIMESTAMP,
  TIMESTAMPTZ,
  VARCHAR,
} = api;
