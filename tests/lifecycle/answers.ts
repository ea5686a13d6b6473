/** What commands print, in the form in which it is held against the model. */
import { jsonLines } from '../cli/in-process.ts';
import type { View } from './declaration.ts';
import { canonical, keyText, type Row, type Rows } from './referee.ts';
import type { SourceWorld } from './source-world.ts';
import { LifeError } from './stage.ts';

export function rowOf(row: Readonly<Record<string, unknown>>): Row {
  return new Map(Object.entries(row).map(([name, value]) => [name, canonical(value)]));
}

export function rowsOf(view: View, out: string): Rows {
  return new Map(
    jsonLines(out)
      .map((line) => rowOf(line))
      .map((row) => [keyText(view, row), row]),
  );
}

export function rowText(row: Row | null): string {
  return row === null ? 'no row' : JSON.stringify(Object.fromEntries(row));
}

export function compareRows(what: string, found: Rows, due: Rows): void {
  const text = (rows: Rows): string =>
    [...rows]
      .map(([key, row]) => `  ${key} ${rowText(row)}`)
      .sort()
      .join('\n');
  if (text(found) !== text(due)) throw new LifeError(`${what}:\n${text(found)}\nthe model:\n${text(due)}`);
}

/** Whether the command was, as it had to be. */
export function isRefusedOffline(source: SourceWorld, code: number, err: string): boolean {
  if (source.isRedeclaredOffline) {
    if (code !== 2 || !/FSC7302/.test(err)) throw new LifeError('this is to be refused: FSC7302, exit 2');
    return true;
  }
  if (code !== 0) throw new LifeError('this is to be answered');
  return false;
}
