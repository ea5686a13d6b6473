#!/usr/bin/env node
import { runCli } from './cli.ts';

const controller = new AbortController();
let stoppedBy: 'SIGINT' | 'SIGTERM' | null = null;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stoppedBy !== null) process.exit(130); // asked twice: at once
    stoppedBy = name;
    controller.abort();
  });
}
// `fsc … | head` closes the pipe: that is a reader's right, no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 70));
process.stderr.on('error', () => {});

const code = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  signal: controller.signal,
});
process.exitCode = stoppedBy === 'SIGINT' ? 130 : stoppedBy === 'SIGTERM' && code === 130 ? 0 : code;
// A library may hold the event loop open (a worker, a watched file); everything that had to be written is written by now.
if (process.stdout.writableLength === 0) process.exit();
process.stdout.once('drain', () => process.exit());
