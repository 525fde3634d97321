/** What stands where an answer should, until it is there or where it does not come. */
import type { ComponentChildren } from 'preact';
import { Refusal } from '../api/client.ts';
import type { Asked } from '../api/live.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icons.tsx';
import { toSentence } from './report.ts';

interface AwaitProps<T> {
  readonly asked: Asked<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** The last answer stays in sight where a newer one does not come. */
export function Await<T>({ asked, children }: AwaitProps<T>) {
  const { data, error } = asked.value;
  if (data === undefined && !error) return <Waiting />;
  return (
    <>
      {error && <Trouble error={error} onRetry={() => asked.refresh()} />}
      {data !== undefined && children(data)}
    </>
  );
}

export function Waiting() {
  return (
    <div class="waiting" aria-busy="true">
      <span class="unseen">Loading…</span>
    </div>
  );
}

interface TroubleProps {
  readonly error: Error;
  readonly onRetry?: () => unknown;
}

export function Trouble({ error, onRetry }: TroubleProps) {
  return (
    <div class="notice ill" role="alert">
      <Icon name="warning" />
      <p>{explain(error)}</p>
      {onRetry && (
        <Button look="quiet" icon="refresh" onPress={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** What went wrong and what to do. */
export function explain(error: Error): string {
  if (error instanceof TypeError) {
    return 'This site does not answer. It may be starting: the page asks again by itself.';
  }
  if (error instanceof Refusal && error.status === 403) {
    return 'Your account may not see this. Ask an administrator for a grant.';
  }
  return toSentence(error.message);
}

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  /** What to do, so that it is empty no longer. */
  readonly children: ComponentChildren;
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  );
}
