/**
 * Traces by OpenTelemetry, sent as OTLP over HTTP. Loaded only where an address is configured; the
 * further `OTEL_` variables (headers, sampler) are read by its own packages.
 */
import {
  type Context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { VERSION } from '../config/version.ts';
import type { AskedRequest, RequestSpan, RequestTracer } from '../http/tracing/trace-requests.ts';
import type { Closable } from '../wire.ts';

/** > version "-" trace-id "-" parent-id "-" trace-flags (Trace Context, 3.2.2) */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})/;
const PATH = '/v1/traces';

/** @param endpoint of a collector; `/v1/traces` is put behind it */
export function openTraces(endpoint: string, site: string): RequestTracer & Closable {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}${PATH}` });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'meridian',
      'service.version': VERSION,
      'service.instance.id': site,
      'meridian.site': site,
    }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('meridian', VERSION);
  const begin = ({ method, route, path, repository, traceparent }: AskedRequest): RequestSpan => {
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'url.path': path,
      ...(repository ? { 'meridian.repository': repository } : {}),
    };
    const options = { kind: SpanKind.SERVER, attributes };
    const span = tracer.startSpan(`${method} ${route}`, options, parentOf(traceparent));
    return {
      traceparent: printParent(span.spanContext()),
      end: (status) => {
        span.setAttribute('http.response.status_code', status);
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  };
  return { begin, close: () => provider.shutdown() };
}

function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function printParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
