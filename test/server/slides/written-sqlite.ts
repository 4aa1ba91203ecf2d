/** A value of a row of SQLite. */
export type SqliteValue = number | string | Uint8Array | null;

export interface SqliteTable {
  name: string;
  columns: readonly string[];
  rows: readonly (readonly SqliteValue[])[];
}

/** The largest page that there is: a table has to fit into one. */
const PAGE = 65_536;
const HEADER_BYTES = 100;
const LEAF_HEADER_BYTES = 8;
const LEAF_OF_TABLE = 13;

/**
 * A database of SQLite 3, which nothing here writes: each table is one page. Columns have no types.
 * The format: sqlite.org/fileformat2.html.
 */
export function writtenSqlite(tables: readonly SqliteTable[]): Uint8Array {
  const schema = tables.map(({ name, columns }, i) => [
    ...['table', name, name, i + 2],
    `CREATE TABLE ${name} (${columns.join(', ')})`,
  ]);
  const first = leafPage(schema, HEADER_BYTES);
  first.set(new TextEncoder().encode('SQLite format 3\0'));
  // A page size of 65,536 is written as 1; versions 1 for reading and writing; shares of a page that are fixed.
  first.set([0, 1, 1, 1, 0, 64, 32, 32], 16);
  const view = new DataView(first.buffer);
  const numbers = { changes: 24, pages: 28, cookie: 40, schemaFormat: 44, encoding: 56, validFor: 92, version: 96 };
  view.setUint32(numbers.changes, 1);
  view.setUint32(numbers.pages, tables.length + 1);
  view.setUint32(numbers.cookie, 1);
  view.setUint32(numbers.schemaFormat, 4);
  view.setUint32(numbers.encoding, 1);
  view.setUint32(numbers.validFor, 1);
  view.setUint32(numbers.version, 3_040_001);
  return Buffer.concat([first, ...tables.map(({ rows }) => leafPage(rows, 0))]);
}

/** A page of rows, which are numbered from 1. */
function leafPage(rows: readonly (readonly SqliteValue[])[], start: number): Uint8Array {
  const page = new Uint8Array(PAGE);
  const view = new DataView(page.buffer);
  let end = PAGE;
  rows.forEach((row, i) => {
    const record = recordOf(row);
    const cell = Buffer.concat([varint(record.length), varint(i + 1), record]);
    end -= cell.length;
    if (end < start + LEAF_HEADER_BYTES + 2 * rows.length) throw new Error('a table takes more than a page');
    page.set(cell, end);
    view.setUint16(start + LEAF_HEADER_BYTES + 2 * i, end);
  });
  view.setUint8(start, LEAF_OF_TABLE);
  view.setUint16(start + 3, rows.length);
  view.setUint16(start + 5, end % PAGE);
  return page;
}

/** Types and lengths of the values, then the values. */
function recordOf(row: readonly SqliteValue[]): Uint8Array {
  const values = row.map(stored);
  const types = Buffer.concat(values.map(({ type }) => varint(type)));
  // One byte tells the length of these and of itself.
  if (types.length > 126) throw new Error('a row has too many columns');
  return Buffer.concat([varint(types.length + 1), types, ...values.map(({ bytes }) => bytes)]);
}

function stored(value: SqliteValue): { type: number; bytes: Uint8Array } {
  if (value === null) return { type: 0, bytes: new Uint8Array() };
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    if (!Number.isInteger(value)) bytes.writeDoubleBE(value);
    else bytes.writeBigInt64BE(BigInt(value));
    return { type: Number.isInteger(value) ? 6 : 7, bytes };
  }
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return { type: 13 + 2 * bytes.length, bytes };
  }
  return { type: 12 + 2 * value.length, bytes: value };
}

/** 7 bits a byte, the highest first; all bytes but the last have the eighth. */
function varint(value: number): Uint8Array {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) | 128);
  return Uint8Array.from(bytes);
}
