/** Lists that come page by page. */
import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { getPage } from '../api/client.ts';
import { Trouble, Waiting } from './await.tsx';
import { Button } from './button.tsx';

interface Loaded<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

export interface Pages<Item> {
  readonly loaded: Signal<Loaded<Item> | undefined>;
  readonly error: Signal<Error | undefined>;
  /** Begins again from the first page. */
  readonly refresh: () => Promise<void>;
  readonly more: () => Promise<void>;
}

/** @param key names the list in the answer */
export function usePages<Item>(key: string, path: string): Pages<Item> {
  const loaded = useSignal<Loaded<Item> | undefined>(undefined);
  const error = useSignal<Error | undefined>(undefined);
  const load = async (address: string, before: readonly Item[]) => {
    try {
      const { items, next } = await getPage<Item>(key, address);
      loaded.value = { items: [...before, ...items], ...(next ? { next } : {}) };
      error.value = undefined;
    } catch (cause) {
      error.value = cause as Error;
    }
  };
  const refresh = () => load(path, []);
  const more = async () => {
    const { items = [], next } = loaded.peek() ?? {};
    if (next) await load(next, items);
  };
  useEffect(() => void refresh(), [path]);
  return { loaded, error, refresh, more };
}

interface ListedProps<Item> {
  readonly pages: Pages<Item>;
  readonly children: (items: readonly Item[]) => ComponentChildren;
}

/** What came so far, with a button for more. */
export function Listed<Item>({ pages, children }: ListedProps<Item>) {
  const { loaded, error, refresh, more } = pages;
  return (
    <>
      {error.value && <Trouble error={error.value} onRetry={refresh} />}
      {loaded.value ? children(loaded.value.items) : !error.value && <Waiting />}
      {loaded.value?.next && (
        <p class="inside">
          <Button icon="down" onPress={more}>
            Show more
          </Button>
        </p>
      )}
    </>
  );
}
