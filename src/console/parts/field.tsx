/** Fields of forms, each with its name and what may stand in it. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

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
  // Whether a number has to be whole is for the site to say.
  const bounds = type === 'number' ? ({ min: 0, step: 'any' } as const) : {};
  const id = useId();
  return (
    <Labelled {...{ id, label, hint }}>
      <input
        id={id}
        name={name}
        {...({ type } as { type: 'text' })}
        {...bounds}
        {...describedBy(id, hint)}
        defaultValue={value ?? ''}
        required={isRequired ?? false}
        autocomplete={type === 'password' ? 'new-password' : 'off'}
        autocapitalize="none"
        spellcheck={false}
      />
    </Labelled>
  );
}

/** Several lines, one thing in each. */
export function Lines({ label, name, hint, value }: FieldProps) {
  const id = useId();
  return (
    <Labelled {...{ id, label, hint }}>
      <textarea
        id={id}
        name={name}
        rows={3}
        {...describedBy(id, hint)}
        defaultValue={value ?? ''}
        spellcheck={false}
      />
    </Labelled>
  );
}

interface LabelledProps {
  /** Of what is labelled. */
  readonly id: string;
  readonly label: string;
  readonly hint: string | undefined;
  readonly children: ComponentChildren;
}

/** The hint is read after the name, and is no part of it. */
function Labelled({ id, label, hint, children }: LabelledProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

function describedBy(id: string, hint: string | undefined) {
  return hint ? { 'aria-describedby': `${id}-hint` } : {};
}

/** What stands in a field, without spaces around it; '' for nothing. */
export function readText(fields: FormData, name: string): string {
  return ((fields.get(name) ?? '') as string).trim();
}

/** Of a field of date and time, which is read by the clock of whoever looks; ISO 8601. */
export function readTime(fields: FormData, name: string): string | undefined {
  const text = readText(fields, name);
  return text ? new Date(text).toISOString() : undefined;
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

interface FilterProps {
  readonly label: string;
  /** What is shown where nothing is written. */
  readonly placeholder: string;
  readonly onChange: (text: string) => void;
}

/** Narrows a list down as soon as somebody has written. */
export function Filter({ label, placeholder, onChange }: FilterProps) {
  return (
    <label class="field">
      {label}
      <input
        placeholder={placeholder}
        autocapitalize="none"
        spellcheck={false}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
    </label>
  );
}
