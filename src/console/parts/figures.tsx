/** Figures at a glance. */
import type { ComponentChildren } from 'preact';

export function Figures({ children }: { readonly children: ComponentChildren }) {
  return <dl class="card figures">{children}</dl>;
}

interface FigureProps {
  readonly name: string;
  readonly look?: 'well' | 'ill' | 'warn';
  readonly children: ComponentChildren;
}

export function Figure({ name, look, children }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={look ?? ''}>{children}</dd>
    </div>
  );
}

/** How much of something is done, as a bar; the words beside it say it to everybody else. */
export function Meter({ percent, look = '' }: { percent: number | null; look?: string }) {
  return (
    <span class={`meter ${look}`} aria-hidden="true">
      <span style={{ width: `${percent ?? 0}%` }} />
    </span>
  );
}
