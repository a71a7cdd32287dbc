// Traces of every request with OpenTelemetry: npm install @fastify/otel @opentelemetry/sdk-trace-node, then
// node --import ./examples/tracing.js node_modules/.bin/latchkey serve
// A host app does the same, or registers `instrumentation.plugin()` before Latchkey. Spans are printed here; to send them elsewhere, give
// the processor another exporter, such as @opentelemetry/exporter-trace-otlp-http.
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'

const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] })
provider.register()

const instrumentation = new FastifyOtelInstrumentation({
  registerOnInitialization: true,
  // A query may contain secrets or personal data: id_token_hint, login_hint, a misplaced token
  requestHook: (span, request) => { span.setAttribute('url.path', request.url.split('?')[0]) }
})
instrumentation.setTracerProvider(provider)
