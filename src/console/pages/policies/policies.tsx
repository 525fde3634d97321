/** Policies: how much room there is, which tags stay as they are, and which need not be kept. */
import { Protections } from './protections.tsx';
import { Quotas } from './quotas.tsx';
import { Retentions } from './retentions.tsx';

export function Policies() {
  return (
    <>
      <header>
        <div>
          <h1>Policies</h1>
          <p>Each holds for all that lies at or below its path, at every site.</p>
        </div>
      </header>
      <Quotas />
      <Protections />
      <Retentions />
    </>
  );
}
