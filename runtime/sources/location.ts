/** Where a source's records are (cli.md): a path or glob, stdin, or a system that is not in this version. */
import { FscError } from '../values/errors.ts';

/** stdin is one partition for the life of the state; offsets go on across runs (rules.md 1). No file is called so. */
export const STDIN_PARTITION = '-';

export type FileFormat = 'parquet' | 'csv' | 'jsonl';

export type Location =
  | { readonly kind: 'files'; readonly pattern: string; readonly format: FileFormat }
  | { readonly kind: 'stdin' };

const LATER = [
  [/^kafka:/, 'Kafka topics'],
  [/^postgres(ql)?:/, 'Postgres tables'],
  [/^s3:/, 'S3 objects'],
  [/^[a-z][a-z0-9+.-]+:\/\//i, 'addresses of that kind'],
] as const;

export function parseLocation(text: string): Location {
  if (text === '-') return { kind: 'stdin' };
  for (const [pattern, what] of LATER) {
    if (!pattern.test(text)) continue;
    throw new FscError(
      'FSC7101',
      2,
      `cannot read \`${withoutSecrets(text)}\``,
      `${what} are not in this version`,
      'use a path or glob ending in .parquet, .csv or .jsonl, or - for stdin',
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
      'a location ends in .parquet, .csv, .jsonl, .csv.gz or .jsonl.gz, or is - for JSONL on stdin',
      'rename the file, or convert it',
    );
  }
  return { kind: 'files', pattern: text, format };
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^@/]*@/, '//…@');
}

/** `history` without an order of its own: JSONL and stdin come as they arrived, the rest is complete (cli.md). */
export function defaultOrder(location: Location): 'none' | 'arrival' {
  return location.kind === 'stdin' || location.format === 'jsonl' ? 'arrival' : 'none';
}
