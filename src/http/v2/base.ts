/** `GET /v2/` and the list of extensions. */
import { type Answer, jsonAnswer } from '../answer.ts';

/** > 200 OK … the registry implements this specification (end-1) */
export async function checkVersion(): Promise<Answer> {
  return jsonAnswer({});
}

/** Extensions that this registry offers, in the form of the extensions' discovery endpoint. */
export async function listExtensions(): Promise<Answer> {
  return jsonAnswer({
    extensions: [
      {
        name: '_catalog',
        url: 'https://distribution.github.io/distribution/spec/api/#listing-repositories',
        description: 'Lists the repositories that the caller may see',
        endpoints: ['/v2/_catalog'],
      },
    ],
  });
}
