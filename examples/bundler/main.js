import OpenSeadragon from 'openseadragon';
import { registerCam } from 'openseadragon-cam';
import 'openseadragon-cam/style.css';

const query = new URLSearchParams(location.search);
const server = query.get('server') ?? 'http://127.0.0.1:8080';
const slide = encodeURIComponent(query.get('slide') ?? 'tissue.tif');
const model = encodeURIComponent(query.get('model') ?? 'tissue.h5');

// Adds `cam` to the viewers of this OpenSeadragon, once.
registerCam(OpenSeadragon);

const viewer = OpenSeadragon({
  id: 'viewer',
  prefixUrl: `${server}/openseadragon/images/`,
  crossOriginPolicy: 'Anonymous',
  tileSources: `${server}/slides/${slide}.dzi`,
});
const cam = viewer.cam({ heatmap: `${server}/heatmaps/${slide}/${model}.json`, mode: 'argmax' });

// The page knows when the heatmap is there, and the classes that it has.
cam.ready.then(
  () => {
    document.title = cam.descriptor.classes.map(({ name }) => name).join(', ');
  },
  ({ message }) => {
    document.title = message;
  },
);
