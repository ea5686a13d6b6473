/** Names and texts that helps are made of. */
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { findExpr } from '../bind/walk.ts';
import type { Expr } from '../parse/ast.ts';

export function eventTimeName(source: SourceSpec): string {
  return source.columns[source.eventTimeColumn]?.name ?? 'event_time';
}

/** `ts, id` or `ts DESC, id DESC`: the order that leaves no ties. */
export function eventOrderText(source: SourceSpec, direction: 'asc' | 'desc' = 'asc'): string {
  const names = [source.eventTimeColumn, ...source.keyColumns].map((index) => source.columns[index]?.name ?? 'key');
  return names.map((name) => (direction === 'desc' ? `${name} DESC` : name)).join(', ');
}

/** `avg(delay)` → `avg_delay`: a name for an output that has none, not among `taken`. */
export function suggestedName(expr: Expr, taken: ReadonlySet<string>): string {
  const call = findExpr(expr, (node) => node.kind === 'call');
  const column = findExpr(expr, (node) => node.kind === 'column');
  const parts = [call?.kind === 'call' ? call.name : null, column?.kind === 'column' ? column.name.name : null].filter(
    (part) => part !== null,
  );
  const plain = parts
    .join('_')
    .replace(/[^a-z0-9_]/g, '')
    .replace(/^[^a-z]+/, '')
    .slice(0, 50);
  const base = plain === '' ? 'feature' : parts.length > 1 ? plain : `${plain}_value`;
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (!taken.has(name)) return name;
  }
}
