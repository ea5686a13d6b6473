import type { Layout } from './layout.ts';

/** Rows at a time: their entities are found and their memory is asked for before any of them is worked on. */
export const AHEAD = 256;

/** So many windows' places are looked at ahead: more would push out of the cache what was asked for first. */
const PLACES_AHEAD = 8;

/**
 * `near(k)` brings the cursors of the first k of `cursors` into the cache, then the ends of their blocks and the records where their windows
 * stand. `touch(n, settled, isMixed)` brings the blocks of `found` and the place of each one's next record, gives new entities a block, and makes
 * room in the blocks that are full. Short loops without branches, so that many places are on the way at once: a place is written to where that
 * does no harm, since more writes than reads can be on the way (a half more in a microbenchmark). `isMixed`: the last record will be read too.
 */
export function touchText(layout: Layout): string {
  const { stride, cursorStride, accumulators } = layout;
  const cursorLines: string[] = [];
  for (let at = 0; at < cursorStride; at += 8) cursorLines.push(` + acc[A + ${at}]`);
  const places = layout.offsets
    .slice(0, PLACES_AHEAD)
    .map((field) => ` + f[(b + Math.max(0, Math.min(last, pos[P + ${field}]))) * ${stride}]`);
  return [
    `const cursors = new Int32Array(${AHEAD}), fresh = new Int32Array(${AHEAD}), places = new Int32Array(${AHEAD});`,
    'function near(k) {',
    '  const blocks = s.blocks, f = s.floats, acc = s.acc, pos = s.pos, full = cursors;',
    '  let x = 0.5;',
    `  for (let j = 0; j < k; j++) { const A = full[j] * ${cursorStride}; x += 0${cursorLines.join('')}; }`,
    '  for (let j = 0; j < k; j++) {',
    '    const B = full[j] * 4, b = blocks[B];',
    `    x += f[b * ${stride}] + f[(b + Math.max(0, blocks[B + 1] - 1)) * ${stride}];`,
    '  }',
    ...(places.length === 0
      ? []
      : [
          '  for (let j = 0; j < k; j++) {',
          `    const c = full[j], P = (c * ${cursorStride} + ${accumulators}) * 2, b = blocks[c * 4], last = blocks[c * 4 + 2] - 1;`,
          `    x += 0${places.join('')};`,
          '  }',
        ]),
    '  return x;',
    '}',
    'function touch(n, settled, isMixed) {',
    '  const blocks = s.blocks, f = s.floats, ahead = found, full = cursors, free = places, none = fresh;',
    '  let w = 0, k = 0, z = 0, p = 0, x = 0.5;',
    // What is left of `found` from rows before is an entity too.
    `  for (let j = 0; j < n; j += 4) w ^= ${[0, 1, 2, 3].map((at) => `blocks[ahead[j + ${at}] * 4 + 4]`).join(' ^ ')};`,
    '  for (let j = 0; j < n; j++) {',
    '    const c = ahead[j] + 1, end = blocks[c * 4 + 1], size = blocks[c * 4 + 2], isNew = (size - 1) >>> 31;',
    `    free[p] = (blocks[c * 4] + end) * ${stride}; p += (end - size) >>> 31;`,
    '    full[k] = c; k += (1 + ((end - size) >> 31)) & (1 - isNew);',
    '    none[z] = c; z += isNew & (1 - ((c - 1) >>> 31));',
    '  }',
    '  for (let j = 0; j < p; j++) f[free[j]] = 0;',
    `  if (isMixed) for (let j = 0; j < p; j++) x += f[Math.max(0, free[j] - ${stride})];`,
    '  for (let j = 0; j < z; j++) { const c = none[j]; if (blocks[c * 4 + 2] === 0) s.firstBlock(c - 1); }',
    '  if (k > 0) x += near(k);',
    '  for (let j = 0; j < k; j++) {',
    '    const c = full[j];',
    // An entity stands there as often as it has events among these.
    '    if (blocks[c * 4 + 1] === blocks[c * 4 + 2]) room(c, settled);',
    '  }',
    '  return x + w;',
    '}',
    'function advanceAll(entities) {',
    `  for (let from = 0; from < entities.length; from += ${AHEAD}) {`,
    `    const k = Math.min(${AHEAD}, entities.length - from), blocks = s.blocks;`,
    '    for (let j = 0; j < k; j++) cursors[j] = entities[from + j] + 1;',
    '    s.warm = near(k);',
    '    for (let j = 0; j < k; j++) { const c = cursors[j], b = blocks[c * 4]; advance(c, b, b, blocks[c * 4 + 1]); }',
    '  }',
    '}',
  ].join('\n');
}
