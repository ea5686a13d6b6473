import { unreachable } from '../../../runtime/values/errors.ts';
import type { InstantBound } from '../../plan/plan.ts';
import { jsData } from '../js/escape.ts';
import { type Accumulator, FIELDS, type Layout, type RingColumn, type Tail, type Window } from './layout.ts';

/** 2^52: where the low part of a sum hands over to the high part. */
const CARRY = 4503599627370496;
/** Values of four bytes can be added this often before their sum has to hand over. */
const EVENTS_A_CARRY = 1048576;
/** Squares up to 2^50 go straight into the low part of their sum. */
const SMALL_SQUARE = 1125899906842624;
/** More accumulators than this stay in memory while events are taken in: they would not fit the processor's registers and stack lines. */
const MAX_LOCALS = 24;

/**
 * Thresholds of all windows at an instant (least and greatest event time inside, both inclusive), and functions that move a cursor's
 * windows up to them. `c` is the cursor (0: scratch), `b` the entity's block, `db` the block with the cursor's deques, `n` how many events count.
 * Inside, `f` and `g` are the numbers of all records, as Float64 and as Int32.
 */
export function advanceText(layout: Layout): string {
  const functions = layout.tails.map((tail, i) => tailFunction(layout, tail, i));
  const calls = layout.tails.map((_, i) => `advance${i}(c, b, db, n);`);
  return [
    `const thr = new Float64Array(${layout.thresholds});`,
    'let atMicros = NaN, capMicros = NaN;',
    thresholdsFunction(layout),
    ...searchFunctions(layout),
    ...functions,
    `function advance(c, b, db, n) { ${calls.join(' ')} }`,
    ...layout.views.map((_, i) => changeFunction(layout, viewWindows(layout, i), i)),
  ].join('\n');
}

/** Locals for a cursor and for records. */
export function cursorLocals(layout: Layout): string[] {
  return [
    `  const pos = s.pos, acc = s.acc, A = c * ${layout.cursorStride}, P = A * 2 + ${2 * layout.accumulators};`,
    '  const f = s.floats, g = s.ints;',
  ];
}

function viewWindows(layout: Layout, view: number): Window[] {
  const reading = layout.views[view] as Layout['views'][number];
  const windows = [reading.where, ...reading.slots.map((slot) => slot.window)];
  return [...new Set(windows)].filter((window) => window.shape.kind === 'instant');
}

function boundAt(bound: InstantBound): string {
  if (bound.trunc === null) return bound.offsetMicros === 0 ? 't' : `t + ${jsData(bound.offsetMicros)}`;
  return `rt.boundAt(${jsData(bound.trunc)}, ${bound.offsetMonths}, ${jsData(bound.offsetMicros)}, t)`;
}

function lowerAt(bound: InstantBound): string {
  return bound.inclusive ? boundAt(bound) : `${boundAt(bound)} + 1`;
}

function upperAt(bound: InstantBound): string {
  return bound.inclusive ? boundAt(bound) : `${boundAt(bound)} - 1`;
}

function most(fn: 'max' | 'min', parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] as string) : `Math.${fn}(${parts.join(', ')})`;
}

function thresholdsFunction(layout: Layout): string {
  const lines: string[] = [];
  for (const tail of layout.tails) {
    if (tail.shape.kind !== 'instant') continue;
    lines.push(`  thr[${tail.threshold}] = ${most('min', ['cap', ...tail.shape.upper.map(upperAt)])};`);
  }
  for (const window of layout.windows) {
    if (window.threshold < 0 || window.shape.kind !== 'instant') continue;
    lines.push(`  thr[${window.threshold}] = ${most('max', window.shape.window.lower.map(lowerAt))};`);
  }
  return [
    '/** `cap` is the last event time that counts: t, or t − 1 where events at t are left out. */',
    'function thresholds(t, cap) {',
    '  if (t === atMicros && cap === capMicros) return;',
    '  atMicros = t; capMicros = cap;',
    ...lines,
    '}',
  ].join('\n');
}

function tailFunction(layout: Layout, tail: Tail, index: number): string {
  const lines = tail.shape.kind === 'instant' ? instantLines(layout, tail) : frameLines(layout, tail, tail.shape);
  return [`function advance${index}(c, b, db, n) {`, ...cursorLocals(layout), ...lines, '}'].join('\n');
}

/**
 * `notBefore`, `after`: the first offset from `low` up to `high` of an event at `t` or later, of an event later than `t`. In doubling steps
 * from `low`, near which it mostly stands, unless it is `high`.
 */
function searchFunctions(layout: Layout): string[] {
  return [
    { name: 'notBefore', isBehind: '<' },
    { name: 'after', isBehind: '<=' },
  ].map(({ name, isBehind }) =>
    [
      `function ${name}(f, b, low, high, t) {`,
      `  if (low === high || ${layout.time('b + high - 1')} ${isBehind} t) return high;`,
      '  let top = low;',
      `  for (let step = 1; ${layout.time('b + top')} ${isBehind} t; step += step) {`,
      '    low = top + 1;',
      '    top = Math.min(high - 1, top + step);',
      '  }',
      '  while (low < top) {',
      '    const middle = (low + top) >>> 1;',
      `    if (${layout.time('b + middle')} ${isBehind} t) low = middle + 1;`,
      '    else top = middle;',
      '  }',
      '  return top;',
      '}',
    ].join('\n'),
  );
}

/**
 * Windows that end at one instant. An event that enters a window and leaves it again on the way is not looked at, and a window that everything
 * leaves is emptied at once: what a short window costs follows what stands in it when somebody looks, not what passed through it.
 */
function instantLines(layout: Layout, tail: Tail): string[] {
  const bounded = tail.windows.filter((window) => window.head >= 0);
  const endless = tail.windows.filter((window) => window.head < 0);
  return [
    `  const from = pos[P + ${tail.field}], hi = thr[${tail.threshold}];`,
    `  const end = from < n && ${layout.time('b + from')} <= hi ? after(f, b, from + 1, n, hi) : from;`,
    ...(endless.length === 0
      ? []
      : ['  if (from < end) {', '    let i = from;', ...indent(enterLoop(layout, endless), 4), '  }']),
    ...(bounded.length === 0 ? [] : [`  const newest = from > 0 ? ${layout.time('b + from - 1')} : 0;`]),
    ...bounded.flatMap((window) => indent(boundedLines(layout, window), 2)),
    `  pos[P + ${tail.field}] = end;`,
  ];
}

function boundedLines(layout: Layout, window: Window): string[] {
  const { accumulators } = window;
  const head = `pos[P + ${window.head}]`;
  const lines = ['{', `  const lo = thr[${window.threshold}];`, `  let h = ${head}, i = from;`];
  const isBefore = `${layout.time('b + h')} < lo`;
  const leaving = (stop: string): string[] => indent(leaveLoop(layout, window, stop, isBefore), 4);
  if (accumulators.some(({ kind }) => kind === 'distinct')) {
    // Its values are counted one by one, so that each that came has to go.
    lines.push('  if (i < end) {', ...indent(enterLoop(layout, [window]), 4), '  }');
    lines.push(`  if (h < end && ${isBefore}) {`, ...leaving('end'), '  }');
  } else {
    lines.push('  if (h === from || newest < lo) {');
    const emptied = accumulators.flatMap(empty);
    if (emptied.length > 0) lines.push(`    if (h < from) { ${emptied.join(' ')} }`);
    lines.push(`    i = h = notBefore(f, b, from, end, lo); ${head} = h;`);
    lines.push(`  } else if (${isBefore}) {`, ...leaving('from'), '  }');
    lines.push('  if (i < end) {', ...indent(enterLoop(layout, [window]), 4), '  }');
  }
  for (const acc of accumulators) lines.push(...indent(seekEarliest(layout, acc), 2));
  lines.push('}');
  return lines;
}

/** Statements that leave an accumulator as it was before any event came. */
function empty(acc: Accumulator): string[] {
  const zero = (count: number): string[] => Array.from({ length: count }, (_, i) => `acc[A + ${acc.at + i}] = 0;`);
  switch (acc.kind) {
    case 'count':
    case 'sumInt':
    case 'sumWide':
    case 'squareInt':
      return zero(FIELDS[acc.kind]);
    case 'sumDouble':
    case 'squareDouble':
      return [`s.sums.empty(acc[A + ${acc.at}]);`];
    case 'min':
    case 'max':
      return [`pos[P + ${acc.position}] = 0; pos[P + ${acc.position + 1}] = 0;`];
    case 'span':
    case 'latest':
    case 'earliest':
      return [];
    case 'distinct':
      throw new Error('distinct values go one by one');
    default:
      return unreachable(acc);
  }
}

/** Takes the events from `i` up to `end` into the windows; `i` stands at `end` then. */
function enterLoop(layout: Layout, windows: readonly Window[]): string[] {
  const sums = new Sums(windows.flatMap((window) => window.accumulators));
  const loop = conditional(
    layout,
    windows,
    'i',
    (window, acc) => enter(layout, window, acc, sums),
    (acc, bit) => plainAddition(layout, acc, sums, '+', bit),
  );
  if (loop.length === 0) return [...sums.countAll('end - from'), 'i = end;'];
  return [
    'do {',
    `  const until = Math.min(end, i + ${EVENTS_A_CARRY});`,
    ...indent(sums.load(), 2),
    '  do {',
    ...indent(loop, 4),
    '  } while (++i < until);',
    ...indent(sums.store(), 2),
    '} while (i < end);',
    ...sums.countAll('end - from'),
  ];
}

/**
 * Takes events out of the window, from `h` up to `stop` as long as they stand before its beginning (`isBefore`, null where `stop` says it).
 * One of them there is.
 */
function leaveLoop(layout: Layout, window: Window, stop: string, isBefore: string | null): string[] {
  const sums = new Sums(window.accumulators);
  const loop = conditional(
    layout,
    [window],
    'h',
    (_, acc) => leave(layout, acc, sums),
    (acc, bit) => plainAddition(layout, acc, sums, '-', bit),
  );
  const bound = isBefore === null ? '' : ` && ${isBefore}`;
  const step = loop.length === 0 && isBefore === null ? ['h = until;'] : null;
  return [
    'do {',
    `  const until = Math.min(${stop}, h + ${EVENTS_A_CARRY});`,
    ...indent(sums.load(), 2),
    ...indent(step ?? ['do {', ...indent(loop, 2), '  h++;', `} while (h < until${bound});`], 2),
    ...indent(sums.store(), 2),
    `} while (h < ${stop}${bound});`,
    `pos[P + ${window.head}] = h;`,
    ...window.accumulators.flatMap((acc) => expireDeque(layout, acc)),
  ];
}

type FrameTail = Extract<Tail['shape'], { kind: 'frame' }>;

/** Frames stand relative to the latest row; where there is none they wait. */
function frameLines(layout: Layout, tail: Tail, { of, mode, end }: FrameTail): string[] {
  const isRange = mode === 'range';
  const stop = isRange ? 'last' : 'stop';
  const bound = isRange ? ` && ${layout.time('b + i')} <= hi` : '';
  const lines = [
    `  const from = pos[P + ${tail.field}];`,
    '  let i = from;',
    `  const last = pos[P + ${of.tail.field}];`,
    `  const first = ${of.head < 0 ? '0' : `pos[P + ${of.head}]`};`,
    '  if (last <= first) return;',
  ];
  if (isRange)
    lines.push(`  const rowTime = ${layout.time('b + last - 1')};`, `  const hi = rowTime - ${jsData(end)};`);
  else lines.push(`  const stop = last - ${jsData(end)};`);
  const sums = new Sums(tail.windows.flatMap((window) => window.accumulators));
  const loop = conditional(
    layout,
    tail.windows,
    'i',
    (window, acc) => enter(layout, window, acc, sums),
    (acc, bit) => plainAddition(layout, acc, sums, '+', bit),
  );
  lines.push(`  while (i < ${stop}${bound}) {`);
  lines.push(`    const until = Math.min(${stop}, i + ${EVENTS_A_CARRY});`, ...indent(sums.load(), 4));
  if (loop.length === 0 && bound === '') lines.push('    i = until;');
  else lines.push('    do {', ...indent(loop, 6), '      i++;', `    } while (i < until${bound});`);
  lines.push(...indent(sums.store(), 4), '  }', ...indent(sums.countAll('i - from'), 2));
  lines.push(`  pos[P + ${tail.field}] = i;`);
  for (const window of tail.windows) if (window.head >= 0) lines.push(...indent(frameLeaveLines(layout, window), 2));
  return lines;
}

function frameLeaveLines(layout: Layout, window: Window): string[] {
  const { shape } = window;
  if (shape.kind !== 'frame') throw new Error('a window of an instant among frames');
  const lines = ['{', `  let h = pos[P + ${window.head}];`];
  let stop = 'i';
  let isBefore: string | null = null;
  if (shape.frame.mode === 'range') {
    const bounds: string[] = [];
    if (shape.frame.startMicros !== null) bounds.push(`rowTime - ${jsData(shape.frame.startMicros)}`);
    if (shape.of.threshold >= 0) bounds.push(`thr[${shape.of.threshold}]`);
    lines.push(`  const lo = ${most('max', bounds)};`);
    isBefore = `${layout.time('b + h')} < lo`;
  } else {
    const start = shape.frame.start === null ? 'first' : `Math.max(first, last - 1 - ${jsData(shape.frame.start)})`;
    lines.push(`  const start = Math.min(i, ${start});`);
    stop = 'start';
  }
  const bound = isBefore === null ? '' : ` && ${isBefore}`;
  lines.push(`  if (h < ${stop}${bound}) {`, ...indent(leaveLoop(layout, window, stop, isBefore), 4), '  }');
  for (const acc of window.accumulators) lines.push(...indent(seekEarliest(layout, acc), 2));
  lines.push('}');
  return lines;
}

function indent(lines: readonly string[], by: number): string[] {
  return lines.map((line) => ' '.repeat(by) + line);
}

/**
 * Accumulators that are plain sums, in locals while a loop runs, if there are not too many. A count of every event is no work at all in the loop.
 */
class Sums {
  readonly #held: readonly Accumulator[];
  readonly #counted: readonly Accumulator[];
  readonly #areLocal: boolean;

  constructor(accumulators: readonly Accumulator[]) {
    this.#counted = accumulators.filter((acc) => acc.kind === 'count' && acc.condition < 0);
    this.#held = accumulators.filter(
      (acc) =>
        (acc.kind === 'count' && acc.condition >= 0) ||
        acc.kind === 'sumInt' ||
        acc.kind === 'squareInt' ||
        acc.kind === 'distinct',
    );
    this.#areLocal = this.#held.length <= MAX_LOCALS;
  }

  place(at: number): string {
    return this.#areLocal ? `a${at}` : `acc[A + ${at}]`;
  }

  load(): string[] {
    if (!this.#areLocal || this.#held.length === 0) return [];
    return [`let ${this.#held.map(({ at }) => `a${at} = acc[A + ${at}]`).join(', ')};`];
  }

  store(): string[] {
    const lines: string[] = [];
    for (const acc of this.#held) {
      if (this.#areLocal) lines.push(`acc[A + ${acc.at}] = a${acc.at};`);
      if (acc.kind === 'sumInt' && !acc.column.isWide) lines.push(this.#carry(acc.at));
    }
    return lines;
  }

  /** Statements on the accumulator in `acc`. */
  inMemory(at: number, statements: string): string {
    return this.#areLocal ? `acc[A + ${at}] = a${at}; ${statements} a${at} = acc[A + ${at}];` : statements;
  }

  /** Every event that entered, at once. */
  countAll(count: string): string[] {
    return this.#counted.map(({ at }) => `acc[A + ${at}] += ${count};`);
  }

  /** Inside the loop: the low part of a sum that may outgrow it any time. */
  carryNow(at: number): string {
    const x = this.place(at);
    return `if (${x} > ${CARRY} || ${x} < -${CARRY}) { ${this.inMemory(at, `rt.carryInt(acc, A + ${at});`)} }`;
  }

  #carry(at: number): string {
    return `if (acc[A + ${at}] > ${CARRY} || acc[A + ${at}] < -${CARRY}) rt.carryInt(acc, A + ${at});`;
  }
}

/** Up to so many plain additions are done for every event, of 0 where the bit is not set: a branch that goes either way costs more. */
const MAX_ADDITIONS = 2;

/** Accumulators under the bit tests that guard them, for the event at offset `at` of the block: its place is `q`. */
function conditional(
  layout: Layout,
  windows: readonly Window[],
  at: 'i' | 'h',
  print: (window: Window, acc: Accumulator) => string[],
  addition: (acc: Accumulator, bit: string) => string | null,
): string[] {
  const byCondition = new Map<number, { readonly lines: string[]; readonly additions: (string | null)[] }>();
  for (const window of windows) {
    for (const acc of window.accumulators) {
      const lines = print(window, acc);
      if (lines.length === 0) continue;
      const { condition } = acc;
      const body = byCondition.get(condition) ?? { lines: [], additions: [] };
      byCondition.set(condition, body);
      body.lines.push(...lines);
      body.additions.push(addition(acc, `z${condition}`));
    }
  }
  const lines = [...byCondition].flatMap(([condition, body]) => {
    if (condition < 0) return body.lines;
    const mask = `m${condition >> 5}`;
    const bit = condition & 31;
    const plain = body.additions.filter((line) => line !== null);
    if (plain.length === body.additions.length && plain.length <= MAX_ADDITIONS)
      return [`const z${condition} = (${mask} >>> ${bit}) & 1;`, ...plain];
    return [`if ((${mask} & ${1 << bit}) !== 0) {`, ...indent(body.lines, 2), '}'];
  });
  if (lines.length === 0) return [];
  const masks = [...new Set([...byCondition.keys()].filter((condition) => condition >= 0).map((bit) => bit >> 5))];
  return [`const q = b + ${at};`, ...masks.map((mask) => `const m${mask} = ${layout.mask(mask, 'q')};`), ...lines];
}

/** What an accumulator adds (or takes away) where `bit` is 1, as a statement that adds 0 where it is 0; null if there is none. */
function plainAddition(layout: Layout, acc: Accumulator, sums: Sums, sign: '+' | '-', bit: string): string | null {
  if (acc.kind === 'count') return `${sums.place(acc.at)} ${sign}= ${bit};`;
  if (acc.kind !== 'sumInt' || acc.column.isWide) return null;
  return `${sums.place(acc.at)} ${sign}= ${layout.value(acc.column, 'q')} & (0 - ${bit});`;
}

function enter(layout: Layout, window: Window, acc: Accumulator, sums: Sums): string[] {
  switch (acc.kind) {
    case 'span':
      return [];
    case 'count':
      return acc.condition < 0 ? [] : [`${sums.place(acc.at)}++;`];
    case 'sumInt':
    case 'sumWide':
    case 'sumDouble':
    case 'squareInt':
    case 'squareDouble':
      return addTo(layout, acc, sums, '+');
    case 'distinct':
      return [`${sums.place(acc.at)} += s.distinct(c, ${acc.index}, ${layout.value(acc.column, 'q')}, 1);`];
    case 'min':
    case 'max':
      return window.head < 0 ? foldExtreme(layout, acc) : pushDeque(layout, acc);
    case 'latest':
      if (window.head >= 0) return [`pos[P + ${acc.position}] = i + 1;`];
      return [keep(layout, acc.at, acc.column)];
    case 'earliest':
      if (window.head >= 0) return [];
      return [`if (acc[A + ${acc.at}] === 0) { ${keep(layout, acc.at, acc.column)} }`];
    default:
      return unreachable(acc);
  }
}

/** A flag (1: a value is there, 2: NULL is) and the value. */
function keep(layout: Layout, at: number, column: RingColumn): string {
  const condition = layout.notNull(column);
  const flag = condition < 0 ? '1' : `${layout.bit(condition, 'q')} ? 1 : 2`;
  return `acc[A + ${at}] = ${flag}; acc[A + ${at + 1}] = ${layout.value(column, 'q')};`;
}

function leave(layout: Layout, acc: Accumulator, sums: Sums): string[] {
  switch (acc.kind) {
    case 'count':
      return [`${sums.place(acc.at)}--;`];
    case 'sumInt':
    case 'sumWide':
    case 'sumDouble':
    case 'squareInt':
    case 'squareDouble':
      return addTo(layout, acc, sums, '-');
    case 'distinct':
      return [`${sums.place(acc.at)} += s.distinct(c, ${acc.index}, ${layout.value(acc.column, 'q')}, -1);`];
    case 'span':
    case 'min':
    case 'max':
    case 'latest':
    case 'earliest':
      return [];
    default:
      return unreachable(acc);
  }
}

type Sum = Extract<Accumulator, { kind: 'sumInt' | 'sumWide' | 'sumDouble' | 'squareInt' | 'squareDouble' }>;

/** Adds or takes away the value of the event at `q`. */
function addTo(layout: Layout, acc: Sum, sums: Sums, sign: '+' | '-'): string[] {
  const value = layout.value(acc.column, 'q');
  const one = sign === '+' ? '1' : '-1';
  switch (acc.kind) {
    case 'sumInt': {
      const add = `${sums.place(acc.at)} ${sign}= ${value};`;
      return acc.column.isWide ? [`${add} ${sums.carryNow(acc.at)}`] : [add];
    }
    case 'squareInt': {
      const small = `${sums.place(acc.at)} ${sign}= y; ${sums.carryNow(acc.at)}`;
      const large = sums.inMemory(acc.at, `rt.addSquare(acc, A + ${acc.at}, x, ${one});`);
      return [`{ const x = ${value}, y = x * x;`, `  if (y <= ${SMALL_SQUARE}) { ${small} } else { ${large} } }`];
    }
    case 'sumWide':
      return [`rt.addWide(acc, A + ${acc.at}, ${value}, ${one}, s.texts);`];
    case 'sumDouble':
      return [`acc[A + ${acc.at}] = s.sums.add(acc[A + ${acc.at}], ${asDouble(layout, acc.column)}, ${one});`];
    case 'squareDouble':
      return [`acc[A + ${acc.at}] = s.sums.addSquare(acc[A + ${acc.at}], ${asDouble(layout, acc.column)}, ${one});`];
    default:
      return unreachable(acc.kind);
  }
}

function asDouble(layout: Layout, column: RingColumn): string {
  const stored = layout.value(column, 'q');
  return column.holds === 'hybrid' ? `Number(s.texts.value(${stored}))` : stored;
}

type Extreme = Extract<Accumulator, { kind: 'min' | 'max' }>;

/** A JavaScript condition: a is no better than b, so that b makes a superfluous. */
function yields(acc: Extreme, a: string, b: string): string {
  const operator = acc.kind === 'max' ? '<=' : '>=';
  switch (acc.column.holds) {
    case 'int':
      return `${a} ${operator} ${b}`;
    case 'double':
      return `rt.compareDoubles(${a}, ${b}) ${operator} 0`;
    case 'text':
      return `s.texts.compareText(${a}, ${b}) ${operator} 0`;
    case 'hybrid':
      return `s.texts.compareHybrid(${a}, ${b}) ${operator} 0`;
    default:
      return unreachable(acc.column.holds);
  }
}

function foldExtreme(layout: Layout, acc: Extreme): string[] {
  const value = layout.value(acc.column, 'q');
  const best = `acc[A + ${acc.at + 1}]`;
  return [
    `if (acc[A + ${acc.at}] === 0 || ${yields(acc, best, value)}) { acc[A + ${acc.at}] = 1; ${best} = ${value}; }`,
  ];
}

/** Offsets of events, best first, in the records of a block. */
export function dequeAt(layout: Layout, deque: number, place: string): string {
  return `g[(db + ${place}) * ${2 * layout.stride} + ${layout.dequeField(deque)}]`;
}

function pushDeque(layout: Layout, acc: Extreme): string[] {
  const head = `pos[P + ${acc.position}]`;
  const tail = `pos[P + ${acc.position + 1}]`;
  const last = layout.value(acc.column, `b + ${dequeAt(layout, acc.deque, 'k - 1')}`);
  return [
    `{ const x = ${layout.value(acc.column, 'q')}, first = ${head}; let k = ${tail};`,
    `  while (k > first && ${yields(acc, last, 'x')}) k--;`,
    `  ${dequeAt(layout, acc.deque, 'k')} = i; ${tail} = k + 1; }`,
  ];
}

function expireDeque(layout: Layout, acc: Accumulator): string[] {
  if ((acc.kind !== 'min' && acc.kind !== 'max') || acc.deque < 0) return [];
  const head = `pos[P + ${acc.position}]`;
  const end = `pos[P + ${acc.position + 1}]`;
  return [
    `{ let k = ${head}; const tail = ${end}; while (k < tail && ${dequeAt(layout, acc.deque, 'k')} < h) k++; ${head} = k; }`,
  ];
}

function seekEarliest(layout: Layout, acc: Accumulator): string[] {
  if (acc.kind !== 'earliest' || acc.position < 0) return [];
  const test = acc.condition < 0 ? 'false' : `!(${layout.bit(acc.condition, 'b + k')})`;
  const at = `pos[P + ${acc.position}]`;
  return [`{ let k = Math.max(${at}, h); while (k < i && ${test}) k++; ${at} = k; }`];
}

/** The next instant after the one at hand at which an event enters or leaves a window of the view; Infinity if none. */
function changeFunction(layout: Layout, windows: readonly Window[], view: number): string {
  const lines: string[] = [];
  const tails = new Set<Tail>();
  for (const window of windows) {
    if (window.shape.kind !== 'instant') continue;
    const tail = `pos[P + ${window.tail.field}]`;
    if (window.head >= 0) {
      const leaving = most('min', window.shape.window.lower.map(leaveAt));
      lines.push(
        `  { const h = pos[P + ${window.head}]; if (h < ${tail}) { const x = ${layout.time('b + h')}; const t = ${leaving}; if (t < next) next = t; } }`,
      );
    }
    if (tails.has(window.tail)) continue;
    tails.add(window.tail);
    const entering = most('max', ['x', ...window.shape.window.upper.map(enterAt)]);
    lines.push(
      `  { const i = ${tail}; if (i < n) { const x = ${layout.time('b + i')}; const t = ${entering}; if (t < next) next = t; } }`,
    );
  }
  return [
    `function change${view}(c, b, n) {`,
    ...cursorLocals(layout),
    '  let next = Infinity;',
    ...lines,
    '  return next;',
    '}',
  ].join('\n');
}

/** First t at which event time x is no longer at or above the bound. */
function leaveAt(bound: InstantBound): string {
  const x = bound.inclusive ? 'x + 1' : 'x';
  return reach(bound, x);
}

/** First t at which event time x is at or below the bound. */
function enterAt(bound: InstantBound): string {
  return reach(bound, bound.inclusive ? 'x' : 'x + 1');
}

/** First t whose bound is at least y. */
function reach(bound: InstantBound, y: string): string {
  if (bound.trunc === null)
    return bound.offsetMicros === 0 ? y : `${y} - ${jsData(bound.offsetMicros)}`.replace('- -', '+ ');
  return `rt.firstReaching(${jsData(bound.trunc)}, ${bound.offsetMonths}, ${jsData(bound.offsetMicros)}, ${y})`;
}
