/** What an administrator asked for and cannot have. */
import { RegistryError } from '../../oci/error.ts';

/** @param status 400, or 409 where it is only too much or too late */
export function refusal(message: string, status: 400 | 409 = 400): RegistryError {
  return new RegistryError('UNSUPPORTED', { status, message });
}
