import type { Layout, Window } from './layout.ts';

/**
 * `leastSeen(t)`: events before it change no value at t or later, but that the entity's first one may give it a row. −Infinity where a window has
 * no beginning, and where events have expressions that can fail, which are counted whoever sees them.
 */
export function seenText(layout: Layout, ingest: string): string {
  const bounds = ingest.includes('s.errors.count(') ? null : lowerThresholds(layout);
  if (bounds === null) return 'function leastSeen() { return -Infinity; }';
  return [
    'function leastSeen(t) {',
    '  thresholds(t, t);',
    `  return Math.min(${['t', ...bounds.map((threshold) => `thr[${threshold}]`)].join(', ')});`,
    '}',
  ].join('\n');
}

/** null: some window reaches back to the first event, or to rows that stand in no window of time. */
function lowerThresholds(layout: Layout): readonly number[] | null {
  if (layout.rows) return null;
  const windows = new Set<Window>();
  for (const { plan, where, slots } of layout.views) {
    // Where every event counts, one of them is enough for a row.
    if (where.threshold >= 0 || plan.where !== null) windows.add(where);
    for (const slot of slots) windows.add(slot.window);
  }
  const thresholds = [...windows].map((window) => window.threshold);
  return thresholds.includes(-1) ? null : thresholds;
}
