import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitClient } from '../../compiler/backends/client/emit-client.ts';
import { emitProject } from '../../compiler/emit.ts';
import type { AggregateViewPlan, ProjectPlan, RequestViewPlan, Slot } from '../../compiler/plan/plan.ts';
import { takeValue } from '../../runtime/serving/client-values.ts';
import type { ViewProgram } from '../../runtime/state/program.ts';
import { openLmdbStore } from '../../runtime/stores/lmdb-store.ts';
import { RowBuilder } from '../../runtime/stores/row-builder.ts';
import type { StoredRow } from '../../runtime/stores/store.ts';
import type { ColumnSpec, SourceSpec } from '../../runtime/values/manifest.ts';
import { plainColumn } from '../../runtime/values/plain-spec.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { BIGINT, column, DECIMAL, DOUBLE, INTEGER, source, TEXT, TIMESTAMP } from '../state/plans.ts';
import { beat, keysOf } from './fakes.ts';
import { HOUR, programOf, START, stateOf, streamFiles } from './world.ts';

const root = resolve(import.meta.dirname, '..', '..');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const span = { start: 0, end: 0 };
// biome-ignore lint/suspicious/noTemplateCurlyInString: text that must not become code
const HOSTILE = 'a"b\\c\'d`${1}*/ @deprecated \u2028\u2029\n\r</script>';

function slotOf(fn: string, name: string | null, type: SqlType, hours: number | null): Slot {
  const arg = name === null ? null : column(name);
  const lower = hours === null ? [] : [{ trunc: null, offsetMonths: 0, offsetMicros: -hours * HOUR, inclusive: false }];
  const call = { fn, distinct: false, arg, argType: arg?.type ?? null, type, span };
  return { kind: 'aggregate', call, filter: null, window: { lower, upper: [] }, type };
}

/** Every type a feature can have, under names that nobody should choose. */
const SLOTS: readonly (readonly [string, Slot])[] = [
  ['events_1h', slotOf('count_star', null, BIGINT, 1)],
  [HOSTILE, slotOf('max', 'i', INTEGER, null)],
  ['__proto__', slotOf('latest', 's', TEXT, null)],
  ['constructor', slotOf('max', 'w', BIGINT, null)],
  ['total', slotOf('sum', 'm', { kind: 'decimal', precision: 38, scale: 2 }, null)],
  ['mean', slotOf('avg', 'i', DOUBLE, 2)],
  ['any', slotOf('bool_or', 'b', { kind: 'boolean' }, null)],
  ['last_at', slotOf('max', 'ts', TIMESTAMP, null)],
];

function aggregate(): AggregateViewPlan {
  const keys = [column('card'), column('shop')];
  const names = ['card', 'shop'];
  return {
    kind: 'aggregate',
    spec: {
      name: 'card_activity_v1',
      shape: 'aggregate',
      fingerprint: 'fp1:card',
      source: 'events',
      entity: keys.map((key, ordinal) => ({ name: names[ordinal] as string, type: key.type, ordinal })),
      features: SLOTS.map(([name, slot], i) => ({
        name,
        type: slot.type,
        agreement: 'exact',
        description: i % 2 === 0 ? HOSTILE : null,
        lineage: [],
        ordinal: 2 + i,
      })),
      joins: [],
      description: HOSTILE,
      owner: '*/ export const x = 1; /*',
      stateNotes: [],
    },
    file: { path: '', text: '' },
    querySpan: span,
    source: source(true),
    entity: keys,
    where: null,
    whereWindow: { lower: [], upper: [] },
    slots: SLOTS.map(([, slot]) => slot),
    having: null,
    outputs: [
      ...keys.map((key, i) => ({
        name: names[i] as string,
        span,
        type: key.type,
        expr: { kind: 'key' as const, key: i, type: key.type, span },
      })),
      ...SLOTS.map(([name, slot], i) => ({
        name,
        span,
        type: slot.type,
        expr: { kind: 'slot' as const, slot: i, type: slot.type, span },
      })),
    ],
  };
}

const requestColumn = (name: string, type: SqlType, change: Partial<ColumnSpec>): ColumnSpec => ({
  ...plainColumn(name, type),
  ...change,
});

const PAYMENT: SourceSpec = {
  ...source(true),
  name: 'payment',
  kind: 'request',
  eventTimeColumn: -1,
  keyColumns: [],
  columns: [
    requestColumn('card', TEXT, { nullable: false }),
    requestColumn('amount', DECIMAL, {}),
    requestColumn('shop', INTEGER, { nullable: false, hasDefault: true, defaultValue: 7, description: HOSTILE }),
  ],
};

function request(joined: AggregateViewPlan): RequestViewPlan {
  const ask = (index: number) => {
    const { name, type } = PAYMENT.columns[index] as ColumnSpec;
    return { kind: 'request' as const, column: index, name, type, span };
  };
  const feature = { kind: 'feature' as const, join: 0, ordinal: 2, type: BIGINT, span };
  const zero = { kind: 'const' as const, type: BIGINT, value: 0, span };
  const outputs = [
    { name: 'card', span, type: TEXT, expr: ask(0) },
    { name: 'amount', span, type: DECIMAL, expr: ask(1) },
    {
      name: 'events_1h',
      span,
      type: BIGINT,
      expr: { kind: 'coalesce' as const, type: BIGINT, args: [feature, zero], span },
    },
    { name: 'raw', span, type: BIGINT, expr: feature },
  ];
  return {
    kind: 'request',
    spec: {
      ...joined.spec,
      name: 'payment_risk_v1',
      shape: 'request',
      fingerprint: 'fp1:risk',
      source: 'payment',
      entity: [],
      features: outputs.map(({ name, type }, ordinal) => ({
        name,
        type,
        agreement: 'exact',
        description: null,
        lineage: [],
        ordinal,
      })),
      joins: [{ view: 'card_activity_v1', inner: false }],
      owner: null,
      description: null,
    },
    file: { path: '', text: '' },
    querySpan: span,
    request: PAYMENT,
    joins: [{ view: joined, inner: false, keys: [ask(0), ask(2)], span }],
    where: null,
    outputs,
  };
}

function plan(): ProjectPlan {
  const view = aggregate();
  const file = { path: '', text: '' };
  const sources = [source(true), PAYMENT].map((spec) => ({ spec, file, checks: [], only: null, onlyColumns: [] }));
  return { sources, views: [view, request(view)] };
}

const home = mkdtempSync(join(tmpdir(), 'fsc-client-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Runs a script of the project in another process. */
function run(script: string): { readonly stdout: string; readonly stderr: string } {
  write('script.mjs', `import { connect } from './generated/client/index.js';\n${script}`);
  const { stdout, stderr } = spawnSync(process.execPath, ['script.mjs'], { cwd: home, encoding: 'utf8' });
  return { stdout, stderr };
}

beforeAll(async () => {
  const project = plan();
  for (const { path, text } of [...streamFiles(project), ...emitClient(project).files]) write(path, text);
  write('generated/package.json', emitProject({ sources: [], views: [] }).get('package.json') as string);
  // As `npm init` writes it.
  write('package.json', '{"type":"commonjs"}');
  write('fsc.json', '{"clock":"events","profiles":{"staging":{"namespace":"staging"}}}');
  buildRuntime();
  await fillStore(project);
});

/** `fsc/runtime` as an installed package. */
function buildRuntime(): void {
  const out = join(home, 'node_modules', 'fsc');
  mkdirSync(out, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'), 'dir');
  writeFileSync(
    join(out, 'package.json'),
    '{"name":"fsc","type":"module","exports":{"./runtime":"./tests/serving/client-entry.js"}}',
  );
  const config = join(out, 'tsconfig.json');
  const compilerOptions = { outDir: out, rootDir: root, noCheck: true, declaration: false };
  const files = [join(root, 'tests', 'serving', 'client-entry.ts')];
  writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), files, include: [], compilerOptions }));
  const built = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stdout);
}

async function fillStore(project: ProjectPlan): Promise<void> {
  const program = programOf(project);
  const view = program.views.find(({ spec }) => spec.name === 'card_activity_v1') as ViewProgram;
  const event = (at: number, id: string, card: string, shop: number, i: number | null): Value[] => [
    START + at,
    id,
    card,
    shop,
    i,
    0.5,
    i === null ? null : true,
    'text',
    9007199254740993n,
    99999999999999999999999999n,
    1,
  ];
  const events = [event(0, 'a', 'c1', 7, 5), event(1, 'b', 'c1', 7, null), event(HOUR, 'c', '*/', 7, 2)];
  const state = stateOf(program.groups[0] as (typeof program.groups)[number], events);
  const builder = new RowBuilder(view.slotTypes, keysOf(view));
  const rows: StoredRow[] = [];
  for (let id = 0; id < state.entityCount; id++) {
    const keys: Value[] = [];
    state.entityKeys(id, keys);
    const options = { budget: 'complete', flushIntervalMicros: 1_000_000, generation: 1, jitterSeed: id } as const;
    rows.push(...(builder.build(state.walk(0, id, START), keys, options)?.rows ?? []));
  }
  const store = await openLmdbStore({ path: join(home, '.fsc', 'online'), readOnly: false, namespace: '' });
  await store.write(
    { epoch: 1, sequence: 1 },
    rows,
    beat(view, { newestMicros: START + HOUR, knownToMicros: START + HOUR }),
  );
  await store.close();
}

describe('the generated client', () => {
  it('answers one entity, many, several views, at now and at an instant, in another process', () => {
    const { stdout, stderr } = run(`
      const json = (x) => JSON.stringify(x, (_, v) => (typeof v === 'bigint' ? v + 'n' : v));
      const client = await connect();
      console.log(json(await client.get('card_activity_v1', { card: 'c1', shop: 7 })));
      console.log(json(await client.getMany('card_activity_v1', [{ card: 'x', shop: 7 }, { card: '*/', shop: 7 }], { at: new Date(${START / 1000 + 3_600_000}) })));
      console.log(json(await client.getViews({
        card_activity_v1: { card: 'c1', shop: 7 },
        payment_risk_v1: [{ card: 'c1', amount: '123456789012345678901234567.05' }, { card: 'c1', amount: null, shop: 8 }],
      }, { at: '2001-02-27 00:30' })));
      await client.close();
    `);
    expect(stderr).toBe('');
    const [one, many, views] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const row = {
      card: 'c1',
      shop: 7,
      events_1h: '1n',
      [HOSTILE]: 5,
      ['__proto__']: 'text',
      constructor: '9007199254740993n',
      total: '1999999999999999999999999.98',
      mean: 5,
      any: true,
      last_at: '2001-02-27T00:00:00.000001Z',
    };
    expect(Object.entries(one.row)).toEqual(Object.entries(row));
    expect(one.meta).toEqual({
      asOf: '2001-02-27T01:00:00Z',
      exact: true,
      knownTo: '2001-02-27T01:00:00Z',
      validFrom: '2001-02-27T01:00:00Z',
      validTo: '2001-02-27T01:00:00.000001Z',
    });
    expect(many.map((answer: { row: { events_1h: string } | null }) => answer.row?.events_1h ?? null)).toEqual([
      null,
      '1n',
    ]);
    expect(Object.keys(views)).toEqual(['card_activity_v1', 'payment_risk_v1']);
    expect(views.card_activity_v1.row.events_1h).toBe('2n');
    expect(views.payment_risk_v1.map((answer: { row: unknown }) => answer.row)).toEqual([
      { card: 'c1', amount: '123456789012345678901234567.05', events_1h: '2n', raw: '2n' },
      { card: 'c1', amount: null, events_1h: '0n', raw: null },
    ]);
  });

  it('answers from the store that took the place of the one it opened, once there is one', () => {
    const { stdout, stderr } = run(`
      const { cpSync, renameSync, rmSync } = await import('node:fs');
      const client = await connect();
      const turn = () => new Promise((done) => setTimeout(done, 1100));
      const key = { card: 'c1', shop: 7 };
      const told = async () => {
        const all = await Promise.all([
          ...Array.from({ length: 20 }, () => client.get('card_activity_v1', key)),
          ...Array.from({ length: 20 }, async () => (await client.getMany('card_activity_v1', [key]))[0]),
          ...Array.from({ length: 20 }, async () => (await client.getViews({ card_activity_v1: key })).card_activity_v1),
        ].map((answer) => answer.then(({ row }) => String(row.events_1h), ({ code }) => code)));
        return [...new Set(all)].join();
      };
      console.log(await told());
      renameSync('.fsc/online', '.fsc/kept');
      await turn();
      console.log(await told());
      console.log(await told());
      cpSync('.fsc/kept', '.fsc/online', { recursive: true });
      console.log(await told());
      await turn();
      console.log(await told());
      await client.close();
      rmSync('.fsc/kept', { recursive: true });
    `);
    expect([stdout, stderr]).toEqual(['1\nFSC7206\nFSC7206\n1\n1\n', '']);
  });

  it('takes options over the configuration', () => {
    const { stdout, stderr } = run(`
      const staging = await connect({ profile: 'staging' });
      await staging.get('card_activity_v1', { card: 'c1', shop: 7 }).catch((error) => console.log(error.code));
      await staging.close();
      const wall = await connect({ clock: 'wall', online: '.fsc/online', maxLagMillis: 1 });
      console.log((await wall.get('card_activity_v1', { card: 'c1', shop: 7 })).meta.asOf > '2020');
      await wall.close();
    `);
    expect([stdout, stderr]).toEqual(['FSC7206\ntrue\n', '']);
  });

  it('tells what is wrong with a call', () => {
    const { stdout, stderr } = run(`
      const client = await connect();
      const fault = async (action) => {
        try { await action(); console.log('none'); } catch (error) { console.log(error.code, error.message); }
      };
      const get = (key, at) => () => client.get('card_activity_v1', key, { at });
      await fault(get({ card: 'c1' }));
      await fault(get({ card: 'c1', shop: 7, town: 'x' }));
      await fault(get({ card: 'c1', shop: 7.5 }));
      await fault(get({ card: 'c1', shop: 2 ** 31 }));
      await fault(get({ card: 5, shop: 7 }));
      await fault(get({ card: null, shop: 7 }));
      await fault(get({ card: 'c1', shop: 7 }, 'yesterday'));
      await fault(get({ card: 'c1', shop: 7 }, new Date(NaN)));
      await fault(get({ card: 'c1', shop: 7 }, '2001-02-26'));
      await fault(() => client.get('card_v1', {}));
      await fault(() => client.get('payment_risk_v1', { card: 'c1', amount: 0.1 + 0.2 }));
      await fault(() => client.get('payment_risk_v1', { card: 'c1', amount: '1.234' }));
      await fault(() => connect({ online: 'redis://:secret@host' }));
      await fault(() => connect({ online: 'nowhere' }));
      await fault(() => connect({ profile: 'nothing' }));
      const key = { card: 'c1', shop: 7 };
      await fault(() => client.get('card_activity_v1', key, { asOf: '2001-02-27' }));
      await fault(() => client.getMany('card_activity_v1', [key], { At: undefined }));
      await fault(() => client.getViews({ card_activity_v1: key }, '2001-02-27'));
      await fault(() => connect({ maxLag: 1 }));
      await fault(() => client.get('card_activity_v1', key, null));
      await fault(() => client.getMany('card_activity_v1', key));
      await fault(() => connect({ clock: 'sundial' }));
      await client.close();
      await client.close();
      await fault(() => client.get('card_activity_v1', key));
      await fault(() => client.getViews({ card_activity_v1: key }));
    `);
    expect(stderr).toBe('');
    expect(stdout.replaceAll(home, 'HOME').trim().split('\n')).toEqual([
      'FSC7223 `shop` is missing',
      'FSC7223 there is no column `town`',
      'FSC7223 `shop` of `card_activity_v1` is no integer',
      'FSC7223 `shop` of `card_activity_v1` is no integer',
      'FSC7223 `card` of `card_activity_v1` is no text',
      'FSC7223 `card` is null',
      'FSC7225 `at` is no instant',
      'FSC7225 `at` is no instant',
      'FSC7220 `card_activity_v1` at 2001-02-26T00:00:00Z is not online',
      'FSC7221 there is no view `card_v1`',
      'FSC7223 `amount` of `payment_risk_v1` is no decimal(30,2)',
      'FSC7223 `amount` of `payment_risk_v1` is no decimal(30,2)',
      'FSC7224 a client cannot read the online store `redis://…`',
      'FSC7206 nothing was run yet',
      'FSC7224 HOME/fsc.json cannot be used',
      'FSC7226 unknown option `asOf`: the instant is `at`',
      'FSC7226 unknown option `At`: the instant is `at`',
      'FSC7226 the options are no object',
      'FSC7226 unknown option `maxLag`: connect takes project, profile, online, clock, namespace, maxLagMillis or store',
      'none',
      'FSC7223 the keys are no array',
      'FSC7226 `clock` is neither "wall" nor "events"',
      'FSC7227 the client is closed',
      'FSC7227 the client is closed',
    ]);
  });

  it('refuses instants that are too far away to compute values at, as the command line does', () => {
    const { stdout, stderr } = run(`
      const client = await connect();
      const far = ['9999-12-31T23:59:59.999999Z', '2300-01-01T00:00:00.000001Z', '2255-06-05T23:47:34.740993', '1684-01-01',
        new Date(8.64e15), new Date(-8.64e15)];
      for (const at of far) {
        for (const asked of [
          () => client.get('card_activity_v1', { card: 'c1', shop: 7 }, { at }),
          () => client.getMany('card_activity_v1', [], { at }),
          () => client.getViews({}, { at }),
        ]) await asked().then(() => console.log('none'), (error) => console.log(error.code, error.message, error.why, error.help));
      }
      const last = { at: '2255-06-05T23:47:34.740991Z' };
      console.log((await client.get('card_activity_v1', { card: 'c1', shop: 7 }, last)).meta.asOf);
      await client.close();
    `);
    expect(stderr).toBe('');
    const refused =
      'FSC7225 `at` is too far away to compute values at instants are whole microseconds within 2^53 of 1970: further away they would be rounded name an instant from 1684-07-29 to 2255-06-05';
    const lines = stdout.trim().split('\n');
    expect([new Set(lines.slice(0, -1)), lines.length, lines.at(-1)]).toEqual([
      new Set([refused]),
      19,
      '2255-06-05T23:47:34.740991Z',
    ]);
    const place = '`seen` of `ask_v1`';
    for (const at of [new Date(8.64e15), new Date(-8.64e15), new Date(Number.NaN)])
      expect(() => takeValue(at, TIMESTAMP, place)).toThrow(`${place} is no timestamp`);
    expect(takeValue(new Date(1), TIMESTAMP, place)).toBe(1000);
  });

  it('takes no hole for a key, and no options that do not fit', () => {
    const { stdout, stderr } = run(`
      const client = await connect();
      const fault = async (action) => {
        try { await action(); console.log('none'); } catch (error) { console.log(error.code, error.message); }
      };
      const key = { card: 'c1', shop: 7 };
      await fault(() => client.getMany('card_activity_v1', [, key]));
      await fault(() => client.getMany('card_activity_v1', [key, undefined]));
      await fault(() => client.getViews({ card_activity_v1: [key, , key] }));
      await fault(() => client.getViews({ card_activity_v1: null }));
      for (const requests of [undefined, null, [key], 'card_activity_v1']) await fault(() => client.getViews(requests));
      for (const options of [null, 'lmdb', []]) await fault(() => connect(options));
      for (const lag of ['a', -1, NaN, null, 5n]) await fault(() => connect({ maxLagMillis: lag }));
      for (const name of ['project', 'profile', 'online', 'namespace', 'clock', 'store', 'wall']) {
        await fault(() => connect({ [name]: 5 }));
        await fault(() => connect({ [name]: null }));
      }
      await client.close();
      const names = ['project', 'profile', 'online', 'clock', 'namespace', 'maxLagMillis', 'store', 'wall'];
      await (await connect(Object.fromEntries(names.map((name) => [name, undefined])))).close();
      for (const lag of [0, 0.5, Infinity]) await (await connect({ maxLagMillis: lag })).close();
    `);
    expect(stderr).toBe('');
    const twice = (text: string) => [text, text];
    expect(stdout.trim().split('\n')).toEqual([
      ...Array(4).fill('FSC7223 the key is no object'),
      ...Array(4).fill('FSC7223 the requests are no object'),
      ...Array(3).fill('FSC7226 the options are no object'),
      ...Array(5).fill('FSC7226 `maxLagMillis` is no number of milliseconds from 0'),
      ...['project', 'profile', 'online', 'namespace'].flatMap((name) => twice(`FSC7226 \`${name}\` is no string`)),
      ...twice('FSC7226 `clock` is neither "wall" nor "events"'),
      ...twice('FSC7226 `store` is no store'),
      ...twice('FSC7226 `wall` is no clock'),
    ]);
  });

  it('leaves out a view that is undefined, if there is one of that name', () => {
    const { stdout, stderr } = run(`
      const client = await connect();
      const views = { card_activity_v1: undefined, payment_risk_v1: { card: 'c1' } };
      console.log(Object.keys(await client.getViews(views)), Object.keys(await client.getViews({ card_activity_v1: undefined })));
      await client.getViews({ card_v1: undefined }).catch((error) => console.log(error.code));
      await client.close();
    `);
    expect([stdout, stderr]).toEqual(["[ 'payment_risk_v1' ] []\nFSC7221\n", '']);
  });

  it.each([true, false])('has types that hold under strict (exactOptionalPropertyTypes: %s)', (exact) => {
    write(
      'use.mts',
      `import { type Answer, type Answers, type Client, connect, type Key, type OnlyViews, type Requests, type Row } from './generated/client/index.js';
const client: Client = await connect({ clock: 'events' });
const { row, meta } = await client.get('card_activity_v1', { card: 'c1', shop: 7 }, { at: new Date(0) });
if (row !== null) {
  const count: bigint = row.events_1h;
  const hostile: number | null = row[${JSON.stringify(HOSTILE)}];
  const total: string | null = row.total;
  // @ts-expect-error a sum of nothing is null
  const never: string = row.total;
  console.log(count, hostile, total, never, meta.validTo?.length);
}
const many: readonly { readonly row: Row<'card_activity_v1'> | null }[] = await client.getMany('card_activity_v1', []);
const views = await client.getViews({ card_activity_v1: { card: 'c1', shop: 7 }, payment_risk_v1: [{ card: 'c1', amount: '1.5' }] });
const one: bigint | undefined = views.card_activity_v1.row?.events_1h;
const list: (bigint | undefined)[] = views.payment_risk_v1.map((answer) => answer.row?.events_1h);
console.log(many, one, list);
type Card = Row<'card_activity_v1'>;
const key: Key<'card_activity_v1'> = { card: 'c1', shop: 7 };
const maybe = Math.random() < 0.5 ? key : undefined;
const some = await client.getViews({ card_activity_v1: maybe, payment_risk_v1: undefined });
const absent: undefined = some.payment_risk_v1;
const present: Answer<Card> | undefined = some.card_activity_v1;
// @ts-expect-error it may have been left out
const sure: Answer<Card> = some.card_activity_v1;
const either = await client.getViews({ card_activity_v1: Math.random() < 0.5 ? key : [key] });
const oneOrMany: Answer<Card> | Answer<Card>[] = either.card_activity_v1;
const wide: Requests = { card_activity_v1: [key] };
const answers = await client.getViews(wide);
const any: Answer<Card> | Answer<Card>[] | undefined = answers.card_activity_v1;
function ask<const R extends Requests>(requests: R & OnlyViews<R>): Promise<Answers<R>> {
  return client.getViews<R>(requests);
}
const asked: Answer<Card>[] = (await ask({ card_activity_v1: [key] })).card_activity_v1;
console.log(absent, present, sure, oneOrMany, any, asked, await client.getViews({}));
// @ts-expect-error there is no such view
await client.getViews({ card_activity_v1: key, typo_v1: { a: 1 } });
// @ts-expect-error there is no such view
await client.getViews({ card_activity_v1: key, typo_v1: undefined });
// @ts-expect-error there is no such view
await client.getViews({ typo_v1: [{ a: 1 }] });
const typo = { card_activity_v1: key, typo_v1: { a: 1 } };
// @ts-expect-error there is no such view
await client.getViews(typo);
// @ts-expect-error there is no such view
await ask(typo);
// @ts-expect-error shop is missing
await client.getViews({ card_activity_v1: { card: 'c1' } });
// @ts-expect-error shop is missing
await client.get('card_activity_v1', { card: 'c1' });
// @ts-expect-error shop is a number
await client.get('card_activity_v1', { card: 'c1', shop: '7' });
// @ts-expect-error there is no such view
await client.get('card_v1', {});
// @ts-expect-error there is no such column
console.log(row?.nothing);
await client.close();
`,
    );
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: exact,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'ES2022',
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      types: [],
      lib: ['ES2022', 'DOM'],
    };
    write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.mts'] }));
    const checked = spawnSync(process.execPath, [tsc, '-p', home], { encoding: 'utf8' });
    expect(checked.stdout).toBe('');
  });

  it('is the same bytes whatever the order of the views', () => {
    const project = plan();
    const turned = { ...project, views: [...project.views].reverse() };
    expect(emitClient(turned)).toEqual(emitClient(project));
    expect(emitClient({ sources: [], views: [] }).files.map(({ path }) => path)).toEqual([
      'generated/client/index.js',
      'generated/client/index.d.ts',
    ]);
  });
});
