/** What the model knows of a project: its sources and views, and which views have rows online. */
import { type Declaration, type Inputs, type View, viewName, viewText } from './declaration.ts';
import { type Counts, countsOf } from './judge.ts';
import type { Joined, Request } from './request.ts';
import type { Kept } from './source-records.ts';
import { SourceWorld } from './source-world.ts';

export interface SourcePlan {
  readonly name: string;
  readonly inputs: Inputs;
  readonly declared: Declaration;
}

/** Who has written the rows of a view, and what they were made by. */
interface Written {
  readonly source: string;
  readonly meaning: string;
}

export class ProjectWorld {
  readonly sources: readonly SourceWorld[];
  views: View[] = [];
  requests: readonly Request[] = [];
  readonly #written = new Map<string, Written>();
  /** By source: the views that its last run has written. */
  readonly #viewsOfRun = new Map<string, readonly string[]>();

  constructor(plans: readonly SourcePlan[]) {
    this.sources = plans.map(({ name, inputs, declared }) => new SourceWorld(name, inputs, declared));
  }

  source(name: string): SourceWorld {
    return this.sources.find((source) => source.name === name)!;
  }

  of(view: View): SourceWorld {
    return this.source(view.source);
  }

  get present(): readonly SourceWorld[] {
    return this.sources.filter((source) => source.isPresent);
  }

  get withViews(): readonly SourceWorld[] {
    return this.present.filter(({ name }) => this.views.some(({ source }) => source === name));
  }

  /** Those that a run reads. */
  get active(): readonly SourceWorld[] {
    return this.withViews.filter(({ isPlugged }) => isPlugged);
  }

  get isPending(): boolean {
    return this.sources.some((source) => source.isPending);
  }

  get isUnsure(): boolean {
    return this.isPending || this.sources.some((source) => source.mustRebuild);
  }

  /** That reads stdin, among those that a run reads. */
  get reader(): SourceWorld | null {
    return this.active.find(({ inputs }) => inputs.hasStdin) ?? null;
  }

  get kept(): readonly { readonly world: SourceWorld; readonly one: Kept }[] {
    return this.sources.flatMap((world) => world.kept.map((one) => ({ world, one })));
  }

  /** What a request joins of what there is; nothing: the project is without it. */
  joinedBy({ joins }: Request): readonly Joined[] {
    return joins.flatMap((join) => {
      const view = this.views.find((one) => viewName(one) === join.view);
      return view === undefined ? [] : [{ join, view, declared: this.of(view).declared }];
    });
  }

  /** Those that join something. */
  get wholeRequests(): readonly Request[] {
    return this.requests.filter((request) => this.joinedBy(request).length > 0);
  }

  /** What rows were made by: a view means the same as long as this is the same. */
  #meaningOf(view: View): string {
    const { declared } = this.of(view);
    const { lateness, above, isOnly } = declared;
    const isWide = view.shape === 'rows' && declared.hasExtra;
    return JSON.stringify([viewText({ ...view, remark: 0 }, declared), lateness, above, isOnly, isWide]);
  }

  /** The views of these sources are written; those that they wrote and write no more are retired. */
  writes(ran: readonly SourceWorld[]): void {
    for (const { name } of ran) {
      const own = new Set(this.views.filter(({ source }) => source === name).map(viewName));
      for (const view of this.#viewsOfRun.get(name) ?? [])
        if (!own.has(view) && this.#written.get(view)?.source === name) this.#written.delete(view);
      this.#viewsOfRun.set(name, [...own]);
    }
    for (const view of this.views)
      if (ran.some(({ name }) => name === view.source))
        this.#written.set(viewName(view), { source: view.source, meaning: this.#meaningOf(view) });
  }

  isWritten(view: View): boolean {
    return this.#written.has(viewName(view));
  }

  /** Where `get` must not answer before the next run. */
  isStale(view: View): boolean {
    const written = this.#written.get(viewName(view));
    return written?.source !== view.source || written.meaning !== this.#meaningOf(view);
  }
}

/** null: of one of them nothing is known. */
export function sumOf(all: readonly (Counts | null)[]): Counts | null {
  const sum = countsOf([]);
  for (const counts of all) {
    if (counts === null) return null;
    for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
  }
  return sum;
}
