/** Requests to the management API of a stand. */
import { type AuthStand, basic } from '../../../support/auth-stand.ts';

/** Sends to a route, such as `PUT /accounts/ann`; as the administrator, unless it is said. */
export function sender(stand: Pick<AuthStand, 'url'>) {
  return async (route: string, body?: unknown, as: Record<string, string> = basic('admin')) => {
    const [method = '', path = ''] = route.split(' ');
    const hasBody = body !== undefined && method !== 'GET';
    const answer = await fetch(`${stand.url}/api/v1${path}`, {
      method,
      headers: { ...as, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
      ...(hasBody ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    const { status, headers } = answer;
    return { status, headers, link: headers.get('link'), body: text && JSON.parse(text) };
  };
}
