// The ceiling: node:http alone, which sends a buffer of so many bytes to everybody.
import http from 'node:http';

const body = Buffer.alloc(Number(process.argv[2]), 7);
const server = http.createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/x-npy', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
process.on('disconnect', () => process.exit());
