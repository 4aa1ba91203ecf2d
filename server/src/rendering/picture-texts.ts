import type { PatchCount } from '../../../shared/heatmap-descriptor.ts';
import { type PaintStyle, scaleEnds } from '../../../shared/painting/style.ts';
import { slideBreakdown } from '../heatmaps/breakdown.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { provenance } from '../heatmaps/provenance.ts';
import type { ShownHeatmap } from './exact-area.ts';

/** Classes that a picture's texts name. */
const MOST_NAMED = 12;

/** What a picture is of, and where it comes from, by the keywords of PNG's text chunks. */
export interface PictureTexts {
  Title: string;
  Description: string;
  Software: string;
  'Creation Time': string;
}

/**
 * @param slide what people call the slide
 * @param models what they call the model, and the one that it is compared with
 * @param patchesOf how many patches of a heatmap are known; those that are now unless given
 */
export async function pictureTexts(
  shown: ShownHeatmap,
  slide: string,
  models: readonly string[],
  patchesOf = (heatmap: Heatmap): PatchCount => slideBreakdown(heatmap).patches,
): Promise<PictureTexts> {
  const sources = shown.other ? [shown, shown.other] : [shown];
  const { software } = await provenance(shown.heatmap);
  return {
    Title: `${models.join(' minus ')} on ${slide}`,
    Description: [
      `${shown.style.mode}: ${namesOf(shown)}`,
      limitsOf(shown.style),
      ...sources.map(({ heatmap }, i) => {
        const { known, total } = patchesOf(heatmap);
        return `${known} of ${total} patches analysed${shown.other ? ` by ${models[i]}` : ''}`;
      }),
    ].join('; '),
    Software: `${software} (${sources.map(({ heatmap: { model, fingerprint } }) => `${model.engine}, ${fingerprint}`).join('; ')})`,
    'Creation Time': new Date().toISOString(),
  };
}

function namesOf({ heatmap, classes, style, other }: ShownHeatmap): string {
  const names = classes.map((index) => heatmap.model.classes[index].name);
  if (other) names.push(...other.classes.map((index) => other.heatmap.model.classes[index].name));
  // One class of two models is one name.
  if (style.mode === 'difference') return [...new Set(names)].join(' minus ');
  return `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ', ...' : ''}`;
}

function limitsOf(style: PaintStyle): string {
  const { score, threshold } = style;
  return `${score} ${scaleEnds(style).join(' to ')}${Number.isFinite(threshold) ? `, from ${threshold}` : ''}`;
}

/**
 * The texts as an XMP packet (ISO 16684-1), which every format of pictures has a place for, whatever letters they have.
 */
export function xmpOf({ Title, Description, Software, 'Creation Time': date }: PictureTexts): string {
  const translated = (text: string) => `<rdf:Alt><rdf:li xml:lang="x-default">${escapedXml(text)}</rdf:li></rdf:Alt>`;
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><dc:title>${translated(Title)}</dc:title><dc:description>${translated(Description)}</dc:description><xmp:CreatorTool>${escapedXml(Software)}</xmp:CreatorTool><xmp:CreateDate>${date}</xmp:CreateDate></rdf:Description></rdf:RDF></x:xmpmeta>`;
}

function escapedXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
