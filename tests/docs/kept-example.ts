/**
 * An example of a page as a kept case, so that it goes through the machines that have a past: the stream in batches of any size, online rows, and
 * training sets by replay and in SQL.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { columnTypeText } from '../../runtime/engines/duckdb/load.ts';
import { openDuckDb } from '../../runtime/engines/duckdb/session.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { parseTimestamp } from '../../runtime/values/temporal.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { checkKept } from '../properties/check-kept.ts';
import { readKeptCase } from '../properties/kept-case.ts';
import type { Report } from '../properties/report.ts';
import { valueAt } from '../properties/values.ts';

export interface Example {
  /** Under `features/`, the view's own among them. */
  readonly files: Readonly<Record<string, string>>;
  /** JSON lines by the name of their source. */
  readonly records: Readonly<Record<string, readonly string[]>>;
  readonly source: SourceSpec;
  readonly view: ViewPlan;
  readonly at: string;
  /** `exclude`: what a training set says without the events at the instant; null: what every machine says. */
  readonly ties: 'exclude' | null;
  /** Texts of the outputs, a row a line; a request view has one for each request. */
  readonly rows: readonly (readonly string[])[];
}

/** Rows of SQL, such as `(1, '2001-01-01', 'a')`, as JSON lines. */
export async function jsonLines(spec: SourceSpec, values: string): Promise<readonly string[]> {
  const session = await openDuckDb({ threads: 1 });
  try {
    const columns = spec.columns.map(({ type }, i) => `c${i} ${columnTypeText(type)}`);
    await session.run(`SET TimeZone = 'UTC'`);
    await session.run(`CREATE TABLE t (${columns.join(', ')})`);
    await session.run(`INSERT INTO t VALUES ${values}`);
    const { batch } = await session.readColumns(
      `SELECT ${spec.columns.map((_, i) => `CAST(c${i} AS VARCHAR)`).join(', ')} FROM t ORDER BY rowid`,
    );
    return Array.from({ length: batch.length }, (_, row) => {
      const fields = spec.columns.flatMap(({ name, type }, i) => {
        const text = valueAt(batch.columns[i]!, { kind: 'text', maxLength: null }, row);
        return text === null ? [] : [`${JSON.stringify(name)}: ${jsonOf(String(text), type)}`];
      });
      return `{${fields.join(', ')}}`;
    });
  } finally {
    session.close();
  }
}

function jsonOf(text: string, { kind }: SqlType): string {
  switch (kind) {
    case 'smallint':
    case 'integer':
    case 'boolean':
      return text;
    case 'real':
    case 'double':
      return text === 'nan' ? '"NaN"' : text;
    case 'timestamptz':
      return JSON.stringify(text.replace(/\+00$/, 'Z'));
    default:
      return JSON.stringify(text);
  }
}

/** `isUpTo`: with the records up to the instant alone, so that the newest online rows are those of the instant. */
export async function checkExample(example: Example, isUpTo: boolean): Promise<Report> {
  const { files, records, source } = example;
  const root = mkdtempSync(join(tmpdir(), 'fsc-example-'));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  try {
    for (const [path, text] of Object.entries(files)) put(path, text);
    put('fsc.json', JSON.stringify({ sources: { [source.name]: { history: `data/${source.name}.jsonl` } } }));
    for (const [name, lines] of Object.entries(records)) {
      const own = name === source.name && isUpTo ? lines.filter((line) => isUntil(line, example)) : lines;
      put(`data/${name}.jsonl`, own.map((line) => `${line}\n`).join(''));
    }
    put('expected.yaml', expectedText(example));
    return await checkKept(readKeptCase(dirname(root), root.slice(dirname(root).length + 1)), null);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function isUntil(line: string, { source, at }: Example): boolean {
  const record = JSON.parse(line) as Readonly<Record<string, string>>;
  const time = record[source.columns[source.eventTimeColumn]!.name]!;
  return parseTimestamp(time)! <= parseTimestamp(at)!;
}

function expectedText({ view, at, ties, rows }: Example): string {
  const { spec, outputs } = view;
  const inexact = new Set(
    spec.features.filter(({ agreement }) => agreement === 'double').map(({ ordinal }) => ordinal),
  );
  const printed = rows.map((row) => {
    const isNone = view.kind === 'request' && row.length === 0;
    const cells = row.map(
      (text, i) => `${JSON.stringify(outputs[i]!.name)}: ${cellText(text, outputs[i]!.type, inexact.has(i))}`,
    );
    return isNone ? '      - null' : `      - {${cells.join(', ')}}`;
  });
  const head = [
    'expect:',
    `  - view: ${spec.name}`,
    `    at: ${JSON.stringify(at)}`,
    ...(ties === null ? [] : [`    ties: ${ties}`]),
  ];
  return `${[...head, ...(printed.length === 0 ? ['    rows: []'] : ['    rows:', ...printed])].join('\n')}\n`;
}

function cellText(text: string, { kind }: SqlType, isInexact: boolean): string {
  if (text === 'NULL') return 'null';
  if (kind === 'boolean') return text;
  if (!isInexact) return JSON.stringify(text);
  const value = Number(text);
  return `{about: ${JSON.stringify(text)}, within: ${Number.isFinite(value) ? 1e-9 * Math.max(1, Math.abs(value)) : 0}}`;
}
