/** Tests beside features (cli.md): YAML → tests, every part with its place. Digits of numbers are kept as they are written. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import {
  type Document,
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
import { suggest } from '../compiler/diagnostics/suggest.ts';
import { FscError } from '../runtime/values/errors.ts';
import type { SqlType } from '../runtime/values/types.ts';

export interface FeatureTest {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly view: string;
  readonly viewPlace: Place;
  readonly given: readonly GivenSource[];
  readonly expect: readonly Expectation[];
}

/** Rows in order of arrival. */
export interface GivenSource {
  readonly source: string;
  readonly place: Place;
  readonly rows: readonly TestRow[];
}

export interface Expectation {
  readonly place: Place;
  readonly asOf: string;
  readonly rows: readonly TestRow[];
}

export type TestRow =
  | { readonly kind: 'values'; readonly place: Place; readonly values: ReadonlyMap<string, TestValue> }
  /** A line of a JSONL file, as the source's own records are. */
  | { readonly kind: 'line'; readonly place: Place; readonly text: string };

export interface TestValue {
  readonly place: Place;
  /** JSON text: `12.50`, `"ORD"`, `null`. */
  readonly json: string;
  /** What stands in the file where YAML took it for a number or a truth value; null for texts and NULL. */
  readonly bare: string | null;
}

/** Lines and columns from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The JSON text of a value for a column: `zip: 02134` is a text where the column is one. */
export function jsonFor(value: TestValue, type: SqlType): string {
  return type.kind === 'text' && value.bare !== null ? JSON.stringify(value.bare) : value.json;
}

export function testFault(place: Place, message: string, why: string | null = null): FscError {
  return new FscError(
    'FSC7012',
    1,
    `${place.file}:${place.line}:${place.column}: ${message}`,
    why,
    'see "Tests beside features" in docs/features-guide.md',
  );
}

/** A name that is none of `names`. */
export function unknownName(place: Place, message: string, name: string, names: readonly string[]): FscError {
  const meant = suggest(name, names);
  const why = names.length === 0 ? null : `there are ${names.join(', ')}`;
  return testFault(place, message, meant === null ? why : `did you mean \`${meant}\`?`);
}

export function readFeatureTests(root: string, path: string): FeatureTest[] {
  const file = relative(root, path).replaceAll('\\', '/');
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines, intAsBigInt: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const at = lines.linePos(problem.pos[0]);
    const first = (problem.message.split('\n')[0] ?? '').replace(/ at line .*$/, '');
    throw testFault({ file, line: at.line, column: at.col }, 'not valid YAML', first);
  }
  return new Reader(root, file, dirname(path), lines, document).tests(document.contents);
}

class Reader {
  readonly #root: string;
  readonly #file: string;
  readonly #folder: string;
  readonly #lines: LineCounter;
  readonly #document: Document;

  constructor(root: string, file: string, folder: string, lines: LineCounter, document: Document) {
    this.#root = root;
    this.#file = file;
    this.#folder = folder;
    this.#lines = lines;
    this.#document = document;
  }

  tests(node: Node | null): FeatureTest[] {
    if (node === null) return [];
    return this.#items(node, 'a test file is a list of tests').map((item) => this.#test(item));
  }

  #test(node: Node): FeatureTest {
    const map = this.#map(node, 'a test is a mapping', ['name', 'view', 'given', 'expect']);
    const viewNode = this.#need(map, 'view');
    const view = this.#text(viewNode, '`view`');
    const givenNode = this.#child(map, 'given');
    const name = this.#child(map, 'name');
    return {
      file: this.#file,
      line: this.#place(node).line,
      name: name === null ? view : this.#text(name, '`name`'),
      view,
      viewPlace: this.#place(viewNode),
      given: givenNode === null || isNullNode(givenNode) ? [] : this.#given(givenNode),
      expect: this.#items(this.#need(map, 'expect'), '`expect` is a list').map((item) => this.#expectation(item)),
    };
  }

  #given(node: Node): GivenSource[] {
    return this.#pairs(this.#map(node, '`given` maps sources to rows', null)).map(({ key, value }) => ({
      source: keyText(key),
      place: this.#place(key),
      rows: value === null || isNullNode(value) ? [] : this.#rows(value),
    }));
  }

  #expectation(node: Node): Expectation {
    const map = this.#map(node, 'an expectation is a mapping', ['as_of', 'rows']);
    const rows = this.#items(this.#need(map, 'rows'), '`rows` is a list').map((row) => this.#row(row));
    return { place: this.#place(node), asOf: this.#text(this.#need(map, 'as_of'), '`as_of`'), rows };
  }

  #rows(node: Node): readonly TestRow[] {
    if (isScalar(node) && typeof node.value === 'string') return this.#linesOfFile(node as Scalar<string>);
    return this.#items(node, 'rows are a list of mappings, or a file').map((row) => this.#row(row));
  }

  #linesOfFile(node: Scalar<string>): readonly TestRow[] {
    const path = join(this.#folder, node.value);
    if (!node.value.endsWith('.jsonl')) throw this.#fault(node, `\`${node.value}\` is no .jsonl file`);
    if (!existsSync(path)) throw this.#fault(node, `file \`${node.value}\` does not exist`);
    const file = relative(this.#root, path).replaceAll('\\', '/');
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((text, i): TestRow => ({ kind: 'line', place: { file, line: i + 1, column: 1 }, text }))
      .filter((row) => row.kind === 'line' && row.text.trim() !== '');
  }

  #row(node: Node): TestRow {
    const values = new Map<string, TestValue>();
    for (const { key, value } of this.#pairs(this.#map(node, 'a row is a mapping of columns to values', null))) {
      values.set(keyText(key), this.#value(key, value));
    }
    return { kind: 'values', place: this.#place(node), values };
  }

  #value(key: Node, node: Node | null): TestValue {
    // A fault of a column is shown at its name.
    const place = this.#place(key);
    if (node === null) return { place, json: 'null', bare: null };
    if (!isScalar(node)) throw this.#fault(node, 'a value is a scalar');
    const { value } = node;
    const source = node.source ?? String(value);
    if (value === null) return { place, json: 'null', bare: null };
    if (typeof value === 'boolean') return { place, json: String(value), bare: source };
    if (typeof value === 'bigint') return { place, json: String(value), bare: source };
    if (typeof value === 'number') return { place, json: jsonNumber(source, value), bare: source };
    return { place, json: JSON.stringify(String(value)), bare: null };
  }

  #items(node: Node, what: string): Node[] {
    if (!isSeq(node)) throw this.#fault(node, what);
    return (node.items as Node[]).map((item) => this.#target(item));
  }

  /** What an alias (`*rows`) stands for. */
  #target(node: Node): Node {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document);
    if (target === undefined) throw this.#fault(node, `nothing is called \`${node.source}\``);
    return target;
  }

  #map(node: Node, what: string, allowed: readonly string[] | null): YAMLMap {
    if (!isMap(node)) throw this.#fault(node, what);
    for (const { key } of this.#pairs(node)) {
      const name = keyText(key);
      if (allowed !== null && !allowed.includes(name))
        throw this.#fault(key, `unknown key \`${name}\`, use ${allowed.join(', ')}`);
    }
    return node;
  }

  #pairs(map: YAMLMap): readonly { readonly key: Node; readonly value: Node | null }[] {
    return (map.items as Pair<Node, Node | null>[]).map(({ key, value }) => ({
      key,
      value: value === null ? null : this.#target(value),
    }));
  }

  #child(map: YAMLMap, key: string): Node | null {
    const value = (map.get(key, true) as Node | undefined) ?? null;
    return value === null ? null : this.#target(value);
  }

  #need(map: YAMLMap, key: string): Node {
    const value = this.#child(map, key);
    if (value === null) throw this.#fault(map, `\`${key}\` is missing`);
    return value;
  }

  #text(node: Node, what: string): string {
    if (!isScalar(node)) throw this.#fault(node, `${what} is text`);
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  #place(node: Node): Place {
    const at = this.#lines.linePos(node.range?.[0] ?? 0);
    return { file: this.#file, line: at.line, column: at.col };
  }

  #fault(node: Node, message: string): FscError {
    return testFault(this.#place(node), message);
  }
}

function isNullNode(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

function keyText(node: Node): string {
  if (!isScalar(node)) return String(node);
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

/** YAML's spelling of a number as JSON's, with its digits; infinities and NaN are the texts that stand for them. */
function jsonNumber(source: string, value: number): string {
  if (Number.isNaN(value)) return '"NaN"';
  if (!Number.isFinite(value)) {
    const isWord = /inf/i.test(source);
    if (isWord) return value > 0 ? '"Infinity"' : '"-Infinity"';
  }
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d+)?$/.exec(source.trim());
  if (match === null) return String(value);
  const [, sign, whole = '', fraction, exponent = ''] = match;
  const digits = whole.replace(/^0+(?=\d)/, '');
  return `${sign === '-' ? '-' : ''}${digits === '' ? '0' : digits}.${fraction === undefined || fraction === '' ? '0' : fraction}${exponent}`;
}
