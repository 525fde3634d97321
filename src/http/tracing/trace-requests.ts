/**
 * Tells of each request as a span of a trace. What the caller says of its own trace is taken over,
 * and a secondary passes the request on to its primary with the span of its own as the parent.
 */
import { routeOf } from '../count-requests.ts';
import { matchPath } from '../match-path.ts';
import type { Listener } from '../server.ts';

export interface AskedRequest {
  readonly method: string;
  /** The row of the routes table; never the path itself. */
  readonly route: string;
  /** Without the query, which may hold a signed state (A26i). */
  readonly path: string;
  readonly repository?: string;
  /** What the caller says, unproven. @see https://www.w3.org/TR/trace-context/ */
  readonly traceparent?: string;
}

export interface RequestSpan {
  /** What whoever is asked in turn is told. */
  readonly traceparent: string;
  end(status: number): void;
}

export interface RequestTracer {
  begin(asked: AskedRequest): RequestSpan;
}

/** The same listener, with each of its requests told to the tracer. */
export function traceRequests(listener: Listener, tracer: RequestTracer): Listener {
  return (request, response) => {
    const { url = '', method = '', headers } = request;
    const path = url.split('?', 1)[0]!;
    const name = path.startsWith('/v2/') ? matchPath(path)?.name : undefined;
    const given = headers['traceparent'];
    const span = tracer.begin({
      method,
      route: routeOf(url),
      path,
      ...(name ? { repository: name } : {}),
      ...(typeof given === 'string' ? { traceparent: given } : {}),
    });
    headers['traceparent'] = span.traceparent;
    response.once('close', () => span.end(response.statusCode));
    return listener(request, response);
  };
}
