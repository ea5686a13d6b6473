import { suggest } from '../diagnostics/suggest.ts';

/** "did you mean …", or what there is to choose from. */
export function didYouMean(name: string, candidates: readonly string[], kind: string): string {
  const best = suggest(name, candidates);
  if (best !== null) return `did you mean \`${best}\`?`;
  if (candidates.length === 0) return `there is no ${kind} to name here`;
  const shown = candidates.slice(0, 12).map((candidate) => `\`${candidate}\``);
  return `write one of ${shown.join(', ')}${candidates.length > shown.length ? ', …' : ''}`;
}
