// Serves the tiles of one TIFF pyramid, a page for each level, by nothing but sharp. Usage: sharp-server.mjs FILE
import http from 'node:http';
import sharp from 'sharp';

const TILE_SIZE = 256;
const file = process.argv[2];
const { width, height } = await sharp(file, { limitInputPixels: false }).metadata();
const last = 32 - Math.clz32(Math.max(width, height) - 1);

const server = http.createServer(async (request, response) => {
  const [level, column, row] = request.url.match(/\d+/g).map(Number);
  const body = await sharp(file, { page: last - level, limitInputPixels: false })
    .extract({ left: column * TILE_SIZE, top: row * TILE_SIZE, width: TILE_SIZE, height: TILE_SIZE })
    .jpeg({ quality: 85 })
    .toBuffer();
  response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
