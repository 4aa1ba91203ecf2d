import { once } from 'node:events';
import net from 'node:net';

/** Numbers of FastCGI 1.0. */
const BEGIN = 1;
const END = 3;
const PARAMETERS = 4;
const INPUT = 5;
const OUTPUT = 6;
const RESPONDER = 1;
const KEEP_CONNECTION = 1;

const HEADER_BYTES = 8;

/** One connection to a FastCGI server of this machine, one request at a time. */
export async function fastcgiClient(port: number): Promise<{ get(query: string): Promise<Buffer>; close(): void }> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  let received = Buffer.alloc(0);
  return {
    /** Headers and body of the answer to a query. */
    async get(query) {
      const parameters = {
        QUERY_STRING: query,
        REQUEST_METHOD: 'GET',
        REQUEST_URI: `/?${query}`,
        SERVER_PROTOCOL: 'HTTP/1.1',
      };
      socket.write(
        Buffer.concat([
          record(BEGIN, Buffer.from([0, RESPONDER, KEEP_CONNECTION, 0, 0, 0, 0, 0])),
          record(PARAMETERS, Buffer.concat(Object.entries(parameters).map(([name, value]) => pair(name, value)))),
          record(PARAMETERS, Buffer.alloc(0)),
          record(INPUT, Buffer.alloc(0)),
        ]),
      );
      const output: Buffer[] = [];
      for (;;) {
        while (received.length >= HEADER_BYTES) {
          const length = received.readUInt16BE(4);
          const size = HEADER_BYTES + length + received[6];
          if (received.length < size) break;
          const type = received[1];
          if (type === OUTPUT) output.push(received.subarray(HEADER_BYTES, HEADER_BYTES + length));
          received = received.subarray(size);
          if (type === END) return Buffer.concat(output);
        }
        const [chunk] = await once(socket, 'data');
        received = Buffer.concat([received, chunk]);
      }
    },
    close: () => socket.destroy(),
  };
}

function record(type: number, content: Buffer): Buffer {
  const header = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
  return Buffer.concat([header, content]);
}

/** Lengths above 127 take four bytes, of which the first bit is set. */
function pair(name: string, value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE((value.length | 0x80000000) >>> 0);
  return Buffer.concat([Buffer.from([name.length]), length, Buffer.from(name + value)]);
}
