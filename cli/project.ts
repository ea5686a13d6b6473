/**
 * A project: its root, configuration (fsc.json, profile, environment) and feature files. Reads only; configuration faults are
 * located FscErrors with exit code 2.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { suggest } from '../compiler/diagnostics/suggest.ts';
import { parseDotEnv } from '../runtime/serving/dot-env.ts';
import { spillUnder } from '../runtime/sources/spill-folder.ts';
import { FscError } from '../runtime/values/errors.ts';
import type { SourceSpec } from '../runtime/values/manifest.ts';
import { type ConfigNode, parseConfigText } from './config-text.ts';
import { parseInstant } from './instant.ts';
import type { GlobalFlags, Io } from './io.ts';

export interface HistoryConfig {
  readonly location: string;
  /** null: by the kind of location (JSONL and stdin arrival, the rest none). */
  readonly order: 'none' | 'arrival' | null;
  /** It is declared complete up to here; null: nothing is said. */
  readonly completeToMicros: number | null;
}

export interface SourceConfig {
  readonly history: HistoryConfig | null;
  readonly stream: string | null;
  readonly cutMicros: number | null;
  /** A fault at its place. */
  readonly fault: ConfigNode['fault'];
}

export interface Config {
  readonly sources: ReadonlyMap<string, SourceConfig>;
  /** `lmdb`, `memory`, `redis://…` */
  readonly online: string;
  readonly clock: 'wall' | 'events';
  readonly namespace: string;
  /** `postgres://…`: holds a password, and is printed nowhere. null: not said. */
  readonly postgres: string | null;
}

export interface Project {
  readonly root: string;
  readonly config: Config;
}

const EMPTY_CONFIG: Config = { sources: new Map(), online: 'lmdb', clock: 'wall', namespace: '', postgres: null };

export function findRoot(io: Io, flags: GlobalFlags): string {
  if (flags.project !== null) {
    const root = resolve(io.cwd, flags.project);
    if (isProject(root)) return root;
    throw new FscError(
      'FSC7002',
      2,
      `\`${flags.project}\` is no fsc project`,
      'it holds neither fsc.json nor features/',
      'name the folder that holds features/, or make one: fsc init DIR',
    );
  }
  for (let dir = resolve(io.cwd); ; dir = dirname(dir)) {
    if (isProject(dir)) return dir;
    if (dirname(dir) === dir) break;
  }
  throw new FscError(
    'FSC7002',
    2,
    'no fsc project here',
    `neither ${io.cwd} nor a folder above it holds fsc.json or features/`,
    'make one: fsc init DIR, or name one: --project DIR',
  );
}

function isProject(dir: string): boolean {
  return existsSync(join(dir, 'fsc.json')) || existsSync(join(dir, 'features'));
}

export function loadProject(io: Io, flags: GlobalFlags): Project {
  const root = findRoot(io, flags);
  spillUnder(join(root, '.fsc'));
  const file = join(root, 'fsc.json');
  if (!existsSync(file)) {
    if (flags.profile !== null || present(io.env['FSC_PROFILE'])) {
      throw new FscError(
        'FSC7003',
        2,
        `profile \`${flags.profile ?? io.env['FSC_PROFILE']}\` does not exist`,
        'the project has no fsc.json',
        'write fsc.json with "profiles"',
      );
    }
    return { root, config: EMPTY_CONFIG };
  }
  const text = readText(file);
  const env = { ...readDotEnv(join(root, '.env')), ...io.env };
  const base = parseConfigText(text, 'fsc.json');
  const profile = flags.profile ?? io.env['FSC_PROFILE'] ?? null;
  const merged = profile === null || profile === '' ? base : withProfile(base, profile);
  return { root, config: readConfig(merged, env) };
}

/** What fsc.json says of a source that nobody declares would be passed over in silence. */
export function refuseUndeclared(
  { config }: Project,
  { sources }: { readonly sources: readonly { readonly spec: Pick<SourceSpec, 'name' | 'kind'> }[] },
): void {
  const declared = sources.map(({ spec }) => spec.name);
  for (const [name, { fault }] of config.sources) {
    const spec = sources.find((source) => source.spec.name === name)?.spec;
    if (spec?.kind === 'request')
      throw fault(`\`${name}\` is a request source`, 'its records are what callers send', 'remove it');
    if (spec !== undefined) continue;
    const meant = suggest(name, declared);
    throw fault(
      `there is no source \`${name}\``,
      declared.length === 0 ? 'the project declares none' : `the project declares ${declared.join(', ')}`,
      meant === null ? `declare it in features/sources/${name}.sql, or remove it` : `did you mean \`${meant}\`?`,
    );
  }
}

function present(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new FscError('FSC7003', 2, `cannot read ${file}`, error instanceof Error ? error.message : null, null);
  }
}

/** The environment wins over it. */
function readDotEnv(file: string): Record<string, string> {
  return existsSync(file) ? parseDotEnv(readText(file)) : {};
}

function whichProfile(name: string, names: readonly string[]): string {
  if (names.length === 0)
    return `leave out --profile (or FSC_PROFILE), or add "profiles": {"${name}": {…}} to fsc.json`;
  const meant = suggest(name, names);
  return meant === null ? 'name one of them, or add it' : `did you mean \`${meant}\`?`;
}

function withProfile(base: ConfigNode, name: string): ConfigNode {
  const profiles = base.get('profiles');
  const profile = profiles?.get(name) ?? null;
  if (profile === null) {
    const names = profiles?.keys() ?? [];
    throw new FscError(
      'FSC7003',
      2,
      `profile \`${name}\` does not exist`,
      names.length === 0 ? 'fsc.json has no "profiles"' : `fsc.json has ${names.join(', ')}`,
      whichProfile(name, names),
    );
  }
  return base.overlay(profile);
}

const TOP_KEYS = ['$schema', 'sources', 'online', 'profiles', 'clock', 'namespace', 'kafka', 'postgres', 'registry'];

function readConfig(node: ConfigNode, env: Readonly<Record<string, string | undefined>>): Config {
  node.onlyKeys(TOP_KEYS);
  for (const name of node.get('profiles')?.keys() ?? [])
    node
      .get('profiles')
      ?.get(name)
      ?.onlyKeys(TOP_KEYS.filter((key) => key !== 'profiles'));
  const sources = new Map<string, SourceConfig>();
  const list = node.get('sources');
  for (const name of list?.keys() ?? []) {
    const entry = list?.get(name) ?? null;
    if (entry !== null) sources.set(name, readSource(name, entry, env));
  }
  const clock = node.get('clock')?.oneOf(['wall', 'events']) ?? 'wall';
  const namespace = node.get('namespace')?.text(env) ?? '';
  const namespaceNode = node.get('namespace');
  if (namespaceNode !== null && !/^[a-z0-9_-]{0,63}$/.test(namespace)) {
    throw namespaceNode.fault(
      `namespace \`${namespace}\` is not usable`,
      'it becomes part of keys, topics and tables',
      'use up to 63 of a-z 0-9 _ -',
    );
  }
  return {
    sources,
    online: node.get('online')?.text(env) ?? 'lmdb',
    clock: clock === 'events' ? 'events' : 'wall',
    namespace,
    postgres: node.get('postgres')?.text(env) ?? null,
  };
}

function readSource(name: string, node: ConfigNode, env: Readonly<Record<string, string | undefined>>): SourceConfig {
  if (node.isText()) {
    throw node.fault(
      `\`sources.${name}\` is no object`,
      'a location is the history of a source, or its stream',
      `write ${JSON.stringify(name)}: {"history": ${node.json()}}`,
    );
  }
  node.needObject(`write ${JSON.stringify(name)}: {"history": "data/${name}.parquet"}`);
  node.onlyKeys(['history', 'stream', 'cut']);
  const historyNode = node.get('history');
  const history = historyNode === null ? null : readHistory(historyNode, env);
  const streamNode = node.get('stream');
  const stream = streamNode?.text(env) ?? null;
  if (streamNode !== null && stream === '-' && history?.location === '-') throw twiceStdin(name, streamNode);
  return {
    history,
    stream,
    cutMicros: readInstant(node.get('cut'), env),
    fault: (message, why, help) => node.fault(message, why, help),
  };
}

/** A history is read to its end before its stream, which stdin then has nothing of. */
function twiceStdin(name: string, stream: ConfigNode): FscError {
  return stream.fault(
    `history and stream of \`${name}\` both read stdin`,
    'stdin ends once: nothing would be left for the stream',
    'keep "stream": "-", and name files as "history" or leave it out',
  );
}

function readInstant(node: ConfigNode | null, env: Readonly<Record<string, string | undefined>>): number | null {
  if (node === null) return null;
  try {
    return parseInstant(node.text(env), noNow);
  } catch (error) {
    if (error instanceof FscError && error.code === 'FSC7007') throw node.fault(error.message, error.why, error.help);
    throw error;
  }
}

function noNow(): number {
  throw new FscError('FSC7007', 2, '`now` is no fixed instant', 'fsc.json says the same every time', 'write a date');
}

function readHistory(node: ConfigNode, env: Readonly<Record<string, string | undefined>>): HistoryConfig {
  if (node.isText()) return { location: node.text(env), order: null, completeToMicros: null };
  node.needObject('write a path ("history": "data/*.parquet"), or an object ({"path": "data/*.parquet"})');
  node.onlyKeys(['path', 'order', 'completeTo']);
  const path = node.get('path');
  if (path === null) throw node.fault('history has no `path`', null, 'write "history": {"path": "data/*.parquet"}');
  const order = node.get('order')?.oneOf(['none', 'arrival']) ?? null;
  return {
    location: path.text(env),
    order: order === 'none' || order === 'arrival' ? order : null,
    completeToMicros: readInstant(node.get('completeTo'), env),
  };
}
