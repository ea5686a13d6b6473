/** Files that commands read, so that none of them is replaced by what is made of it. */
import { matching } from '../runtime/sources/glob.ts';
import { parseLocation } from '../runtime/sources/location.ts';
import { FscError } from '../runtime/values/errors.ts';
import type { SourceLocations } from './locations.ts';
import type { Project } from './project.ts';

export interface InputFile {
  /** What it is to the project. */
  readonly reader: string;
  readonly path: string;
}

/** Of all sources, of fsc.json and of --source, whatever the command reads of them; looked for only where they are asked for. */
export function* sourceFiles(
  { root, config }: Project,
  locations: ReadonlyMap<string, SourceLocations>,
): Generator<InputFile> {
  for (const [name, at] of [...config.sources, ...locations]) {
    for (const location of new Set([at.history?.location, at.stream]))
      if (typeof location === 'string')
        for (const path of filesAt(root, location)) yield { reader: `source \`${name}\` reads it`, path };
  }
}

/** A location that can't be read is told by what reads it. */
function filesAt(root: string, location: string): readonly string[] {
  try {
    const parsed = parseLocation(location);
    return parsed.kind === 'files' ? matching(root, parsed.pattern).files : [];
  } catch (error) {
    if (error instanceof FscError) return [];
    throw error;
  }
}
