/** What stands around each page: the way to all others, and who is signed in. */
import { useSignal, useSignalEffect } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Session, signOut } from './api/session.ts';
import { findPage, PAGES, type PageEntry } from './pages/pages.ts';
import { Trouble, Waiting } from './parts/await.tsx';
import { Button } from './parts/button.tsx';
import { Icon, type IconName, Mark } from './parts/icons.tsx';
import { linkTo, place } from './router.ts';
import { chooseTheme, THEMES, theme } from './theme.ts';

interface FrameProps {
  readonly session: Session;
}

export function Frame({ session }: FrameProps) {
  const pages = PAGES.filter(({ isForAll }) => isForAll || session.isAdministrator);
  const page = findPage(pages, place.value.path);
  return (
    <div class="frame">
      <a class="button skip" href="#page">
        Skip to the page
      </a>
      <Side session={session} pages={pages} open={page} />
      <OpenPage key={page.path} page={page} />
    </div>
  );
}

interface SideProps extends FrameProps {
  readonly pages: readonly PageEntry[];
  readonly open: PageEntry;
}

/** On a phone it is a bar with a menu, which closes when a page is chosen. */
function Side({ session, pages, open }: SideProps) {
  const isOpen = useSignal(false);
  useSignalEffect(() => {
    void place.value;
    isOpen.value = false;
  });
  return (
    <header class={`side ${isOpen.value ? 'open' : ''}`}>
      <a class="brand" href={linkTo('')}>
        <Mark />
        <span>
          Meridian
          <small>{location.host}</small>
        </span>
      </a>
      <button
        type="button"
        class="button quiet square menu"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <Icon name={isOpen.value ? 'close' : 'menu'} />
        <span class="unseen">Menu</span>
      </button>
      <nav aria-label="Pages">
        {pages.map((page) => (
          <a
            key={page.path}
            href={linkTo(page.path)}
            {...(page === open ? { 'aria-current': 'page' } : {})}
          >
            <Icon name={page.icon} />
            {page.name}
          </a>
        ))}
      </nav>
      <Who account={session.account} />
    </header>
  );
}

function Who({ account }: { readonly account: string }) {
  return (
    <div class="who">
      <div class="line">
        <span class="cut">{account}</span>
        <span class="far">
          <Button look="quiet" isSquare icon="leave" onPress={signOut}>
            Sign out
          </Button>
        </span>
      </div>
      <Themes />
    </div>
  );
}

export function Themes() {
  const names: Record<string, IconName> = { system: 'system', light: 'light', dark: 'dark' };
  return (
    <fieldset class="themes">
      <legend class="unseen">Colours</legend>
      {THEMES.map((one) => (
        <label key={one} title={one}>
          <input
            class="unseen"
            type="radio"
            name="theme"
            checked={theme.value === one}
            onChange={() => chooseTheme(one)}
          />
          <Icon name={names[one]!} />
          <span class="unseen">{one}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Loads the page where it is not loaded yet, and tells its name to whoever cannot see it. */
function OpenPage({ page }: { readonly page: PageEntry }) {
  const loaded = useSignal<{ readonly Page?: FunctionComponent; readonly error?: Error }>({});
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${page.name} · Meridian`;
    const show = (Page: FunctionComponent) => (loaded.value = { Page });
    page.load().then(show, (error: Error) => (loaded.value = { error }));
    if (document.activeElement !== document.body) main.current?.focus();
  }, []);
  const { Page, error } = loaded.value;
  return (
    <main id="page" class="page" tabIndex={-1} ref={main}>
      {Page && <Page />}
      {error && <Trouble error={error} />}
      {!Page && !error && <Waiting />}
    </main>
  );
}
