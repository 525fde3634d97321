/** Randomness, given to whoever needs it. */
import { randomBytes, randomUUID } from 'node:crypto';

export interface Randomness {
  uuid(): string;
  bytes(count: number): Buffer;
}

export const systemRandomness: Randomness = { uuid: randomUUID, bytes: randomBytes };
