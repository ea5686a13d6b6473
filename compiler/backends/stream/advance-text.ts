import { unreachable } from '../../../runtime/values/errors.ts';
import type { InstantBound } from '../../plan/plan.ts';
import { jsData } from '../js/escape.ts';
import type { Accumulator, Layout, RingColumn, Tail, Window } from './layout.ts';

/** 2^52: where the low part of a sum hands over to the high part. */
const CARRY = 4503599627370496;

/**
 * Thresholds of all windows at an instant (least and greatest event time inside, both inclusive), and functions that move a cursor's
 * windows up to them. `c` is the cursor (0: scratch), `b` the entity's first event, `db` where the cursor's deques stand.
 */
export function advanceText(layout: Layout): string {
  const functions = layout.tails.map((tail, i) => tailFunction(layout, tail, i));
  const calls = layout.tails.map((_, i) => `advance${i}(c, b, db, n);`);
  return [
    `const thr = new Float64Array(${layout.thresholds});`,
    'let atMicros = NaN, capMicros = NaN;',
    thresholdsFunction(layout),
    ...functions,
    `function advance(c, b, db, n) { ${calls.join(' ')} }`,
    ...layout.views.map((_, i) => changeFunction(layout, viewWindows(layout, i), i)),
  ].join('\n');
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
  const body: string[] = [];
  const deques = new Set<number>();
  for (const window of tail.windows) {
    for (const acc of window.accumulators) {
      if ('deque' in acc && acc.deque >= 0) deques.add(acc.deque);
    }
  }
  body.push(`  const P = c * ${layout.positions}, A = c * ${layout.accumulators};`);
  body.push('  const pos = s.pos, acc = s.acc, ring = s.ring;');
  for (const deque of deques) body.push(`  const D${deque} = s.deques[${deque}];`);
  body.push(...enterLines(layout, tail));
  for (const window of tail.windows) if (window.head >= 0) body.push(...leaveLines(layout, window));
  return [`function advance${index}(c, b, db, n) {`, ...body, '}'].join('\n');
}

function enterLines(layout: Layout, tail: Tail): string[] {
  const lines: string[] = [`  let i = pos[P + ${tail.field}];`];
  let condition: string;
  if (tail.shape.kind === 'instant') {
    lines.push(`  const hi = thr[${tail.threshold}];`);
    condition = `i < n && ring[(b + i) * ${layout.stride}] <= hi`;
  } else {
    const { of, mode, end } = tail.shape;
    // Frames stand relative to the latest row; where there is none they wait.
    lines.push(`  const last = pos[P + ${of.tail.field}];`);
    const first = of.head < 0 ? '0' : `pos[P + ${of.head}]`;
    lines.push(`  const first = ${first};`);
    lines.push('  if (last <= first) return;');
    if (mode === 'range') {
      lines.push(`  const rowTime = ring[(b + last - 1) * ${layout.stride}];`);
      lines.push(`  const hi = rowTime - ${jsData(end)};`);
      condition = `i < last && ring[(b + i) * ${layout.stride}] <= hi`;
    } else {
      lines.push(`  const stop = last - ${jsData(end)};`);
      condition = 'i < stop';
    }
  }
  const loop = conditional(tail.windows, (window, acc) => enter(layout, window, acc));
  lines.push(`  if (${condition}) {`);
  lines.push('    do {');
  lines.push(`      const p = (b + i) * ${layout.stride};`);
  lines.push(...maskReads(layout, tail.windows, '      '));
  lines.push(...loop.map((line) => `      ${line}`));
  lines.push('      i++;');
  lines.push(`    } while (${condition});`);
  lines.push(`    pos[P + ${tail.field}] = i;`);
  lines.push('  }');
  return lines;
}

function leaveLines(layout: Layout, window: Window): string[] {
  const { shape } = window;
  const lines: string[] = ['  {', `    let h = pos[P + ${window.head}];`];
  let condition: string;
  if (shape.kind === 'instant') {
    lines.push(`    const lo = thr[${window.threshold}];`);
    condition = `h < i && ring[(b + h) * ${layout.stride}] < lo`;
  } else if (shape.frame.mode === 'range') {
    const bounds: string[] = [];
    if (shape.frame.startMicros !== null) bounds.push(`rowTime - ${jsData(shape.frame.startMicros)}`);
    if (shape.of.threshold >= 0) bounds.push(`thr[${shape.of.threshold}]`);
    lines.push(`    const lo = ${most('max', bounds)};`);
    condition = `h < i && ring[(b + h) * ${layout.stride}] < lo`;
  } else {
    const start = shape.frame.start === null ? 'first' : `Math.max(first, last - 1 - ${jsData(shape.frame.start)})`;
    lines.push(`    const start = ${start};`);
    condition = 'h < i && h < start';
  }
  const loop = conditional([window], (_, acc) => leave(layout, acc));
  lines.push(`    if (${condition}) {`);
  lines.push('      do {');
  if (loop.length > 0) {
    lines.push(`        const p = (b + h) * ${layout.stride};`);
    lines.push(...maskReads(layout, [window], '        '));
    lines.push(...loop.map((line) => `        ${line}`));
  }
  lines.push('        h++;');
  lines.push(`      } while (${condition});`);
  lines.push(`      pos[P + ${window.head}] = h;`);
  for (const acc of window.accumulators) lines.push(...expireDeque(acc));
  lines.push('    }');
  for (const acc of window.accumulators) lines.push(...seekEarliest(layout, acc));
  lines.push('  }');
  return lines;
}

/** Accumulators under the bit tests that guard them. */
function conditional(windows: readonly Window[], print: (window: Window, acc: Accumulator) => string[]): string[] {
  const byCondition = new Map<number, string[]>();
  for (const window of windows) {
    for (const acc of window.accumulators) {
      const lines = print(window, acc);
      if (lines.length === 0) continue;
      byCondition.set(acc.condition, [...(byCondition.get(acc.condition) ?? []), ...lines]);
    }
  }
  return [...byCondition].flatMap(([condition, lines]) =>
    condition < 0 ? lines : [`if (${bit(condition)}) {`, ...lines.map((line) => `  ${line}`), '}'],
  );
}

function maskReads(layout: Layout, windows: readonly Window[], indent: string): string[] {
  const masks = new Set<number>();
  for (const window of windows) {
    for (const acc of window.accumulators) if (acc.condition >= 0) masks.add(acc.condition >> 5);
  }
  return [...masks].map((mask) => `${indent}const m${mask} = ring[p + ${layout.maskField(mask)}];`);
}

export function bit(condition: number): string {
  return `(m${condition >> 5} & ${1 << (condition & 31)}) !== 0`;
}

function asDouble(layout: Layout, column: RingColumn): string {
  const stored = `ring[p + ${layout.field(column)}]`;
  return column.holds === 'hybrid' ? `Number(s.texts.value(${stored}))` : stored;
}

function enter(layout: Layout, window: Window, acc: Accumulator): string[] {
  switch (acc.kind) {
    case 'count':
      return [`acc[A + ${acc.at}]++;`];
    case 'sumInt':
      return sumInt(acc.at, `+ ring[p + ${layout.field(acc.column)}]`);
    case 'sumWide':
      return [`rt.addWide(acc, A + ${acc.at}, ring[p + ${layout.field(acc.column)}], 1, s.texts);`];
    case 'sumDouble':
      return [`acc[A + ${acc.at}] = s.sums.add(acc[A + ${acc.at}], ${asDouble(layout, acc.column)}, 1);`];
    case 'sumSquare':
      return [`acc[A + ${acc.at}] = s.sums.addSquare(acc[A + ${acc.at}], ${asDouble(layout, acc.column)}, 1);`];
    case 'distinct':
      return [`acc[A + ${acc.at}] += s.distinct(c, ${acc.index}, ring[p + ${layout.field(acc.column)}], 1);`];
    case 'min':
    case 'max':
      return window.head < 0 ? foldExtreme(layout, acc) : pushDeque(layout, acc);
    case 'latest':
      if (window.head >= 0) return [`pos[P + ${acc.position}] = i + 1;`];
      return [
        `acc[A + ${acc.at}] = ${storedFlag(layout, acc.column)}; acc[A + ${acc.at + 1}] = ring[p + ${layout.field(acc.column)}];`,
      ];
    case 'earliest':
      if (window.head >= 0) return [];
      return [
        `if (acc[A + ${acc.at}] === 0) { acc[A + ${acc.at}] = ${storedFlag(layout, acc.column)}; acc[A + ${acc.at + 1}] = ring[p + ${layout.field(acc.column)}]; }`,
      ];
    default:
      return unreachable(acc);
  }
}

/** 1: a value is there, 2: NULL is. */
function storedFlag(layout: Layout, column: RingColumn): string {
  const condition = layout.notNull(column);
  return condition < 0
    ? '1'
    : `(ring[p + ${layout.maskField(condition >> 5)}] & ${1 << (condition & 31)}) !== 0 ? 1 : 2`;
}

function sumInt(at: number, operation: string): string[] {
  return [
    `{ const x = acc[A + ${at}] ${operation}; acc[A + ${at}] = x; if (x > ${CARRY} || x < -${CARRY}) rt.carryInt(acc, A + ${at}); }`,
  ];
}

function leave(layout: Layout, acc: Accumulator): string[] {
  switch (acc.kind) {
    case 'count':
      return [`acc[A + ${acc.at}]--;`];
    case 'sumInt':
      return sumInt(acc.at, `- ring[p + ${layout.field(acc.column)}]`);
    case 'sumWide':
      return [`rt.addWide(acc, A + ${acc.at}, ring[p + ${layout.field(acc.column)}], -1, s.texts);`];
    case 'sumDouble':
      return [`acc[A + ${acc.at}] = s.sums.add(acc[A + ${acc.at}], ${asDouble(layout, acc.column)}, -1);`];
    case 'sumSquare':
      return [`acc[A + ${acc.at}] = s.sums.addSquare(acc[A + ${acc.at}], ${asDouble(layout, acc.column)}, -1);`];
    case 'distinct':
      return [`acc[A + ${acc.at}] += s.distinct(c, ${acc.index}, ring[p + ${layout.field(acc.column)}], -1);`];
    case 'min':
    case 'max':
    case 'latest':
    case 'earliest':
      return [];
    default:
      return unreachable(acc);
  }
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
  const value = `ring[p + ${layout.field(acc.column)}]`;
  const best = `acc[A + ${acc.at + 1}]`;
  return [
    `if (acc[A + ${acc.at}] === 0 || ${yields(acc, best, value)}) { acc[A + ${acc.at}] = 1; ${best} = ${value}; }`,
  ];
}

function pushDeque(layout: Layout, acc: Extreme): string[] {
  const deque = `D${acc.deque}`;
  const head = `pos[P + ${acc.position}]`;
  const tail = `pos[P + ${acc.position + 1}]`;
  return [
    `{ const x = ring[p + ${layout.field(acc.column)}], first = ${head}; let q = ${tail};`,
    `  while (q > first && ${yields(acc, `ring[(b + ${deque}[db + q - 1]) * ${layout.stride} + ${layout.field(acc.column)}]`, 'x')}) q--;`,
    `  ${deque}[db + q] = i; ${tail} = q + 1; }`,
  ];
}

function expireDeque(acc: Accumulator): string[] {
  if ((acc.kind !== 'min' && acc.kind !== 'max') || acc.deque < 0) return [];
  const head = `pos[P + ${acc.position}]`;
  const tail = `pos[P + ${acc.position + 1}]`;
  return [
    `      { let q = ${head}; const end = ${tail}; while (q < end && D${acc.deque}[db + q] < h) q++; ${head} = q; }`,
  ];
}

function seekEarliest(layout: Layout, acc: Accumulator): string[] {
  if (acc.kind !== 'earliest' || acc.position < 0) return [];
  const test =
    acc.condition < 0
      ? 'false'
      : `(ring[(b + f) * ${layout.stride} + ${layout.maskField(acc.condition >> 5)}] & ${1 << (acc.condition & 31)}) === 0`;
  const at = `pos[P + ${acc.position}]`;
  return [`    { let f = Math.max(${at}, h); while (f < i && ${test}) f++; ${at} = f; }`];
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
        `  { const h = pos[P + ${window.head}]; if (h < ${tail}) { const x = ring[(b + h) * ${layout.stride}]; const t = ${leaving}; if (t < next) next = t; } }`,
      );
    }
    if (tails.has(window.tail)) continue;
    tails.add(window.tail);
    const entering = most('max', ['x', ...window.shape.window.upper.map(enterAt)]);
    lines.push(
      `  { const i = ${tail}; if (i < n) { const x = ring[(b + i) * ${layout.stride}]; const t = ${entering}; if (t < next) next = t; } }`,
    );
  }
  return [
    `function change${view}(c, b, n) {`,
    `  const P = c * ${layout.positions}, pos = s.pos, ring = s.ring;`,
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
