/** Where a source's records are (cli.md): a path or glob, stdin, or a system that is not in this version. */
import { FscError } from '../values/errors.ts';

/** stdin is one partition for the life of the state; offsets go on across runs (rules.md 1). No file is called so. */
export const STDIN_PARTITION = '-';

export type FileFormat = 'parquet' | 'csv' | 'jsonl';

export type Location =
  | { readonly kind: 'files'; readonly pattern: string; readonly format: FileFormat }
  | { readonly kind: 'postgres'; readonly table: TableName }
  | { readonly kind: 'stdin' };

export interface TableName {
  /** null: where the connection's search path finds it. */
  readonly schema: string | null;
  readonly name: string;
}

const LATER = [
  [/^kafka:/, 'Kafka topics'],
  [/^postgres(ql)?:\/\//, 'addresses of databases'],
  [/^s3:/, 'S3 objects'],
  [/^[a-z][a-z0-9+.-]+:\/\//i, 'addresses of that kind'],
] as const;

export function parseLocation(text: string): Location {
  if (text === '-') return { kind: 'stdin' };
  if (/^postgres:(?!\/\/)/.test(text)) return { kind: 'postgres', table: parseTable(text) };
  for (const [pattern, what] of LATER) {
    if (!pattern.test(text)) continue;
    throw new FscError(
      'FSC7101',
      2,
      `cannot read \`${withoutSecrets(text)}\``,
      `${what} are not in this version`,
      'use a path or glob ending in .parquet, .csv or .jsonl, postgres:TABLE, or - for stdin',
    );
  }
  const match = /\.(parquet|csv|jsonl)(\.gz)?$/.exec(text);
  const format = match?.[1];
  const isPacked = match?.[2] !== undefined;
  if ((format !== 'parquet' && format !== 'csv' && format !== 'jsonl') || (format === 'parquet' && isPacked)) {
    throw new FscError(
      'FSC7101',
      2,
      `cannot tell the format of \`${text}\``,
      'a location ends in .parquet, .csv, .jsonl, .csv.gz or .jsonl.gz, or is postgres:TABLE, or - for JSONL on stdin',
      'rename the file, or convert it',
    );
  }
  return { kind: 'files', pattern: text, format };
}

/** `flights`, `schema.flights`; names are taken as they are, and quoted where they hold a dot: `"my schema"."a.b"`. */
function parseTable(text: string): TableName {
  const match = /^postgres:(?:("(?:[^"]|"")+"|[^."]+)\.)?("(?:[^"]|"")+"|[^."]+)$/.exec(text);
  const [, schema, name] = match ?? [];
  if (name === undefined) {
    throw new FscError(
      'FSC7101',
      2,
      `cannot read \`${text}\``,
      'a table is named postgres:TABLE or postgres:SCHEMA.TABLE',
      'quote a name that holds a dot: postgres:public."a.b"',
    );
  }
  return { schema: schema === undefined ? null : unquoted(schema), name: unquoted(name) };
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^@/]*@/, '//…@');
}

/** `history` without an order of its own: JSONL and stdin come as they arrived, the rest is complete (cli.md). */
export function defaultOrder(location: Location): 'none' | 'arrival' {
  switch (location.kind) {
    case 'stdin':
      return 'arrival';
    case 'postgres':
      return 'none';
    case 'files':
      return location.format === 'jsonl' ? 'arrival' : 'none';
  }
}
