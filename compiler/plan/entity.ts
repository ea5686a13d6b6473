import { printType } from '../../runtime/values/types.ts';
import { canonicalExpr } from '../bind/canonical.ts';
import { bindValue } from '../bind/expr.ts';
import { sameSyntax, somePlan } from '../bind/walk.ts';
import type { FaultParts, Faults } from '../catalog/faults.ts';
import { inserting, textOf } from '../diagnostics/edits.ts';
import type { Expr, Select } from '../parse/ast.ts';
import { eventContext } from './contexts.ts';
import { isNeverNull, notNullFacts } from './nullability.ts';
import type { Output, PlanExpr, SourcePlan } from './plan.ts';
import type { ViewInput } from './view-input.ts';

/** The entity's expressions, findable by their syntax. */
export interface Entity {
  readonly exprs: readonly PlanExpr[];
  /** The key leaf that an expression stands for, or undefined. */
  find(node: Expr): PlanExpr | undefined;
}

export function bindEntity(
  nodes: readonly Expr[],
  source: SourcePlan,
  where: readonly PlanExpr[],
  input: ViewInput,
  isChecked = true,
): Entity {
  const { faults } = input;
  const context = eventContext(source, faults, 'group');
  const facts = notNullFacts(where);
  const exprs: PlanExpr[] = [];
  const written: { readonly node: Expr; readonly index: number }[] = [];
  const seen = new Map<string, number>();
  for (const node of nodes) {
    const expr = bindValue(node, context);
    if (expr === null) continue;
    const canonical = canonicalExpr(expr);
    // GROUP BY a, a is one column, and a <> b is a != b.
    const index = seen.get(canonical) ?? exprs.length;
    written.push({ node, index });
    if (index < exprs.length) continue;
    exprs.push(expr);
    seen.set(canonical, index);
    if (isChecked) checkKey(expr, source, facts, input);
  }
  return {
    exprs,
    find(node) {
      const index = written.find((one) => sameSyntax(one.node, node))?.index;
      const expr = index === undefined ? undefined : exprs[index];
      return index === undefined || expr === undefined
        ? undefined
        : { kind: 'key', type: expr.type, key: index, span: node.span };
    },
  };
}

function checkKey(expr: PlanExpr, source: SourcePlan, facts: ReadonlySet<string>, input: ViewInput): void {
  const { faults } = input;
  const { kind } = expr.type;
  const written = writtenAs(expr, faults);
  if (kind === 'real' || kind === 'double') {
    faults.error('FSC3206', expr.span, `the entity column is ${printType(expr.type)}`, {
      label: 'no identity',
      help: `cast it where it is grouped and where it is selected: \`CAST(${written} AS bigint)\``,
    });
  } else if (kind === 'interval') {
    faults.error('FSC3108', expr.span, 'the entity column is an interval', {
      help: `write \`extract(epoch FROM ${written})\`, cast to bigint`,
    });
  } else if (!isNeverNull(expr, source, facts) && !somePlan(expr, (node) => node.kind === 'column')) {
    faults.error('FSC3205', expr.span, 'the entity column may be NULL', {
      label: 'the same for every event',
      help: 'leave it out of GROUP BY',
    });
  } else if (!isNeverNull(expr, source, facts)) {
    faults.error('FSC3205', expr.span, 'the entity column may be NULL', {
      label: 'no key where it is NULL',
      help: `leave those events out: \`WHERE ${written} IS NOT NULL\`, declare the column NOT NULL, or do not group by it`,
      edits: notNullEdit(written, input.ast.query.body),
    });
  }
}

/** A column that `*` selected is written by its name. */
function writtenAs(expr: PlanExpr, faults: Faults): string {
  const text = textOf(faults.file, expr.span);
  return expr.kind === 'column' && text.endsWith('*') ? expr.name : text;
}

/** A conjunct more at the top of the view's own WHERE. */
function notNullEdit(written: string, select: Select): FaultParts['edits'] {
  if (written.includes('\n') || select.from === null || select.from.kind === 'unsupported') return [];
  if (select.where === null) return inserting(select.from.span.end, ` WHERE ${written} IS NOT NULL`);
  return select.where.kind === 'or' ? [] : inserting(select.where.span.start, `${written} IS NOT NULL AND `);
}

/** Each entity column is one output, unmodified. */
export function checkKeysSelected(
  entity: Entity,
  outputs: readonly Output[],
  code: 'FSC3203' | 'FSC3414',
  input: ViewInput,
): void {
  const { faults } = input;
  entity.exprs.forEach((expr, index) => {
    const selected = outputs.filter((output) => output.expr.kind === 'key' && output.expr.key === index);
    const written = writtenAs(expr, faults);
    const name = expr.kind === 'column' ? '' : ' AS entity';
    const first = input.ast.query.body.items[0]?.span.start;
    if (selected.length === 0) {
      faults.error(code, expr.span, 'the entity column is not selected', {
        label: 'a part of the key',
        help: 'select it as it stands',
        edits: first === undefined || written.includes('\n') ? [] : inserting(first, `${written}${name}, `),
        applicability: name === '' ? 'review' : 'placeholder',
      });
    }
    const [original, second] = selected;
    if (original !== undefined && second !== undefined) {
      faults.error('FSC3204', second.span, 'the entity column is selected twice', {
        label: 'second time',
        secondary: [{ span: original.span, text: 'first time' }],
      });
    }
  });
}
