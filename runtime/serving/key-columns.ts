/** What a lookup asks for: an entity's key, or a request's columns. */
import type { SourceProgram } from '../log/contract.ts';
import type { ViewSpec } from '../values/manifest.ts';
import type { SqlType, Value } from '../values/types.ts';

export interface KeyColumn {
  readonly name: string;
  readonly type: SqlType;
  /** What stands for a column that is left out; undefined: it must be given. */
  readonly otherwise: Value | undefined;
  readonly nullable: boolean;
}

/** In the order in which lookups take them: the view's entity, or for a request view its source's columns. */
export function keyColumns(spec: ViewSpec, sources: readonly Pick<SourceProgram, 'spec'>[]): readonly KeyColumn[] {
  if (spec.shape !== 'request') {
    return spec.entity.map(({ name, type }) => ({ name, type, otherwise: undefined, nullable: false }));
  }
  const request = sources.find((source) => source.spec.name === spec.source);
  if (request === undefined) throw new Error(`${spec.name} reads ${spec.source}, which was not given`);
  return request.spec.columns.map((column) => ({
    name: column.name,
    type: column.type,
    otherwise: column.hasDefault ? column.defaultValue : column.nullable ? null : undefined,
    nullable: column.nullable,
  }));
}

export interface OutputColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** Columns of an answer's row: the SELECT's, in its order. */
export function outputColumns(spec: ViewSpec): readonly OutputColumn[] {
  return [...spec.entity, ...spec.features]
    .sort((a, b) => a.ordinal - b.ordinal)
    .map(({ name, type }) => ({ name, type }));
}
