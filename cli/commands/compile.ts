import type { Command } from 'commander';
import { emitProject } from '../../compiler/emit.ts';
import { counted } from '../../runtime/values/counted.ts';
import type { CommandRunner } from '../cli.ts';
import { compile, stale, viewsWithout } from '../compiled.ts';
import { readFeatureFiles } from '../features.ts';
import { compareGenerated, type GeneratedChanges, isUnchanged, writeGenerated } from '../generated.ts';
import { say, writeOut } from '../io.ts';
import { loadProject, refuseUndeclared } from '../project.ts';
import { writeStamp } from '../stamp.ts';

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'compile') as Command;
  command
    .option('--check', 'fail (exit 1) if generated/ would change; writes nothing', false)
    .option('--strict', 'warnings are errors', false)
    .action(async () => {
      await run(command, async (io, flags) => {
        const options = command.opts<{ check: boolean; strict: boolean }>();
        const project = loadProject(io, flags);
        const features = readFeatureFiles(project.root);
        const { plan: compiled, diagnostics } = await compile(
          io,
          flags,
          features,
          { strict: options.strict },
          io.stdout,
        );
        if (compiled === null) return 1;
        refuseUndeclared(project, compiled);
        const files = emitProject(compiled);
        const changes = compareGenerated(project.root, files);
        if (flags.frozen && !options.check && !isUnchanged(changes)) throw stale(changes);
        if (!options.check) writeGenerated(project.root, files, changes);
        if (!options.check) writeStamp(project.root, features, files, viewsWithout(compiled, diagnostics));
        if (flags.format === 'json') {
          await writeOut(
            io.stdout,
            `${JSON.stringify({ views: compiled.views.map((view) => view.spec.name), files: files.size, ...changes })}\n`,
          );
        } else say(io, flags, describe(changes, compiled.views.length, options.check));
        return options.check && !isUnchanged(changes) ? 1 : 0;
      });
    });
}

function describe(changes: GeneratedChanges, views: number, check: boolean): string {
  if (isUnchanged(changes)) return `${counted(views, 'view')} compiled, generated/ is up to date`;
  const parts = [
    [changes.added, 'new'],
    [changes.changed, 'changed'],
    [changes.removed, 'removed'],
  ] as const;
  const told = parts.filter(([list]) => list.length > 0).map(([list, word]) => `${list.length} ${word}`);
  return check
    ? `generated/ is stale: ${told.join(', ')} (run fsc compile)`
    : `${counted(views, 'view')} compiled to generated/: ${told.join(', ')}`;
}
