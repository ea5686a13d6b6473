/** What became of the records that were read, as text. */
import type { ReadSummary } from '../runtime/engines/run-summary.ts';
import { formatCount, plural } from '../runtime/values/counted.ts';

/** `12 read, 9 accepted, 1 late, 2 quarantined`. */
export function readText({ events, skipped, unknownFields }: ReadSummary): string {
  const others = [
    [events.duplicate, 'duplicate'],
    [events.late, 'late'],
    [events.quarantined, 'quarantined'],
    [skipped, 'skipped by @only or "cut"'],
    [unknownFields, plural(unknownFields, 'unknown field')],
  ] as const;
  const told = others.filter(([count]) => count > 0).map(([count, word]) => `, ${formatCount(count)} ${word}`);
  return `${formatCount(events.read)} read, ${formatCount(events.accepted)} accepted${told.join('')}`;
}

/** `2 missing, 1 range`. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${formatCount(count)} ${name}`)
    .join(', ');
}
