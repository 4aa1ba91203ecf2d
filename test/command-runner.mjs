// Runs one command of the built command line after another in this process, as it is told by messages, and answers with
// what each would have written and its exit status. What a command leaves running keeps the process from ending.
import { run } from '../server/dist/commands.js';

process.on('message', async (words) => {
  const written = { stdout: '', stderr: '' };
  const { stdout, stderr } = process;
  const originals = [stdout.write, stderr.write];
  stdout.write = (text) => {
    written.stdout += text;
    return true;
  };
  stderr.write = (text) => {
    written.stderr += text;
    return true;
  };
  const status = (await run(words)) ?? 0;
  [stdout.write, stderr.write] = originals;
  process.send({ status, ...written });
});
