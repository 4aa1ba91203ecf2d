import type { Differences, Fixture } from './fixtures.ts';

/** One model by one engine. */
export interface Measured extends Differences {
  fixture: Pick<Fixture, 'folder' | 'file'>;
}

/** Where a fixture stands: a table, its row and its column. */
interface Place {
  table: string;
  row: string;
  column: string;
}

const CONTAINERS: Record<string, string> = {
  h5: '`.h5`',
  keras: '`.keras`',
  json: 'TensorFlow.js',
  onnx: '`.onnx`',
};

const TABLES = [
  "keras.applications' networks",
  'Layers and heads',
  'Other versions of Keras',
  'TensorFlow.js',
  'ONNX',
  'Methods',
  'Others',
];

function place({ folder, file }: Measured['fixture']): Place {
  const ending = file.slice(file.lastIndexOf('.') + 1);
  const stem = file.slice(0, -ending.length - 1);
  const container = CONTAINERS[ending] ?? file;
  const [, framework = '', network = folder] = /^((?:tf\.)?keras-[\d.]+|tfjs|onnx|method)-(.+)$/.exec(folder) ?? [];
  const row = stem === 'model' ? network : `${network} ${stem}`;
  const [, version] = framework.split('-');
  switch (framework) {
    case 'keras-2.15':
    case 'keras-3.15': {
      const converted = ending === 'json' || ending === 'onnx';
      const tool = ending === 'onnx' ? 'tf2onnx' : container;
      const table = /^(head|layers|class)-/.test(network) ? TABLES[1] : TABLES[0];
      return { table, row: row.replace(/^layers-/, ''), column: converted ? tool : `Keras ${version} ${container}` };
    }
    case 'tfjs':
      return { table: 'TensorFlow.js', row, column: '`model.json`' };
    case 'onnx':
      return { table: 'ONNX', row, column: container };
    case 'method':
      return { table: 'Methods', row, column: container };
    case '':
      return { table: 'Others', row, column: container };
    default: {
      const name = framework.startsWith('tf.') ? 'tf.keras' : 'Keras';
      return { table: 'Other versions of Keras', row: `${name} ${version} ${container}`, column: row };
    }
  }
}

/**
 * The tables of one engine in Markdown: a row for each network, a column for each container, in each cell the largest
 * difference of probabilities and that of cells.
 */
export function frameworksTables(engine: string, measured: readonly Measured[]): string {
  const placed = measured.map((entry) => ({ ...place(entry.fixture), entry }));
  const sections = TABLES.map((table) => ({ table, cells: placed.filter((cell) => cell.table === table) }))
    .filter(({ cells }) => cells.length > 0)
    .map(({ table, cells }) => `#### ${table}\n\n${markdownTable(cells)}`);
  return [`### By ${engine}`, ...sections].join('\n\n');
}

function markdownTable(cells: readonly (Place & { entry: Measured })[]): string {
  const order = new Intl.Collator('en', { numeric: true }).compare;
  const rows = [...new Set(cells.map(({ row }) => row))].sort(order);
  const columns = [...new Set(cells.map(({ column }) => column))].sort(order);
  const text = (row: string, column: string) =>
    cells
      .filter((cell) => cell.row === row && cell.column === column)
      .map(({ entry }) => figures(entry))
      .join(', ');
  const lines = rows.map((row) => [row, ...columns.map((column) => text(row, column))]);
  const rule = ['---', ...columns.map(() => '---')];
  return [['', ...columns], rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function figures({ probabilities, cells }: Differences): string {
  return `${figure(probabilities)} / ${figure(cells)}`;
}

/** One digit: the next differs between processors. */
function figure(value: number): string {
  return value === 0 ? '0e+0' : value.toExponential(0);
}

const FIGURES = /(\d+e[+-]\d+) \/ (\d+e[+-]\d+)/g;

/** A table without its figures, which differ a little between processors. */
export function withoutFigures(markdown: string): string {
  return markdown.replace(FIGURES, 'x / x');
}

/** All figures of tables. */
export function figuresOf(markdown: string): Differences[] {
  return Array.from(markdown.matchAll(FIGURES), ([, probabilities, cells]) => ({
    probabilities: Number(probabilities),
    cells: Number(cells),
  }));
}

const begin = (engine: string) => `<!-- differences from the frameworks by ${engine} -->`;
const end = (engine: string) => `<!-- end of differences by ${engine} -->`;

/** What stands between an engine's marks in a text; '' where there are none. */
export function engineSection(text: string, engine: string): string {
  const start = text.indexOf(begin(engine));
  const stop = text.indexOf(end(engine));
  return start < 0 || stop < start ? '' : text.slice(start + begin(engine).length, stop).trim();
}

/** The text with an engine's tables between its marks, which are added at the end where there are none. */
export function withEngineSection(text: string, engine: string, tables: string): string {
  const section = `${begin(engine)}\n${tables}\n${end(engine)}`;
  const start = text.indexOf(begin(engine));
  const stop = text.indexOf(end(engine));
  if (start < 0 || stop < start) return `${text.trimEnd()}\n\n${section}\n`;
  return text.slice(0, start) + section + text.slice(stop + end(engine).length);
}
