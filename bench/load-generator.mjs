// A process of its own that asks one server for addresses again and again, whenever it is told to, and tells how long
// answers took: with `rate` so many a second whatever becomes of them (an open loop), counted from when each was due;
// without it as fast as the connections go. It speaks HTTP over plain sockets, for what it takes of the processors is
// taken from the server that it measures.
import net from 'node:net';

const { addresses, connections } = JSON.parse(process.argv[2]);
const { hostname, port, host } = new URL(addresses[0]);
const requests = addresses.map((address) => {
  const { pathname, search } = new URL(address);
  return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept-Encoding: gzip\r\n\r\n`;
});
const END = Buffer.from('\r\n\r\n');

/** Sockets without a request, and requests without a socket. */
const idle = [];
const waiting = [];
let times = [];
let failures = 0;

function connect() {
  const socket = net.connect({ port, host: hostname, noDelay: true });
  /** Bytes of the answer that are still to come; those of its head while `head` is there. */
  let left = 0;
  let head = Buffer.alloc(0);
  let current;
  const ended = () => {
    times.push(performance.now() - current.since);
    const { done } = current;
    current = undefined;
    head = Buffer.alloc(0);
    next(socket);
    done();
  };
  socket.ask = (asked) => {
    current = asked;
    socket.write(requests[asked.index % requests.length]);
  };
  socket.on('data', (chunk) => {
    if (head === undefined) left -= chunk.length;
    else {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf(END);
      if (end < 0) return;
      const text = head.toString('latin1', 0, end);
      if (!text.startsWith('HTTP/1.1 200')) failures++;
      left = Number(/^content-length: (\d+)/im.exec(text)?.[1]) - (head.length - end - END.length);
      if (Number.isNaN(left)) throw new Error(`expected an answer that tells its length, found ${text}`);
      head = undefined;
    }
    if (left === 0) ended();
  });
  socket.on('error', (error) => {
    throw error;
  });
  return new Promise((done) => socket.once('connect', () => done(socket)));
}

function next(socket) {
  const asked = waiting.shift();
  if (asked === undefined) idle.push(socket);
  else socket.ask(asked);
}

function ask(index, since) {
  return new Promise((done) => {
    waiting.push({ index, since, done });
    const socket = idle.shift();
    if (socket !== undefined) next(socket);
  });
}

async function run({ seconds, rate }) {
  times = [];
  failures = 0;
  // Servers close connections that were not used for some seconds.
  const sockets = await Promise.all(Array.from({ length: connections }, connect));
  idle.push(...sockets);
  const start = performance.now();
  const end = start + seconds * 1000;
  if (rate === undefined) {
    const connection = async (number) => {
      for (let i = number; performance.now() < end; i++) await ask(i, performance.now());
    };
    await Promise.all(Array.from({ length: connections }, (_, number) => connection(number)));
  } else {
    const asked = [];
    for (let i = 0; i < rate * seconds; i++) {
      const due = start + (i * 1000) / rate;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      asked.push(ask(i, due));
    }
    await Promise.all(asked);
  }
  idle.length = 0;
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  const quantile = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))];
  return { p50: quantile(0.5), p99: quantile(0.99), perSecond: times.length / seconds, failures };
}

process.on('message', async (options) => process.send(await run(options)));
process.on('disconnect', () => process.exit(0));
process.send('ready');
