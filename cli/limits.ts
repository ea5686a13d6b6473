/** `--max-quarantined` and its like. */
import { FscError } from '../runtime/values/errors.ts';
import { formatCount } from './progress.ts';

/** Exit 1 where there were more than are tolerated; null: any number is. `why` and `help`: what became of them, and what stands all the same. */
export function refuseExcess(
  what: string,
  count: number,
  limit: number | null,
  why: string,
  help: string | null = null,
): void {
  if (limit === null || count <= limit) return;
  throw new FscError('FSC7016', 1, `${formatCount(count)} ${what}, and ${formatCount(limit)} are tolerated`, why, help);
}
