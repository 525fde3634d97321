/** Answers of the API as a component uses them: once, or again and again while it is shown. */
import { type ReadonlySignal, type Signal, signal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { get } from './client.ts';

export interface Answer<T> {
  /** The last answer that came, also where a later one did not. */
  readonly data?: T;
  /** Why the last question was not answered. */
  readonly error?: Error;
}

export interface Asked<T> extends ReadonlySignal<Answer<T>> {
  /** Asks now. */
  readonly refresh: () => Promise<void>;
}

/** What was shown before is shown again at once, and then asked for anew. */
const known = new Map<string, Signal<Answer<never>>>();

/** Asks once for each path. */
export function useAnswer<T>(path: string): Asked<T> {
  return useLive<T>(path, 0);
}

/**
 * Asks again that long after each answer, as long as somebody can see it; then at once.
 *
 * @param everyMs 0 for once
 */
export function useLive<T>(path: string, everyMs: number): Asked<T> {
  const asked = useMemo(() => askFor<T>(path), [path]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const run = async () => {
      clearTimeout(timer);
      await asked.refresh();
      if (!isOver && everyMs > 0 && !document.hidden) timer = setTimeout(() => void run(), everyMs);
    };
    const onVisible = () => void (document.hidden || run());
    if (everyMs > 0) document.addEventListener('visibilitychange', onVisible);
    void run();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [asked, everyMs]);
  return asked;
}

/** Does something with each answer that comes. */
export function useEach<T>(asked: Asked<T>, take: (data: T) => void): void {
  useSignalEffect(() => {
    const { data } = asked.value;
    if (data !== undefined) take(data);
  });
}

/** Forgets all answers: they were for whoever was signed in. */
export function forgetAnswers(): void {
  known.clear();
}

function askFor<T>(path: string): Asked<T> {
  const answer: Signal<Answer<T>> = known.get(path) ?? signal({});
  known.set(path, answer as Signal<Answer<never>>);
  const refresh = async () => {
    try {
      answer.value = { data: await get<T>(path) };
    } catch (error) {
      answer.value = { ...answer.peek(), error: error as Error };
    }
  };
  return Object.assign(answer, { refresh });
}
