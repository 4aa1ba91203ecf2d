import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventStreamParser, type ServerEvent } from '../../plugin/src/view-stream/event-stream.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => eventStreamParser()(bytes(text));

test.each<[string, string, ServerEvent[]]>([
  ['an event with a name', 'event: tiles\ndata: {"view":0}\n\n', [{ name: 'tiles', data: '{"view":0}' }]],
  ['without a name', 'data: a\n\n', [{ name: 'message', data: 'a' }]],
  ['several lines of data', 'data: a\ndata\ndata:b\n\n', [{ name: 'message', data: 'a\n\nb' }]],
  ['one space alone is dropped', 'data:  a \n\n', [{ name: 'message', data: ' a ' }]],
  [
    'comments and other fields',
    ': heartbeat\nid: 4\nretry: 5\nfoo\n\n:\n\ndata: a\n\n',
    [{ name: 'message', data: 'a' }],
  ],
  [
    'no data, no event, and its name is not the next one’s',
    'event: a\n\ndata: b\n\n',
    [{ name: 'message', data: 'b' }],
  ],
  ['a colon in the data', 'data: a:b\n\n', [{ name: 'message', data: 'a:b' }]],
  ['a byte order mark', '\uFEFFdata: a\n\n', [{ name: 'message', data: 'a' }]],
  ['an event without its end', 'data: a\n', []],
  [
    'returns',
    'event: x\rdata: a\r\rdata: b\r\r',
    [
      { name: 'x', data: 'a' },
      { name: 'message', data: 'b' },
    ],
  ],
  ['returns and feeds', 'data: a\r\ndata: b\r\n\r\n', [{ name: 'message', data: 'a\nb' }]],
])('%s', (_, text, events) => {
  expect(parse(text)).toEqual(events);
});

const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\r\n\uFEFF]/g, '·'));
const event = fc.record({
  name: line.filter((name) => name !== ''),
  data: fc.array(line, { minLength: 1, maxLength: 3 }),
});
const ending = fc.constantFrom('\n', '\r', '\r\n');

test('events are the same wherever the bytes are cut, and however lines end', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 4 }),
      ending,
      fc.boolean(),
      fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
      (events, end, hasComments, sizes) => {
        const lines = events.flatMap(({ name, data }) => [
          ...(hasComments ? [': a comment'] : []),
          `event: ${name}`,
          ...data.map((part) => `data: ${part}`),
          '',
        ]);
        const whole = bytes(lines.map((text) => text + end).join(''));
        const feed = eventStreamParser();
        const found: ServerEvent[] = [];
        for (let at = 0; at < whole.length; ) {
          const size = sizes.next().value;
          found.push(...feed(whole.subarray(at, at + size)));
          at += size;
        }
        expect(found).toEqual(events.map(({ name, data }) => ({ name, data: data.join('\n') })));
      },
    ),
  );
});
