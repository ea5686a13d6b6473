/**
 * Cases that are kept as files: golden ones in `tests/cases`, finds in `tests/regressions`. A folder is a project (`features/`, `data/`,
 * `fsc.json`) with what it must answer:
 *
 * ```yaml
 * verdicts: [accepted, late]            # by line; may be left out
 * known_at: 2001-01-01T01:00:00Z        # of lines that come from stdin (`"stream": "-"`): when all of them become known
 * expect:
 *   - view: spend_v1
 *     at: 2001-01-01T02:00:00Z
 *     lines: 5                          # after that many lines; left out: after all
 *     ties: exclude                     # of a training set: without the events at the instant
 *     rows:                             # all of them; a request view has one a request, null where it has no row
 *       - {card: a, total: 12.50, mean: {about: 0.1, within: 1e-9}}
 * ```
 *
 * A row may leave columns out; a double that is not said to be `about` a value must be that value.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { Value } from '../../runtime/values/types.ts';
import type { Type } from '../generators/view-spec.ts';
import type { ColumnInfo } from '../reference/compare.ts';
import { readValue } from '../reference/compare.ts';
import type { NaiveCell, NaiveRow } from '../reference/evaluate.ts';
import type { Records } from './machines/duckdb.ts';
import type { Ties } from './machines/replay.ts';
import type { Expected, Oracle } from './oracle.ts';
import { type CompiledView, compileFiles, isRejected, type Project } from './project.ts';
import { toProduct } from './values.ts';

/** One entry of `expect`. */
export interface Expectation {
  readonly view: CompiledView;
  readonly t: bigint;
  readonly lines: number;
  readonly ties: Ties | null;
  readonly expected: Expected;
}

export interface KeptCase {
  readonly name: string;
  readonly project: Project;
  readonly verdicts: readonly string[] | null;
  readonly expectations: readonly Expectation[];
}

/** Folders of kept cases below `root`, in order. */
export function keptCases(root: string): string[] {
  if (!existsSync(root)) return [];
  const entries = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map((entry) => entry.name).sort();
}

export function readKeptCase(root: string, name: string): KeptCase {
  const folder = join(root, name);
  const document = parseDocument(readFileSync(join(folder, 'expected.yaml'), 'utf8'), { intAsBigInt: true });
  if (document.errors.length > 0) throw new Error(`${name}: ${document.errors[0]?.message}`);
  const top = mapOf(document.contents);
  const compiled = compileFiles(filesBelow(folder, 'features'));
  if (isRejected(compiled)) throw new Error(`${name} does not compile:\n${compiled.text}`);
  const project: Project = {
    ...compiled,
    seed: 1,
    log: {
      order: orderOf(folder),
      lines: readLines(join(folder, 'data', `${logName(folder)}.jsonl`)),
      knownAtMicros: top.has('known_at') ? Number(instantOf(top.get('known_at', true))) : null,
    },
    requests: compiled.request === null ? [] : readRequests(folder, compiled.request),
  };
  const verdicts = top.has('verdicts') ? seqOf(top.get('verdicts', true)).map(textOf) : null;
  const expectations = seqOf(top.get('expect', true)).map((node) => readExpectation(node, project));
  return { name, project, verdicts, expectations };
}

function filesBelow(folder: string, path: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
    const inner = `${path}/${entry.name}`;
    if (entry.isDirectory()) for (const [name, text] of filesBelow(folder, inner)) files.set(name, text);
    else files.set(inner, readFileSync(join(folder, inner), 'utf8'));
  }
  return files;
}

interface Config {
  readonly sources: Readonly<Record<string, { readonly history?: string | { readonly order: 'arrival' | 'none' } }>>;
}

function configOf(folder: string): Config {
  return JSON.parse(readFileSync(join(folder, 'fsc.json'), 'utf8')) as Config;
}

function logName(folder: string): string {
  const [name] = Object.keys(configOf(folder).sources);
  if (name === undefined) throw new Error(`${folder} names no source`);
  return name;
}

function orderOf(folder: string): 'arrival' | 'none' {
  const [source] = Object.values(configOf(folder).sources);
  return typeof source?.history === 'object' ? source.history.order : 'arrival';
}

function readLines(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function readRequests(folder: string, request: SourceSpec): Value[][] {
  const path = join(folder, 'data', `${request.name}.jsonl`);
  if (!existsSync(path)) return [];
  return readLines(path).map((line) => {
    const row = mapOf(parseDocument(line, { intAsBigInt: true }).contents);
    return request.columns.map(({ name, type }) => toProduct(plainValue(row.get(name, true), type as Type), type));
  });
}

function readExpectation(node: Node, project: Project): Expectation {
  const map = mapOf(node);
  const name = textOf(map.get('view', true));
  const view = project.views.find((one) => one.name === name);
  if (view === undefined) throw new Error(`there is no view ${name}`);
  const t = instantOf(map.get('at', true));
  const columns = columnsOf(view);
  const rows = seqOf(map.get('rows', true)).flatMap((row, i) =>
    isScalar(row) && row.value === null ? [] : [readRow(mapOf(row), columns, view, i)],
  );
  return {
    view,
    t,
    lines: map.has('lines') ? Number(textOf(map.get('lines', true))) : project.log.lines.length,
    ties: map.has('ties') ? (textOf(map.get('ties', true)) as Ties) : null,
    expected: { rows, columns, isOpen: false, filterErrors: 0 },
  };
}

function instantOf(node: unknown): bigint {
  const t = readValue(textOf(node), { kind: 'timestamp' });
  if (typeof t !== 'bigint') throw new Error(`no instant: ${textOf(node)}`);
  return t;
}

function columnsOf({ plan, spec }: CompiledView): ColumnInfo[] {
  const keys = new Set(spec.entity.map(({ name }) => name));
  return plan.outputs.map(({ name, type }) => ({
    name,
    type: type as Type,
    agreement: type.kind === 'double' || type.kind === 'real' ? 'double' : 'exact',
    key: keys.has(name),
  }));
}

function readRow(row: YAMLMap, columns: readonly ColumnInfo[], view: CompiledView, position: number): NaiveRow {
  const known = new Set(columns.map(({ name }) => name));
  for (const { key } of row.items) {
    if (!known.has(textOf(key as Node))) throw new Error(`${view.name} has no column ${textOf(key as Node)}`);
  }
  const cells = Object.fromEntries(columns.map((column) => [column.name, readCell(row, column)]));
  if (view.spec.shape === 'request') return { key: String(position), cells };
  const keys = columns.filter(({ key }) => key).map(({ name }) => cells[name]!.value);
  return { key: JSON.stringify(keys.map((value) => (typeof value === 'bigint' ? String(value) : value))), cells };
}

function readCell(row: YAMLMap, { name, type }: ColumnInfo): NaiveCell {
  const exact = { tolerance: 0, uncertain: false, errors: 0 };
  if (!row.has(name)) return { value: null, ...exact, uncertain: true };
  const node = row.get(name, true) as Node;
  if (!isMap(node)) return { value: plainValue(node, type), ...exact };
  const about = mapOf(node);
  const tolerance = Number(textOf(about.get('within', true)));
  return { value: plainValue(about.get('about', true), type), ...exact, tolerance };
}

/** Digits as they are written: a number's text, not the double that YAML makes of it. */
function plainValue(node: unknown, type: Type) {
  if (node === undefined) return null;
  if (!isScalar(node)) throw new Error('a value is a scalar');
  if (node.value === null) return null;
  const value = typeof node.value === 'boolean' && type.kind === 'boolean' ? node.value : textOf(node);
  const read = readValue(value, type);
  if (read === undefined) throw new Error(`${textOf(node)} is no ${type.kind}`);
  return typeof read === 'number' ? read + 0 : read;
}

function textOf(node: unknown): string {
  if (!isScalar(node)) throw new Error('a scalar is missing');
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

function mapOf(node: unknown): YAMLMap {
  if (!isMap(node)) throw new Error('a mapping is missing');
  return node;
}

function seqOf(node: unknown): Node[] {
  if (!isSeq(node)) throw new Error('a list is missing');
  return node.items as Node[];
}

export class Kept implements Oracle {
  readonly instants: readonly bigint[];
  readonly prefixes: readonly number[];
  readonly accepted: Records;
  readonly #kept: KeptCase;

  /** `accepted`: as the log has them; its verdicts are held against the file's. */
  constructor(kept: KeptCase, accepted: Records) {
    this.#kept = kept;
    this.accepted = accepted;
    this.instants = [...new Set(kept.expectations.map(({ t }) => t))];
    this.prefixes = [...new Set([...kept.expectations.map(({ lines }) => lines), kept.project.log.lines.length])];
  }

  at(view: CompiledView, t: bigint, n: number): Expected | null {
    const found = this.#kept.expectations.find(
      (one) => one.view === view && one.t === t && one.lines === n && one.ties === null,
    );
    return found?.expected ?? null;
  }

  everyRow(): null {
    return null;
  }

  verdicts(n: number): readonly string[] | null {
    return n === this.#kept.project.log.lines.length ? this.#kept.verdicts : null;
  }
}
