// A process of its own that asks one server for addresses again and again and tells how long answers took, as JSON: with
// `rate` so many a second whatever becomes of them (an open loop), counted from when each was due; without it as fast as
// the connections go.
import http from 'node:http';

const { addresses, connections, seconds, rate } = JSON.parse(process.argv[2]);
const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
const times = [];
let failures = 0;

function ask(address, since) {
  return new Promise((done) => {
    const request = http.get(address, { agent, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      if (response.statusCode !== 200) failures++;
      response.resume();
      response.once('end', () => {
        times.push(performance.now() - since);
        done();
      });
    });
    request.once('error', () => {
      failures++;
      done();
    });
  });
}

const start = performance.now();
const end = start + seconds * 1000;
if (rate === undefined) {
  const connection = async (number) => {
    for (let i = number; performance.now() < end; i++) await ask(addresses[i % addresses.length], performance.now());
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => connection(number)));
} else {
  const asked = [];
  for (let i = 0; i < rate * seconds; i++) {
    const due = start + (i * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    asked.push(ask(addresses[i % addresses.length], due));
  }
  await Promise.all(asked);
}
agent.destroy();
times.sort((a, b) => a - b);
const quantile = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))];
console.log(
  JSON.stringify({
    p50: quantile(0.5),
    p99: quantile(0.99),
    perSecond: times.length / seconds,
    answers: times.length,
    failures,
  }),
);
