// Preloaded into a process under test (`node --import`): writes what the process took to file descriptor 3 as it exits.
import { writeSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  const usage = {
    cpuSeconds: (user + system) / 1e6,
    wallSeconds: performance.now() / 1000,
    maxRssBytes: maxRSS * 1024,
  };
  writeSync(3, JSON.stringify(usage));
});
