import type { Command } from 'commander';
import { counted } from '../../runtime/values/counted.ts';
import type { CommandRunner } from '../cli.ts';
import { compile } from '../compiled.ts';
import { readFeatureFiles } from '../features.ts';
import { say, writeOut } from '../io.ts';
import { loadProject, refuseUndeclared } from '../project.ts';
import { readFineViews } from '../stamp.ts';
import { noSuchView } from '../view-named.ts';

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'check') as Command;
  command
    .argument('[view...]', 'views that must exist, such as airport_delays_v1 (all files are checked in any case)')
    .option('--strict', 'warnings are errors', false)
    .action(async (views: string[]) => {
      await run(command, async (io, flags) => {
        const project = loadProject(io, flags);
        const features = readFeatureFiles(project.root);
        const fine = readFineViews(project.root, features);
        const { strict } = command.opts<{ strict: boolean }>();
        const options = { strict, isKnown: (path: string) => fine.has(path) };
        const { plan, viewNames } = await compile(io, flags, features, options, io.stdout);
        if (plan === null) return 1;
        refuseUndeclared(project, plan);
        for (const name of views) if (!viewNames.includes(name)) throw noSuchView(name, viewNames);
        const sources = plan.sources.map((source) => source.spec.name);
        if (flags.format === 'json') {
          await writeOut(io.stdout, `${JSON.stringify({ views: viewNames, sources })}\n`);
        } else {
          const [over, from] = [counted(viewNames.length, 'view'), counted(sources.length, 'source')];
          say(io, flags, `no faults: ${over} over ${from}`);
        }
        return 0;
      });
    });
}
