/** Fields of forms, each with its name and what may stand in it. */
import type { ComponentChildren } from 'preact';

interface FieldProps {
  readonly label: string;
  /** Its key in the form's data. */
  readonly name: string;
  readonly hint?: string;
  readonly value?: string | number;
  readonly type?: string;
  readonly isRequired?: boolean;
}

export function Field({ label, name, hint, value, type = 'text', isRequired }: FieldProps) {
  return (
    <label class="field">
      {label}
      <input
        name={name}
        {...({ type } as { type: 'text' })}
        defaultValue={value ?? ''}
        required={isRequired ?? false}
        autocomplete={type === 'password' ? 'new-password' : 'off'}
        autocapitalize="none"
        spellcheck={false}
      />
      {hint && <small>{hint}</small>}
    </label>
  );
}

/** Several lines, one thing in each. */
export function Lines({ label, name, hint, value }: FieldProps) {
  return (
    <label class="field">
      {label}
      <textarea name={name} rows={3} defaultValue={value ?? ''} spellcheck={false} />
      {hint && <small>{hint}</small>}
    </label>
  );
}

export function readLines(text: FormDataEntryValue | null): string[] {
  return (text as string)
    .split(/[\n,]+/)
    .map((line) => line.trim())
    .filter(Boolean);
}

interface ChoiceProps {
  readonly label: string;
  /** The words beside it say already what it is for. */
  readonly isLabelUnseen?: boolean;
  readonly name: string;
  readonly value?: string;
  readonly onChange?: (value: string) => void;
  /** Words by value. */
  readonly options: Readonly<Record<string, string>>;
}

export function Choice({ label, isLabelUnseen, name, value, onChange, options }: ChoiceProps) {
  return (
    <label class="field">
      <span class={isLabelUnseen ? 'unseen' : ''}>{label}</span>
      <select
        name={name}
        value={value ?? ''}
        onChange={(event) => onChange?.(event.currentTarget.value)}
      >
        {Object.entries(options).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

interface CheckProps {
  readonly name: string;
  readonly value?: string;
  readonly isChecked?: boolean;
  readonly children: ComponentChildren;
}

export function Check({ name, value = 'on', isChecked, children }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" name={name} value={value} defaultChecked={isChecked ?? false} />
      {children}
    </label>
  );
}
