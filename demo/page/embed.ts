import './theme.css';
import './stage.css';
import './embed.css';
import type { CamOptions, CamOverlay } from '../../plugin/src/index.ts';
import { type EmbedQuery, readEmbedQuery } from './embed/embed-query.ts';
import { type EmbedChanges, type HostMessage, readHostMessage, VERSION } from './embed/host-message.ts';
import { parentChannel } from './embed/parent-channel.ts';
import { goTo, onView, seenView } from './embed/slide-view.ts';
import { countClasses } from './server.ts';
import { createStage } from './stage.ts';
import { applyTheme } from './theme-choice.ts';

/** What is on the stage, or on its way there. */
interface Shown {
  slide: string;
  model: string | undefined;
  options: Partial<CamOptions>;
  /** Of the message that asked for it. */
  id?: HostMessage['id'];
  view?: EmbedQuery['view'];
}

const NOTHING = 'The page that embeds this one can open a slide; the address can name one, too: ?slide=…&model=….';

function start(container: HTMLElement, origins: readonly string[]): void {
  const channel = parentChannel(origins, (data) => void receive(data));
  const send = (type: string, content: object = {}) => channel.send({ cam: VERSION, type, ...content });
  const tellError = (error: unknown, id?: HostMessage['id']) => {
    const message = error instanceof Error ? error.message : String(error);
    send('error', { ...withId(id), message });
  };

  let query: EmbedQuery | undefined;
  let fault: unknown;
  try {
    query = readEmbedQuery(new URLSearchParams(location.search));
    applyTheme(query.theme);
  } catch (error) {
    fault = error;
  }
  let current: Shown | undefined;
  let cam: CamOverlay | undefined;
  /** Whether what was asked for is shown. */
  let isReady = false;

  const stage = createStage(container, window.OpenSeadragon, {
    navigator: query?.navigator ?? true,
    panelRoom: query?.options.showControl !== false && !query?.options.controlCollapsed,
    options: () => current?.options ?? {},
    shown(made) {
      if (!current) return;
      cam = made;
      const { view } = current;
      if (view) tryTo(() => goTo(viewer, view, true));
      current.view = undefined;
      tellReady();
    },
    failed: (reason) => tellError(reason, current?.id),
  });
  const { viewer } = stage;

  const tryTo = (action: () => void, id?: HostMessage['id']) => {
    try {
      action();
    } catch (error) {
      tellError(error, id);
    }
  };
  const tellReady = () => {
    isReady = true;
    const size = viewer.world.getItemAt(0).getContentSize();
    send('ready', {
      ...withId(current?.id),
      slide: current?.slide ?? null,
      model: current?.model ?? null,
      size: [size.x, size.y],
      classes: cam?.descriptor?.classes.map(({ name }) => name) ?? [],
      options: cam?.getOptions() ?? null,
      view: seenView(viewer) ?? null,
    });
  };

  viewer.addHandler('cam-breakdown', ({ breakdown }) => send('breakdown', { breakdown }));
  viewer.addHandler('cam-analysis', ({ analysis }) => send('analysis', { analysis }));
  viewer.addHandler('cam-change', ({ options }) => send('options', { options }));
  viewer.addHandler('cam-error', ({ error }) => tellError(error, cam ? undefined : current?.id));
  onView(viewer, (view) => isReady && send('view', { view }));

  const open = async (wanted: Shown) => {
    const isSame = cam && current?.slide === wanted.slide && current.model === wanted.model;
    current = wanted;
    document.title = wanted.slide;
    if (isSame) {
      await cam?.setOptions(wanted.options);
      tellReady();
      return;
    }
    cam = undefined;
    isReady = false;
    const { slide, model, options } = wanted;
    if (model === undefined) return stage.show(slide, undefined);
    // What is not chosen is as on the server's own page.
    const classes = options.mode === undefined ? await countClasses(slide, model) : 1;
    if (current !== wanted) return;
    current.options = { ...modeFor(options.classes), ...options };
    stage.show(slide, { id: model, classes });
  };

  const overlay = (type: string): CamOverlay => {
    if (!cam) throw new Error(`${type}: expected a heatmap that is shown, found none`);
    return cam;
  };
  const change = async ({ cam: changes, theme }: EmbedChanges, type: string) => {
    if (Object.keys(changes).length > 0) await overlay(type).setOptions(changes);
    if (theme) applyTheme(theme);
  };
  const answer = async (message: HostMessage) => {
    const { id, type } = message;
    switch (type) {
      case 'set-options':
        await change(message.options, type);
        if (id !== undefined) send('options', { id, options: cam?.getOptions() ?? null });
        return;
      case 'get-options':
        send('options', { ...withId(id), options: overlay(type).getOptions() });
        return;
      case 'go-to':
        goTo(viewer, message.region, message.immediately);
        if (id !== undefined) send('view', { id, view: seenView(viewer, true) });
        return;
      case 'open': {
        const { slide, model, options } = message;
        if (options.theme) applyTheme(options.theme);
        const { showControl, controlCollapsed } = query?.options ?? {};
        await open({ slide, model, options: { showControl, controlCollapsed, ...options.cam }, ...withId(id) });
        return;
      }
      case 'analyse':
        send('analysis', { ...withId(id), analysis: await overlay(type).startAnalysis(message.region) });
        return;
      case 'stop-analysis':
        send('analysis', { ...withId(id), analysis: await overlay(type).stopAnalysis() });
        return;
    }
  };
  const receive = async (data: unknown) => {
    let id: HostMessage['id'];
    try {
      const message = readHostMessage(data);
      id = message.id;
      await answer(message);
    } catch (error) {
      tellError(error, id ?? idOf(data));
    }
  };

  if (!query) {
    const reason = fault instanceof Error ? fault.message : String(fault);
    stage.showMessage('The address cannot be understood', reason);
    tellError(reason);
  } else if (query.slide === undefined) {
    stage.showMessage('No slide is named', NOTHING);
    send('ready', { slide: null, model: null, size: null, classes: [], options: null, view: null });
  } else {
    const { slide, model, options, view } = query;
    void open({ slide, model, options, view });
  }
}

function withId(id: HostMessage['id']): { id?: string | number } {
  return id === undefined ? {} : { id };
}

/** Of a message that is wrong, so that its sender knows which one it was. */
function idOf(data: unknown): HostMessage['id'] {
  const id: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'id') : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

/** Who names one class wants to see it, who names several to see those. */
function modeFor(classes: CamOptions['classes']): Partial<CamOptions> {
  if (classes === undefined || classes === 'all') return {};
  return { mode: classes.length === 1 ? 'single' : 'blend' };
}

const stage = document.querySelector<HTMLElement>('#stage');
const origins = document.querySelector<HTMLMetaElement>('meta[name="embed-origins"]');
if (stage) start(stage, origins?.content.split(' ').filter(Boolean) ?? []);
