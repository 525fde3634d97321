/** A secret that was made just now, and that nobody can read again. */
import { CopyButton } from './button.tsx';

interface SecretProps {
  /** What it is, as in "The token". */
  readonly what: string;
  readonly text: string;
}

export function Secret({ what, text }: SecretProps) {
  return (
    <div class="inside" role="status">
      <div class="notice well secret">
        <div>
          <p>{`The ${what}, this once. Keep it where secrets are kept.`}</p>
          <code>{text}</code>
        </div>
        <CopyButton text={text} what={`the ${what}`} />
      </div>
    </div>
  );
}
