/** What generated clients (`generated/client/index.js`) stand on. Their types stand in the generated `index.d.ts`. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceProgram } from '../log/contract.ts';
import { openLmdbStore } from '../stores/lmdb-store.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import type { OnlineStore } from '../stores/store.ts';
import { wallClock } from '../time/clock.ts';
import { FscError } from '../values/errors.ts';
import { printTimestamp } from '../values/temporal.ts';
import type { Value } from '../values/types.ts';
import { readClientConfig } from './client-config.ts';
import { type ClientValue, giver, takeInstant, takeValue } from './client-values.ts';
import { type ConnectOptions, checkConnectOptions, unknownOption } from './connect-options.ts';
import { type KeyColumn, keyColumns, outputColumns } from './key-columns.ts';
import { type Answer, createLookup, type Lookup, type LookupRequest, needsNoStore } from './lookup.ts';
import type { LookupView } from './view-reader.ts';

export interface ClientDefinition {
  readonly views: readonly LookupView[];
  readonly sources: readonly Pick<SourceProgram, 'spec'>[];
}

export interface ClientMeta {
  readonly asOf: string;
  readonly exact: boolean;
  readonly knownTo: string | null;
  readonly validFrom: string | null;
  readonly validTo: string | null;
}

export type ClientRow = Readonly<Record<string, ClientValue>>;

export interface ClientAnswer {
  readonly row: ClientRow | null;
  readonly meta: ClientMeta;
}

export interface At {
  readonly at?: string | Date | null | undefined;
}

type Given = Readonly<Record<string, unknown>>;
type Requests = Readonly<Record<string, Given | readonly Given[] | undefined>>;

/** What is asked of one view. */
interface Asked extends LookupRequest {
  readonly codec: ViewCodec;
  /** A list of keys gets a list of answers. */
  readonly many: boolean;
}

/** `home`: the project that the client was generated in. */
export async function connectClient(
  definition: ClientDefinition,
  home: URL | string,
  options: ConnectOptions = {},
): Promise<Client> {
  checkConnectOptions(options);
  const root = options.project === undefined ? pathOf(home) : resolve(options.project);
  const config = readClientConfig(root, options, process.env);
  const lookupOf = (store: OnlineStore): Lookup =>
    createLookup({
      views: definition.views,
      store,
      clock: options.wall ?? wallClock,
      clockMode: config.clock,
      namespace: config.namespace,
      ...(options.maxLagMillis === undefined ? {} : { maxLagMicros: options.maxLagMillis * 1000 }),
    });
  if (options.store !== undefined) return new Client(definition, new Lookups(lookupOf, options.store, null));
  if (definition.views.every(needsNoStore))
    return new Client(definition, new Lookups(lookupOf, new MemoryStore(), null));
  const { onlinePath: path, namespace } = config;
  const open = (): Promise<OnlineStore> => openLmdbStore({ path, readOnly: true, namespace });
  return new Client(definition, new Lookups(lookupOf, await open(), open));
}

/** Where lookups go. Opens the store that has taken the place of its own; one that the caller gave (`open` is null) is the caller's. */
class Lookups {
  readonly #lookupOf: (store: OnlineStore) => Lookup;
  readonly #open: (() => Promise<OnlineStore>) | null;
  #store: OnlineStore;
  #lookup: Lookup;
  #renewing: Promise<void> | null = null;

  constructor(lookupOf: (store: OnlineStore) => Lookup, store: OnlineStore, open: (() => Promise<OnlineStore>) | null) {
    this.#lookupOf = lookupOf;
    this.#open = open;
    this.#store = store;
    this.#lookup = lookupOf(store);
  }

  async look<T>(ask: (lookup: Lookup) => Promise<T>): Promise<T> {
    const lookup = this.#lookup;
    try {
      return await ask(lookup);
    } catch (error) {
      if (this.#open === null || !(error instanceof FscError) || error.code !== 'FSC7207') throw error;
      await this.#renew(lookup, this.#open);
      return await ask(this.#lookup);
    }
  }

  /** Many lookups find out at the same time: one of them opens it. */
  async #renew(old: Lookup, open: () => Promise<OnlineStore>): Promise<void> {
    if (this.#lookup !== old) return;
    this.#renewing ??= this.#takeNew(open).finally(() => {
      this.#renewing = null;
    });
    await this.#renewing;
  }

  async #takeNew(open: () => Promise<OnlineStore>): Promise<void> {
    const store = await open();
    const old = this.#store;
    this.#store = store;
    this.#lookup = this.#lookupOf(store);
    await old.close();
  }

  async close(): Promise<void> {
    if (this.#open === null) return;
    await this.#renewing?.catch(() => {}); // whoever asked for it was told
    await this.#store.close();
  }
}

function pathOf(home: URL | string): string {
  return typeof home === 'string' && !home.startsWith('file:') ? home : fileURLToPath(home);
}

export class Client {
  readonly #lookups: Lookups;
  readonly #codecs = new Map<string, ViewCodec>();
  #isClosed = false;

  constructor(definition: ClientDefinition, lookups: Lookups) {
    this.#lookups = lookups;
    for (const view of definition.views) this.#codecs.set(view.spec.name, new ViewCodec(view, definition.sources));
  }

  async get(view: string, key: Given, options?: At): Promise<ClientAnswer> {
    const codec = this.#codec(view);
    const [taken, at] = [codec.take(key), instantOf(options)];
    return codec.answer(await this.#lookups.look((lookup) => lookup.get(view, taken, at)));
  }

  async getMany(view: string, keys: readonly Given[], options?: At): Promise<ClientAnswer[]> {
    const codec = this.#codec(view);
    if (!Array.isArray(keys)) throw new FscError('FSC7223', 2, 'the keys are no array', null, 'get takes one key');
    const taken = codec.takeAll(keys);
    const at = instantOf(options);
    const answers = await this.#lookups.look((lookup) => lookup.getMany(view, taken, at));
    return answers.map((answer) => codec.answer(answer));
  }

  /**
   * Several views at one instant: `{ view: key }` gives `{ view: answer }`, `{ view: [keys] }` gives `{ view: [answers] }`; a view that is
   * undefined is left out.
   */
  async getViews(requests: Requests, options?: At): Promise<Record<string, ClientAnswer | ClientAnswer[]>> {
    const asked = this.#asked(requests);
    const at = instantOf(options);
    const answers = await this.#lookups.look((lookup) => lookup.getViews(asked, at));
    const out: Record<string, ClientAnswer | ClientAnswer[]> = Object.create(null);
    asked.forEach(({ view, codec, many }, i) => {
      const list = (answers[i] as Answer[]).map((answer) => codec.answer(answer));
      out[view] = many ? list : (list[0] as ClientAnswer);
    });
    return out;
  }

  #asked(requests: Requests): readonly Asked[] {
    if (typeof requests !== 'object' || requests === null || isList(requests))
      throw new FscError('FSC7223', 2, 'the requests are no object', null, 'write { view: key } or { view: [keys] }');
    return Object.entries(requests).flatMap(([view, given]) => {
      const codec = this.#codec(view);
      if (given === undefined) return [];
      const many = isList(given);
      return [{ view, codec, many, keys: codec.takeAll(many ? given : [given]) }];
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#lookups.close();
  }

  #codec(view: string): ViewCodec {
    if (this.#isClosed)
      throw new FscError('FSC7227', 2, 'the client is closed', null, 'connect once, and close when the service ends');
    const codec = this.#codecs.get(view);
    if (codec !== undefined) return codec;
    const names = [...this.#codecs.keys()].join(', ');
    throw new FscError(
      'FSC7221',
      2,
      `there is no view \`${view}\``,
      `there are ${names}`,
      'generate the client again: fsc compile',
    );
  }
}

/** A misspelt `at` would be answered for now. */
function instantOf(options: At | null | undefined): ReturnType<typeof takeInstant> {
  if (options === undefined || options === null) return takeInstant(undefined);
  if (typeof options !== 'object' || options instanceof Date)
    throw new FscError('FSC7226', 2, 'the options are no object', null, 'write { at: instant }');
  for (const name of Object.keys(options)) if (name !== 'at') throw unknownOption(name, 'the instant is `at`');
  return takeInstant(options.at);
}

function isList<T>(given: Given | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}

interface GivenOutput {
  readonly name: string;
  readonly give: ReturnType<typeof giver>;
}

/** Objects by name to values by place, and back. */
class ViewCodec {
  readonly #view: string;
  readonly #columns: readonly KeyColumn[];
  readonly #names: ReadonlySet<string>;
  readonly #outputs: readonly GivenOutput[];

  constructor({ spec }: LookupView, sources: ClientDefinition['sources']) {
    this.#view = spec.name;
    this.#columns = keyColumns(spec, sources);
    this.#names = new Set(this.#columns.map((column) => column.name));
    this.#outputs = outputColumns(spec).map(({ name, type }) => ({ name, give: giver(type) }));
  }

  take(given: Given): Value[] {
    if (typeof given !== 'object' || given === null) throw this.#fault('the key is no object', this.#expected());
    for (const name of Object.keys(given)) {
      if (!this.#names.has(name)) throw this.#fault(`there is no column \`${name}\``, this.#expected());
    }
    return this.#columns.map((column) => this.#takeColumn(column, given));
  }

  /** A hole is no key either: `map` would leave it one. */
  takeAll(keys: readonly Given[]): Value[][] {
    const taken: Value[][] = [];
    for (const key of keys) taken.push(this.take(key));
    return taken;
  }

  #takeColumn(column: KeyColumn, given: Given): Value {
    const value = Object.hasOwn(given, column.name) ? given[column.name] : undefined;
    if (value === undefined) {
      if (column.otherwise === undefined) throw this.#fault(`\`${column.name}\` is missing`, this.#expected());
      return column.otherwise;
    }
    if (value === null) {
      if (!column.nullable) throw this.#fault(`\`${column.name}\` is null`, 'it is NOT NULL');
      return null;
    }
    return takeValue(value, column.type, `\`${column.name}\` of \`${this.#view}\``);
  }

  answer({ row, meta }: Answer): ClientAnswer {
    return {
      row: row === null ? null : this.#give(row),
      meta: {
        asOf: printTimestamp(meta.asOf),
        exact: meta.exact,
        knownTo: instant(meta.knownTo),
        validFrom: instant(meta.validFrom),
        validTo: instant(meta.validTo),
      },
    };
  }

  #give(row: readonly Value[]): ClientRow {
    // Without a prototype: a column may be called `__proto__`.
    const out: Record<string, ClientValue> = Object.create(null);
    for (let i = 0; i < this.#outputs.length; i++) {
      const { name, give } = this.#outputs[i] as GivenOutput;
      const value = row[i] as Value;
      out[name] = value === null ? null : give(value);
    }
    return out;
  }

  #expected(): string {
    return `\`${this.#view}\` takes ${this.#columns.map((column) => column.name).join(', ')}`;
  }

  #fault(message: string, why: string | null): FscError {
    return new FscError('FSC7223', 2, message, why, null);
  }
}

function instant(micros: number | null): string | null {
  return micros === null ? null : printTimestamp(micros);
}
