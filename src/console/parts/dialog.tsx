/** Dialogs: what asks before something is done, and forms that are opened by a button. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { explain } from './await.tsx';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icons.tsx';

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Words of the button that does it. */
  readonly action: string;
  readonly isDanger?: boolean;
  /** Is given the form's fields; the dialog stays, and says why, where it throws. */
  readonly onSubmit: (fields: FormData) => unknown;
  readonly onClose: () => void;
}

export function Dialog(props: DialogProps) {
  const { title, children, action, isDanger, onSubmit, onClose } = props;
  const element = useRef<HTMLDialogElement>(null);
  const error = useSignal<Error | undefined>(undefined);
  const isBusy = useSignal(false);
  useEffect(() => element.current?.showModal(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    try {
      await onSubmit(fields);
      onClose();
    } catch (cause) {
      error.value = cause as Error;
      isBusy.value = false;
    }
  };
  return (
    <dialog ref={element} aria-label={title} onClose={onClose}>
      <form class="form" onSubmit={(event) => void submit(event)}>
        <h2>{title}</h2>
        {children}
        {error.value && (
          <div class="notice ill" role="alert">
            <Icon name="warning" />
            <p>{explain(error.value)}</p>
          </div>
        )}
        <div class="line ends">
          <Button onPress={onClose}>Cancel</Button>
          <button
            type="submit"
            class={`button main ${isDanger ? 'danger' : ''}`}
            disabled={isBusy.value}
          >
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface DialogButtonProps extends Omit<DialogProps, 'onClose'> {
  /** Words of the button that opens it; those of the title where absent. */
  readonly words?: string;
  readonly icon?: IconName;
  readonly look?: 'main' | 'quiet' | 'danger';
  readonly isSquare?: boolean;
}

/** A button that opens a dialog. */
export function DialogButton({ words, icon, look, isSquare, ...dialog }: DialogButtonProps) {
  const isOpen = useSignal(false);
  return (
    <>
      <Button
        {...(icon ? { icon } : {})}
        {...(look ? { look } : {})}
        {...(isSquare ? { isSquare } : {})}
        onPress={() => (isOpen.value = true)}
      >
        {words ?? dialog.title}
      </Button>
      {isOpen.value && <Dialog {...dialog} onClose={() => (isOpen.value = false)} />}
    </>
  );
}

interface DeleteButtonProps {
  /** What goes, as in "Delete the tag v1". */
  readonly what: string;
  /** What that means. */
  readonly children: ComponentChildren;
  readonly words?: string;
  readonly isSquare?: boolean;
  readonly onDelete: () => unknown;
}

export function DeleteButton({ what, children, words, isSquare, onDelete }: DeleteButtonProps) {
  return (
    <DialogButton
      title={`Delete ${what}?`}
      words={words ?? `Delete ${what}`}
      icon="delete"
      look={isSquare ? 'quiet' : 'danger'}
      isSquare={isSquare === true}
      action="Delete"
      isDanger
      onSubmit={onDelete}
    >
      <p>{children}</p>
    </DialogButton>
  );
}
