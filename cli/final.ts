/** Which values are final (rules.md 9): no record may come that changes them. */
import type { AcceptedWithArchive } from '../runtime/engines/accepted-archive.ts';
import { snapshotFacts } from '../runtime/engines/state-folder.ts';
import { SETTLE_MARGIN_MICROS } from '../runtime/log/partitions.ts';
import { defaultOrder, parseLocation } from '../runtime/sources/location.ts';
import { printTimestamp } from '../runtime/values/temporal.ts';
import { isArchived, type ProjectRecords } from './accepted.ts';
import type { SourceLocations } from './locations.ts';

/** Up to which known time records count: all, those of T, or those of each label's instant. */
export type KnownTo =
  | { readonly kind: 'all' }
  | { readonly kind: 'label' }
  | { readonly kind: 'T'; readonly micros: number };

/** What a source's records say about instants, once they were read. */
export interface Finality {
  /** Values at an instant before it are final. */
  readonly finalBefore: number;
  /** Declared: values up to it are final. */
  readonly completeTo: number;
  /** Newest known time; null: nothing was read. */
  readonly knownTo: number | null;
  /** Records are known later than at their event time. */
  readonly hasKnownTimes: boolean;
}

export async function finalityOf(
  workspace: ProjectRecords,
  source: string,
  at: SourceLocations,
  read: Pick<AcceptedWithArchive, 'settleLineMicros' | 'knownToMicros' | 'hasKnownTimes'>,
  completeToMicros: number | null,
): Promise<Finality> {
  const isLive = at.stream === '-' || isArchived(workspace, source, at);
  const snapshot = isLive ? await snapshotFacts(workspace.paths.state, source) : null;
  const line = snapshot?.settleLineMicros ?? read.settleLineMicros;
  const isComplete = !isLive && lastOrder(at) === 'none';
  const lineEnd = line === null ? Number.NEGATIVE_INFINITY : line + SETTLE_MARGIN_MICROS;
  return {
    finalBefore: isComplete ? Number.POSITIVE_INFINITY : lineEnd,
    completeTo: Math.max(at.completeToMicros ?? Number.NEGATIVE_INFINITY, completeToMicros ?? Number.NEGATIVE_INFINITY),
    knownTo: snapshot?.knownToMicros ?? read.knownToMicros,
    hasKnownTimes: read.hasKnownTimes,
  };
}

/** `order: none` is complete by declaration, so whatever stands last says whether anything may still come. */
function lastOrder(at: SourceLocations): 'none' | 'arrival' {
  if (at.stream !== null) return defaultOrder(parseLocation(at.stream));
  return at.history === null ? 'arrival' : (at.history.order ?? defaultOrder(parseLocation(at.history.location)));
}

export interface OpenInstants {
  readonly count: number;
  /** Instants before it are final in every source; null: none is. */
  readonly latestFinal: number | null;
}

export function countOpen(instants: Float64Array, knownTo: KnownTo, sources: readonly Finality[]): OpenInstants {
  const latestFinal = Math.min(...sources.map(({ finalBefore, completeTo }) => Math.max(finalBefore, completeTo)));
  const closed = Number.isFinite(latestFinal) ? latestFinal : null;
  if (sources.every((source) => source.finalBefore === Number.POSITIVE_INFINITY))
    return { count: 0, latestFinal: closed };
  let count = 0;
  for (const instant of instants) if (sources.some((source) => isOpen(source, instant, knownTo))) count++;
  return { count, latestFinal: closed };
}

/** With --known-to, records known later do not count, so what matters is whether one known by then may still come. */
function isOpen(source: Finality, instant: number, knownTo: KnownTo): boolean {
  const knownMicros =
    knownTo.kind === 'T' ? knownTo.micros : knownTo.kind === 'label' ? instant : Number.POSITIVE_INFINITY;
  const t = source.hasKnownTimes ? instant : Math.min(instant, knownMicros);
  if (t < source.finalBefore || t <= source.completeTo) return false;
  return !(source.hasKnownTimes && source.knownTo !== null && source.knownTo > knownMicros);
}

/** For a message. */
export function finalText({ latestFinal }: OpenInstants): string {
  return latestFinal === null ? 'no instant is final yet' : `instants before ${printTimestamp(latestFinal)} are final`;
}
