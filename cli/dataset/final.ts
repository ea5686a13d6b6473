/** Which labels are final (rules.md 9): no record may come that changes their values. */
import type { SourceFacts } from './feeds.ts';
import type { KnownTo } from './options.ts';

export interface OpenLabels {
  readonly count: number;
  /** Instants before it are final in every source; null: none is. */
  readonly latestFinal: number | null;
}

export function countOpen(
  instants: Float64Array,
  knownTo: KnownTo,
  facts: ReadonlyMap<string, SourceFacts>,
): OpenLabels {
  const sources = [...facts.values()];
  const latestFinal = Math.min(...sources.map(({ finalBefore, completeTo }) => Math.max(finalBefore, completeTo)));
  const closed = Number.isFinite(latestFinal) ? latestFinal : null;
  if (sources.every((source) => source.finalBefore === Number.POSITIVE_INFINITY))
    return { count: 0, latestFinal: closed };
  let count = 0;
  for (const instant of instants) if (sources.some((source) => isOpen(source, instant, knownTo))) count++;
  return { count, latestFinal: closed };
}

/** With --known-to, records known later do not count, so what matters is whether one known by then may still come. */
function isOpen(source: SourceFacts, instant: number, knownTo: KnownTo): boolean {
  const knownMicros =
    knownTo.kind === 'T' ? knownTo.micros : knownTo.kind === 'label' ? instant : Number.POSITIVE_INFINITY;
  const t = source.hasKnownTimes ? instant : Math.min(instant, knownMicros);
  if (t < source.finalBefore || t <= source.completeTo) return false;
  return !(source.hasKnownTimes && source.knownTo !== null && source.knownTo > knownMicros);
}
