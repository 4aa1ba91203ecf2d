import './halves.css';
import type OpenSeadragon from 'openseadragon';
import { element } from '../element.ts';
import { createStage, type Stage, type StageModel, type StageWishes } from '../stage.ts';
import { keepTogether } from './together.ts';

/** A model with the name that people know it by. */
export interface NamedModel extends StageModel {
  title: string;
}

/** One viewer, or two of the same slide that show a model each and move together. */
export interface Halves extends Pick<Stage, 'cam' | 'showMessage'> {
  /** Shows a slide, with a model's heatmap where one is named, and beside it with another's. */
  show(slide: string, model: NamedModel | undefined, other: NamedModel | undefined): void;
}

export function createHalves(container: HTMLElement, osd: typeof OpenSeadragon): Halves {
  const place = element('div', { className: 'halves' });
  container.append(place);
  // Side by side, panels begin closed: open ones would cover half of what is compared.
  let isDivided = false;
  const options = () => ({ controlCollapsed: isDivided });
  const first = half(place, osd, { navigator: true, options });
  let second: ReturnType<typeof half> | undefined;
  let part = () => {};

  const divide = () => {
    second = half(place, osd, { navigator: false, options });
    part = keepTogether([first.stage.viewer, second.stage.viewer]);
    return second;
  };
  const unite = () => {
    part();
    second?.remove();
    second = undefined;
    first.name(undefined);
  };
  return {
    cam: first.stage.cam,
    show(slide, model, other) {
      isDivided = other !== undefined;
      if (other === undefined) unite();
      first.stage.show(slide, model);
      if (other === undefined) return;
      const beside = second ?? divide();
      first.name(model);
      beside.name(other);
      beside.stage.show(slide, other);
    },
    showMessage(title, text, retry) {
      unite();
      first.stage.showMessage(title, text, retry);
    },
  };
}

function half(place: HTMLElement, osd: typeof OpenSeadragon, wishes: StageWishes) {
  const section = element('section', { className: 'half' });
  place.append(section);
  const stage = createStage(section, osd, wishes);
  return {
    stage,
    name(model: NamedModel | undefined) {
      if (model) section.ariaLabel = `Viewer of ${model.title}`;
      else section.removeAttribute('aria-label');
    },
    remove() {
      stage.destroy();
      section.remove();
    },
  };
}
