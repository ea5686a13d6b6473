import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFiles } from '../../cli/init/example.ts';
import { loadProject } from '../../cli/project.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { project, put } from './in-process.ts';

/** The part of JSON Schema that the schema uses; anything else in it fails the test. */
interface Schema {
  readonly [keyword: string]: unknown;
}

const ANNOTATIONS = ['$schema', '$id', '$defs', 'title', 'description'];
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'schemas/fsc.schema.json'), 'utf8')) as Schema;

function accepts(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(
    ([keyword, rule]) => ANNOTATIONS.includes(keyword) || holds(schema, keyword, rule, value),
  );
}

function holds(schema: Schema, keyword: string, rule: unknown, value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  switch (keyword) {
    case '$ref':
      return accepts(definition(rule as string), value);
    case 'type':
      return rule === 'object' ? isObject : typeof value === rule;
    case 'enum':
      return (rule as unknown[]).includes(value);
    case 'pattern':
      return typeof value !== 'string' || new RegExp(rule as string, 'u').test(value);
    case 'oneOf':
      return (rule as Schema[]).filter((one) => accepts(one, value)).length === 1;
    case 'required':
      return !isObject || (rule as string[]).every((name) => Object.hasOwn(value, name));
    case 'properties':
      return (
        !isObject ||
        Object.entries(rule as Record<string, Schema>).every(([name, one]) => acceptsField(value, name, one))
      );
    case 'additionalProperties': {
      const known = Object.keys((schema.properties ?? {}) as object);
      const others = isObject ? Object.keys(value).filter((name) => !known.includes(name)) : [];
      return rule === false ? others.length === 0 : others.every((name) => acceptsField(value, name, rule as Schema));
    }
    default:
      throw new Error(`the schema uses ${keyword}`);
  }
}

function acceptsField(value: unknown, name: string, schema: Schema): boolean {
  const fields = value as Record<string, unknown>;
  return !Object.hasOwn(fields, name) || accepts(schema, fields[name]);
}

function definition(ref: string): Schema {
  const name = ref.replace('#/$defs/', '');
  const found = (SCHEMA.$defs as Record<string, Schema>)[name];
  if (found === undefined) throw new Error(`no definition ${ref}`);
  return found;
}

describe('schemas/fsc.schema.json', () => {
  let world: ReturnType<typeof project>;
  beforeAll(() => {
    world = project({});
  });
  afterAll(() => world.remove());

  /** What the command line says of it, with and without each of its profiles. */
  function loads(config: unknown): boolean {
    put(world.root, 'fsc.json', JSON.stringify(config));
    const profiles = (config as { profiles?: unknown }).profiles;
    const isMap = typeof profiles === 'object' && profiles !== null && !Array.isArray(profiles);
    return [null, ...(isMap ? Object.keys(profiles) : [])].every((profile) => {
      const env = { X: 'x' };
      const io = { cwd: world.root, env } as unknown as Parameters<typeof loadProject>[0];
      try {
        loadProject(io, { project: null, profile, format: 'human', quiet: false, frozen: false });
        return true;
      } catch (error) {
        if (error instanceof FscError && error.code === 'FSC7003') return false;
        throw error;
      }
    });
  }

  it('takes the configurations that fsc writes and shows', () => {
    const design = {
      sources: { flights: { history: 'data/flights/*.parquet', stream: 'kafka:flights' } },
      online: 'lmdb',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how a variable is written
      profiles: { production: { online: '${REDIS_URL}', kafka: { brokers: '${KAFKA_BROKERS}' } } },
    };
    const own = readFileSync(join(ROOT, 'fsc.json'), 'utf8');
    for (const config of [design, JSON.parse(own), JSON.parse(exampleFiles().get('fsc.json') ?? '')]) {
      expect(accepts(SCHEMA, config)).toBe(true);
    }
  });

  const junk = fc.constantFrom<unknown>(null, 1, true, [], {}, 'x', { path: 'a' });
  const text = fc.constantFrom('data/a.csv', '-', '', '2001-01-01');
  const often = (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: junk });
  const withTypos = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
    fc
      .record(fields, { requiredKeys: [] })
      .chain((value) =>
        fc.oneof(
          { weight: 12, arbitrary: fc.constant<unknown>(value) },
          { weight: 1, arbitrary: fc.constant<unknown>({ ...value, typo: 'x' }) },
        ),
      );
  const history = withTypos({
    path: often(text),
    order: often(fc.constantFrom('none', 'arrival')),
    completeTo: often(text),
  });
  const source = withTypos({ history: often(fc.oneof(text, history)), stream: often(text), cut: often(text) });
  const top = {
    $schema: fc.constant('x'),
    sources: often(fc.dictionary(fc.constantFrom('a', 'b'), often(source))),
    online: often(text),
    clock: often(fc.constantFrom('wall', 'events')),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how a variable is written
    namespace: often(fc.constantFrom('', 'a-1_b', 'A', '${X}', 'a b')),
    kafka: junk,
  };

  it('takes exactly what the command line takes', () => {
    fc.assert(
      fc.property(withTypos(top), (config) => {
        expect([config, accepts(SCHEMA, config)]).toEqual([config, loads(config)]);
      }),
      { numRuns: 200 },
    );
  });

  it('takes every profile that the command line takes', () => {
    const profiles = often(fc.dictionary(fc.constantFrom('p', 'q'), often(withTypos(top))));
    fc.assert(
      fc.property(withTypos({ ...top, profiles }), (config) => {
        fc.pre(loads(config));
        expect([config, accepts(SCHEMA, config)]).toEqual([config, true]);
      }),
      { numRuns: 50 },
    );
    expect(accepts(SCHEMA, { profiles: { p: { sources: { a: { history: {} } } } } })).toBe(true);
    expect(accepts(SCHEMA, { sources: { a: { history: {} } } })).toBe(false);
    expect(accepts(SCHEMA, { profiles: { p: { profiles: {} } } })).toBe(false);
    expect(accepts(SCHEMA, { profiles: { p: { onlin: 'x' } } })).toBe(false);
  });
});
