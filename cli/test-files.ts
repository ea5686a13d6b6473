/** Tests beside features (cli.md): YAML → cases, with located faults. Rows become JSONL text, digits untouched. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { FscError } from '../runtime/values/errors.ts';

export interface FeatureTest {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly view: string;
  /** Source name → rows as JSON texts by column, in order of arrival. */
  readonly given: ReadonlyMap<string, readonly GivenRow[]>;
  readonly expect: readonly Expectation[];
}

/** Column → JSON text of the value as written (`12.50`, `"ORD"`, `null`). */
export type GivenRow = ReadonlyMap<string, string>;

export interface Expectation {
  readonly line: number;
  readonly asOf: string;
  readonly rows: readonly { readonly line: number; readonly values: GivenRow }[];
}

export function readFeatureTests(root: string, path: string): FeatureTest[] {
  const file = relative(root, path).replaceAll('\\', '/');
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines, intAsBigInt: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const at = lines.linePos(problem.pos[0]);
    throw new FscError(
      'FSC7012',
      1,
      `${file}:${at.line}:${at.col}: not valid YAML`,
      (problem.message.split('\n')[0] ?? '').replace(/ at line .*$/, ''),
      null,
    );
  }
  return new Reader(file, dirname(path), lines).tests(document.contents);
}

class Reader {
  readonly #file: string;
  readonly #folder: string;
  readonly #lines: LineCounter;

  constructor(file: string, folder: string, lines: LineCounter) {
    this.#file = file;
    this.#folder = folder;
    this.#lines = lines;
  }

  tests(node: Node | null): FeatureTest[] {
    if (node === null) return [];
    return this.#items(node, 'a test file is a list of tests').map((item) => this.#test(item));
  }

  #test(node: Node): FeatureTest {
    const map = this.#map(node, 'a test is a mapping', ['name', 'view', 'given', 'expect']);
    const view = this.#text(this.#need(map, 'view'), '`view`');
    const given = new Map<string, readonly GivenRow[]>();
    const givenNode = map.get('given', true) as Node | undefined;
    if (givenNode !== undefined) {
      for (const pair of this.#map(givenNode, '`given` maps sources to rows', null).items) {
        given.set(String(isScalar(pair.key) ? pair.key.value : pair.key), this.#rows(pair.value as Node));
      }
    }
    const expect = this.#items(this.#need(map, 'expect'), '`expect` is a list').map((item) => this.#expectation(item));
    const name = map.get('name', true) as Node | undefined;
    return {
      file: this.#file,
      line: this.#line(node),
      name: name === undefined ? view : this.#text(name, '`name`'),
      view,
      given,
      expect,
    };
  }

  #expectation(node: Node): Expectation {
    const map = this.#map(node, 'an expectation is a mapping', ['as_of', 'rows']);
    const rows = this.#items(this.#need(map, 'rows'), '`rows` is a list').map((row) => ({
      line: this.#line(row),
      values: this.#row(row),
    }));
    return { line: this.#line(node), asOf: this.#text(this.#need(map, 'as_of'), '`as_of`'), rows };
  }

  #rows(node: Node): readonly GivenRow[] {
    if (isScalar(node) && typeof node.value === 'string') return this.#rowsOfFile(node as Scalar<string>);
    return this.#items(node, 'rows are a list of mappings, or a file').map((row) => this.#row(row));
  }

  #rowsOfFile(node: Scalar<string>): readonly GivenRow[] {
    const path = join(this.#folder, node.value);
    if (!existsSync(path)) throw this.#fault(node, `file \`${node.value}\` does not exist`);
    if (!path.endsWith('.jsonl')) throw this.#fault(node, `\`${node.value}\` is no .jsonl file`);
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => this.#row(parseDocument(line, { intAsBigInt: true }).contents as Node));
  }

  #row(node: Node): GivenRow {
    const out = new Map<string, string>();
    for (const pair of this.#map(node, 'a row is a mapping of columns to values', null).items as Pair<
      Node,
      Node | null
    >[]) {
      out.set(String(isScalar(pair.key) ? pair.key.value : pair.key), this.#json(pair.value));
    }
    return out;
  }

  /** Numbers keep their digits as written, where JSON can hold them. */
  #json(node: Node | null): string {
    if (node === null) return 'null';
    if (!isScalar(node)) throw this.#fault(node, 'a value is a scalar');
    const value: unknown = node.value;
    if (value === null) return 'null';
    if (typeof value === 'boolean') return String(value);
    if (typeof value === 'number' || typeof value === 'bigint') {
      const source = (node.source ?? String(value)).trim();
      if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(source)) return source;
      return JSON.stringify(
        Number.isNaN(value)
          ? 'NaN'
          : value === Number.POSITIVE_INFINITY
            ? 'Infinity'
            : value === Number.NEGATIVE_INFINITY
              ? '-Infinity'
              : source,
      );
    }
    return JSON.stringify(String(value));
  }

  #items(node: Node, what: string): Node[] {
    if (!isSeq(node)) throw this.#fault(node, what);
    return node.items as Node[];
  }

  #map(node: Node, what: string, allowed: readonly string[] | null): YAMLMap {
    if (isAlias(node) || !isMap(node)) throw this.#fault(node, what);
    for (const pair of node.items) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      if (allowed !== null && !allowed.includes(key))
        throw this.#fault(pair.key as Node, `unknown key \`${key}\`, use ${allowed.join(', ')}`);
    }
    return node as YAMLMap;
  }

  #need(map: YAMLMap, key: string): Node {
    const value = map.get(key, true) as Node | undefined;
    if (value === undefined) throw this.#fault(map, `\`${key}\` is missing`);
    return value;
  }

  #text(node: Node, what: string): string {
    if (!isScalar(node)) throw this.#fault(node, `${what} is text`);
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  #line(node: Node): number {
    return this.#lines.linePos(node.range?.[0] ?? 0).line;
  }

  #fault(node: Node, message: string): FscError {
    const at = this.#lines.linePos(node.range?.[0] ?? 0);
    return new FscError(
      'FSC7012',
      1,
      `${this.#file}:${at.line}:${at.col}: ${message}`,
      null,
      'see "Tests beside features" in docs/features-guide.md',
    );
  }
}
