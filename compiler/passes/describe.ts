import type { EntityColumnSpec, FeatureSpec, ViewSpec } from '../../runtime/values/manifest.ts';
import type { FaultParts } from '../catalog/faults.ts';
import { nearest } from '../catalog/suggest.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { PlanExpr, ViewPlan } from '../plan/plan.ts';
import type { ViewDraft, ViewInput } from '../plan/view-input.ts';
import { Agreement, allExprs } from './agreement.ts';
import { refuseEqualIntervals } from './equal-intervals.ts';
import { fingerprintOf } from './fingerprint.ts';
import { decisionParts } from './inexact-help.ts';
import { lineageOf } from './lineage.ts';
import { stateNotes } from './state-notes.ts';

/** Runs the passes over a planned view, in order: agreement, lineage, state, fingerprint. */
export function describeView(draft: ViewDraft, input: ViewInput): ViewPlan {
  const agreement = new Agreement(draft);
  reportDecisions(agreement, draft, input);
  refuseEqualIntervals(draft, input);
  checkComments(draft, input);
  const spec: ViewSpec = {
    name: input.name,
    shape: draft.kind,
    fingerprint: fingerprintOf(draft, input.sources),
    source: draft.kind === 'request' ? draft.request.name : draft.source.name,
    entity: entitySpecs(draft),
    features: draft.outputs.flatMap((output, ordinal) =>
      isEntityOutput(output.expr, draft) ? [] : [featureSpec(ordinal, agreement, draft, input)],
    ),
    joins:
      draft.kind === 'request' ? draft.joins.map((join) => ({ view: join.view.spec.name, inner: join.inner })) : [],
    description: commentOn(input, null),
    owner: input.tags.one('owner')?.value ?? null,
    stateNotes: stateNotes(draft),
  };
  return { ...draft, spec, file: input.file, querySpan: input.ast.query.span };
}

function isEntityOutput(expr: PlanExpr, draft: ViewDraft): boolean {
  return draft.kind !== 'request' && expr.kind === 'key';
}

/** In the order of the entity's expressions. */
function entitySpecs(draft: ViewDraft): readonly EntityColumnSpec[] {
  if (draft.kind === 'request') return [];
  return draft.entity.flatMap((_, key) => {
    const ordinal = draft.outputs.findIndex((output) => output.expr.kind === 'key' && output.expr.key === key);
    const output = draft.outputs[ordinal];
    return output === undefined ? [] : [{ name: output.name, type: output.type, ordinal }];
  });
}

function featureSpec(ordinal: number, agreement: Agreement, draft: ViewDraft, input: ViewInput): FeatureSpec {
  const output = draft.outputs[ordinal];
  if (output === undefined) throw new Error(`no output ${ordinal}`);
  return {
    name: output.name,
    type: output.type,
    agreement: agreement.isInexact(output.expr) ? 'double' : 'exact',
    description: commentOn(input, output.name),
    lineage: lineageOf(output.expr, draft),
    ordinal,
  };
}

function reportDecisions(agreement: Agreement, draft: ViewDraft, input: ViewInput): void {
  const report = (span: Span, message: string, parts: FaultParts): void => {
    if (input.strict) input.faults.error('FSC5002', span, message, parts);
    else input.faults.warning('FSC5002', span, message, parts);
  };
  for (const expr of allExprs(draft)) {
    for (const decision of agreement.decisions(expr)) {
      const parts = decisionParts(decision, agreement, draft, input.file);
      report(decision.span, 'an inexact value is compared or rounded', parts);
    }
  }
  for (const { span } of agreement.distinctValues())
    report(span, 'inexact values are told apart', {
      help: 'count the exact values that they are computed from',
    });
}

/** COMMENT ON VIEW, or on one of its columns. */
function commentOn(input: ViewInput, column: string | null): string | null {
  const found = input.ast.comments.find((comment) =>
    column === null ? comment.on !== 'column' : comment.on === 'column' && comment.target.at(-1)?.name === column,
  );
  return found?.text ?? (column === null ? (input.tags.one('description')?.value ?? null) : null);
}

function foreignComment(comment: ViewInput['ast']['comments'][number], draft: ViewDraft, input: ViewInput): void {
  const names = comment.target.map((part) => part.name);
  const isOwn = names[0] === input.name;
  const part = isOwn ? (comment.target[1] ?? comment.target[0]) : comment.target[0];
  const wanted = isOwn ? draft.outputs.map((output) => output.name) : [input.name];
  const isNamed = part !== undefined && comment.on !== 'table';
  input.faults.error(
    'FSC2031',
    part?.span ?? comment.span,
    `\`${names.join('.')}\` is no view or column of this file`,
    {
      help: `write COMMENT ON VIEW ${input.name}, or COMMENT ON COLUMN ${input.name}.column`,
      ...(isNamed ? nearest(part.name, part.span, wanted, isOwn ? 'output' : 'view') : {}),
    },
  );
}

function checkComments(draft: ViewDraft, input: ViewInput): void {
  for (const comment of input.ast.comments) {
    const names = comment.target.map((part) => part.name);
    const isView = comment.on === 'view' && names.length === 1 && names[0] === input.name;
    const isOutput = draft.outputs.some((output) => output.name === names[1]);
    const isColumn = comment.on === 'column' && names.length === 2 && names[0] === input.name && isOutput;
    if (!isView && !isColumn) {
      foreignComment(comment, draft, input);
    }
  }
}
