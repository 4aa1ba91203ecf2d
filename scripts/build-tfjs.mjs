// Makes @tensorflow/tfjs-node in .cache/tfjs-node out of what the npm and PyPI registries hold. The package's own
// installer fetches the TensorFlow library from a host that many networks do not reach; the same library lies in the
// tensorflow-cpu wheel. Nothing of Python is run but pip, which fetches the wheel.
import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import yauzl from 'yauzl';

const run = promisify(execFile);

/** Everything that the result depends on; a folder made of anything else is made anew. */
export const PARTS = {
  tfjs: '4.22.0',
  /** Node-API's C headers, as an npm package: one binding serves every release of Node. */
  headers: '1.9.0',
  /** The smallest wheel of those that still hold the library and the headers that the binding needs. */
  tensorflow: '2.15.1',
  wheelSha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  /** To be raised when the steps below change. */
  recipe: 1,
};

const root = path.resolve(fileURLToPath(import.meta.url), '../..');
const target = path.join(root, '.cache/tfjs-node');
/** What the finished folder was made of, written last. */
const STAMP = 'made-of.json';
const PACKAGE = 'node_modules/@tensorflow/tfjs-node';
const OTHERWISE = 'npm install @tensorflow/tfjs-node';

/** The Debian packages that have the tools which are missing. */
const DEBIAN_PACKAGES = { 'g++': 'g++', 'python3 with pip': 'python3-pip', npm: 'npm' };

/** Loads the engine from the folder given to it and multiplies two matrices: 1 * 3 + 2 * 4. */
const PROOF = `
  const util = require('node:util');
  util.isArray ??= Array.isArray;
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const tf = require('node:module').createRequire(process.argv[1] + '/')('@tensorflow/tfjs-node');
  const product = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
  if (tf.getBackend() !== 'tensorflow' || product !== 11) throw new Error('wrong product: ' + product);
  console.log('TensorFlow ' + tf.backend().binding.TF_Version);`;

/** A failure that one sentence explains. */
class Refusal extends Error {}

async function build() {
  const { platform, arch } = process;
  const glibc = process.report.getReport().header?.glibcVersionRuntime;
  const refusal = refusalFor(platform, arch, glibc);
  if (refusal) throw new Refusal(refusal);
  if (await isMade()) {
    console.log(`.cache/tfjs-node is there and works (${await prove(target)})`);
    return;
  }
  provideTools();
  const scratch = `${target}-${process.pid}`;
  const discard = () => rm(scratch, { recursive: true, force: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => discard().finally(() => process.exit(1)));
  }
  try {
    await mkdir(scratch, { recursive: true });
    console.log(`1/5 npm: @tensorflow/tfjs-node ${PARTS.tfjs}`);
    await installPackages(scratch);
    console.log(`2/5 pip: tensorflow-cpu ${PARTS.tensorflow}, 210 MB`);
    const wheel = await fetchWheel(scratch);
    console.log("3/5 unpacking TensorFlow's library");
    await unpackLibrary(wheel, path.join(scratch, PACKAGE, 'deps'));
    console.log('4/5 g++: the binding');
    await compileBinding(scratch);
    await removeLeftovers(scratch, wheel);
    console.log('5/5 proving it with a product of matrices');
    const version = await prove(scratch);
    await writeFile(path.join(scratch, STAMP), `${JSON.stringify(PARTS, null, 2)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(scratch, target);
    console.log(`made .cache/tfjs-node: @tensorflow/tfjs-node ${PARTS.tfjs} on ${version}`);
  } finally {
    await discard();
  }
}

/**
 * @param {string} platform
 * @param {string} arch
 * @param {string | undefined} glibc the C library's version, where it is glibc
 * @returns {string | undefined} why the engine cannot be made here, in a sentence
 */
export function refusalFor(platform, arch, glibc) {
  if (platform === 'linux' && arch === 'x64' && glibc) return undefined;
  const found = platform === 'linux' && arch === 'x64' ? 'Linux without glibc' : `${platform} ${arch}`;
  return `This makes the engine for Linux on x86-64 with glibc, found ${found}; elsewhere: ${OTHERWISE}`;
}

async function isMade() {
  try {
    const madeOf = JSON.parse(await readFile(path.join(target, STAMP), 'utf8'));
    if (JSON.stringify(madeOf) !== JSON.stringify(PARTS)) return false;
    await prove(target);
    return true;
  } catch {
    return false;
  }
}

/** @returns {Promise<string>} the library's name and version */
async function prove(folder) {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  try {
    const { stdout } = await run(process.execPath, ['-e', PROOF, folder], { env });
    return stdout.trim().split('\n').at(-1);
  } catch (error) {
    throw new Refusal(`The engine that was made does not work: ${lastLine(error.stderr)}`);
  }
}

function provideTools() {
  const missing = missingTools();
  if (missing.length === 0) return;
  const packages = missing.map((tool) => DEBIAN_PACKAGES[tool]);
  if (!installWithApt(packages) || missingTools().length > 0) {
    const which = `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'}`;
    throw new Refusal(`${which} missing; on Debian and Ubuntu: apt-get install ${packages.join(' ')}`);
  }
}

/** @returns {string[]} of the keys of `DEBIAN_PACKAGES`, those that do not run */
function missingTools() {
  const runs = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
  const there = {
    npm: runs('npm', '--version'),
    'g++': runs('g++', '--version'),
    'python3 with pip': runs('python3', '-m', 'pip', '--version'),
  };
  return Object.keys(there).filter((tool) => !there[tool]);
}

/** Installs Debian's packages where that needs no password. @returns whether it went well */
function installWithApt(packages) {
  const apt = '/usr/bin/apt-get';
  try {
    accessSync(apt, constants.X_OK);
  } catch {
    return false;
  }
  if (process.getuid?.() !== 0) return false;
  console.log(`installing ${packages.join(' and ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const runs = (...args) => spawnSync(apt, args, { stdio: ['ignore', 2, 2], env }).status === 0;
  return runs('update', '-q') && runs('install', '-q', '-y', '--no-install-recommends', ...packages);
}

/** The JavaScript side and the binding's C++ source; a project of its own, which an install in ours does not prune. */
async function installPackages(folder) {
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }\n');
  const packages = [`@tensorflow/tfjs-node@${PARTS.tfjs}`, `node-api-headers@${PARTS.headers}`];
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await step('npm', ['install', '--prefix', folder, '--ignore-scripts', ...quiet, ...packages], folder);
}

/** @returns {Promise<string>} the wheel's path */
async function fetchWheel(folder) {
  const requirement = path.join(folder, 'wheel.txt');
  await writeFile(requirement, `tensorflow-cpu==${PARTS.tensorflow} --hash=sha256:${PARTS.wheelSha256}\n`);
  // The wheel's tags, which have nothing to do with the python3 that runs pip.
  const tags = ['--implementation', 'cp', '--python-version', '3.11', '--platform', 'manylinux2014_x86_64'];
  const only = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--no-cache-dir'];
  const quiet = ['--quiet', '--disable-pip-version-check'];
  const where = ['--dest', folder, '--requirement', requirement];
  await step('python3', ['-m', 'pip', 'download', ...quiet, ...only, ...tags, ...where]);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Refusal(`pip left no wheel of tensorflow-cpu ${PARTS.tensorflow}`);
  return path.join(folder, wheel);
}

/**
 * @param {string} entry name within the wheel
 * @returns {string | undefined} where under deps/ it belongs; undefined for what is not needed
 */
export function placeInDeps(entry) {
  const library = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/.exec(entry);
  if (library) return `lib/${library[1]}`;
  const header = /^tensorflow\/include\/((?:tensorflow\/(?:c|core\/platform|tsl)|tsl)\/.*\.h)$/.exec(entry);
  return header ? `include/${header[1]}` : undefined;
}

async function unpackLibrary(wheel, deps) {
  await rm(deps, { recursive: true, force: true });
  const zip = await yauzl.openPromise(wheel, { lazyEntries: true });
  for await (const entry of zip.eachEntry()) {
    const place = placeInDeps(entry.fileName);
    if (!place) continue;
    const file = path.join(deps, place);
    await mkdir(path.dirname(file), { recursive: true });
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(file));
  }
  const lib = path.join(deps, 'lib');
  // Symbol tables are a quarter of the size and serve debuggers only. Without the tool the libraries stay as they are.
  spawnSync('strip', ['--strip-unneeded', ...(await readdir(lib)).map((name) => path.join(lib, name))]);
  // The names that the linker asks for, and the one whose absence the package's own installer takes for a fault.
  await symlink('libtensorflow_cc.so.2', path.join(lib, 'libtensorflow.so'));
  await symlink('libtensorflow_cc.so.2', path.join(lib, 'libtensorflow.so.2'));
  await symlink('libtensorflow_cc.so.2', path.join(lib, 'libtensorflow.so.2.9.1'));
  await symlink('libtensorflow_framework.so.2', path.join(lib, 'libtensorflow_framework.so'));
}

async function compileBinding(folder) {
  const source = path.join(folder, PACKAGE);
  const output = path.join(source, 'lib/napi-v8/tfjs_binding.node');
  await mkdir(path.dirname(output), { recursive: true });
  await step('g++', [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'],
    `-I${path.join(folder, 'node_modules/node-api-headers/include')}`,
    `-I${path.join(source, 'deps/include')}`,
    path.join(source, 'binding/tfjs_backend.cc'),
    path.join(source, 'binding/tfjs_binding.cc'),
    `-L${path.join(source, 'deps/lib')}`,
    ...['-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'],
    ...['-o', output],
  ]);
}

/** What only the making needed, and source maps, which are two thirds of what npm brought. */
async function removeLeftovers(folder, wheel) {
  await rm(wheel);
  await rm(path.join(folder, 'wheel.txt'));
  await rm(path.join(folder, PACKAGE, 'deps/include'), { recursive: true });
  const modules = path.join(folder, 'node_modules');
  for (const name of await readdir(modules, { recursive: true })) {
    if (name.endsWith('.map')) await rm(path.join(modules, name));
  }
}

/** Runs a program; its last line of complaint is the reason of a failure. */
async function step(program, args, cwd = root) {
  try {
    await run(program, args, { maxBuffer: 64 << 20, cwd });
  } catch (error) {
    const command = [program, ...args.slice(0, 2)].join(' ');
    throw new Refusal(`'${command} ...' failed: ${lastLine(error.stderr) || error.message.split('\n')[0]}`);
  }
}

function lastLine(text) {
  const lines = String(text ?? '').split('\n');
  const telling = lines.filter((line) => /error/i.test(line)).concat(lines.filter((line) => line.trim()).slice(-1));
  return telling[0]?.trim() ?? '';
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await build();
  } catch (error) {
    console.error(error instanceof Refusal ? error.message : error);
    process.exitCode = 1;
  }
}
