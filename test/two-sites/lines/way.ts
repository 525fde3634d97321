/** One direction of a connection on a line: what goes in comes out later, in order. */
import type { Socket } from 'node:net';

export interface WayOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** From one end to the other. */
  readonly delayMs: number;
  /** Nothing sets out before, by `performance.now()`. */
  readonly opensAtMs: number;
  /** Told the bytes that were put in, and that some came out. */
  readonly onTaken: (bytes: number) => void;
  readonly onGiven?: () => void;
}

/** Bytes, or how the sender ended: in order, or by breaking off. */
type Parcel = Buffer | 'end' | 'break';

/** So much may be under way: about what the window of one connection holds. */
const MOST_UNDER_WAY_BYTES = 4 * 1024 * 1024;

export class Way {
  readonly #options: WayOptions;
  readonly #underWay: { readonly dueMs: number; readonly parcel: Parcel }[] = [];
  #bytesUnderWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;
  /** Whether the receiver has to take what it was given before it gets more. */
  #isBehind = false;

  constructor(options: WayOptions) {
    this.#options = options;
    const { from, to } = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#take('end'));
    from.on('close', () => !from.readableEnded && this.#take('break'));
    const goOn = () => {
      this.#isBehind = false;
      this.#steer();
    };
    to.on('drain', goOn).on('close', goOn);
  }

  /** What is under way stays there, and nothing more is taken. */
  hold(): void {
    this.#isHeld = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#steer();
  }

  pass(): void {
    this.#isHeld = false;
    this.#give();
  }

  #take(parcel: Parcel): void {
    const { delayMs, opensAtMs, onTaken } = this.#options;
    if (parcel instanceof Buffer) {
      this.#bytesUnderWay += parcel.length;
      onTaken(parcel.length);
    }
    this.#underWay.push({ dueMs: Math.max(performance.now(), opensAtMs) + delayMs, parcel });
    if (this.#timer === undefined) this.#give();
    else this.#steer();
  }

  /** Gives what is due, and comes back for what is not. */
  #give(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let first = this.#underWay[0]; first && !this.#isHeld; first = this.#underWay[0]) {
      const waitMs = first.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#give(), waitMs);
        break;
      }
      this.#underWay.shift();
      this.#hand(first.parcel);
    }
    this.#steer();
  }

  #hand(parcel: Parcel): void {
    const { to, onGiven } = this.#options;
    if (parcel === 'break') to.destroy();
    else if (parcel === 'end') to.end();
    else {
      this.#bytesUnderWay -= parcel.length;
      onGiven?.();
      if (to.writable && !to.write(parcel)) this.#isBehind = true;
    }
  }

  #steer(): void {
    const { from } = this.#options;
    const isFull = this.#bytesUnderWay >= MOST_UNDER_WAY_BYTES;
    if (this.#isHeld || this.#isBehind || isFull) from.pause();
    else from.resume();
  }
}
