import { counted, plural } from '../../runtime/values/counted.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../../runtime/values/types.ts';
import type { InstantBound, InstantWindow } from '../plan/plan.ts';
import type { ViewDraft } from '../plan/view-input.ts';

/** Sentences on what is kept for each entity. */
export function stateNotes(draft: ViewDraft): readonly string[] {
  switch (draft.kind) {
    case 'request':
      return ['keeps no state of its own: the joined views keep theirs'];
    case 'aggregate':
      return aggregateNotes(draft);
    case 'rows':
      return rowsNotes(draft);
  }
}

function aggregateNotes(draft: Extract<ViewDraft, { kind: 'aggregate' }>): readonly string[] {
  const windows = draft.slots.flatMap((slot) => (slot.kind === 'aggregate' ? [slot.window] : []));
  const lengths = windows.map((window) => reach(window, draft.whereWindow));
  const notes = [`${counted(draft.slots.length, 'aggregate')} an entity`];
  const bounded = lengths.filter((length) => length !== null);
  if (bounded.length > 0)
    notes.push(`raw events of the last ${showLength(Math.max(...bounded))}, as far back as a window reaches`);
  if (bounded.length < lengths.length) notes.push('running values over the whole history of an entity');
  if (draft.whereWindow.lower.length === 0) {
    notes.push('remembers every entity for ever; a window in WHERE ends the rows of quiet ones');
  }
  return notes;
}

function rowsNotes(draft: Extract<ViewDraft, { kind: 'rows' }>): readonly string[] {
  const notes = ['the latest row of each entity, and the events that its frames reach'];
  for (const slot of draft.slots) {
    if (slot.kind === 'lag') notes.push(`${lastRows(slot.offset + 1)}, for lag`);
    else if (slot.kind === 'frame' || slot.kind === 'frameValue') {
      const { frame } = slot;
      if (frame.mode === 'rows')
        notes.push(frame.start === null ? 'a running value over all rows' : lastRows(frame.start + 1));
      else
        notes.push(
          frame.startMicros === null
            ? 'a running value over all rows'
            : `events of the last ${showLength(frame.startMicros)}`,
        );
    }
  }
  if (draft.whereWindow.lower.length === 0)
    notes.push('remembers every entity for ever; a window in WHERE ends the rows of quiet ones');
  return [...new Set(notes)];
}

function lastRows(count: number): string {
  return plural(count, 'the last row', `the last ${count} rows`);
}

/** How far back the window may reach, roughly where it is truncated; null: for ever. */
function reach(window: InstantWindow, outer: InstantWindow): number | null {
  const lowers = [...window.lower, ...outer.lower].map(boundReach);
  return lowers.length === 0 ? null : Math.min(...lowers);
}

const UNIT_LENGTH: Readonly<Record<string, number>> = {
  microsecond: 1,
  millisecond: 1000,
  second: MICROS_PER_SECOND,
  minute: MICROS_PER_MINUTE,
  hour: MICROS_PER_HOUR,
  day: MICROS_PER_DAY,
  week: 7 * MICROS_PER_DAY,
  month: 31 * MICROS_PER_DAY,
  quarter: 92 * MICROS_PER_DAY,
  year: 366 * MICROS_PER_DAY,
};

function boundReach(bound: InstantBound): number {
  const snapped = bound.trunc === null ? 0 : (UNIT_LENGTH[bound.trunc] ?? 0);
  return Math.max(0, snapped - bound.offsetMonths * 31 * MICROS_PER_DAY - bound.offsetMicros);
}

function showLength(micros: number): string {
  const units: readonly (readonly [number, string])[] = [
    [MICROS_PER_DAY, 'day'],
    [MICROS_PER_HOUR, 'hour'],
    [MICROS_PER_MINUTE, 'minute'],
    [MICROS_PER_SECOND, 'second'],
  ];
  const [length, name] = units.find(([unit]) => micros >= unit && micros % unit === 0) ?? [1, 'microsecond'];
  const count = micros / length;
  return `${count} ${plural(count, name)}`;
}
