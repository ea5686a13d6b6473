import type { SourceSpec } from '../../../runtime/values/manifest.ts';
import type { RequestViewPlan, ViewPlan } from '../../plan/plan.ts';
import { physicalType } from './print-const.ts';
import { type PrintEnv, printExpr } from './print-expr.ts';
import { eventSelect, type LogViewPlan, type SqlContext, sourceColumn } from './stages.ts';
import { quoteName } from './text.ts';
import { emitViewSql, select, subquery } from './view-sql.ts';

export interface PostgresDataset {
  /** As SQL; its columns are those that the views need, by name, and the two below. */
  readonly labels: { readonly relation: string; readonly ordinal: string; readonly instant: string };
  /** The relation of a source's accepted records, as SQL. */
  readonly source: (name: string) => string;
  /** The columns wanted, in order; `ordinal` is that of the view's SELECT. */
  readonly features: readonly { readonly view: ViewPlan; readonly ordinal: number; readonly name: string }[];
  readonly ties: 'include' | 'exclude';
  /** Sources whose primary key the labels carry: `exclude` then leaves out the label's own event only (rules.md 35). */
  readonly ownEvents: ReadonlySet<string>;
  /** Name for a last column: whether an event of one of the label's entities stands at its instant, whatever WHERE and FILTER say. */
  readonly tied: string;
  /** The sources' relations have this column, and a label sees the records whose known time is not after its instant. */
  readonly knownTime: string | null;
}

/**
 * One SELECT that gives every label in its order with the features at its instant: beside each label the view's own SQL, at its instant, over the
 * records that count for it. PostgreSQL only.
 */
export function emitPostgresDataset(request: PostgresDataset, functions: SqlContext['functions']): string {
  return new Writer(request, { dialect: 'postgres', functions, isLookup: true }).write();
}

class Writer {
  readonly #request: PostgresDataset;
  readonly #context: SqlContext;
  readonly #instant: string;

  constructor(request: PostgresDataset, context: SqlContext) {
    this.#request = request;
    this.#context = context;
    this.#instant = `l.${quoteName(request.labels.instant)}`;
  }

  write(): string {
    const { labels, features, tied } = this.#request;
    const views = [...new Set(features.map(({ view }) => view))];
    const items = features.map(({ view, ordinal, name }) => {
      const output = quoteName(view.outputs[ordinal]!.name);
      return `v${views.indexOf(view)}.${output} AS ${quoteName(name)}`;
    });
    const ties = views.flatMap((view) => this.#tieConditions(view));
    return select({
      items: [...items, `(${ties.join('\n  OR ') || 'FALSE'}) AS ${quoteName(tied)}`],
      from: [`${labels.relation} AS l`, ...views.map((view, i) => this.#viewJoin(view, `v${i}`))],
      tail: [`ORDER BY l.${quoteName(labels.ordinal)}`],
    });
  }

  /** The view as it is at the label's instant; OFFSET keeps the key's condition below, where an index serves it. */
  #viewJoin(view: ViewPlan, alias: string): string {
    const relations =
      view.kind === 'request'
        ? [this.#requestCte(view), ...sourcesOf(view).map((source) => this.#sourceCte(source))]
        : [this.#sourceCte(view.source)];
    const conditions =
      view.kind === 'request'
        ? []
        : view.spec.entity.map(({ name, type }) => `w.${quoteName(name)} = ${labelColumn(name, type)}`);
    const rows = emitViewSql(view, this.#instant, 'latest', this.#context);
    const body = select({ items: ['w.*'], from: [subquery(rows, 'w')], where: conditions, tail: ['OFFSET 0'] });
    return `LEFT JOIN LATERAL ${subquery(`WITH ${relations.join(',\n')}\n${body}`, alias)} ON TRUE`;
  }

  /** The records that count for the label, under the source's name. Those after its instant are left out by the view's own SQL. */
  #sourceCte(source: SourceSpec): string {
    const conditions = [...this.#tieRule(source), ...this.#knownRule('rec')];
    const text = select({ items: ['rec.*'], from: [`${this.#request.source(source.name)} AS rec`], where: conditions });
    return `${quoteName(source.name)} AS NOT MATERIALIZED (\n${text}\n)`;
  }

  #tieRule(source: SourceSpec): readonly string[] {
    const { ties, ownEvents } = this.#request;
    if (ties === 'include') return [];
    const time = `rec.${quoteName(source.columns[source.eventTimeColumn]!.name)}`;
    if (!ownEvents.has(source.name)) return [`${time} < ${this.#instant}`];
    const own = source.keyColumns.map((column) => {
      const { name, type } = source.columns[column]!;
      return `rec.${quoteName(name)} = ${labelColumn(name, type)}`;
    });
    return [`NOT coalesce(${[`${time} = ${this.#instant}`, ...own].join(' AND ')}, FALSE)`];
  }

  #knownRule(alias: string): readonly string[] {
    const { knownTime } = this.#request;
    return knownTime === null ? [] : [`${alias}.${quoteName(knownTime)} <= ${this.#instant}`];
  }

  /** What the caller would send: one row. Where a NOT NULL column is NULL nothing can be sent. */
  #requestCte({ request }: RequestViewPlan): string {
    const items = request.columns.map(({ name, type }) => `${labelColumn(name, type)} AS ${quoteName(name)}`);
    const where = request.columns.flatMap(({ name, nullable }) =>
      nullable ? [] : [`l.${quoteName(name)} IS NOT NULL`],
    );
    const condition = where.length === 0 ? '' : `\nWHERE ${where.join(' AND ')}`;
    return `${quoteName(request.name)} AS (\nSELECT ${items.join(', ')}${condition}\n)`;
  }

  #tieConditions(view: ViewPlan): readonly string[] {
    if (view.kind !== 'request') {
      return [
        this.#tieCondition(
          view,
          view.spec.entity.map(({ name, type }) => labelColumn(name, type)),
          [],
        ),
      ];
    }
    const env = this.#requestEnv(view.request);
    const present = view.request.columns.flatMap(({ name, nullable }) =>
      nullable ? [] : [`l.${quoteName(name)} IS NOT NULL`],
    );
    return view.joins.map((join) => {
      if (join.view.kind === 'request') throw new Error('a request view joins a request view');
      return this.#tieCondition(
        join.view,
        join.keys.map((key) => printExpr(key, 'postgres', env)),
        present,
      );
    });
  }

  #tieCondition(view: LogViewPlan, keys: readonly string[], present: readonly string[]): string {
    const events = eventSelect({ ...view, where: null, slots: [] }, this.#context);
    const known = this.#request.knownTime;
    const items = known === null ? events.items : [...events.items, `src.${quoteName(known)} AS kn`];
    const named = `${quoteName(view.source.name)} AS NOT MATERIALIZED (SELECT * FROM ${this.#request.source(view.source.name)})`;
    const inner = `WITH ${named}\n${select({ items, from: [events.from] })}`;
    const where = [
      ...keys.map((key, i) => `ev.k${i} = ${key}`),
      `ev.e = ${this.#instant}`,
      ...(known === null ? [] : [`ev.kn <= ${this.#instant}`]),
    ];
    const exists = `EXISTS (SELECT 1 FROM ${subquery(inner, 'ev')} WHERE ${where.join(' AND ')})`;
    return present.length === 0 ? exists : `(${[...present, exists].join(' AND ')})`;
  }

  #requestEnv(request: SourceSpec): PrintEnv {
    return {
      functions: this.#context.functions,
      lets: null,
      leaf: (expr) => {
        if (expr.kind !== 'request') throw new Error(`a join's key holds a ${expr.kind}`);
        return sourceColumn(request, expr.column, 'postgres', 'l');
      },
    };
  }
}

function sourcesOf(view: RequestViewPlan): readonly SourceSpec[] {
  const found = new Map<string, SourceSpec>();
  for (const { view: joined } of view.joins)
    if (joined.kind !== 'request') found.set(joined.source.name, joined.source);
  return [...found.values()];
}

function labelColumn(name: string, type: SourceSpec['columns'][number]['type']): string {
  return `CAST(l.${quoteName(name)} AS ${physicalType(type, 'postgres')})`;
}
