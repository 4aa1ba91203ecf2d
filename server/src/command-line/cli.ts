import { run } from './commands.ts';

const status = await run(process.argv.slice(2));
if (status !== undefined) {
  process.exitCode = status;
  const { INTERRUPTED_STATUS } = await import('./report-failure.ts');
  // An encoder that cannot be stopped would keep the process alive; its file is removed already.
  if (status === INTERRUPTED_STATUS) process.exit();
}
