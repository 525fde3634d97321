/** Settings of what is told of requests beside the log and the metrics. */
import { optional } from './setting.ts';
import * as value from './values.ts';

export const TELEMETRY = {
  otlpEndpoint: optional({
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    kind: value.origin,
    group: 'The network',
    meaning:
      'Collector of traces, such as `http://127.0.0.1:4318`: a span for each request, with its ' +
      'route and repository, sent by OTLP over HTTP. Without it nothing of it is loaded. Other ' +
      '`OTEL_` variables, as for headers and the sampler, mean what they always do.',
  }),
};
