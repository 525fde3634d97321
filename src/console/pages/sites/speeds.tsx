/** Throughput over time, a line for each site that copies; its plot is loaded when it is shown. */
import { useEffect, useRef } from 'preact/hooks';
import type { Site } from '../../api/sites.ts';
import { printDuration, printSpeed } from '../../parts/amounts.ts';
import type { Plot } from '../../parts/plot.ts';
import { history } from './history.ts';

export function Speeds({ sites }: { readonly sites: readonly Site[] }) {
  const names = sites
    .filter(({ status }) => status?.role !== 'primary')
    .map(({ name }) => name)
    .join(' ');
  return (
    <section class="card">
      <header>
        <h2>Throughput</h2>
        <span class="soft small">{describeSpan()}</span>
      </header>
      <div class="inside">
        <SpeedPlot key={names} names={names === '' ? [] : names.split(' ')} />
      </div>
    </section>
  );
}

function describeSpan(): string {
  const [first] = history.value;
  const seconds = first ? Math.max(Date.now() / 1000 - first.at, 1) : 1;
  return `as seen in this browser, for ${printDuration(Math.round(seconds))}`;
}

function SpeedPlot({ names }: { readonly names: readonly string[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const moments = history.value;
  useEffect(() => {
    let isOver = false;
    const draw = async () => {
      const { drawPlot } = await import('../../parts/plot.ts');
      if (isOver || !place.current) return;
      plot.current = drawPlot(place.current, { names, print: printSpeed });
      plot.current.show(toColumns(names));
    };
    void draw();
    return () => {
      isOver = true;
      plot.current?.end();
    };
  }, []);
  useEffect(() => plot.current?.show(toColumns(names)), [moments]);
  return <div class="plot" ref={place} role="img" aria-label={describeSpeeds(names)} />;
}

/** The last figures, for whoever cannot see the lines. */
function describeSpeeds(names: readonly string[]): string {
  const last = history.value.at(-1)?.bytesPerSecond ?? {};
  const words = names.map((name) => `${name} ${printSpeed(last[name] ?? 0)}`).join(', ');
  return `Throughput over time. Now: ${words}`;
}

function toColumns(names: readonly string[]): (number | null)[][] {
  const moments = history.peek();
  const times = moments.map(({ at }) => at);
  return [times, ...names.map((name) => moments.map((one) => one.bytesPerSecond[name] ?? null))];
}
