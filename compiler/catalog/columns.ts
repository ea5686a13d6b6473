import type { ColumnSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { replacing } from '../diagnostics/edits.ts';
import type { ColumnDefinition, Comment, SourceFile, Tag } from '../parse/ast.ts';
import type { Faults } from './faults.ts';
import { checkName } from './names.ts';
import { nearest } from './suggest.ts';
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
    faults.error('FSC2023', column.type.span, `column \`${column.name.name}\` is an interval`, {
      label: 'a length of time',
      help: 'store its seconds',
      edits: replacing(column.type.span, 'double precision'),
    });
  }
  if (type === null) faults.poisoned.add(column.type);
  return type ?? { kind: 'text', maxLength: null };
}

const UNITS = ['epoch_s', 'epoch_ms', 'epoch_us'] as const;

/** `@from COLUMN PATH [epoch_s|ms|us]` */
function readMappings(file: SourceFile, froms: readonly Tag[], faults: Faults): ReadonlyMap<string, Mapping> {
  const mappings = new Map<string, Mapping>();
  for (const tag of froms) {
    const words = wordsOf(tag);
    const [column, path, unit] = words;
    const epochUnit = UNITS.find((known) => known === unit?.text) ?? null;
    if (column === undefined || path === undefined || words.length > 3) {
      faults.error('FSC2004', valueSpan(tag), '`@from` needs a column, a field and perhaps a unit', {
        help: 'write `@from COLUMN FIELD` or `@from COLUMN FIELD epoch_ms`',
      });
    } else if (unit !== undefined && epochUnit === null) {
      faults.error('FSC2004', unit.span, `\`${unit.text}\` is no unit`, nearest(unit.text, unit.span, UNITS, 'unit'));
    } else if (isMappable(file, column, epochUnit === null ? undefined : unit, faults)) {
      if (mappings.has(column.text)) {
        faults.error('FSC2003', column.span, `\`@from\` maps \`${column.text}\` twice`, { label: 'second time' });
      }
      mappings.set(column.text, { path: splitPath(path.text), epochUnit });
    }
  }
  return mappings;
}

interface Word {
  readonly text: string;
  readonly span: Span;
}

/** Parts of a tag's value between blanks, with their places; blanks inside double quotes are kept. */
function wordsOf(tag: Tag): readonly Word[] {
  return [...tag.value.matchAll(/(?:"(?:[^"]|"")*"|[^\s"])+/g)].map((match) => {
    const start = tag.valueSpan.start + match.index;
    return { text: match[0], span: { start, end: start + match[0].length } };
  });
}

function isMappable(file: SourceFile, column: Word, unit: Word | undefined, faults: Faults): boolean {
  const declared = file.columns.find((candidate) => candidate.name.name === column.text);
  if (declared === undefined) {
    const names = file.columns.map((candidate) => candidate.name.name);
    faults.error('FSC2007', column.span, `there is no column \`${column.text}\``, {
      ...nearest(column.text, column.span, names, 'column'),
    });
    return false;
  }
  if (unit !== undefined && !declared.type.name.startsWith('timestamp')) {
    faults.error('FSC2034', unit.span, `column \`${column.text}\` is ${declared.type.name}`, {
      label: 'says how a number becomes a timestamp',
      secondary: [{ span: declared.type.span, text: 'no timestamp' }],
    });
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
