/** Images: the tree of their names at the left, one repository at the right. */

import { Empty } from '../../parts/await.tsx';
import { place } from '../../router.ts';
import './images.css';
import { Repository } from './repository.tsx';
import { Tree } from './tree.tsx';

export function Images() {
  const [, ...names] = place.value.path.split('/');
  const repository = names.join('/');
  return (
    <>
      <header>
        <div>
          <h1>Images</h1>
          <p>All that you may pull here, by group and project.</p>
        </div>
      </header>
      <div class={`panes ${repository ? 'chosen' : ''}`}>
        <Tree open={repository} />
        {repository ? <Repository key={repository} name={repository} /> : <Nothing />}
      </div>
    </>
  );
}

function Nothing() {
  return (
    <section class="card">
      <Empty icon="images" title="Choose a repository">
        Its tags, layers and the line that pulls it here will stand in this place.
      </Empty>
    </section>
  );
}
