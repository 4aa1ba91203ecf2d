import { expect, test } from 'vitest';
import { type ProblemSource, problems } from '../../plugin/src/problems.ts';
import { RequestError } from '../../plugin/src/request-error.ts';

const away = new RequestError('/tile', 'The server does not answer', false);
const broken = (address: string) => new RequestError(address, '500 Internal', true);

/** What is told of failures (`+source`) and successes (`-source`), in order; shown and raised as reasons. */
function told(...steps: [`${'+' | '-'}${ProblemSource}`, Error?][]): {
  shown: string;
  raised: number;
  recovered: number;
} {
  const found = { shown: '', raised: 0, recovered: 0 };
  const reason = (error: Error | undefined) => (error instanceof RequestError ? error.reason : (error?.message ?? ''));
  const all = problems({
    show: (error) => {
      found.shown = reason(error);
    },
    raise: () => found.raised++,
    recovered: () => found.recovered++,
  });
  for (const [step, error] of steps) {
    const source = step.slice(1) as ProblemSource;
    if (error) all.failed(source, error);
    else all.succeeded(source);
  }
  return found;
}

test('a problem is raised once, and shown until what failed succeeds', () => {
  const twice: Parameters<typeof told> = [
    ['+tiles', broken('/1')],
    ['+tiles', broken('/2')],
  ];
  expect(told(...twice)).toEqual({ shown: '500 Internal', raised: 1, recovered: 0 });
  expect(told(...twice, ['-stream'])).toMatchObject({ shown: '500 Internal' });
  expect(told(...twice, ['-tiles'])).toMatchObject({ shown: '', recovered: 0 });
  expect(told(...twice, ['-tiles'], ['+tiles', broken('/1')])).toMatchObject({ shown: '500 Internal', raised: 2 });
});

test('a server that is away is one problem, whoever finds out, and whatever succeeds ends it', () => {
  const both: Parameters<typeof told> = [
    ['+tiles', away],
    ['+stream', away],
  ];
  expect(told(...both)).toEqual({ shown: away.reason, raised: 1, recovered: 0 });
  expect(told(...both, ['-stream'])).toEqual({ shown: '', raised: 1, recovered: 1 });
  expect(told(...both, ['-view'])).toMatchObject({ shown: away.reason, recovered: 0 });
});

test('an image that does not fit is what is shown, and stays', () => {
  const misfit: [`+${ProblemSource}`, Error] = ['+image', new Error('expected another image')];
  expect(told(['+tiles', away], misfit)).toMatchObject({ shown: 'expected another image', raised: 2 });
  expect(told(misfit, ['-tiles'], ['-stream'])).toMatchObject({ shown: 'expected another image' });
});
