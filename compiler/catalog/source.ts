import type { ColumnSpec, SourceKind, SourceSpec } from '../../runtime/values/manifest.ts';
import { plainSpec } from '../../runtime/values/plain-spec.ts';
import { MICROS_PER_MINUTE } from '../../runtime/values/types.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { inserting, replacing } from '../diagnostics/edits.ts';
import type { SourceFile, Tag } from '../parse/ast.ts';
import { catalogColumns, splitPath } from './columns.ts';
import type { FaultParts, Faults } from './faults.ts';
import { checkSourceName } from './names.ts';
import { nearest } from './suggest.ts';
import { durationOf, Tags, valueSpan } from './tags.ts';

/** A declared source before its expressions are bound: `spec` lacks checks, defaults, `@only` and fingerprint. */
export interface CatalogSource {
  readonly spec: SourceSpec;
  readonly ast: SourceFile;
  readonly only: Tag | null;
  readonly faults: Faults;
}

const LOG_TAGS = ['event_time', 'lateness', 'max_ahead', 'known_time', 'partition', 'partitioned_by', 'only', 'key'];
const LATER_TAGS = ['valid_from', 'deleted', 'first_version', 'snapshots'];
const ANY_TAGS = ['kind', 'from', 'owner', 'subject', 'retain', 'description'];
const KNOWN_TAGS = [...LOG_TAGS, ...LATER_TAGS, ...ANY_TAGS];
const DEFAULT_LATENESS = 5 * MICROS_PER_MINUTE;

export function catalogSource(ast: SourceFile, faults: Faults): CatalogSource | null {
  const tags = new Tags(ast.tags, KNOWN_TAGS, new Set(['from']), faults);
  const kind = sourceKind(tags, faults);
  if (kind === null) return null;
  checkTable(ast, faults);
  const columns = catalogColumns(ast, tags.all('from'), faults);
  if (kind === 'request') refuseLogTags(tags, ast, faults);
  const description =
    ast.comments.find((comment) => comment.on === 'table')?.text ?? tags.one('description')?.value ?? null;
  const spec = { ...plainSpec(ast.table.name, columns), kind, description };
  const parts = kind === 'log' ? logParts(ast, tags, columns, faults) : {};
  return { spec: { ...spec, ...parts }, ast, only: kind === 'log' ? tags.one('only') : null, faults };
}

type LogParts = Pick<
  SourceSpec,
  'eventTimeColumn' | 'keyColumns' | 'latenessMicros' | 'maxAheadMicros' | 'knownTimePath' | 'partitionColumn'
>;

function sourceKind(tags: Tags, faults: Faults): SourceKind | null {
  const tag = tags.one('kind');
  if (tag === null || tag.value === 'log') return 'log';
  if (tag.value === 'request') return 'request';
  if (tag.value === 'table' || tag.value === 'static') {
    return faults.error('FSC2005', valueSpan(tag), `sources of kind ${tag.value} are not supported yet`);
  }
  return faults.error('FSC2004', valueSpan(tag), `\`${tag.value}\` is no kind of source`, {
    ...nearest(tag.value, valueSpan(tag), ['log', 'request'], 'kind'),
  });
}

function checkTable(ast: SourceFile, faults: Faults): void {
  const { name, span } = ast.table;
  checkSourceName(name, span, faults);
  const path = faults.file.path.split('/').at(-1) ?? '';
  if (path !== `${name}.sql`) {
    faults.error('FSC2001', span, `\`${path}\` declares \`${name}\``, {
      label: `not \`${path.replace(/\.sql$/, '')}\``,
      help: `rename the table, or the file to \`${name}.sql\``,
      edits: replacing(span, path.replace(/\.sql$/, '')),
    });
  }
  if (ast.columns.length === 0) faults.error('FSC2032', span, `\`${name}\` has no columns`);
  for (const part of ast.unsupported) faults.error('FSC2028', part.span, `${part.what} is not supported`);
  for (const comment of ast.comments) checkComment(ast, comment, faults);
}

function checkComment(ast: SourceFile, comment: SourceFile['comments'][number], faults: Faults): void {
  const names = comment.target.map((part) => part.name);
  const isTable = comment.on === 'table' && names.length === 1 && names[0] === ast.table.name;
  const column = names[1];
  const isColumn = comment.on === 'column' && names.length === 2 && names[0] === ast.table.name;
  if (isTable || (isColumn && ast.columns.some((candidate) => candidate.name.name === column))) return;
  const isOwn = names[0] === ast.table.name;
  const part = isOwn ? (comment.target[1] ?? comment.target[0]) : comment.target[0];
  const wanted = isOwn ? ast.columns.map((one) => one.name.name) : [ast.table.name];
  faults.error('FSC2031', part?.span ?? comment.span, `\`${names.join('.')}\` is not declared in this file`, {
    ...(part === undefined ? {} : nearest(part.name, part.span, wanted, isOwn ? 'column' : 'table')),
  });
}

function refuseLogTags(tags: Tags, ast: SourceFile, faults: Faults): void {
  for (const name of [...LOG_TAGS, ...LATER_TAGS]) {
    const tag = tags.one(name);
    if (tag !== null) faults.error('FSC2013', tag.nameSpan, `\`@${name}\` on a request`);
  }
  const key = ast.primaryKey?.span ?? ast.columns.find((column) => column.primaryKey)?.name.span;
  if (key !== undefined) {
    faults.error('FSC2013', key, 'a request has no PRIMARY KEY', {
      help: 'remove it; the keys are those of the joined views',
    });
  }
  // Nothing refuses a request: an online caller waits for an answer, and a label is kept whatever it holds.
  for (const check of [...ast.checks, ...ast.columns.flatMap((column) => column.checks)]) {
    faults.error('FSC2013', check.span, 'a request has no CHECK', {
      cause:
        'a CHECK sends a record of a log to quarantine; a request is answered, and a label kept, whatever it holds',
      help: 'remove it, and write the condition in the request view: CASE WHEN … END',
    });
  }
}

function logParts(ast: SourceFile, tags: Tags, columns: readonly ColumnSpec[], faults: Faults): LogParts {
  for (const name of LATER_TAGS) {
    const tag = tags.one(name);
    if (tag !== null)
      faults.error('FSC2013', tag.nameSpan, `\`@${name}\` on a log`, { cause: 'it belongs to `@kind table`' });
  }
  for (const name of ['subject', 'partitioned_by'] as const) columnOfTag(tags.one(name), columns, faults);
  const retain = tags.one('retain');
  if (retain !== null) durationOf(retain, faults);
  const eventTimeColumn = eventTime(ast, tags, columns, faults);
  return {
    eventTimeColumn,
    keyColumns: keyColumns(ast, tags, columns, eventTimeColumn, faults),
    ...lateness(tags, faults),
    knownTimePath: knownTime(tags, faults),
    partitionColumn: columnOfTag(tags.one('partition'), columns, faults),
  };
}

/** Index of the column that a tag names; −1 without the tag, or after the fault was told. */
function columnOfTag(tag: Tag | null, columns: readonly ColumnSpec[], faults: Faults): number {
  if (tag === null) return -1;
  const index = columns.findIndex((column) => column.name === tag.value);
  if (index >= 0) return index;
  const names = columns.map((column) => column.name);
  const near = nearest(tag.value, valueSpan(tag), names, 'column');
  faults.error(
    'FSC2007',
    valueSpan(tag),
    `there is no column \`${tag.value}\``,
    foldedName(tag, columns, faults) ?? near,
  );
  return -1;
}

/** `eventTime timestamp` declares `eventtime`: the tag is to name that, and where the record holds it. */
function foldedName(tag: Tag, columns: readonly ColumnSpec[], faults: Faults): FaultParts | null {
  if (!/^\w+$/.test(tag.value)) return null;
  const name = tag.value.toLowerCase();
  const column = columns.find((candidate) => candidate.name === name);
  const isWrittenSo = new RegExp(`[(,]\\s*${tag.value}\\s`).test(faults.file.text.slice(tag.span.end));
  if (column === undefined || !isWrittenSo) return null;
  const rename = { span: valueSpan(tag), newText: name };
  const isMapped = column.path.length !== 1 || column.path[0] !== name;
  if (isMapped) return { help: `without quotes the column is called \`${name}\``, edits: [rename] };
  return {
    help: `without quotes the column is called \`${name}\`, and is read from a field \`${name}\`: name it so, and its field by \`-- @from ${name} ${tag.value}\`; or quote it`,
    edits: [rename, ...inserting(0, `-- @from ${name} ${tag.value}\n`)],
  };
}

function eventTime(ast: SourceFile, tags: Tags, columns: readonly ColumnSpec[], faults: Faults): number {
  const tag = tags.one('event_time');
  if (tag === null) {
    const candidates = columns.filter(
      (column) => column.type.kind === 'timestamp' || column.type.kind === 'timestamptz',
    );
    const name = candidates[0]?.name ?? 'COLUMN';
    faults.error('FSC2006', ast.table.span, `log \`${ast.table.name}\` has no event time`, {
      label: 'when did a record happen?',
      help: `name its column at the top of the file: \`-- @event_time ${name}\``,
      edits: candidates[0] === undefined ? [] : inserting(0, `-- @event_time ${name}\n`),
    });
    return -1;
  }
  const index = columnOfTag(tag, columns, faults);
  const column = columns[index];
  const definition = ast.columns[index];
  if (column === undefined || definition === undefined) return -1;
  const isKnown = !faults.poisoned.has(definition.type);
  if (isKnown && column.type.kind !== 'timestamp' && column.type.kind !== 'timestamptz') {
    faults.error('FSC2008', definition.type.span, `event time \`${column.name}\` is ${column.type.kind}`, {
      edits: replacing(definition.type.span, 'timestamp'),
      help:
        column.type.kind === 'date' ? 'declare it timestamp: a date alone is read as midnight' : 'declare it timestamp',
    });
  }
  if (column.nullable) {
    faults.error('FSC2009', definition.name.span, `event time \`${column.name}\` may be NULL`, {
      label: 'without NOT NULL',
      edits: inserting(definition.type.span.end, ' NOT NULL'),
    });
  }
  return index;
}

function lateness(tags: Tags, faults: Faults): Pick<LogParts, 'latenessMicros' | 'maxAheadMicros'> {
  const tag = tags.one('lateness');
  const latenessMicros = (tag === null ? null : durationOf(tag, faults)) ?? DEFAULT_LATENESS;
  const aheadTag = tags.one('max_ahead');
  const given = aheadTag === null ? null : durationOf(aheadTag, faults);
  if (aheadTag !== null && given !== null && given > latenessMicros) {
    faults.error('FSC2010', valueSpan(aheadTag), '`@max_ahead` is greater than `@lateness`');
  }
  return { latenessMicros, maxAheadMicros: given ?? Math.min(MICROS_PER_MINUTE, latenessMicros) };
}

function knownTime(tags: Tags, faults: Faults): readonly string[] | null {
  const tag = tags.one('known_time');
  if (tag === null) return null;
  if (tag.value !== '' && !/\s/.test(tag.value)) return splitPath(tag.value);
  faults.error('FSC2004', valueSpan(tag), '`@known_time` needs the name of a field');
  return null;
}

interface KeyPart {
  readonly name: string;
  readonly span: Span;
}

function keyColumns(
  ast: SourceFile,
  tags: Tags,
  columns: readonly ColumnSpec[],
  eventTimeColumn: number,
  faults: Faults,
): readonly number[] {
  const inline = ast.columns.filter((column) => column.primaryKey).map((column) => column.name);
  const tag = tags.one('key');
  if (tag !== null && tag.value !== 'none') {
    faults.error('FSC2004', valueSpan(tag), '`@key` takes only `none`', { help: 'declare the key as PRIMARY KEY' });
  }
  const declared: readonly KeyPart[] = ast.primaryKey?.columns ?? inline;
  if (inline.length > 1 || (inline.length > 0 && ast.primaryKey !== null)) {
    faults.error('FSC2012', inline.at(-1)?.span ?? ast.table.span, 'the key is declared twice', {
      help: 'write PRIMARY KEY (a, b) once, after the columns',
    });
  }
  if (declared.length === 0 && tag === null) {
    faults.error('FSC2011', ast.table.span, `log \`${ast.table.name}\` has no key`, {
      label: 'no PRIMARY KEY',
      help: 'declare a PRIMARY KEY; or say that there is none, and records are known by their position',
      edits: inserting(0, '-- @key none\n'),
    });
  }
  const first = declared[0];
  if (first !== undefined && tag?.value === 'none') faults.error('FSC2012', first.span, 'a key, and `@key none`');
  return declared.flatMap((part) => keyColumn(part, columns, eventTimeColumn, faults));
}

function keyColumn(
  part: KeyPart,
  columns: readonly ColumnSpec[],
  eventTimeColumn: number,
  faults: Faults,
): readonly number[] {
  const index = columns.findIndex((column) => column.name === part.name);
  const column = columns[index];
  if (column === undefined) {
    const names = columns.map((candidate) => candidate.name);
    faults.error('FSC2007', part.span, `there is no column \`${part.name}\``, {
      ...nearest(part.name, part.span, names, 'column'),
    });
    return [];
  }
  if (column.type.kind === 'real' || column.type.kind === 'double') {
    faults.error('FSC2033', part.span, `key column \`${part.name}\` is ${column.type.kind}`);
  }
  return index === eventTimeColumn ? [] : [index];
}
