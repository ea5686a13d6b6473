// Changes one place of one module while it is loaded. The module is text that tsc wrote, so `find` is a piece of that.
let mutant = null;

export async function initialize(data) {
  mutant = data;
}

export async function load(url, context, next) {
  const result = await next(url, context);
  if (!url.endsWith(`/${mutant.file}`)) return result;
  const parts = String(result.source).split(mutant.find);
  if (parts.length !== 2) throw new Error(`${mutant.name}: found in ${parts.length - 1} places of ${mutant.file}`);
  return { ...result, source: parts.join(mutant.replace) };
}
