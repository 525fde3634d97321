/** Which page is open: the path behind `/console/`, and its changes without loading anew. */
import { signal } from '@preact/signals';

const BASE = '/console';

export interface Place {
  /** Without the base and without slashes at its ends: `images/acme/app`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export const place = signal<Place>(readPlace());

/** The address of a page. @param path as in {@link Place} */
export function linkTo(path: string, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `${BASE}/${path}${search ? `?${search}` : ''}`;
}

/** Opens a page, with a way back. */
export function open(address: string): void {
  history.pushState(null, '', address);
  place.value = readPlace();
  window.scrollTo(0, 0);
}

/** Changes what the address says of the open page; the way back skips it. */
export function replace(address: string): void {
  history.replaceState(null, '', address);
  place.value = readPlace();
}

/** Links to pages of the console open them in place. */
export function followLinks(): void {
  window.addEventListener('popstate', () => (place.value = readPlace()));
  document.addEventListener('click', (event) => {
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!isPlain || !link || link.target !== '' || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    open(link.pathname + link.search);
  });
}

function readPlace(): Place {
  const path = location.pathname.slice(BASE.length).replace(/^\/+|\/+$/g, '');
  return { path: decode(path), query: new URLSearchParams(location.search) };
}

/** An address that somebody mistyped is a page that is not there, and breaks nothing. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
