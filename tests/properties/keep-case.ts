/** Writes a random case as a kept one: its files and what the naive evaluator expects of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Case, Value } from '../generators/view-spec.ts';
import { caseFiles } from '../generators/write-case.ts';
import type { ColumnInfo } from '../reference/compare.ts';
import type { NaiveCell } from '../reference/evaluate.ts';
import { dateText, decimalText, isoText } from '../reference/values.ts';
import { compileCase } from './check-case.ts';
import { Naive } from './naive.ts';
import type { Expected } from './oracle.ts';
import { isRejected } from './project.ts';

/** Every file of the folder by its path. */
function keptFiles(test: Case): Record<string, string> {
  const { 'case.json': _seed, ...files } = caseFiles(test);
  return { ...files, 'expected.yaml': expectedText(test) };
}

/** The files one after the other, for reading. */
export function keptText(test: Case): string {
  return Object.entries(keptFiles(test))
    .map(([path, text]) => `===== ${path}\n${text}`)
    .join('');
}

export function keepCase(test: Case, folder: string): void {
  for (const [path, text] of Object.entries(keptFiles(test))) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function expectedText(test: Case): string {
  const project = compileCase(test);
  if (isRejected(project)) return `# seed ${test.seed}: does not compile\n`;
  const naive = new Naive(test, project);
  const lines = [`# seed ${test.seed}`];
  if (test.source.knownAt !== undefined) lines.push(`known_at: ${isoText(test.source.knownAt)}`);
  lines.push(`verdicts: [${naive.verdicts(test.log.length).join(', ')}]`, 'expect:');
  for (const view of project.views)
    for (const n of naive.prefixes)
      for (const t of test.instants) {
        const expected = naive.at(view, t, n);
        if (expected.isOpen) continue;
        lines.push(`  - view: ${view.name}`, `    at: ${isoText(t)}`);
        if (n !== test.log.length) lines.push(`    lines: ${n}`);
        lines.push(...rowLines(expected, view.spec.shape === 'request' ? test.requests.length : null));
      }
  return `${lines.join('\n')}\n`;
}

/** `requests`: how many rows there are by position, null where they have keys. */
function rowLines({ rows, columns }: Expected, requests: number | null): string[] {
  const print = (cells: Readonly<Record<string, NaiveCell>>): string => {
    const known = columns.filter(({ name }) => !cells[name]!.uncertain);
    return `      - {${known.map((column) => `${JSON.stringify(column.name)}: ${cellText(cells[column.name]!, column)}`).join(', ')}}`;
  };
  const shown =
    requests === null
      ? rows.map(({ cells }) => print(cells))
      : Array.from({ length: requests }, (_, i) => {
          const row = rows.find(({ key }) => key === String(i));
          return row === undefined ? '      - null' : print(row.cells);
        });
  return shown.length === 0 ? ['    rows: []'] : ['    rows:', ...shown];
}

function cellText({ value, tolerance }: NaiveCell, column: ColumnInfo): string {
  if (tolerance === 0 || value === null) return valueText(value, column);
  return `{about: ${valueText(value, column)}, within: ${tolerance}}`;
}

function valueText(value: Value, { type }: ColumnInfo): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  if (typeof value !== 'bigint') return String(value);
  switch (type.kind) {
    case 'decimal':
      return decimalText(value, type.scale);
    case 'date':
      return `"${dateText(value)}"`;
    case 'timestamp':
    case 'timestamptz':
      return `"${isoText(value)}"`;
    default:
      return String(value);
  }
}
