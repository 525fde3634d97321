/** The whole console: nobody signed in, or a page with its frame around it. */
import { effect, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { forgetAnswers } from './api/live.ts';
import { restoreSession, session } from './api/session.ts';
import { Frame } from './frame.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { Waiting } from './parts/await.tsx';
import { Reports } from './parts/reports.tsx';
import { followLinks } from './router.ts';

export function App() {
  const isReady = useSignal(false);
  useEffect(() => {
    followLinks();
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
