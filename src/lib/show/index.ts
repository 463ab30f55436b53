/** What a notebook shows: charts, tables, images, progress; each as one bundle that every reader's page can draw. */
import { inNotebook } from './display';
import { showProgress } from './progress-bar';
import { frameBundle } from './table';

export { type AttributionGridOptions, type AttributionRow, attributionGrid } from './attribution-grid';
export { type BarsOptions, bars, dots } from './bars';
export type { Axis, ChartLook, DataRow, PaperValue, Spread } from './channel';
export {
  type ChartOptions,
  chart,
  chartBundle,
  type LiveChart,
  type LiveChartOptions,
  liveChart,
  type Spec,
} from './chart';
export { type DecisionMapOptions, type DecisionPanel, decisionMap } from './decision-map';
export { type Bundle, type Displayable, display, markdown } from './display';
export type { Facet } from './facets';
export { type HeatMapOptions, heatMap } from './heat-map';
export { type HistogramOptions, histogram, normalCurve } from './histogram';
export { type ImageGridOptions, type Images, imageGrid } from './image-grid';
export { type LinesOptions, lines } from './lines';
export { type OverSeedsOptions, overSeeds } from './over-seeds';
export { showProgress } from './progress-bar';
export { type ScatterOptions, scatter } from './scatter';
export { type FrameLike, type TableOptions, table, tableBundle } from './table';

// In a notebook long work shows how far it is without being asked, and a data frame is a table.
if (inNotebook()) {
  showProgress();
  Object.assign(globalThis, { __tslabMimeBundle: frameBundle });
}
