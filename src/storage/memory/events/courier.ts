/** Memory maker of `Courier`: what is posted goes to a function of this process. */
import type { Courier, Letter, Reception } from '../../events/courier.ts';

export class MemoryCourier implements Courier {
  readonly #receive: (letter: Letter) => Promise<Reception> | Reception;

  constructor(receive: (letter: Letter) => Promise<Reception> | Reception) {
    this.#receive = receive;
  }

  async findFault(url: string): Promise<string | undefined> {
    return URL.canParse(url) ? undefined : 'is no URL';
  }

  async post(letter: Letter, signal: AbortSignal): Promise<Reception> {
    return signal.aborted ? { failure: 'broken' } : this.#receive(letter);
  }
}
