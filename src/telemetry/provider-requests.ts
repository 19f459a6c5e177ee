import type { Meter, Span, Tracer } from "@opentelemetry/api";
import type { ProviderRequest, ProviderRequestEnd, RequestObserver } from "../oidc/request-observer.js";
import { createHistogram } from "./instruments.js";
import { createBounded } from "./tally.js";

// Numbers of the API's enumerations, so that this loads nothing: SpanKind.CLIENT and SpanStatusCode.ERROR.
const clientSpan = 2;
const failedSpan = 2;

/** Times requests to providers, and makes a span of each (semantic conventions for HTTP clients). */
export function createProviderRequests(
  meter: Meter,
  tracer: Tracer | undefined,
): (component: string) => RequestObserver["providerRequest"] {
  const durations = createHistogram(meter, "vtb_setup.provider.request.duration");
  const boundedHost = createBounded();
  return (component) => (request) => {
    const { endpoint, method, url } = request;
    const about = {
      "vtb_setup.component": component,
      "vtb_setup.provider.endpoint": endpoint,
      "http.request.method": method,
      "server.address": boundedHost(url.hostname),
      "server.port": portOf(url),
    };
    const span = tracer && startSpan(tracer, request, about);
    const beganMs = performance.now();
    return (end) => {
      const result = resultOf(end);
      durations.record((performance.now() - beganMs) / 1000, { ...about, ...result });
      if (span) endSpan(span, result);
    };
  };
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

interface Result {
  readonly "http.response.status_code"?: number;
  readonly "error.type"?: string;
}

function resultOf(end: ProviderRequestEnd): Result {
  if (end.kind === "failed") return { "error.type": end.type };
  const { status } = end;
  return { "http.response.status_code": status, ...(status >= 400 && { "error.type": String(status) }) };
}

function startSpan(
  tracer: Tracer,
  { method, endpoint, url }: ProviderRequest,
  about: Record<string, string | number>,
): Span {
  return tracer.startSpan(`${method} ${endpoint}`, {
    kind: clientSpan,
    attributes: {
      ...about,
      // The host of the request itself: a span is no time series.
      "server.address": url.hostname,
      // Without the query, which may be secret.
      "url.full": url.origin + url.pathname,
    },
  });
}

function endSpan(span: Span, result: Result): void {
  span.setAttributes({ ...result });
  if (result["error.type"] !== undefined) span.setStatus({ code: failedSpan });
  span.end();
}
