/** fsc.json as a tree that knows where each value stands, so that every fault is located. JSON is read as YAML, whose parser keeps ranges. */
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { FscError } from '../runtime/values/errors.ts';

export interface ConfigNode {
  get(key: string): ConfigNode | null;
  keys(): string[];
  isText(): boolean;
  /** The string with `${NAME}` replaced from the environment. */
  text(env: Readonly<Record<string, string | undefined>>): string;
  oneOf(allowed: readonly string[]): string;
  onlyKeys(allowed: readonly string[]): void;
  overlay(over: ConfigNode): ConfigNode;
  fault(message: string, why: string | null, help: string | null): FscError;
}

export function parseConfigText(text: string, file: string): ConfigNode {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, schema: 'json' });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const at = lines.linePos(problem.pos[0]);
    const first = problem.message.split('\n')[0] ?? '';
    throw new FscError(
      'FSC7003',
      2,
      `${file}:${at.line}:${at.col}: not valid JSON`,
      first.replace(/ at line .*$/, ''),
      null,
    );
  }
  const locate = (node: Node | null): string => {
    const at = lines.linePos(node?.range?.[0] ?? 0);
    return `${file}:${at.line}:${at.col}`;
  };
  const root = new YamlNode(document.contents, locate, '');
  if (!isMap(document.contents)) throw root.fault('the configuration is no object', null, 'write { "sources": { … } }');
  return root;
}

class YamlNode implements ConfigNode {
  readonly #nodes: readonly (Node | null)[];
  readonly #locate: (node: Node | null) => string;
  readonly #path: string;

  /** Several nodes: later ones lie over earlier ones. */
  constructor(node: Node | null | readonly (Node | null)[], locate: (node: Node | null) => string, path: string) {
    this.#nodes = Array.isArray(node) ? node : [node as Node | null];
    this.#locate = locate;
    this.#path = path;
  }

  #top(): Node | null {
    return this.#nodes[this.#nodes.length - 1] ?? null;
  }

  get(key: string): ConfigNode | null {
    const found: (Node | null)[] = [];
    for (const node of this.#nodes) {
      if (!isMap(node)) throw this.fault(`${this.#name()} is no object`, null, null);
      const value = node.get(key, true) as Node | undefined;
      if (value !== undefined) found.push(value);
    }
    if (found.length === 0) return null;
    const maps = found.every((node) => isMap(node));
    return new YamlNode(
      maps ? found : [found[found.length - 1] ?? null],
      this.#locate,
      this.#path === '' ? key : `${this.#path}.${key}`,
    );
  }

  keys(): string[] {
    const keys = new Set<string>();
    for (const node of this.#nodes) {
      if (!isMap(node)) throw this.fault(`${this.#name()} is no object`, null, null);
      for (const item of node.items) keys.add(String(isScalar(item.key) ? item.key.value : item.key));
    }
    return [...keys];
  }

  isText(): boolean {
    const node = this.#top();
    return isScalar(node) && typeof node.value === 'string';
  }

  text(env: Readonly<Record<string, string | undefined>>): string {
    const node = this.#top();
    if (!isScalar(node) || typeof node.value !== 'string') throw this.fault(`${this.#name()} is no string`, null, null);
    return node.value.replace(/\$\{([^}]*)\}/g, (_all, name: string) => {
      const value = env[name];
      if (value === undefined) {
        throw new FscError(
          'FSC7004',
          2,
          `${this.#locate(node)}: environment variable \`${name}\` is not set`,
          `${this.#name()} needs it`,
          `set it, or write it into .env beside fsc.json`,
        );
      }
      return value;
    });
  }

  oneOf(allowed: readonly string[]): string {
    const node = this.#top();
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value !== 'string' || !allowed.includes(value)) {
      throw this.fault(
        `${this.#name()} is ${JSON.stringify(value ?? null)}`,
        null,
        `write one of ${allowed.map((x) => `"${x}"`).join(', ')}`,
      );
    }
    return value;
  }

  onlyKeys(allowed: readonly string[]): void {
    for (const key of this.keys()) {
      if (allowed.includes(key)) continue;
      throw (this.get(key) ?? this).fault(
        `unknown key \`${key}\``,
        `${this.#name()} takes ${allowed.filter((x) => x !== '$schema').join(', ')}`,
        'remove or rename it',
      );
    }
  }

  overlay(over: ConfigNode): ConfigNode {
    if (!(over instanceof YamlNode)) throw new Error('overlay of a foreign node');
    return new YamlNode([...this.#nodes, ...over.#nodes], this.#locate, this.#path);
  }

  fault(message: string, why: string | null, help: string | null): FscError {
    return new FscError('FSC7003', 2, `${this.#locate(this.#top())}: ${message}`, why, help);
  }

  #name(): string {
    return this.#path === '' ? 'the configuration' : `\`${this.#path}\``;
  }
}
