import { MICROS_PER_DAY } from '../../runtime/values/types.ts';
import type { Tag } from '../parse/ast.ts';
import type { Faults } from './faults.ts';
import { intervalValue } from './literals.ts';
import { nearest } from './suggest.ts';

/** The tags of a file by name: known ones only, each once unless it may repeat. */
export class Tags {
  readonly #byName = new Map<string, Tag[]>();
  readonly #faults: Faults;

  constructor(tags: readonly Tag[], known: readonly string[], repeatable: ReadonlySet<string>, faults: Faults) {
    this.#faults = faults;
    for (const tag of tags) {
      if (known.includes(tag.name)) this.#add(tag, repeatable);
      else {
        const near = nearest(tag.name, tag.nameSpan, known, 'tag');
        faults.error('FSC2002', tag.nameSpan, `unknown tag \`@${tag.name}\``, near);
        // What was meant is not missed as well.
        const meant = near.edits?.[0]?.newText;
        if (meant !== undefined && !this.#byName.has(meant)) this.#add({ ...tag, name: meant }, repeatable);
      }
    }
  }

  #add(tag: Tag, repeatable: ReadonlySet<string>): void {
    const list = this.#byName.get(tag.name);
    if (list === undefined) this.#byName.set(tag.name, [tag]);
    else if (repeatable.has(tag.name)) list.push(tag);
    else this.#faults.error('FSC2003', tag.nameSpan, `\`@${tag.name}\` is given twice`);
  }

  one(name: string): Tag | null {
    return this.#byName.get(name)?.[0] ?? null;
  }

  all(name: string): readonly Tag[] {
    return this.#byName.get(name) ?? [];
  }
}

/** A length of fixed units, not negative, in microseconds; null after the fault was told. */
export function durationOf(tag: Tag, faults: Faults): number | null {
  const value = intervalValue(tag.value);
  const micros = value === undefined ? Number.NaN : value.days * MICROS_PER_DAY + value.micros;
  if (value !== undefined && value.months === 0 && Number.isSafeInteger(micros) && micros >= 0) return micros;
  return faults.error('FSC2004', valueSpan(tag), `\`@${tag.name}\` needs a length of time`, {
    help: 'write a number and a unit, such as `10 minutes` or `2 days`',
  });
}

/** Never empty, so that a caret shows. */
export function valueSpan(tag: Tag): Tag['span'] {
  return tag.valueSpan.end > tag.valueSpan.start ? tag.valueSpan : tag.nameSpan;
}
