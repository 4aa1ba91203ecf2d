import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { SCORES } from '../../../shared/heatmap-descriptor.ts';
import { defaultStore } from './default-store.ts';
import { count, fraction, gamma, gigabytes, megabytes, port, range, region, repeated, scale } from './option-values.ts';
import {
  backgroundOption,
  engineOption,
  mppOption,
  overlapOption,
  remoteHostOption,
  remotePrivateOption,
} from './shared-options.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/**
 * Runs a command. Its own code is imported when it runs, so that `--help` and a mistyped option answer at once.
 * @param words of the command line, without the program's name
 * @returns the exit status of a failure, which is told on stderr; undefined where there is none, and a server goes on
 */
export async function run(words: readonly string[]): Promise<number | undefined> {
  try {
    await commandLine().parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    const { reportFailure } = await import('./report-failure.ts');
    return error instanceof CommanderError ? usageStatus(error) : reportFailure(error);
  }
}

/** 0 for --help and --version, 2 for wrong usage. */
function usageStatus({ exitCode }: CommanderError): number {
  return exitCode === 0 ? 0 : 2;
}

function commandLine(): Command {
  const program = new Command('openseadragon-cam')
    .description('Class activation heatmaps of images too big to open, computed where somebody looks.')
    .version(version)
    // One line for each error: commander puts its suggestion on a second one.
    .configureOutput({
      outputError: (text, write) => write(`openseadragon-cam: ${text.trim().replaceAll('\n', ' ')}\n`),
    })
    .exitOverride();

  program
    .command('demo')
    .description('a slide, a model and a page, ready to look at')
    .option('--port <n>', 'port to listen on; 0 picks a free one', port, 8080)
    .option('--store <dir>', "folder for the demo slide and the server's data", defaultStore())
    .option('--no-uploads', 'no images can be added from the page')
    .action(async (options) => (await import('./demo.ts')).demo(options));

  program
    .command('serve')
    .description('serve the slides and models of two folders')
    .option(
      '--slides <dir>',
      'folder of slides (TIFF, JPEG, PNG, WebP, Deep Zoom, OME-Zarr, and what OpenSlide reads), subfolders included',
    )
    .option(
      '--catalogue <file>',
      'instead of --slides: a JavaScript module whose listSlides and getSlide tell which slides there are',
    )
    .option(
      '--models <dir>',
      'folder of models (Keras .h5 and .keras, TensorFlow.js model.json, ONNX), each with STEM.manifest.json beside it',
    )
    .option('--store <dir>', `folder for the server's data (default: ${defaultStore()})`)
    .option(
      '--store-size <gb>',
      'gigabytes that heatmaps in the store may take; those used longest ago go first (default: 50)',
      gigabytes,
    )
    .option('--host <h>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <n>', 'port to listen on; 0 picks a free one (default: 8080)', port)
    .option(
      '--allowed-host <name>',
      'name by which the server is reached, for example behind a proxy; requests for others are refused; repeatable (default: loopback names; beyond loopback any name)',
      repeated,
    )
    .option('--cors <origin>', 'origin whose pages may read answers; repeatable, * for any', repeated)
    .option(
      '--embed <origin>',
      "origin whose pages may show /embed in a frame and talk to it, beside the server's own; repeatable",
      repeated,
    )
    .option(
      '--uploads [mb]',
      'let visitors add an image of at most so many megabytes from the page, to be removed an hour after they looked at it (default: off; without a number 1000)',
      megabytes,
    )
    .option(
      '--labels',
      "serve the pictures of slides' labels and of the whole glass, which may show patients' names (default: off)",
    )
    .addOption(remoteHostOption())
    .addOption(remotePrivateOption())
    .addOption(engineOption())
    .option(
      '--config <file>',
      'JSON file with any of these options, { "slides": DIR, "cors": [ORIGIN], ... }; the command line wins',
    )
    .action(async (options) => (await import('./serve.ts')).serve(options));

  program
    .command('analyze <slide> <model>')
    .description('classify every patch and print the breakdown: the mean probability of each class')
    .option('--store <dir>', "folder for the server's data", defaultStore())
    .addOption(engineOption())
    .option(
      '--region <x,y,w,h>',
      'only the patches that this rectangle of slide pixels touches, each by the share of it that lies inside',
      region,
    )
    .addOption(mppOption())
    .addOption(overlapOption())
    .addOption(backgroundOption())
    .addOption(remoteHostOption())
    .addOption(remotePrivateOption())
    .option('--json', 'print one JSON document on stdout and nothing else')
    .action(async (slide, model, options) => (await import('./analyze.ts')).analyze(slide, model, options));

  program
    .command('render <slide> <model>')
    .description('write the heatmap over the slide to an image and print the exact breakdown')
    .addOption(
      new Option(
        '--class <name>',
        'show one class through a colour map; in a comparison once for each model, if their names differ',
      )
        .conflicts('top')
        .argParser(repeated),
    )
    .addOption(new Option('--top <n>', 'show the n most probable classes, each in its own colour').argParser(count))
    .addOption(
      new Option(
        '--mode <mode>',
        'how several classes are shown, or entropy: where the model is unsure (default: blend)',
      )
        .choices(['blend', 'argmax', 'entropy'])
        .conflicts('class'),
    )
    .option(
      '--opacity <a>',
      'of the heatmap, 0 to 1: 0 shows the slide alone, 1 hides it (1 - overlay_alpha of the original script, whose alpha is transparency)',
      fraction,
      0.5,
    )
    .addOption(
      new Option(
        '--colormap <name>',
        'colour map of a single class, entropy or a difference: viridis, magma, YlOrRd and others (default: viridis, of a difference BrBG)',
      ).conflicts('top'),
    )
    .option('--gamma <g>', 'power to which scores are raised before they become colours (default: 1)', gamma)
    .option('--opacity-by-value', 'make low scores more transparent')
    .addOption(new Option('--score <kind>', "what is shown (default: the model's first)").choices(SCORES))
    .option(
      '--range <low,high>',
      'scores at the ends of the colours (default: 0,1; for maps by gradients 0 and 1 / cells of a patch)',
      range,
    )
    .option('--predictions', "write each patch's predictions on it")
    .addOption(
      new Option(
        '--compare <model>',
        "show the difference of two models: the class's score by <model> minus that by this other one, 0 in the middle of the colours",
      ).conflicts(['top', 'mode', 'predictions']),
    )
    .option('--legend', 'write beneath the picture what it shows, what the colours mean and where it comes from')
    .addOption(mppOption())
    .addOption(overlapOption())
    .addOption(backgroundOption())
    .option('--scale <s>', 'size of the picture relative to the slide, above 0 up to 1', scale, 1)
    .option('--store <dir>', "folder for the server's data", defaultStore())
    .addOption(engineOption())
    .addOption(remoteHostOption())
    .addOption(remotePrivateOption())
    .requiredOption('-o, --output <file>', 'file to write: .png, .jpg, .webp or .tif (tiled pyramid)')
    .action(async (slide, model, options) => (await import('./render.ts')).render(slide, model, options));

  program
    .command('inspect <file>')
    .description('what a slide or a model is; with a patch, its logits, probabilities and cells')
    .option('--patch <image>', 'image of exactly one patch to classify with the model')
    .option(
      '--write-manifest',
      'write a manifest to start from beside the model, with everything that the file says itself',
    )
    .addOption(engineOption())
    .addOption(remoteHostOption())
    .addOption(remotePrivateOption())
    .option('--json', 'print one JSON document on stdout and nothing else')
    .action(async (file, options) => (await import('./inspect.ts')).inspect(file, options));

  return program;
}
