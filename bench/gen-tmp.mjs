import { createServer } from 'vite';
const vite = await createServer({ root: '/tmp/wt-durable', configFile: false, logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false, watch: null } });
const { generateDemoSlide, DEMO_SLIDE } = await vite.ssrLoadModule('/tmp/wt-durable/demo/slide/generate.ts');
await generateDemoSlide('/tmp/demodata/slide.tif', DEMO_SLIDE);
await vite.close();
