// A worker that dies on the file 'deadly', is killed on 'killed' always and once on 'deadly-once:FOLDER', and otherwise
// answers with its process id.
import { existsSync, writeFileSync } from 'node:fs';

process.on('message', ({ id, task }) => {
  const { file } = task;
  if (file === 'deadly') process.exit(3);
  if (file === 'killed') {
    process.kill(process.pid, 'SIGKILL');
    return;
  }
  if (file.startsWith('deadly-once:')) {
    const mark = `${file.slice('deadly-once:'.length)}/died`;
    if (!existsSync(mark)) {
      writeFileSync(mark, '');
      process.kill(process.pid, 'SIGKILL');
      return;
    }
  }
  if (file === 'endless') for (;;);
  if (file === 'bad') process.send({ id, problem: { code: 'unreadable-model', message: 'bad is no model' } });
  else setTimeout(() => process.send({ id, answer: { file, pid: process.pid } }), file === 'slow' ? 50 : 0);
});
process.on('disconnect', () => process.exit(0));
