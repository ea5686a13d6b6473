/** A case as files: the project a user would have. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dateText, decimalText, isoText } from '../reference/values.ts';
import { verdicts } from '../reference/verdicts.ts';
import { printFiles } from './print-sql.ts';
import type { Case, LogLine, RequestSpec, Row, SourceSpec, Type, Value } from './view-spec.ts';
import { versioned } from './view-spec.ts';

export const printLine = (line: LogLine, source: SourceSpec): string => {
  if (line.kind === 'poison') return line.text;
  const fields: string[] = [];
  const inner = new Map<string, string[]>();
  for (const [name, cell] of Object.entries(line.cells)) {
    const path = source.columns.find((c) => c.name === name)?.from?.path ?? [name];
    const text = `${JSON.stringify(path[path.length - 1])}: ${'bad' in cell ? cell.bad : cell.json}`;
    const outer = path[0]!;
    if (path.length === 1) fields.push(text);
    else inner.set(outer, [...(inner.get(outer) ?? []), text]);
  }
  for (const [outer, texts] of inner) fields.push(`${JSON.stringify(outer)}: {${texts.join(', ')}}`);
  if (line.extra !== undefined) fields.push(line.extra);
  return `{${fields.join(', ')}}`;
};

/** The source's file: one line an event, in arrival order; `n` takes a prefix. */
export const printLog = (test: Case, n = test.log.length): string =>
  test.log
    .slice(0, n)
    .map((line) => `${printLine(line, test.source)}\n`)
    .join('');

export const jsonValue = (value: Value, type: Type): string => {
  if (value === null) return 'null';
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
};

/** A request's row as JSON. */
export const printRequestRow = (row: Row, request: RequestSpec): string =>
  `{${request.columns.map((c) => `${JSON.stringify(c.name)}: ${jsonValue(row[c.name] ?? null, c.type)}`).join(', ')}}`;

/** Every file of the case by its path: features/…, data/…, fsc.json, case.json. */
export const caseFiles = (test: Case): Record<string, string> => {
  const data = `data/${test.source.name}.jsonl`;
  const history = test.source.order === 'arrival' ? data : { path: data, order: 'none' };
  const locations = test.source.knownAt === undefined ? { history } : { stream: '-' };
  const files: Record<string, string> = {
    ...printFiles(test.source, test.request, test.views, test.style),
    [data]: printLog(test),
    'fsc.json': `${JSON.stringify({ sources: { [test.source.name]: locations } }, null, 2)}\n`,
    'case.json': `${JSON.stringify(
      {
        seed: test.seed,
        ...(test.nth === undefined ? {} : { nth: test.nth }),
        views: test.views.map(versioned),
        instants: test.instants.map(isoText),
        prefixes: test.prefixes,
        verdicts: verdicts(test.log, test.source),
      },
      null,
      2,
    )}\n`,
  };
  const { request } = test;
  if (request !== undefined)
    files[`data/${request.name}.jsonl`] = test.requests.map((r) => `${printRequestRow(r, request)}\n`).join('');
  return files;
};

export const writeCase = (test: Case, directory: string): void => {
  for (const [path, text] of Object.entries(caseFiles(test))) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
};

/** For people: every file one after the other. */
export const printCase = (test: Case): string =>
  Object.entries(caseFiles(test))
    .map(([path, text]) => `===== ${path}\n${text}`)
    .join('');
