/** The whole console: nobody signed in, or a page with its frame around it. */
import { effect, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { forgetAnswers } from './api/live.ts';
import { restoreSession, session } from './api/session.ts';
import { Frame } from './frame.tsx';
import { findPage, PAGES } from './pages/pages.ts';
import { SignIn } from './pages/sign-in.tsx';
import { Waiting } from './parts/await.tsx';
import { Reports } from './parts/reports.tsx';
import { followLinks, place } from './router.ts';

export function App() {
  const isReady = useSignal(false);
  useEffect(() => {
    followLinks();
    loadAhead();
    void restoreSession().then(() => (isReady.value = true));
    return effect(() => {
      if (session.value === null) forgetAnswers();
    });
  }, []);
  if (!isReady.value) return <Waiting />;
  return (
    <>
      {session.value ? <Frame session={session.value} /> : <SignIn />}
      <Reports />
    </>
  );
}

/** The page comes while the site is asked who looks. What fails is told where it is shown. */
function loadAhead(): void {
  findPage(PAGES, place.peek().path)
    .load()
    .catch(() => {});
}
