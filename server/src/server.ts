import { realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import { type Logger, pino } from 'pino';
import { type Catalogue, openCatalogue } from './catalogue.ts';
import { DEFAULT_ENGINE, engineNamed } from './engines/engines.ts';
import { Problem } from './errors.ts';
import { createAnalyses } from './heatmaps/analysis.ts';
import { createHeatmapSource } from './heatmaps/open-heatmap.ts';
import { createResultCaches } from './heatmaps/result-caches.ts';
import { createScheduler } from './heatmaps/scheduler.ts';
import { LISTED_MODEL_ENDINGS } from './models/model-file.ts';
import { isLoopback } from './routes/access.ts';
import { createApp } from './routes/app.ts';
import { tellWithout } from './routes/errors.ts';
import { readPage } from './routes/page.ts';
import { serveHeatmaps } from './served-heatmaps.ts';
import { isListedSlide, SLIDE_ENDINGS, SLIDE_FOLDER_ENDINGS, SLIDE_PARTS } from './slides/recognize.ts';
import { allowRemoteHosts } from './slides/remote/process-fetcher.ts';
import { NO_REMOTE_HOSTS, type RemoteHosts } from './slides/remote/remote-hosts.ts';
import { prepareStore } from './store/prepare-store.ts';
import { removeStaleUploads } from './uploads/upload-folder.ts';
import { isUploadId } from './uploads/upload-names.ts';
import { openUploads, type Uploads, type UploadsOptions, uploadLimits } from './uploads/uploads.ts';
import { catalogueWithUploads, sourceWithUploads } from './uploads/with-uploads.ts';
import { workerPool } from './worker/pool.ts';

export interface ServerOptions {
  /** A folder, or a catalogue of one's own. */
  slides: string | Catalogue;
  /** Folders. */
  models: string;
  store: string;
  host: string;
  /** 0 picks a free one. */
  port: number;
  cors: readonly string[];
  /** Origins, beside the server's own, whose pages may frame `/embed`; none unless given. */
  embed?: readonly string[];
  /** Bound of the heatmaps in the store, in bytes. */
  storeBytes?: number;
  /** Bytes of an image that visitors may add; nobody may add any unless given. */
  uploadBytes?: number;
  /** Serves pictures that show the labels of slides, which have patients' names; they are not served unless given. */
  labels?: boolean;
  /** One of `ENGINE_NAMES`, or its short form; the default one unless given. */
  engine?: string;
  /** Names, without a port, by which the server is reached; any where it listens on no loopback address, unless given. */
  allowedHosts?: readonly string[];
  /** From where the pixels of slides may be fetched; from nowhere unless given. */
  remote?: RemoteHosts;
}

export interface RunningServer {
  /** Address to open, with a slash at its end. */
  address: string;
  close(): Promise<void>;
}

const SLIDE_KIND = {
  name: 'slide',
  endings: SLIDE_ENDINGS,
  folders: SLIDE_FOLDER_ENDINGS,
  parts: SLIDE_PARTS,
  isListed: isListedSlide,
};

const ANY_HOST =
  'requests are answered whatever their Host is, so a page whose name is made to stand for this machine (DNS rebinding) can read slides; --allowed-host names those by which the server is reached';

/** The worker's script and the page lie beside the built command line. */
const workerEntry = fileURLToPath(new URL('./worker.js', import.meta.url));
const pageFolder = fileURLToPath(new URL('./demo/', import.meta.url));

/** Pixels of an added picture that has to be converted: a pyramid of 1 GB. */
const UPLOADED_PIXELS = 2 ** 28;

/** Milliseconds that an image may be on its way; Node's own five minutes are short for a large one. */
const LONGEST_UPLOAD = 2 * 3_600_000;

/**
 * Supervised workers of the built script.
 * @param store where converted models are kept; they are not unless given
 * @throws Problem `bad-parameter` for an engine that there is not
 */
export function startWorker(
  { store, engine, remote }: Partial<Pick<ServerOptions, 'store' | 'engine' | 'remote'>>,
  onDeath?: (reason: string) => void,
) {
  return workerPool(workerEntry, onDeath, {
    engine: engineNamed(engine ?? DEFAULT_ENGINE),
    conversions: store === undefined ? undefined : join(resolve(store), 'models'),
    remote,
  });
}

/**
 * Starts the tile server.
 * @throws Problem where a folder is missing or the port cannot be had
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  tuneGarbageCollection();
  allowRemoteHosts(options.remote ?? NO_REMOTE_HOSTS);
  const storeWarning = await prepareStore(options.store);
  const logger = pino({ name: 'openseadragon-cam', base: undefined }, pino.destination({ fd: 2, sync: true }));
  if (storeWarning !== undefined) logger.warn(storeWarning);
  const { allowedHosts = [] } = options;
  if (!isLoopback(options.host) && allowedHosts.length === 0) logger.warn(ANY_HOST);
  const listed = typeof options.slides === 'string' ? openCatalogue(options.slides, SLIDE_KIND) : options.slides;
  const models = openCatalogue(options.models, { name: 'model', endings: LISTED_MODEL_ENDINGS });
  for (const catalogue of [listed, models]) {
    const { warnings } = await catalogue.list();
    for (const warning of warnings) logger.warn(warning);
  }
  const worker = startWorker(options, (reason) =>
    logger.warn(`the worker process died (${reason}); it is started again`),
  );
  const scheduler = createScheduler(worker);
  const caches = createResultCaches();
  const ownSource = createHeatmapSource({
    store: options.store,
    storeBytes: options.storeBytes,
    worker,
    caches,
    onConversion: logConversion(logger),
    onTemporary: (message) => logger.warn(message),
    onProblem: (heatmap, message) =>
      message === null
        ? logger.info(`${heatmap}: results are stored again`)
        : logger.warn(`${heatmap}: the store: ${message}`),
    onEviction: (heatmaps) => logger.info(`the store was full; removed heatmaps ${heatmaps.join(', ')}`),
    isBusy: scheduler.isBusy,
  });
  const uploads = await openUploadsOf(options, {
    openSource: (store) =>
      createHeatmapSource({
        ...{ store, worker, caches, describeModel: ownSource.model, isBusy: scheduler.isBusy },
        ...{ mostConverted: UPLOADED_PIXELS, mppRemedy: 'say them when the image is added' },
      }),
    onRemoval: (heatmap) => analyses.stop(heatmap),
    logger,
  });
  const slides = uploads ? catalogueWithUploads(listed, uploads) : listed;
  const source = uploads ? sourceWithUploads(ownSource, uploads) : ownSource;
  const served = serveHeatmaps({ slides, models, source, store: resolve(options.store), isPassing: isUploadId });
  const analyses = createAnalyses(scheduler, served.keep);
  const app = createApp({
    slides,
    models,
    source,
    open: served.open,
    scheduler,
    analyses,
    uploads,
    labels: options.labels ?? false,
    logger,
    cors: options.cors,
    embed: options.embed ?? [],
    host: options.host,
    allowedHosts,
    page: await readPage(pageFolder),
    tell: tellWithout(await absoluteFolders(options), () => slides.folders?.() ?? []),
  });
  const server = createServer(app.callback());
  if (uploads) server.requestTimeout = LONGEST_UPLOAD;
  try {
    await new Promise<void>((listening, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, listening);
    });
  } catch (error) {
    await worker.close();
    throw listenProblem(error, options);
  }
  const { port } = server.address() as AddressInfo;
  const address = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}/`;
  served.listensAt(address);
  void served.resume(analyses, logger);
  return {
    address,
    async close() {
      // They are taken up again by the next server.
      analyses.suspend();
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await Promise.all([closed, worker.close()]);
      await served.close();
      await uploads?.close();
      await source.close();
    },
  };
}

/** What visitors add, where they may; what a killed server has left of it goes in any case. */
async function openUploadsOf(
  { store, uploadBytes }: ServerOptions,
  { logger, ...parts }: Pick<UploadsOptions, 'openSource' | 'onRemoval'> & { logger: Logger },
): Promise<Uploads | undefined> {
  await removeStaleUploads(store).catch((error: unknown) => logger.warn(`old uploads cannot be removed: ${error}`));
  if (uploadBytes === undefined) return undefined;
  return openUploads({ limits: uploadLimits(uploadBytes), store: resolve(store), ...parts });
}

/**
 * Keeps the young generation of the heap small. Pixels of painted tiles are short-lived and lie outside of the heap,
 * where V8 does not see them: with its usual 16 MB they pile up to 200 MB before it collects them.
 *
 * The old generation may double, then, before it is collected: it holds some 20 MB that stay, of which a server that is
 * mostly idle would otherwise let a quarter more come, and mark all of it ten times a second during an analysis.
 */
function tuneGarbageCollection(): void {
  v8.setFlagsFromString('--max-semi-space-size=4');
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  v8.setFlagsFromString('--heap-growing-percent=100');
}

/** The folders as they are named, and as they are when links are followed. */
async function absoluteFolders({ slides, models, store }: ServerOptions): Promise<string[]> {
  const named = [...(typeof slides === 'string' ? [slides] : []), models, store].map((folder) => resolve(folder));
  // A store that cannot be written may not be there either.
  return [...named, ...(await Promise.all(named.map((folder) => realpath(folder).catch(() => folder))))];
}

/** Logs each quarter of a slide's conversion. */
function logConversion(logger: Logger): (file: string, done: number) => void {
  const logged = new Map<string, number>();
  return (file, done) => {
    const quarter = Math.floor(done * 4);
    if (logged.get(file) === quarter) return;
    logged.set(file, quarter);
    logger.info(`${file}: making its tiled pyramid, ${quarter * 25} %`);
    if (done === 1) logged.delete(file);
  };
}

function listenProblem(error: unknown, { host, port }: ServerOptions): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new Problem('failed', `--port ${port}: expected a free port, found it in use; --port 0 picks a free one`);
  }
  if (code === 'EACCES') return new Problem('failed', `--port ${port}: this user may not listen on it`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new Problem('bad-parameter', `--host ${host}: expected an address of this machine, found another`);
  }
  return error;
}
