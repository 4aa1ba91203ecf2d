import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Problem } from '../errors.ts';
import { loadOwnCatalogue } from '../own-catalogue.ts';
import { startServer } from '../server.ts';
import { defaultStore } from './default-store.ts';
import { remoteHosts } from './remote-choice.ts';

/** Megabytes of an image that visitors may add where `--uploads` names none. */
export const DEFAULT_UPLOAD_MEGABYTES = 1000;

const origins = z
  .union([z.string(), z.array(z.string())], { error: 'expected an origin or a list of origins' })
  .optional();

const optionsSchema = z.strictObject({
  slides: z.string().optional(),
  catalogue: z.string().optional(),
  models: z.string().optional(),
  store: z.string().optional(),
  storeSize: z.number().positive().optional(),
  host: z.string().optional(),
  port: z.int().min(0).max(65535).optional(),
  engine: z.string().optional(),
  uploads: z.union([z.boolean(), z.number().positive()], { error: 'expected true, or megabytes above 0' }).optional(),
  labels: z.boolean().optional(),
  allowedHost: z.union([z.string(), z.array(z.string())], { error: 'expected a name or a list of names' }).optional(),
  remoteHost: z.union([z.string(), z.array(z.string())], { error: 'expected a host or a list of hosts' }).optional(),
  remotePrivate: z.boolean().optional(),
  cors: origins,
  embed: origins,
});

type ServeOptions = z.infer<typeof optionsSchema>;

/**
 * Serves two folders until SIGINT or SIGTERM. The first line on stdout is the address to open.
 * @throws Problem for a missing option or folder, a bad configuration file, a port that is in use
 */
export async function serve({ config, ...given }: ServeOptions & { config?: string }): Promise<void> {
  const options = { ...(config === undefined ? {} : await readConfiguration(config)), ...given };
  const { slides, catalogue, models } = options;
  if ((slides === undefined) === (catalogue === undefined)) {
    const found = slides === undefined ? 'nothing' : '--slides and --catalogue';
    throw new Problem('bad-parameter', `--slides: expected a folder of slides, or else --catalogue, found ${found}`);
  }
  if (models === undefined) throw new Problem('bad-parameter', '--models: expected a folder of models, found nothing');
  await run({
    slides: catalogue === undefined ? (slides ?? '') : await loadOwnCatalogue(catalogue),
    models,
    store: options.store ?? defaultStore(),
    storeBytes: options.storeSize === undefined ? undefined : options.storeSize * 1e9,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 8080,
    engine: options.engine,
    uploadBytes: uploadBytes(options.uploads ?? false),
    labels: options.labels,
    allowedHosts: [options.allowedHost ?? []].flat().map(hostName),
    remote: remoteHosts(options),
    cors: [options.cors ?? []].flat().map((text) => (text === '*' ? text : originOf('--cors', text, ' or *'))),
    embed: [options.embed ?? []].flat().map((text) => originOf('--embed', text)),
  });
}

/** Bytes of an image that visitors may add; undefined where they may not. @param uploads megabytes, or whether they may */
function uploadBytes(uploads: number | boolean): number | undefined {
  if (uploads === false) return undefined;
  return (uploads === true ? DEFAULT_UPLOAD_MEGABYTES : uploads) * 1e6;
}

/** Starts a server, prints its address, and closes it when the process is told to end. @returns the address */
export async function run(options: Parameters<typeof startServer>[0]): Promise<string> {
  const server = await startServer(options);
  console.log(server.address);
  const stop = () => {
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return server.address;
}

/** An origin as browsers spell it. @throws Problem `bad-parameter` */
function originOf(option: string, text: string, more = ''): string {
  const parsed = URL.canParse(text) ? new URL(text).origin : 'null';
  if (parsed === 'null') {
    throw new Problem(
      'bad-parameter',
      `${option}: expected an origin such as https://viewer.example${more}, found ${text}`,
    );
  }
  return parsed;
}

/** A host as requests name it, without a port. @throws Problem `bad-parameter` */
function hostName(text: string): string {
  const url = `http://${text}/`;
  const isName = /^(\[[^\s\]]*\]|[^\s/?#@*\\:[\]]+)$/.test(text) && URL.canParse(url);
  if (isName) return new URL(url).hostname.replace(/\.$/, '');
  throw new Problem(
    'bad-parameter',
    `--allowed-host: expected a name without a port such as cam.example, found ${JSON.stringify(text)}`,
  );
}

async function readConfiguration(file: string): Promise<ServeOptions> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Problem('bad-parameter', `--config ${file}: expected a JSON file, found none that can be read`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Problem('bad-parameter', `--config ${file}: expected JSON, found ${String(error)}`);
  }
  const parsed = optionsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Problem('bad-parameter', `--config ${file}: ${issue.path.join('.') || 'options'}: ${issue.message}`);
}
