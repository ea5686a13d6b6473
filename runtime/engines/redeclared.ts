/** What a changed declaration of a source means for a state that was made under the one before (rules.md 8 and 29). */
import type { ColumnSpec, SourceSpec } from '../values/manifest.ts';
import { printType } from '../values/types.ts';

/** A declaration in its parts, as a snapshot keeps it. */
export interface Declaration {
  readonly fingerprint: string;
  /** Key and times. */
  readonly identity: string;
  /** By column: its type, and where it is read. */
  readonly types: Readonly<Record<string, string>>;
  /** By column: whether it may be missing, and what fills it. */
  readonly defaults: Readonly<Record<string, string>>;
}

/**
 * `none`: nothing that a record or a value follows from. `verdicts`: lateness, constraints or `@only`, which later records are judged by.
 * `columns`: there are others, or they may be missing where they might not. `records`: key, times or types, so that old and new records are not
 * of one kind.
 */
export type Change = 'none' | 'verdicts' | 'columns' | 'records';

export function declarationOf(spec: SourceSpec): Declaration {
  const nameOf = (column: number): string | null => spec.columns[column]?.name ?? null;
  const byColumn = (textOf: (column: ColumnSpec) => string): Record<string, string> =>
    Object.fromEntries(spec.columns.map((column) => [column.name, textOf(column)]));
  return {
    fingerprint: spec.fingerprint,
    identity: JSON.stringify([
      nameOf(spec.eventTimeColumn),
      spec.keyColumns.map(nameOf),
      spec.knownTimePath,
      nameOf(spec.partitionColumn),
    ]),
    types: byColumn(({ type, path, epochUnit }) => JSON.stringify([printType(type), path, epochUnit])),
    defaults: byColumn(({ nullable, hasDefault, defaultValue }) =>
      JSON.stringify([nullable, hasDefault ? String(defaultValue) : null]),
    ),
  };
}

export function changeOf(before: Declaration, after: Declaration): Change {
  if (before.fingerprint === after.fingerprint) return 'none';
  const shared = Object.keys(before.types).filter((name) => Object.hasOwn(after.types, name));
  if (before.identity !== after.identity || shared.some((name) => before.types[name] !== after.types[name]))
    return 'records';
  const isSame = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
    Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((name) => a[name] === b[name]);
  return isSame(before.types, after.types) && isSame(before.defaults, after.defaults) ? 'verdicts' : 'columns';
}
