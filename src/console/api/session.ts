/** Who is signed in at this site. */
import { effect, signal } from '@preact/signals';
import { get, keepCsrfToken, refusedSignIns, send } from './client.ts';

export interface Session {
  readonly account: string;
  /** Whether the account administers the whole registry; others see images and themselves. */
  readonly isAdministrator: boolean;
}

interface NewSession extends Session {
  readonly csrfToken: string;
}

/** `undefined` while it is not known yet, `null` for nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether somebody was signed in, and is not any more without having asked for it. */
export const hasExpired = signal(false);

const PATH = '/api/v1/session';

/** Asks once, when the console is opened, and then watches for answers that say it is over. */
export async function restoreSession(): Promise<void> {
  try {
    begin(await get<NewSession>(PATH));
  } catch {
    session.value = null;
  }
  const refusedBefore = refusedSignIns.value;
  effect(() => {
    if (refusedSignIns.value === refusedBefore || !session.peek()) return;
    hasExpired.value = true;
    session.value = null;
  });
}

/** @throws Refusal for a wrong name or password, or too many of them */
export async function signIn(account: string, password: string): Promise<void> {
  begin((await send<NewSession>('POST', PATH, { account, password }))!);
  hasExpired.value = false;
}

export async function signOut(): Promise<void> {
  await send('DELETE', PATH);
  session.value = null;
}

function begin({ csrfToken, ...opened }: NewSession): void {
  keepCsrfToken(csrfToken);
  session.value = opened;
}
