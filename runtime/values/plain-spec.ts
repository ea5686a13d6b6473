import type { ColumnSpec, SourceSpec } from './manifest.ts';
import type { SqlType } from './types.ts';

/** A column as it stands: found under its name, nothing asked of it. */
export function plainColumn(name: string, type: SqlType): ColumnSpec {
  return {
    name,
    type,
    nullable: true,
    hasDefault: false,
    defaultValue: null,
    path: [name],
    epochUnit: null,
    description: null,
  };
}

/** A table of such columns, such as one of requests or labels. */
export function plainSpec(name: string, columns: readonly ColumnSpec[]): SourceSpec {
  return {
    name,
    kind: 'request',
    columns,
    checks: [],
    onlySql: null,
    onlyPaths: [],
    fingerprint: '',
    eventTimeColumn: -1,
    keyColumns: [],
    latenessMicros: 0,
    maxAheadMicros: 0,
    knownTimePath: null,
    partitionColumn: -1,
    description: null,
  };
}
