/** The door: name and password of an account of this cluster. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Refusal } from '../api/client.ts';
import { hasExpired, signIn } from '../api/session.ts';
import { explain } from '../parts/await.tsx';
import { Icon, Mark } from '../parts/icons.tsx';
import './sign-in.css';

export function SignIn() {
  useEffect(() => void (document.title = 'Sign in · Meridian'), []);
  return (
    <main class="door">
      <div class="card">
        <Mark />
        <h1>Sign in</h1>
        <p class="soft">
          to <strong>{location.host}</strong>, with your account of this registry
        </p>
        {hasExpired.value && (
          <div class="notice" role="status">
            <p>You were signed out. Sign in again to go on where you were.</p>
          </div>
        )}
        <SignInForm />
      </div>
    </main>
  );
}

function SignInForm() {
  const error = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  const name = useRef<HTMLInputElement>(null);
  useEffect(() => name.current?.focus(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    error.value = undefined;
    try {
      await signIn(form.get('name') as string, form.get('password') as string);
    } catch (cause) {
      error.value = describe(cause as Error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label class="field">
        Name
        <input ref={name} name="name" autocomplete="username" autocapitalize="none" required />
      </label>
      <label class="field">
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      {error.value && (
        <div class="notice ill" role="alert">
          <Icon name="warning" />
          <p>{error.value}</p>
        </div>
      )}
      <button type="submit" class="button main" disabled={isBusy.value}>
        Sign in
      </button>
    </form>
  );
}

/** The API says the same of a wrong name and of a wrong password. */
function describe(error: Error): string {
  if (!(error instanceof Refusal)) return explain(error);
  if (error.status === 401) return 'Name and password do not belong together. Try again.';
  if (error.status === 429) return 'Too many wrong passwords. Wait a few minutes and try again.';
  return explain(error);
}
