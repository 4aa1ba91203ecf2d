import './theme.css';
import './page.css';
import './stage.css';
import { addressed, adoptQuery, goToAddress } from './address.ts';
import { createHalves } from './compare/halves.ts';
import { createGallery } from './gallery.ts';
import { showHints } from './hints.ts';
import { createSlidePicture } from './picture/slide-picture.ts';
import { fetchLists, type Lists, Refusal } from './server.ts';
import { createThemeChoice } from './theme-choice.ts';
import { createUploads } from './uploads/uploads.ts';

/** How often the lists are asked for again, in milliseconds: while all is well, and while the server is away. */
const REFRESH = 30_000;
const RETRY = 3_000;

function required(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

function start(): void {
  adoptQuery();
  const stage = createHalves(required('#stage'), window.OpenSeadragon);
  const gallery = createGallery(required('#gallery'), {
    slide: (slide) => goToAddress({ ...addressed(), slide }),
    model: (model) => goToAddress({ ...addressed(), model }),
    compare: (compare) => goToAddress({ ...addressed(), compare }),
  });
  const uploads = createUploads(required('#gallery'), {
    open: (slide) => {
      goToAddress({ ...addressed(), slide });
      void ask();
    },
    changed: (slide) => {
      // Without its heatmap, which is another one at another resolution.
      stage.show(slide, undefined, undefined);
      void ask();
    },
    removed: () => {
      goToAddress({ ...addressed(), slide: undefined });
      void ask();
    },
  });
  const picture = createSlidePicture(stage.cam);
  picture.hidden = true;
  required('#gallery').append(picture, createThemeChoice());
  let lists: Lists | undefined;
  let awaySince: string | undefined;
  let timer = 0;
  let asking = new AbortController();

  const present = () => {
    if (!lists) return;
    const { slides, unreadableSlides, models } = lists;
    const wanted = addressed();
    const model = wanted.model ?? models[0]?.id;
    const broken = unreadableSlides.find(({ id }) => id === wanted.slide);
    // One that is not in the list is asked for too: the server says why there is none.
    const slide = broken ? undefined : (wanted.slide ?? slides[0]?.id);
    const compare = model === wanted.compare ? undefined : wanted.compare;
    gallery.select(slide ?? broken?.id, model, compare);
    document.title = slides.find(({ id }) => id === slide)?.title ?? broken?.title ?? 'Slides';
    const entryOf = (id: string | undefined) => models.find((known) => known.id === id);
    const entry = entryOf(model);
    const isAsking = uploads.modelFor(slide, entry) !== entry;
    const named = (id: string | undefined) => {
      if (id === undefined || isAsking) return undefined;
      return { id, classes: entryOf(id)?.classes.length ?? 1, title: entryOf(id)?.title ?? id };
    };
    picture.hidden = slide === undefined || named(model) === undefined;
    if (slide !== undefined) stage.show(slide, named(model), named(compare));
    else if (broken) stage.showMessage('This slide cannot be read', broken.message, ask);
    else if (unreadableSlides.length > 0) {
      stage.showMessage('None of the slides can be read', 'Choose one on the left to see why.', ask);
    } else {
      const text = lists.uploads
        ? 'Add an image, or drop one on the page.'
        : 'Put images (TIFF, JPEG, PNG, WebP) into the folder of slides that the server was started with.';
      stage.showMessage('No slides yet', text, ask);
    }
  };

  const ask = async () => {
    clearTimeout(timer);
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    let wait = REFRESH;
    try {
      const next = await uploads.withOwn(await fetchLists(signal), addressed().slide, signal);
      const first = lists === undefined;
      lists = next;
      awaySince = undefined;
      gallery.showLists(lists);
      gallery.showNotice('');
      present();
      // Over two halves they would hide what they speak of.
      const isCompared = addressed().compare !== undefined;
      if (first && lists.slides.length > 0 && !isCompared) showHints(required('#stage'));
    } catch (error) {
      if (signal.aborted) return;
      wait = RETRY;
      if (error instanceof Refusal) {
        if (!lists) stage.showMessage('The server cannot list its slides', error.message, ask);
        else gallery.showNotice(error.message);
      } else {
        awaySince ??= new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
        const text = `The server has not answered since ${awaySince}. Trying again…`;
        if (!lists) stage.showMessage('The server is away', text, ask);
        else gallery.showNotice(text);
      }
    }
    timer = window.setTimeout(ask, wait);
  };

  window.addEventListener('hashchange', present);
  window.addEventListener('online', ask);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void ask();
  });
  stage.showMessage('Loading…', '');
  void ask();
}

start();
