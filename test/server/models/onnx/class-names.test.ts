import { describe, expect, test } from 'vitest';
import { metadataClassNames } from '../../../../server/src/models/onnx/class-names.ts';

const read = (key: string, value: string) => metadataClassNames([{ key, value }]);

describe('names of classes in metadata', () => {
  test.each([
    { name: 'a JSON list', key: 'class_names', value: '["cat", "dog"]' },
    { name: 'a JSON object', key: 'id2label', value: '{"1": "dog", "0": "cat"}' },
    { name: 'a JSON object from name to index', key: 'labels', value: '{"dog": 1, "cat": 0}' },
    { name: 'a Python dictionary', key: 'names', value: "{0: 'cat', 1: 'dog'}" },
    { name: 'a Python list', key: 'classes', value: '[\'cat\', "dog",]' },
    { name: 'a Python tuple', key: 'classes', value: "('cat', 'dog')" },
    { name: 'names with commas', key: 'labels', value: 'cat, dog' },
    { name: 'lines', key: 'Labels', value: 'cat\r\ndog\n' },
  ])('$name', ({ key, value }) => expect(read(key, value)).toEqual(['cat', 'dog']));

  test.each([
    { value: "{0: \"it's\", 1: 'a \"b\"', 2: 'c: 1, (d)'}", names: ["it's", 'a "b"', 'c: 1, (d)'] },
    { value: 'Gray Mat.\nWhite Mat., old', names: ['Gray Mat.', 'White Mat., old'] },
  ])('quotes, brackets and commas within names: $value', ({ value, names }) =>
    expect(read('names', value)).toEqual(names),
  );

  test.each([
    { name: 'twice the same', value: '["cat", "cat"]' },
    { name: 'an empty one', value: 'cat,,dog' },
    { name: 'a gap', value: '{"0": "cat", "2": "dog"}' },
    { name: 'numbers', value: '[1, 2]' },
    { name: 'code', value: "[__import__('os')]" },
    { name: 'an unclosed bracket', value: "{0: 'cat'" },
    { name: 'a megabyte and more', value: `"${'x'.repeat(1 << 21)}"` },
  ])('none of $name', ({ value }) => expect(read('names', value)).toBeNull());

  test('the most telling key first, and others left alone', () => {
    const metadata = [
      { key: 'names', value: '["a"]' },
      { key: 'author', value: 'x,y' },
      { key: 'class_names', value: '["cat"]' },
    ];
    expect(metadataClassNames(metadata)).toEqual(['cat']);
    expect(read('description', 'cat,dog')).toBeNull();
  });
});
