import { unsupportedSql } from './backends/sql/files.ts';
import { FUNCTIONS } from './backends/sql/functions.ts';
import { bindSource } from './bind/source.ts';
import { Faults } from './catalog/faults.ts';
import { catalogSource } from './catalog/source.ts';
import { Tags } from './catalog/tags.ts';
import type { Diagnostic, DiagnosticSink } from './diagnostics/diagnostic.ts';
import { CollectingSink } from './diagnostics/fault.ts';
import type { Expr, Query } from './parse/ast.ts';
import { parseExpression, parseSourceFile, parseViewFile } from './parse/parse.ts';
import { describeView } from './passes/describe.ts';
import type { ProjectPlan, SourcePlan, ViewPlan } from './plan/plan.ts';
import { planView } from './plan/view.ts';
import type { ViewInput } from './plan/view-input.ts';
import { discoverFiles, type ViewSource } from './source/discover.ts';

export interface CompileOptions {
  /** Warnings about inexact decisions are errors. */
  readonly strict?: boolean;
  /** Tells of a view's path that it has no diagnostics, so that it need not be looked at: the plan lacks it unless another view names it. */
  readonly isKnown?: (path: string) => boolean;
}

export interface Compilation {
  /** Null if there is an error. */
  readonly plan: ProjectPlan | null;
  /** Of all views that the files declare, by name, then by version. */
  readonly viewNames: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

const DIALECT_NAMES = { duckdb: 'DuckDB', postgres: 'Postgres' } as const;
const VIEW_TAGS = ['owner', 'entity', 'description', 'allow_unbounded_state'];

/** text → parse → catalog → bind → plan → passes. Pure: `files` maps paths relative to the project to texts. */
export function compileProject(
  files: ReadonlyMap<string, string | Uint8Array>,
  options: CompileOptions = {},
): Compilation {
  const sink = new CollectingSink();
  const discovered = discoverFiles(files);
  for (const diagnostic of discovered.diagnostics) sink.report(diagnostic);
  const sources = new Map<string, SourcePlan>();
  // Views over a source that has faults would repeat them.
  let faulty = discovered.unfit.hasSources;
  for (const file of discovered.sources) {
    const ast = parseSourceFile(file, sink);
    const faults = new Faults(file, sink);
    const catalogued = ast === null ? null : catalogSource(ast, faults);
    const plan = catalogued === null ? null : bindSource(catalogued, (tag) => readTagExpression(tag, faults, sink));
    if (plan === null || faults.errors > 0) faulty = true;
    else sources.set(plan.spec.name, plan);
  }
  const viewNames = discovered.views.map(viewName);
  const parsed = parseViews(discovered.views, options.isKnown ?? (() => false), sink);
  if (faulty) return { plan: null, viewNames, diagnostics: sink.diagnostics };
  const planned = new ViewPlanner(sources, viewNames, sink, options.strict ?? false);
  for (const name of discovered.unfit.views) planned.addUnfit(name);
  for (const { view, ast } of parsed) planned.add(view, ast);
  const views = planned.finish();
  const plan = sink.hasErrors() ? null : { sources: [...sources.values()], views };
  return { plan, viewNames, diagnostics: sink.diagnostics };
}

interface ParsedView {
  readonly view: ViewSource;
  readonly ast: ViewAst;
}

/** Views that are not known, and those that they name. */
function parseViews(
  views: readonly ViewSource[],
  isKnown: (path: string) => boolean,
  sink: DiagnosticSink,
): readonly ParsedView[] {
  const parse = (view: ViewSource): ParsedView => ({ view, ast: parseViewFile(view.file, sink) });
  const [known, others] = [new Set<ViewSource>(), [] as ParsedView[]];
  for (const view of views) {
    if (isKnown(view.file.path)) known.add(view);
    else others.push(parse(view));
  }
  if (known.size === 0) return others;
  const named = new Set<string>();
  for (const { ast } of others) if (ast !== null) collectRelations(ast.query, named);
  return [...others, ...[...known].filter((view) => named.has(viewName(view))).map(parse)];
}

function collectRelations(query: Query, names: Set<string>): void {
  for (const cte of query.ctes) collectRelations(cte.query, names);
  for (const { from, joins } of [query.body, ...query.setOps.map((op) => op.select)]) {
    for (const item of [from, ...joins.map((join) => join.item)]) {
      if (item?.kind === 'table') names.add(item.name.name.toLowerCase());
      if (item?.kind === 'subquery') collectRelations(item.query, names);
    }
  }
}

/** The query's own bytes, for the referee. */
export function toReferee(view: ViewPlan): string {
  return view.file.text.slice(view.querySpan.start, view.querySpan.end);
}

function viewName(view: ViewSource): string {
  return `${view.name}_v${view.version}`;
}

/** `@only`'s text stands in a comment: read at its own place, so that spans fit the file. */
function readTagExpression(
  tag: { readonly value: string; readonly valueSpan: { readonly start: number } },
  faults: Faults,
  sink: DiagnosticSink,
): Expr | null {
  const text = `${' '.repeat(tag.valueSpan.start)}${tag.value}`;
  const refile: DiagnosticSink = {
    report(diagnostic) {
      faults.errors++;
      sink.report({ ...diagnostic, file: faults.file });
    },
  };
  return parseExpression(text, refile);
}

type ViewAst = ReturnType<typeof parseViewFile>;

/** Plans views over logs first, then those that join them; a view's plan is asked for by name. */
class ViewPlanner {
  readonly #sources: ReadonlyMap<string, SourcePlan>;
  readonly #names: Set<string>;
  readonly #order: readonly string[];
  readonly #sink: DiagnosticSink;
  readonly #strict: boolean;
  readonly #requests: { readonly view: ViewSource; readonly ast: NonNullable<ViewAst> }[] = [];
  /** Null: has faults of its own. */
  readonly #views = new Map<string, ViewPlan | null>();
  readonly #requestViews = new Map<string, ViewPlan>();

  constructor(
    sources: ReadonlyMap<string, SourcePlan>,
    names: readonly string[],
    sink: DiagnosticSink,
    strict: boolean,
  ) {
    this.#sources = sources;
    this.#names = new Set(names);
    this.#order = names;
    this.#sink = sink;
    this.#strict = strict;
  }

  addUnfit(name: string): void {
    this.#names.add(name);
    this.#views.set(name, null);
  }

  add(view: ViewSource, ast: ViewAst): void {
    if (ast === null) this.#views.set(viewName(view), null);
    else if (this.#readsRequest(ast)) this.#requests.push({ view, ast });
    else this.#views.set(viewName(view), this.#plan(view, ast));
  }

  finish(): readonly ViewPlan[] {
    for (const { view, ast } of this.#requests) {
      const plan = this.#plan(view, ast);
      if (plan !== null) this.#requestViews.set(viewName(view), plan);
    }
    return this.#order.flatMap((name) => this.#views.get(name) ?? this.#requestViews.get(name) ?? []);
  }

  #readsRequest(ast: NonNullable<ViewAst>): boolean {
    const reads = (query: NonNullable<ViewAst>['query']): boolean => {
      const { from } = query.body;
      const inner = query.ctes.some((cte) => reads(cte.query)) || (from?.kind === 'subquery' && reads(from.query));
      return inner || (from?.kind === 'table' && this.#sources.get(from.name.name)?.spec.kind === 'request');
    };
    return reads(ast.query);
  }

  #plan(view: ViewSource, ast: NonNullable<ViewAst>): ViewPlan | null {
    const faults = new Faults(view.file, this.#sink);
    const input: ViewInput = {
      name: viewName(view),
      file: view.file,
      ast,
      tags: new Tags(ast.tags, VIEW_TAGS, new Set(), faults),
      faults,
      sources: this.#sources,
      viewNames: this.#names,
      views: this.#views,
      strict: this.#strict,
    };
    const draft = planView(input);
    if (draft === null || faults.errors > 0) return null;
    const plan = describeView(draft, input);
    for (const { dialect, span, message } of unsupportedSql(plan, FUNCTIONS)) {
      faults.error('FSC5003', span ?? plan.querySpan, `${DIALECT_NAMES[dialect]} cannot say this: ${message}`);
    }
    return faults.errors > 0 ? null : plan;
  }
}
