/** Tells what came of what somebody did. */
import { signal } from '@preact/signals';

export interface Report {
  readonly id: number;
  readonly look: 'well' | 'ill';
  readonly text: string;
}

/** Good news goes by itself; bad news stays until somebody has read it. */
const SHOWN_MS = 6000;

export const reports = signal<readonly Report[]>([]);
let lastId = 0;

export function report(look: Report['look'], text: string): void {
  const id = ++lastId;
  reports.value = [...reports.value, { id, look, text: toSentence(text) }];
  if (look === 'well') setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  reports.value = reports.value.filter((one) => one.id !== id);
}

/** The API's messages begin with a small letter and end without a stop. */
export function toSentence(text: string): string {
  const whole = /[.!?…]$/.test(text) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}
