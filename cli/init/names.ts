/** Names for what a file calls something else: lower_snake_case, free in every database. */
import { isFreeName } from '../../compiler/catalog/names.ts';

const MAX_SOURCE_NAME = 50;
const MAX_COLUMN_NAME = 60;

/** Of a source and its view: the name of the file, made fit. */
export function sourceNameOf(path: string): string {
  const file = path.split('/').at(-1) ?? '';
  const stem = snakeCase(file.replace(/\.(parquet|csv|jsonl)(\.gz)?$/i, '').replace(/[*?[\]{}].*$/, ''));
  const name = /^[a-z]/.test(stem) ? stem : stem === '' ? 'events' : `events_${stem}`;
  const cut = name.slice(0, MAX_SOURCE_NAME - '_events'.length).replace(/_$/, '');
  // `sources` is the folder of the sources; names like `x_v1` are views'.
  return isFreeName(cut) && cut !== 'sources' && !/_v\d+$/.test(cut) ? cut : `${cut}_events`;
}

/** A name for each path, all different. */
export function columnNames(paths: readonly (readonly string[])[]): readonly string[] {
  const own = paths.map((path) => (path.length === 1 && isFreeName(path[0] as string) ? (path[0] as string) : null));
  const taken = new Set(own.filter((name) => name !== null));
  return paths.map((path, i) => own[i] ?? unique(columnNameOf(path, i), taken));
}

function columnNameOf(path: readonly string[], index: number): string {
  const name = snakeCase(path.join(' ')).slice(0, MAX_COLUMN_NAME).replace(/_$/, '');
  if (name === '') return `column_${index + 1}`;
  const named = /^[a-z]/.test(name) ? name : `column_${name}`.slice(0, MAX_COLUMN_NAME);
  return isFreeName(named) ? named : `${named}_`.slice(0, MAX_COLUMN_NAME);
}

/** The name, or the first of name_2, name_3 … that is free; it is taken from then on. */
export function unique(name: string, taken: Set<string>): string {
  let result = name;
  for (let i = 2; taken.has(result) || !isFreeName(result); i += 1) result = `${name.replace(/_$/, '')}_${i}`;
  taken.add(result);
  return result;
}

function snakeCase(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

/** As `@from` takes it; null: it cannot stand in a comment line. */
export function fieldPath(path: readonly string[]): string | null {
  // Controls and line separators would end the line, or hide in it.
  if (path.some((part) => /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(part))) return null;
  return path.map((part) => (/^[A-Za-z_][\w$-]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`)).join('.');
}
