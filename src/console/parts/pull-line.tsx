/** The line that pulls an image, to be copied. */
import { CopyButton } from './button.tsx';

/** The exact words for this site. */
export function PullLine({ image }: { readonly image: string }) {
  const line = `docker pull ${location.host}/${image}`;
  return (
    <div class="pull">
      <code>{line}</code>
      <CopyButton text={line} what="the pull line" />
    </div>
  );
}
