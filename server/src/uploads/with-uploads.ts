import type { Catalogue } from '../catalogue.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import { isUploadId } from './upload-names.ts';
import type { Uploads } from './uploads.ts';

/** A catalogue whose ids may be those of uploads too, which it lists to nobody. */
export function catalogueWithUploads(catalogue: Catalogue, uploads: Uploads): Catalogue {
  return {
    list: (part) => catalogue.list(part),
    resolve: async (id) => (isUploadId(id) ? uploads.use(id).file : catalogue.resolve(id)),
    folders: () => [...(catalogue.folders?.() ?? []), ...uploads.folders()],
  };
}

/** A source that has everything of uploads kept where it is removed with them. */
export function sourceWithUploads(source: HeatmapSource, uploads: Uploads): HeatmapSource {
  const sourceOf = (file: string) => uploads.ofFile(file)?.source ?? source;
  return {
    slideHeader: (file) => sourceOf(file).slideHeader(file),
    slide: (file) => sourceOf(file).slide(file),
    model: (file) => source.model(file),
    async heatmap(slideFile, modelFile, options, address) {
      const upload = uploads.ofFile(slideFile);
      if (!upload) return source.heatmap(slideFile, modelFile, options, address);
      const heatmap = await upload.source.heatmap(slideFile, modelFile, options, address);
      uploads.opened(upload, heatmap);
      return heatmap;
    },
    close: () => source.close(),
  };
}
