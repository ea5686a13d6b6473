import type { ColumnSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import type { ColumnDefinition, Comment, SourceFile, Tag } from '../parse/ast.ts';
import type { Faults } from './faults.ts';
import { checkName } from './names.ts';
import { didYouMean } from './suggest.ts';
import { valueSpan } from './tags.ts';
import { resolveTypeName } from './types.ts';

interface Mapping {
  readonly path: readonly string[];
  readonly epochUnit: ColumnSpec['epochUnit'];
}

/** Columns without their defaults, which the binder types. A column whose type is wrong stands as text, so that the rest can be checked. */
export function catalogColumns(file: SourceFile, froms: readonly Tag[], faults: Faults): ColumnSpec[] {
  const mappings = readMappings(file, froms, faults);
  const seen = new Set<string>();
  const keyNames = new Set(file.primaryKey?.columns.map((column) => column.name));
  const specs: ColumnSpec[] = [];
  for (const column of file.columns) {
    const { name, span } = column.name;
    checkName(name, span, 'column', faults);
    if (seen.has(name)) faults.error('FSC2025', span, `column \`${name}\` is declared twice`);
    seen.add(name);
    for (const part of column.unsupported) faults.error('FSC2028', part.span, `${part.what} is not supported`);
    const isKey = column.primaryKey || keyNames.has(name);
    specs.push(columnSpec(column, isKey, mappings.get(name), describe(file.comments, name), faults));
  }
  return specs;
}

function columnSpec(
  column: ColumnDefinition,
  isKey: boolean,
  mapping: Mapping | undefined,
  description: string | null,
  faults: Faults,
): ColumnSpec {
  const { name } = column.name;
  return {
    name,
    type: columnType(column, faults),
    // A PRIMARY KEY is NOT NULL without saying so.
    nullable: !column.notNull && !isKey,
    hasDefault: column.defaultValue !== null,
    defaultValue: null,
    path: mapping?.path ?? [name],
    epochUnit: mapping?.epochUnit ?? null,
    description,
  };
}

function columnType(column: ColumnDefinition, faults: Faults): SqlType {
  const type = resolveTypeName(column.type, faults);
  if (type?.kind === 'interval') {
    faults.error('FSC2023', column.type.span, `column \`${column.name.name}\` is an interval`);
  }
  return type ?? { kind: 'text', maxLength: null };
}

const UNITS = ['epoch_s', 'epoch_ms', 'epoch_us'] as const;

/** `@from COLUMN PATH [epoch_s|ms|us]` */
function readMappings(file: SourceFile, froms: readonly Tag[], faults: Faults): ReadonlyMap<string, Mapping> {
  const mappings = new Map<string, Mapping>();
  for (const tag of froms) {
    const words = tag.value.match(/(?:"(?:[^"]|"")*"|[^\s"])+/g) ?? [];
    const [column, path, unit] = words;
    const epochUnit = UNITS.find((known) => known === unit) ?? null;
    if (column === undefined || path === undefined || words.length > 3 || (unit !== undefined && epochUnit === null)) {
      faults.error('FSC2004', valueSpan(tag), '`@from` needs a column, a field and perhaps a unit', {
        help: 'write `@from COLUMN FIELD` or `@from COLUMN FIELD epoch_ms` (epoch_s, epoch_us)',
      });
      continue;
    }
    if (!isMappable(file, tag, column, epochUnit !== null, faults)) continue;
    if (mappings.has(column)) faults.error('FSC2003', valueSpan(tag), `\`@from\` maps \`${column}\` twice`);
    mappings.set(column, { path: splitPath(path), epochUnit });
  }
  return mappings;
}

function isMappable(file: SourceFile, tag: Tag, name: string, hasUnit: boolean, faults: Faults): boolean {
  const column = file.columns.find((candidate) => candidate.name.name === name);
  if (column === undefined) {
    const names = file.columns.map((candidate) => candidate.name.name);
    faults.error('FSC2007', valueSpan(tag), `there is no column \`${name}\``, {
      help: didYouMean(name, names, 'column'),
    });
    return false;
  }
  if (hasUnit && !column.type.name.startsWith('timestamp')) {
    faults.error('FSC2034', valueSpan(tag), `column \`${name}\` is ${column.type.name}`);
    return false;
  }
  return true;
}

/** `data.ts`, or `"a.b".c` where a field's name holds a point. */
export function splitPath(path: string): readonly string[] {
  const parts = path.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [path];
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
}

function describe(comments: readonly Comment[], column: string): string | null {
  return comments.find((comment) => comment.on === 'column' && comment.target.at(-1)?.name === column)?.text ?? null;
}
