/** `--max-quarantined` and its like. */

import { counted, formatCount } from '../runtime/values/counted.ts';
import { FscError } from '../runtime/values/errors.ts';

/** Exit 1 where there were more than are tolerated; null: any number is. `what` goes on behind the count; `why` and `help`: what became of them, and what stands all the same. */
export function refuseExcess(
  what: string,
  count: number,
  limit: number | null,
  why: string,
  help: string | null = null,
): void {
  if (limit === null || count <= limit) return;
  throw new FscError(
    'FSC7016',
    1,
    `${formatCount(count)} ${what}, and ${counted(limit, 'is', 'are')} tolerated`,
    why,
    help,
  );
}
