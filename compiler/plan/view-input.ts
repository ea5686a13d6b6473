import type { Faults } from '../catalog/faults.ts';
import type { Tags } from '../catalog/tags.ts';
import type { SourceText } from '../diagnostics/diagnostic.ts';
import type { ViewFile } from '../parse/ast.ts';
import type { AggregateViewPlan, RequestViewPlan, RowsViewPlan, SourcePlan, ViewPlan } from './plan.ts';

/** What planning a view needs. */
export interface ViewInput {
  readonly name: string;
  readonly file: SourceText;
  readonly ast: ViewFile;
  readonly tags: Tags;
  readonly faults: Faults;
  readonly sources: ReadonlyMap<string, SourcePlan>;
  /** Every view's name, planned or not. */
  readonly viewNames: ReadonlySet<string>;
  /** Planned views over logs; null for those that had faults. */
  readonly views: ReadonlyMap<string, ViewPlan | null>;
  readonly strict: boolean;
}

/** A planned view before the passes describe it. */
export type ViewDraft =
  | Omit<AggregateViewPlan, 'spec' | 'file' | 'querySpan'>
  | Omit<RowsViewPlan, 'spec' | 'file' | 'querySpan'>
  | Omit<RequestViewPlan, 'spec' | 'file' | 'querySpan'>;
