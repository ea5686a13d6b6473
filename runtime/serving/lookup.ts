/**
 * Online lookup (design.md section 7): reads stored steps, finds the one at t and evaluates stage 3. All views of a call are read in one
 * store call and share t.
 */
import type { ErrorCounter } from '../state/program.ts';
import { REACH_BACK_MICROS } from '../stores/row-builder.ts';
import type { Heartbeat, OnlineStore } from '../stores/store.ts';
import { storedEntity } from '../stores/stored-entity.ts';
import type { Clock } from '../time/clock.ts';
import { FscError } from '../values/errors.ts';
import type { Value } from '../values/types.ts';
import { beforeRow, type Found, type LookupView, ViewReader } from './view-reader.ts';

export type ClockMode = 'wall' | 'events';

export interface LookupOptions {
  /** Request views need the views that they join among these. */
  readonly views: readonly LookupView[];
  readonly store: OnlineStore;
  readonly clock: Clock;
  /** What `now` is: the clock, or the newest event time that the store knows of. */
  readonly clockMode: ClockMode;
  readonly namespace: string;
  /** Above this lag an answer is not exact. Default 5 s. */
  readonly maxLagMicros?: number;
  /** Counts expression errors of stage 3. */
  readonly errors?: ErrorCounter;
}

/** All instants in microseconds. */
export interface AnswerMeta {
  readonly asOf: number;
  /** The steps cover asOf and the store lags by at most maxLag (rules.md 31). Not the same as final. */
  readonly exact: boolean;
  /** Up to which known time records were taken in; null before the first. */
  readonly knownTo: number | null;
  /** The aggregates do not change in [validFrom, validTo) unless events arrive; null: for ever, or no entity. */
  readonly validFrom: number | null;
  readonly validTo: number | null;
}

export interface Answer {
  /** By ordinal of the SELECT, entity columns included; null where the SELECT has no row. */
  readonly row: readonly Value[] | null;
  readonly meta: AnswerMeta;
}

export interface NotOnline {
  readonly notOnline: true;
  readonly asOf: number;
  /** The first instant that the row speaks for. */
  readonly fromMicros: number;
}

export interface LookupRequest {
  readonly view: string;
  /**
   * Entities: values of the entity columns, in the order of ViewSpec.entity. For a request view: values of the request source's columns, in
   * their order.
   */
  readonly keys: readonly (readonly Value[])[];
}

export interface Lookup {
  /** One entity. `at`: null is now. Throws FSC7220 where t is before the online row. */
  get(view: string, keys: readonly Value[], at: number | null): Promise<Answer>;
  /** Many entities, in their order. */
  getMany(view: string, keys: readonly (readonly Value[])[], at: number | null): Promise<Answer[]>;
  /** Several views, one t: answers in the order of the requests and their keys. */
  getViews(requests: readonly LookupRequest[], at: number | null): Promise<Answer[][]>;
  /** As getViews, but tells rows that begin after t instead of throwing. */
  tryViews(requests: readonly LookupRequest[], at: number | null): Promise<(Answer | NotOnline)[][]>;
  /** Every entity that the store knows, in no particular order; those without a row at t too. */
  scanAll(
    view: string,
    at: number | null,
  ): AsyncIterable<{ readonly keys: readonly Value[]; readonly answer: Answer | NotOnline }>;
  /** Position, freshness and plan of a view's rows; null: nothing was run yet. Of a request view: null. */
  heartbeat(view: string): Promise<Heartbeat | null>;
}

const DEFAULT_MAX_LAG_MICROS = 5_000_000;
const IGNORE_ERRORS: ErrorCounter = { count: () => {} };

/** A request view that joins nothing is made of what the caller sends: there is nothing that a run could have stored. */
export function needsNoStore({ spec }: LookupView): boolean {
  return spec.shape === 'request' && spec.joins.length === 0;
}

export function createLookup(options: LookupOptions): Lookup {
  return new StoreLookup(options);
}

/** How up to date a view's rows are. */
interface Freshness {
  readonly fresh: boolean;
  readonly knownTo: number | null;
  readonly newest: number | null;
}

/** One stored row to read. */
interface Probe {
  readonly reader: ViewReader;
  readonly keys: readonly Value[];
  readonly entity: Uint8Array | null;
}

class StoreLookup implements Lookup {
  readonly #options: LookupOptions;
  readonly #maxLag: number;
  readonly #errors: ErrorCounter;
  readonly #readers = new Map<string, ViewReader>();
  readonly #requests = new Map<string, RequestReader>();

  constructor(options: LookupOptions) {
    this.#options = options;
    this.#maxLag = options.maxLagMicros ?? DEFAULT_MAX_LAG_MICROS;
    this.#errors = options.errors ?? IGNORE_ERRORS;
    for (const view of options.views) {
      if (view.spec.shape === 'request') continue;
      this.#readers.set(view.spec.name, new ViewReader(view, options.namespace, this.#errors));
    }
    for (const view of options.views) {
      if (view.spec.shape !== 'request') continue;
      const joined = view.spec.joins.map((join) => this.#readers.get(join.view) ?? null);
      this.#requests.set(view.spec.name, new RequestReader(view, joined, this.#errors));
    }
  }

  async get(view: string, keys: readonly Value[], at: number | null): Promise<Answer> {
    const reader = this.#readers.get(view);
    const { store, clock, clockMode } = this.#options;
    if (reader === undefined || (at === null && clockMode === 'events')) {
      const [answers] = await this.tryViews([{ view, keys: [keys] }], at);
      return online(view, (answers as (Answer | NotOnline)[])[0] as Answer | NotOnline, at);
    }
    // The call made most: without lists, and without waiting for a store that answers at once.
    const beat = store.heartbeat(view);
    const freshness = this.#freshness(reader, beat instanceof Promise ? await beat : beat);
    const t = at ?? clock.nowMicros();
    const entity = reader.keys.entity(keys);
    const stored = entity === null ? [] : store.getMany([reader.keys.head(entity)]);
    const [head] = stored instanceof Promise ? await stored : stored;
    const found = reader.read(store, entity, keys, head ?? null, t);
    return online(view, answerOf(found instanceof Promise ? await found : found, freshness, t), at);
  }

  async getMany(view: string, keys: readonly (readonly Value[])[], at: number | null): Promise<Answer[]> {
    const [answers] = await this.tryViews([{ view, keys }], at);
    return (answers as (Answer | NotOnline)[]).map((answer) => online(view, answer, at));
  }

  async getViews(requests: readonly LookupRequest[], at: number | null): Promise<Answer[][]> {
    const all = await this.tryViews(requests, at);
    return all.map((answers, i) => answers.map((answer) => online((requests[i] as LookupRequest).view, answer, at)));
  }

  async tryViews(requests: readonly LookupRequest[], at: number | null): Promise<(Answer | NotOnline)[][]> {
    const answers = await this.#read(requests, at);
    if (at !== null || this.#options.clockMode === 'wall') return answers;
    // A flush is under way whose rows are ahead of the heartbeat: they tell a newer now. Rows begin REACH_BACK before the newest event.
    const start = latestStart(answers);
    return start === null ? answers : this.#read(requests, start + REACH_BACK_MICROS);
  }

  async #read(requests: readonly LookupRequest[], at: number | null): Promise<(Answer | NotOnline)[][]> {
    const probes = requests.flatMap((request) => this.#probes(request));
    const needed = new Set<ViewReader>();
    for (const { view } of requests) for (const reader of this.#readersOf(view)) needed.add(reader);
    const freshness = new Map<ViewReader, Freshness>();
    for (const reader of needed) {
      const beat = this.#options.store.heartbeat(reader.view.spec.name);
      freshness.set(reader, this.#freshness(reader, beat instanceof Promise ? await beat : beat));
    }
    const t = at ?? this.#now(freshness);
    const heads = await this.#heads(probes);
    const found: Found[] = [];
    for (let i = 0; i < probes.length; i++) {
      const { reader, entity, keys } = probes[i] as Probe;
      const one = reader.read(this.#options.store, entity, keys, heads[i] ?? null, t);
      found.push(one instanceof Promise ? await one : one);
    }
    return this.#answers(requests, found, freshness, t);
  }

  async *scanAll(
    view: string,
    at: number | null,
  ): AsyncGenerator<{ readonly keys: readonly Value[]; readonly answer: Answer | NotOnline }> {
    if (this.#requests.has(view)) throw noRowsOfItsOwn(view);
    const [reader] = this.#readersOf(view) as [ViewReader];
    const freshness = this.#freshness(reader, await this.#options.store.heartbeat(view));
    const t = at ?? this.#now(new Map([[reader, freshness]]));
    const { store } = this.#options;
    for await (const { key, value } of store.scan(reader.keys.headPrefix)) {
      const entity = reader.keys.entityOfHead(key);
      const stored = storedEntity(store, reader.keys, entity);
      const keys = stored instanceof Promise ? await stored : stored;
      const found = await reader.read(store, entity, keys, value, t);
      yield { keys, answer: answerOf(found, freshness, t) };
    }
    // A run of another plan that came meanwhile takes these rows away.
    this.#freshness(reader, await store.heartbeat(view));
  }

  async heartbeat(view: string): Promise<Heartbeat | null> {
    if (this.#requests.has(view)) return null;
    this.#readersOf(view);
    return await this.#options.store.heartbeat(view);
  }

  #readersOf(view: string): readonly ViewReader[] {
    const reader = this.#readers.get(view);
    if (reader !== undefined) return [reader];
    const request = this.#requests.get(view);
    if (request !== undefined) return request.joined;
    const names = this.#options.views.map(({ spec }) => spec.name).join(', ');
    throw new FscError('FSC7221', 2, `there is no view \`${view}\``, names === '' ? null : `there are ${names}`, null);
  }

  #probes({ view, keys }: LookupRequest): Probe[] {
    const reader = this.#readers.get(view);
    if (reader !== undefined) return keys.map((one) => ({ reader, keys: one, entity: reader.keys.entity(one) }));
    const request = this.#requests.get(view);
    return request === undefined ? [] : keys.flatMap((one) => request.probes(one));
  }

  async #heads(probes: readonly Probe[]): Promise<(Uint8Array | null)[]> {
    const keys: Uint8Array[] = [];
    for (const { reader, entity } of probes) if (entity !== null) keys.push(reader.keys.head(entity));
    const stored = this.#options.store.getMany(keys);
    const values = stored instanceof Promise ? await stored : stored;
    let next = 0;
    return probes.map(({ entity }) => (entity === null ? null : (values[next++] ?? null)));
  }

  #freshness(reader: ViewReader, heartbeat: Heartbeat | null): Freshness {
    const { name, fingerprint } = reader.view.spec;
    if (heartbeat === null) throw nothingRunYet(name);
    if (heartbeat.fingerprint !== fingerprint) throw otherPlan(name);
    // A heartbeat from the future says nothing either: the clock was set back since, or is another one.
    const sinceBeat = Math.abs(this.#options.clock.nowMicros() - heartbeat.writtenAtMicros);
    const lag = heartbeat.ended ? 0 : Math.max(sinceBeat, heartbeat.backlogMicros);
    return { fresh: lag <= this.#maxLag, knownTo: heartbeat.knownToMicros, newest: heartbeat.newestMicros };
  }

  #now(freshness: ReadonlyMap<ViewReader, Freshness>): number {
    const { clock, clockMode } = this.#options;
    if (clockMode === 'wall' || freshness.size === 0) return clock.nowMicros();
    let newest: number | null = null;
    for (const one of freshness.values()) {
      if (one.newest !== null && (newest === null || one.newest > newest)) newest = one.newest;
    }
    // Before the first event nothing has a row at any instant.
    return newest ?? clock.nowMicros();
  }

  #answers(
    requests: readonly LookupRequest[],
    found: readonly Found[],
    freshness: ReadonlyMap<ViewReader, Freshness>,
    t: number,
  ): (Answer | NotOnline)[][] {
    let next = 0;
    return requests.map(({ view, keys }) => {
      const reader = this.#readers.get(view);
      if (reader !== undefined) {
        const fresh = freshness.get(reader) as Freshness;
        return keys.map(() => answerOf(found[next++] as Found, fresh, t));
      }
      const request = this.#requests.get(view) as RequestReader;
      const width = request.joined.length;
      const known = request.joined.map((one) => freshness.get(one) as Freshness);
      return keys.map((one) => {
        const from = next;
        next += width;
        return request.answer(one, found.slice(from, next), known, t);
      });
    });
  }
}

/** Shape D: reads the views it joins, then projects. */
class RequestReader {
  readonly joined: readonly ViewReader[];
  readonly #view: LookupView;
  readonly #errors: ErrorCounter;
  readonly #outputs: number;

  constructor(view: LookupView, joined: readonly (ViewReader | null)[], errors: ErrorCounter) {
    this.#view = view;
    this.#errors = errors;
    this.joined = joined.map((reader, i) => {
      if (reader === null) throw new Error(`${view.spec.name} joins ${view.spec.joins[i]?.view}, which was not given`);
      return reader;
    });
    this.#outputs = view.spec.entity.length + view.spec.features.length;
  }

  probes(request: readonly Value[]): Probe[] {
    return this.joined.map((reader, i) => {
      const keys: Value[] = [];
      this.#view.joinKeys[i]?.(request, keys);
      return { reader, keys, entity: reader.keys.entity(keys) };
    });
  }

  answer(
    request: readonly Value[],
    found: readonly Found[],
    freshness: readonly Freshness[],
    t: number,
  ): Answer | NotOnline {
    const features: (readonly Value[] | null)[] = [];
    const parts: AnswerMeta[] = [];
    let start = Number.NEGATIVE_INFINITY;
    found.forEach((one, i) => {
      if (one.kind === 'notOnline') {
        start = Math.max(start, one.fromMicros);
        return;
      }
      features.push(one.row);
      parts.push(metaOf(one, freshness[i] as Freshness, t));
    });
    if (features.length < found.length) return { notOnline: true, asOf: t, fromMicros: start };
    const out = new Array<Value>(this.#outputs).fill(null);
    const input = { slots: [], keys: [], nowMicros: t, request, features, errors: this.#errors };
    return { row: this.#view.project(input, out) ? out : null, meta: together(parts, t) };
  }
}

function answerOf(found: Found, freshness: Freshness, t: number): Answer | NotOnline {
  if (found.kind === 'notOnline') return { notOnline: true, asOf: t, fromMicros: found.fromMicros };
  return { row: found.row, meta: metaOf(found, freshness, t) };
}

function metaOf(found: Extract<Found, { kind: 'row' }>, freshness: Freshness, t: number): AnswerMeta {
  return {
    asOf: t,
    exact: found.covered && freshness.fresh,
    knownTo: freshness.knownTo,
    validFrom: found.validFrom,
    validTo: found.validTo,
  };
}

/** An answer over several views is as good as the least of them. */
function together(parts: readonly AnswerMeta[], asOf: number): AnswerMeta {
  let validFrom: number | null = null;
  let validTo: number | null = null;
  let knownTo: number | null = parts[0]?.knownTo ?? null;
  for (const part of parts) {
    if (part.validFrom !== null && (validFrom === null || part.validFrom > validFrom)) validFrom = part.validFrom;
    if (part.validTo !== null && (validTo === null || part.validTo < validTo)) validTo = part.validTo;
    if (knownTo !== null && (part.knownTo === null || part.knownTo < knownTo)) knownTo = part.knownTo;
  }
  return { asOf, exact: parts.every((part) => part.exact), knownTo, validFrom, validTo };
}

export function isNotOnline(answer: Answer | NotOnline): answer is NotOnline {
  return 'notOnline' in answer;
}

function latestStart(answers: readonly (readonly (Answer | NotOnline)[])[]): number | null {
  let latest: number | null = null;
  for (const list of answers) {
    for (const answer of list) {
      if (isNotOnline(answer) && (latest === null || answer.fromMicros > latest)) latest = answer.fromMicros;
    }
  }
  return latest;
}

function online(view: string, answer: Answer | NotOnline, at: number | null): Answer {
  if (isNotOnline(answer)) throw beforeRow(view, answer, at === null);
  return answer;
}

function nothingRunYet(view: string): FscError {
  return new FscError(
    'FSC7206',
    2,
    'nothing was run yet',
    `the online store has no rows of \`${view}\``,
    'fill it: fsc run --mode stream',
  );
}

function otherPlan(view: string): FscError {
  return new FscError(
    'FSC7203',
    1,
    `the online rows of \`${view}\` are of another plan`,
    'they were written for another version of the view than this program has',
    'run fsc compile and fsc run --mode stream, so that program and rows are of one plan',
  );
}

function noRowsOfItsOwn(view: string): FscError {
  return new FscError(
    'FSC7222',
    2,
    `\`${view}\` is a request view: it has no rows of its own`,
    'its rows are made from what a caller sends',
    `ask for one: fsc get ${view} COLUMN=VALUE…`,
  );
}
