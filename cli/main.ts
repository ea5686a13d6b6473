#!/usr/bin/env node
import { hasVerdict, openStdout } from './stdout.ts';
import { STOP_STATUS, Stop } from './stop.ts';

const args = process.argv.slice(2);
const controller = new AbortController();
let stoppedBy: 'SIGINT' | 'SIGTERM' | null = null;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stoppedBy !== null) endNow(STOP_STATUS[stoppedBy]);
    else controller.abort(new Stop(name));
    stoppedBy ??= name;
  });
}
const stdout = openStdout();
// `fsc … | head` closes the pipe: that is a reader's right, no fault, and nothing goes on for it but a verdict. Of other faults the command tells.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' && !hasVerdict(args)) endNow(0);
});
process.stderr.on('error', () => {});

function endNow(code: number): void {
  void import('../runtime/engines/duckdb/feeds.ts')
    .then(({ endFeeds }) => endFeeds())
    .finally(() => {
      // A progress line would be left behind.
      if (stoppedBy !== null && process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
      process.exit(code);
    });
}

// After the handlers: who stops a command while it is being loaded stops it cleanly too.
const { runCli } = await import('./cli.ts');
const { workingFolder } = await import('./working-folder.ts');
const code = await runCli(args, {
  stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  get cwd() {
    return workingFolder();
  },
  signal: controller.signal,
});
// A stop that could not be a clean one (the disk is full) tells why.
process.exitCode = stoppedBy === 'SIGINT' && code !== 3 ? STOP_STATUS.SIGINT : code;
// A library may hold the event loop open (a worker, a watched file); everything that had to be written is written by now.
process.exit();
