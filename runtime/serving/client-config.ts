/** What a client needs of the project's configuration: where the store is, what `now` is, the namespace. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FscError } from '../values/errors.ts';
import { parseDotEnv } from './dot-env.ts';
import type { ClockMode } from './lookup.ts';

export interface ClientConfig {
  /** Folder of the LMDB store. */
  readonly onlinePath: string;
  readonly clock: ClockMode;
  readonly namespace: string;
}

export interface ConfigOptions {
  readonly profile?: string | undefined;
  readonly online?: string | undefined;
  readonly clock?: ClockMode | undefined;
  readonly namespace?: string | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

export function readClientConfig(
  root: string,
  options: ConfigOptions,
  env: Readonly<Record<string, string | undefined>>,
): ClientConfig {
  const file = join(root, 'fsc.json');
  const base = existsSync(file) ? parseObject(readFileSync(file, 'utf8'), file) : {};
  const profile = options.profile ?? env['FSC_PROFILE'] ?? '';
  const config = profile === '' ? base : { ...base, ...profileOf(base, profile, file) };
  const variables = { ...readDotEnv(join(root, '.env')), ...env };
  const text = (name: 'online' | 'clock' | 'namespace', otherwise: string): string =>
    options[name] ?? expand(config[name] ?? otherwise, variables, name, file);
  const clock = text('clock', 'wall');
  if (clock !== 'wall' && clock !== 'events') throw wrong(file, '`clock` is neither "wall" nor "events"');
  return { onlinePath: storePath(root, text('online', 'lmdb')), clock, namespace: text('namespace', '') };
}

function storePath(root: string, online: string): string {
  if (online === 'lmdb') return join(root, '.fsc', 'online');
  if (online === 'memory' || /^[a-z][a-z0-9+.-]+:\/\//i.test(online)) {
    throw new FscError(
      'FSC7224',
      2,
      `a client cannot read the online store \`${online.replace(/:\/\/.*$/s, '://…')}\``,
      'this version serves from LMDB',
      'give "lmdb" or the folder of an LMDB store as `online`',
    );
  }
  return resolve(root, online);
}

function profileOf(base: JsonObject, name: string, file: string): JsonObject {
  const profiles = base['profiles'];
  const profile = isObject(profiles) && Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (!isObject(profile)) throw wrong(file, `profile \`${name}\` does not exist`);
  return profile;
}

function parseObject(text: string, file: string): JsonObject {
  try {
    const json: unknown = JSON.parse(withoutMark(text));
    if (isObject(json)) return json;
  } catch (error) {
    throw wrong(file, error instanceof Error ? error.message : null);
  }
  throw wrong(file, 'it is no object');
}

/** Some editors put a byte order mark before what they write, which is no JSON. */
export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function expand(value: unknown, env: Readonly<Record<string, string | undefined>>, name: string, file: string): string {
  if (typeof value !== 'string') throw wrong(file, `\`${name}\` is no string`);
  if (/\$\{[^}]*$/.test(value)) throw wrong(file, `\`${name}\` has a \${ that no } ends`);
  return value.replace(/\$\{([^}]*)\}/g, (_all, variable: string) => {
    const found = env[variable];
    if (found === undefined)
      throw wrong(file, `environment variable \`${variable}\` is not set, and \`${name}\` needs it`);
    return found;
  });
}

function readDotEnv(file: string): Record<string, string> {
  return existsSync(file) ? parseDotEnv(readFileSync(file, 'utf8')) : {};
}

function wrong(file: string, why: string | null): FscError {
  return new FscError('FSC7224', 2, `${file} cannot be used`, why, 'fsc check tells the place');
}
