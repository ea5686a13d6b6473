import { someExpr } from '../bind/walk.ts';
import type { Faults } from '../catalog/faults.ts';
import { checkName } from '../catalog/names.ts';
import { inserting, wrapping } from '../diagnostics/edits.ts';
import type { Identifier } from '../parse/ast.ts';
import { suggestedName } from './naming.ts';
import type { Output, PlanExpr } from './plan.ts';
import type { ResolvedItem } from './relation.ts';

/** What FROM gives to the SELECT list. */
export interface VisibleColumns {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Names and binds the SELECT list. */
export function bindOutputs(
  items: readonly ResolvedItem[],
  visible: VisibleColumns | null,
  bind: (item: ResolvedItem) => PlanExpr | null,
  faults: Faults,
): readonly Output[] {
  const names = new OutputNames(items, visible, faults);
  return items.flatMap((item) => {
    const name = names.take(item);
    const expr = bind(item);
    if (expr === null || name === null) return [];
    if (expr.type.kind === 'interval') {
      faults.error('FSC3108', item.expr.span, `output \`${name}\` is an interval`, {
        label: 'a length of time',
        help: 'write its seconds: `extract(epoch FROM …)`',
        edits: wrapping(item.expr.span, 'extract(epoch FROM ', ')'),
      });
      return [];
    }
    return [{ name, span: item.span, expr, type: expr.type }];
  });
}

class OutputNames {
  readonly #items: readonly ResolvedItem[];
  readonly #visible: VisibleColumns | null;
  readonly #faults: Faults;
  readonly #taken = new Map<string, Identifier>();

  constructor(items: readonly ResolvedItem[], visible: VisibleColumns | null, faults: Faults) {
    this.#items = items;
    this.#visible = visible;
    this.#faults = faults;
  }

  take(item: ResolvedItem): string | null {
    const identifier = item.alias ?? (item.expr.kind === 'column' ? item.expr.name : null);
    if (identifier === null) return this.#nameless(item);
    const { name, span } = identifier;
    checkName(name, span, 'output', this.#faults);
    const first = this.#taken.get(name);
    if (first === undefined) this.#taken.set(name, identifier);
    else this.#repeats(identifier, first);
    // `min(distance) AS distance` shadows nothing else than what it is made of.
    const isOwn = someExpr(item.written, (node) => node.kind === 'column' && node.name.name === name);
    if (!isOwn && this.#visible?.columns.includes(name) === true) this.#shadows(item, identifier, this.#visible.name);
    return name;
  }

  #nameless(item: ResolvedItem): null {
    const name = suggestedName(item.expr, this.#used());
    return this.#faults.error('FSC3006', item.span, 'the output has no name', {
      label: 'a feature without a name',
      help: 'name it',
      edits: inserting(item.span.end, ` AS ${name}`),
      applicability: 'placeholder',
    });
  }

  #repeats(identifier: Identifier, first: Identifier): void {
    const { name, span } = identifier;
    this.#faults.error('FSC3007', span, `output \`${name}\` is there already`, {
      label: 'second time',
      secondary: first.span.start === span.start ? [] : [{ span: first.span, text: 'first time' }],
    });
  }

  #shadows(item: ResolvedItem, { name, span }: Identifier, relation: string): void {
    const suggested = suggestedName(item.expr, this.#used());
    this.#faults.error('FSC3008', span, `alias \`${name}\` shadows a column of \`${relation}\``, {
      label: 'also the name of a column',
      help: 'choose a name that no column has',
      edits: [{ span, newText: suggested }],
      applicability: 'placeholder',
    });
  }

  #used(): ReadonlySet<string> {
    const aliases = this.#items.flatMap((item) => item.alias?.name ?? []);
    return new Set([...aliases, ...(this.#visible?.columns ?? [])]);
  }
}
