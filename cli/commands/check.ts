import type { Command } from 'commander';
import type { CommandRunner } from '../cli.ts';
import { plan, viewNamed } from '../compiled.ts';
import { say, writeOut } from '../io.ts';
import { counted } from '../progress.ts';
import { loadProject } from '../project.ts';

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'check') as Command;
  command
    .argument('[view...]', 'views that must exist, such as airport_delays_v1 (all files are checked in any case)')
    .option('--strict', 'warnings are errors', false)
    .action(async (views: string[]) => {
      await run(command, async (io, flags) => {
        const project = loadProject(io, flags);
        const compiled = await plan(io, flags, project, command.opts<{ strict: boolean }>().strict);
        if (compiled === null) return 1;
        for (const name of views) viewNamed(compiled, name);
        if (flags.format === 'json') {
          const summary = {
            views: compiled.views.map((view) => view.spec.name),
            sources: compiled.sources.map((source) => source.spec.name),
          };
          await writeOut(io.stdout, `${JSON.stringify(summary)}\n`);
        } else {
          const [over, from] = [counted(compiled.views.length, 'view'), counted(compiled.sources.length, 'source')];
          say(io, flags, `no faults: ${over} over ${from}`);
        }
        return 0;
      });
    });
}
