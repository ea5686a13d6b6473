import type { Span } from '../diagnostics/diagnostic.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { FaultParts } from './faults.ts';

/** The help that a wrong name gets: the one that was probably meant, as an edit of `span`, else what there is to choose from. */
export function nearest(
  name: string,
  span: Span,
  candidates: readonly string[],
  kind: string,
): Pick<FaultParts, 'help' | 'edits'> {
  const best = suggest(name, candidates);
  if (best !== null) {
    const article = /^[aeiou]/.test(kind) ? 'an' : 'a';
    return { help: `${article} ${kind} with a similar name exists: \`${best}\``, edits: [{ span, newText: best }] };
  }
  if (candidates.length === 0) return { help: `there is no ${kind} to name here` };
  return { help: `name one of ${listed(candidates)}` };
}

/** `a`, `b`, `c` and no more than a dozen. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `\`${name}\``);
  return `${shown.join(', ')}${names.length > shown.length ? ', …' : ''}`;
}
