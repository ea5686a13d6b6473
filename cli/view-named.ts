import { suggest } from '../compiler/diagnostics/suggest.ts';
import { FscError } from '../runtime/values/errors.ts';

interface Words {
  readonly code: string;
  /** What to do where no view has a name like that. */
  readonly help: string;
}

const NAME_ONE: Words = { code: 'FSC7005', help: 'name one of them, version included' };

/** `names`: the project's views. A name without its version means the first that has it. */
export function noSuchView(name: string, names: readonly string[], { code, help }: Words = NAME_ONE): FscError {
  const meant = names.find((candidate) => candidate.startsWith(`${name}_v`)) ?? suggest(name, names);
  return new FscError(
    code,
    2,
    `there is no view \`${name}\``,
    names.length === 0 ? 'the project has no views' : `the project has ${names.join(', ')}`,
    meant !== null ? `did you mean \`${meant}\`?` : names.length === 0 ? 'write one: features/<view>/v1.sql' : help,
  );
}

interface Named {
  readonly spec: { readonly name: string };
}

/** The view of a plan or of a program that is called so. */
export function viewNamed<V extends Named>({ views }: { readonly views: readonly V[] }, name: string): V {
  const view = views.find(({ spec }) => spec.name === name);
  if (view !== undefined) return view;
  throw noSuchView(
    name,
    views.map(({ spec }) => spec.name),
  );
}
