import type { Case } from '../generators/view-spec.ts';
import type { World } from './evaluate.ts';
import { accepted } from './verdicts.ts';

/** What a case's views see after the first n lines of its log. */
export const worldOf = (test: Case, n: number = test.log.length): World => ({
  source: test.source,
  accepted: accepted(test.log.slice(0, n), test.source),
  views: test.views,
  requests: test.requests,
});
