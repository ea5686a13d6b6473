/**
 * fsc.json as a tree that knows where each value stands, so that every fault is located. The places are found by the YAML parser (JSON is
 * YAML), which is loaded only where there is a fault to tell: it takes longer to load than everything else that a lookup needs.
 */
import { createRequire } from 'node:module';
import type { Document, LineCounter, Node } from 'yaml';
import { suggest } from '../compiler/diagnostics/suggest.ts';
import { withoutMark } from '../runtime/serving/client-config.ts';
import { FscError } from '../runtime/values/errors.ts';
import { type JsonFault, jsonFault } from './json-fault.ts';

export interface ConfigNode {
  get(key: string): ConfigNode | null;
  keys(): string[];
  isText(): boolean;
  /** Throws where it is no object, with the edit. */
  needObject(help: string): void;
  /** The value as JSON, as it stands there. */
  json(): string;
  /** The string with `${NAME}` replaced from the environment. */
  text(env: Readonly<Record<string, string | undefined>>): string;
  oneOf(allowed: readonly string[]): string;
  onlyKeys(allowed: readonly string[]): void;
  overlay(over: ConfigNode): ConfigNode;
  fault(message: string, why: string | null, help: string | null): FscError;
}

type Path = readonly string[];
type Locate = (path: Path) => string;

interface Layer {
  readonly value: unknown;
  readonly path: Path;
}

export function parseConfigText(written: string, file: string): ConfigNode {
  const text = withoutMark(written);
  const locate = (path: Path): string => {
    const { document, lines } = parseYaml(text);
    const node = (path.length === 0 ? document.contents : document.getIn(path, true)) as Node | null | undefined;
    const at = lines.linePos(node?.range?.[0] ?? 0);
    return `${file}:${at.line}:${at.col}`;
  };
  const value = parseJson(text, file);
  const root = new TreeNode([{ value, path: [] }], locate, '');
  if (!isObject(value)) throw root.fault('the configuration is no object', null, 'write { "sources": { … } }');
  return root;
}

function parseYaml(text: string): { readonly document: Document; readonly lines: LineCounter } {
  const yaml = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const lines = new yaml.LineCounter();
  return {
    document: yaml.parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, schema: 'json' }),
    lines,
  };
}

/** What a client of the project takes for JSON too, but for a key that stands twice. */
function parseJson(text: string, file: string): unknown {
  const fault = jsonFault(text);
  if (fault !== null) throw noJson(fault, text, file);
  return JSON.parse(text);
}

function noJson({ at, why, help }: JsonFault, text: string, file: string): FscError {
  const before = text.slice(0, at).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return new FscError('FSC7003', 2, `${file}:${before.length}:${column}: not valid JSON`, why, help);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const EDITS = { object: 'write it as { … }', string: 'write it in double quotes' } as const;

class TreeNode implements ConfigNode {
  /** Later ones lie over earlier ones. */
  readonly #layers: readonly Layer[];
  readonly #locate: Locate;
  readonly #path: string;

  constructor(layers: readonly Layer[], locate: Locate, path: string) {
    this.#layers = layers;
    this.#locate = locate;
    this.#path = path;
  }

  #top(): Layer {
    return this.#layers[this.#layers.length - 1] as Layer;
  }

  get(key: string): ConfigNode | null {
    const found = this.#layers.flatMap(({ value, path }): Layer[] => {
      if (!isObject(value)) throw this.#isNo('object');
      return Object.hasOwn(value, key) ? [{ value: value[key], path: [...path, key] }] : [];
    });
    if (found.length === 0) return null;
    const layers = found.every(({ value }) => isObject(value)) ? found : found.slice(-1);
    return new TreeNode(layers, this.#locate, this.#path === '' ? key : `${this.#path}.${key}`);
  }

  keys(): string[] {
    const keys = new Set<string>();
    for (const { value } of this.#layers) {
      if (!isObject(value)) throw this.#isNo('object');
      for (const key of Object.keys(value)) keys.add(key);
    }
    return [...keys];
  }

  #isNo(kind: 'object' | 'string', edit: string = EDITS[kind]): FscError {
    const help = 'leave it out; a profile adds to the rest or takes the place of parts of it, and takes nothing away';
    const isNull = (this.#top().value ?? null) === null;
    return this.fault(`${this.#name()} is no ${kind}`, isNull ? 'null is no value of it' : null, isNull ? help : edit);
  }

  needObject(help: string): void {
    if (!isObject(this.#top().value)) throw this.#isNo('object', help);
  }

  isText(): boolean {
    return typeof this.#top().value === 'string';
  }

  json(): string {
    return JSON.stringify(this.#top().value ?? null);
  }

  text(env: Readonly<Record<string, string | undefined>>): string {
    const { value, path } = this.#top();
    if (typeof value !== 'string') throw this.#isNo('string');
    if (/\$\{[^}]*$/.test(value))
      throw this.fault(`${this.#name()} has a \${ that no } ends`, null, 'end the name of the variable with a }');
    return value.replace(/\$\{([^}]*)\}/g, (_all, name: string) => {
      const found = env[name];
      if (found === undefined) {
        throw new FscError(
          'FSC7004',
          2,
          `${this.#locate(path)}: environment variable \`${name}\` is not set`,
          `${this.#name()} needs it`,
          `set it, or write it into .env beside fsc.json`,
        );
      }
      return found;
    });
  }

  oneOf(allowed: readonly string[]): string {
    const { value } = this.#top();
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
      const meant = suggest(key, allowed);
      throw (this.get(key) ?? this).fault(
        `unknown key \`${key}\``,
        `${this.#name()} takes ${allowed.filter((x) => x !== '$schema').join(', ')}`,
        meant === null ? 'remove or rename it' : `did you mean \`${meant}\`?`,
      );
    }
  }

  overlay(over: ConfigNode): ConfigNode {
    if (!(over instanceof TreeNode)) throw new Error('overlay of a foreign node');
    return new TreeNode([...this.#layers, ...over.#layers], this.#locate, this.#path);
  }

  fault(message: string, why: string | null, help: string | null): FscError {
    return new FscError('FSC7003', 2, `${this.#locate(this.#top().path)}: ${message}`, why, help);
  }

  #name(): string {
    return this.#path === '' ? 'the configuration' : `\`${this.#path}\``;
  }
}
