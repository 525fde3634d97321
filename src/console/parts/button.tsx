/** Buttons, and what becomes of what they begin. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons.tsx';
import { report } from './report.ts';

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly icon?: IconName;
  /** `main` for the one thing to do, `quiet` beside others, `danger` for what cannot be undone. */
  readonly look?: 'main' | 'quiet' | 'danger' | 'main danger';
  /** Shows the icon alone; the words are read aloud. */
  readonly isSquare?: boolean;
  readonly isDisabled?: boolean;
  /** What it begins; while that is under way, it is not begun again. Its failure is told. */
  readonly onPress: () => unknown;
}

export function Button(props: ButtonProps) {
  const isBusy = useSignal(false);
  const press = async () => {
    isBusy.value = true;
    try {
      await props.onPress();
    } catch (error) {
      report('ill', (error as Error).message);
    } finally {
      isBusy.value = false;
    }
  };
  const { look = '', isSquare, icon, children } = props;
  return (
    <button
      type="button"
      class={`button ${look} ${isSquare ? 'square' : ''}`}
      disabled={props.isDisabled || isBusy.value}
      onClick={() => void press()}
    >
      {icon && <Icon name={icon} />}
      <span class={isSquare ? 'unseen' : ''}>{children}</span>
    </button>
  );
}

/** A button that puts a text where it can be pasted from. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const isDone = useSignal(false);
  const copy = async () => {
    await copyText(text);
    isDone.value = true;
    report('well', `${what} was copied.`);
  };
  return (
    <Button look="quiet" isSquare icon={isDone.value ? 'done' : 'copy'} onPress={copy}>
      Copy {what}
    </Button>
  );
}

/** Browsers have `navigator.clipboard` where the site is reached by https or on this machine. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  throw new Error('This browser copies only from sites with https: mark the text and copy it.');
}
