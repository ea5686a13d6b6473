/** The values of @duckdb/node-api. */
import { api } from './duckdb-require.ts';

export const {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBDecimalType,
  DuckDBInstance,
  DuckDBTableFunction,
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
