"""Serves the tiles of one slide by openslide-python's DeepZoomGenerator. Usage: deep_zoom_generator.py FILE"""

import io
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import openslide
from openslide.deepzoom import DeepZoomGenerator

generator = DeepZoomGenerator(openslide.OpenSlide(sys.argv[1]), tile_size=256, overlap=0, limit_bounds=False)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        level, column, row = map(int, re.match(r"/(\d+)/(\d+)_(\d+)\.jpeg$", self.path).groups())
        start = time.perf_counter()
        target = io.BytesIO()
        generator.get_tile(level, (column, row)).save(target, "jpeg", quality=85)
        milliseconds = 1000 * (time.perf_counter() - start)
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(target.tell()))
        self.send_header("X-Milliseconds", f"{milliseconds:.3f}")
        self.end_headers()
        self.wfile.write(target.getvalue())
        self.wfile.flush()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
