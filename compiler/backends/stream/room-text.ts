import { cursorLocals } from './advance-text.ts';
import type { Layout } from './layout.ts';

/**
 * `room(c, settled)`: makes room in the full block of the entity with cursor c. Its windows move to the settle line first, if there is one yet;
 * events that none of them reaches are forgotten then. Where these are less than a quarter, the entity gets a block of the next class. Offsets
 * in the cursor and in deques count from the block's beginning, so they move too.
 */
export function roomText(layout: Layout): string {
  const least = layout.reach.map(({ field, back }) => {
    const at = back === 0 ? `pos[P + ${field}]` : `pos[P + ${field}] - ${back}`;
    return `  if (${at} < drop) drop = ${at};`;
  });
  return [
    'function room(c, settled) {',
    '  const blocks = s.blocks, B = c * 4, b = blocks[B], n = blocks[B + 1], size = blocks[B + 2];',
    '  if (settled > -Infinity) advance(c, b, b, n);',
    ...cursorLocals(layout),
    '  let drop = n;',
    ...least,
    '  if (drop > 0) {',
    ...layout.deques.flatMap((deque, i) => shiftDeque(layout, deque, layout.dequeField(i))),
    ...layout.offsets.map((field) => `    pos[P + ${field}] = Math.max(-1, pos[P + ${field}] - drop);`),
    '  } else drop = 0;',
    '  if (drop >= size >> 2) s.dropEvents(c - 1, drop);',
    '  else s.enlarge(c - 1, drop);',
    '}',
  ].join('\n');
}

/** Puts a deque where it will stand at the block's beginning when the first `drop` records are gone. */
function shiftDeque(layout: Layout, deque: { readonly head: number; readonly tail: number }, field: number): string[] {
  const place = (record: string): string => `g[(b + ${record}) * ${2 * layout.stride} + ${field}]`;
  const move = `${place('drop + k')} = ${place('from + k')} - drop;`;
  return [
    `    { const from = pos[P + ${deque.head}], count = pos[P + ${deque.tail}] - from;`,
    `      if (drop <= from) for (let k = 0; k < count; k++) ${move}`,
    `      else for (let k = count - 1; k >= 0; k--) ${move}`,
    `      pos[P + ${deque.head}] = 0; pos[P + ${deque.tail}] = count; }`,
  ];
}
