/** What came of what somebody did, at the edge of the page and read aloud. */
import { Button } from './button.tsx';
import { Icon } from './icons.tsx';
import { dismiss, reports } from './report.ts';

export function Reports() {
  return (
    <div class="reports" role="status">
      {reports.value.map(({ id, look, text }) => (
        <div key={id} class={`notice ${look}`}>
          <Icon name={look === 'well' ? 'done' : 'warning'} />
          <span>{text}</span>
          <Button look="quiet" isSquare icon="close" onPress={() => dismiss(id)}>
            Dismiss
          </Button>
        </div>
      ))}
    </div>
  );
}
