/** Lines over time, by uPlot. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './plot.css';

export interface Plot {
  /** Columns of equal length: times in seconds since 1970, then one for each name. */
  show(columns: readonly (readonly (number | null)[])[]): void;
  end(): void;
}

interface Options {
  readonly names: readonly string[];
  /** Prints a value for people. */
  readonly print: (value: number) => string;
}

const HEIGHT = 220;

/** Less is not shown: two moments make no line. */
const LEAST_SECONDS = 120;

/** Below it, neighbouring lines of the grid would have the same words. */
const LEAST_TOP = 1000;

/** Far apart in hue, alike in weight. */
const HUES = [263, 158, 60, 320, 200, 22];

export function drawPlot(place: HTMLElement, { names, print }: Options): Plot {
  const style = getComputedStyle(place);
  const series = names.map((label, index) => ({
    label,
    stroke: () => colourOf(place, index),
    width: 2,
    fill: () => colourOf(place, index, 0.1),
    points: { show: false },
    value: (_: uPlot, value: number | null) => (value === null ? '–' : print(value)),
  }));
  const font = `12px ${style.fontFamily}`;
  const inkOf = (name: string) => () => getComputedStyle(place).getPropertyValue(name);
  const axis = { font, stroke: inkOf('--plot-ink'), ticks: { show: false } };
  const grid = { stroke: inkOf('--plot-line'), width: 1 };
  const axes: uPlot.Axis[] = [
    { ...axis, grid: { show: false }, values: (_, times) => times.map(printTime) },
    { ...axis, grid, size: 84, values: (_, values) => values.map(print) },
  ];
  const scales: uPlot.Scales = {
    x: { range: (_, from, to) => spanOf(from, to) },
    y: { range: (_, _low, high) => [0, Math.max(high * 1.1, LEAST_TOP)] },
  };
  const size = () => ({ width: place.clientWidth, height: HEIGHT });
  const options = {
    ...size(),
    series: [{ value: '{HH}:{mm}:{ss}' }, ...series],
    axes,
    scales,
    cursor: { y: false },
  };
  const plot = new uPlot(options, [[]], place);
  const watcher = new ResizeObserver(() => plot.setSize(size()));
  watcher.observe(place);
  return {
    show: (columns) => plot.setData(columns as uPlot.AlignedData),
    end: () => {
      watcher.disconnect();
      plot.destroy();
    },
  };
}

/** At the very beginning nothing has a time yet. */
function spanOf(from: number | null, to: number | null): [number, number] {
  const end = to ?? Date.now() / 1000;
  return [Math.min(from ?? end, end - LEAST_SECONDS), end];
}

function printTime(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

/** Canvas knows no custom properties, so they are read when it is drawn. */
function colourOf(place: HTMLElement, index: number, opacity = 1): string {
  const lightness = getComputedStyle(place).getPropertyValue('--plot-lightness');
  return `oklch(${lightness} 0.16 ${HUES[index % HUES.length]} / ${opacity})`;
}
