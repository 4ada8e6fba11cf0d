// Package traces follows one request over its tasks, by OpenTelemetry: a request's
// span, its trace in the outbox row of every task that it causes, the task's span in
// whatever process carries it out, and so on from there (ADR 27). Spans name routes,
// task types and hosts; nothing personal is in them.
package traces

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Header is the header of a task, and the column of the outbox, in which a trace
// travels, in the form of W3C Trace Context.
const Header = "traceparent"

const scope = "beian"

// Tracer begins spans. A nil one, and one without a collector, begins none.
type Tracer struct {
	provider oteltrace.TracerProvider
	stop     func(context.Context) error
}

// New sends spans to the OTLP collector at url (OTLP over HTTP, such as
// "http://127.0.0.1:4318"); empty sends none. How many requests are sampled, and
// the size of batches, are the OTEL_* variables of the specification. lost hears why
// spans did not arrive.
func New(ctx context.Context, url, version string, lost func(error)) (*Tracer, error) {
	if url == "" {
		return &Tracer{provider: noop.NewTracerProvider(), stop: func(context.Context) error { return nil }}, nil
	}
	exporter, err := otlptrace.New(ctx, collector{url: url + "/v1/traces", client: &http.Client{Timeout: patience}})
	if err != nil {
		return nil, fmt.Errorf("opening the exporter of traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(lost)) // the only way to hear of it
	about := resource.NewSchemaless(attribute.String("service.name", scope), attribute.String("service.version", version))
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	return &Tracer{provider: provider, stop: provider.Shutdown}, nil
}

// Stop sends what is left.
func (t *Tracer) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.stop(ctx)
}

func (t *Tracer) start(ctx context.Context, name string, options ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if t == nil {
		return ctx, noop.Span{}
	}
	return t.provider.Tracer(scope).Start(ctx, name, options...)
}

// Request begins the span of a request to a route's pattern and returns what ends it. A
// caller's own trace is not taken up: whoever is outside would decide what is sampled
// here.
func (t *Tracer) Request(r *http.Request, route string) (*http.Request, func(status int)) {
	ctx, span := t.start(r.Context(), r.Method+" "+route, oteltrace.WithNewRoot(), oteltrace.WithSpanKind(oteltrace.SpanKindServer),
		oteltrace.WithAttributes(attribute.String("http.request.method", r.Method), attribute.String("http.route", route)))
	return r.WithContext(ctx), func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Task begins the span of a delivery, below the span that caused the task, and
// returns what ends it.
func (t *Tracer) Task(ctx context.Context, kind, queue, id string, headers map[string]string) (context.Context, func(outcome string)) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier(headers))
	ctx, span := t.start(ctx, kind, oteltrace.WithSpanKind(oteltrace.SpanKindConsumer), oteltrace.WithAttributes(
		attribute.String("messaging.system", "asynq"), attribute.String("messaging.operation.type", "process"),
		attribute.String("messaging.destination.name", queue), attribute.String("messaging.message.id", id)))
	return ctx, func(outcome string) {
		span.SetAttributes(attribute.String("beian.outcome", outcome))
		if outcome == "error" {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Carried is the trace of ctx as it travels with a task; empty when nobody records it.
func Carried(ctx context.Context) string {
	if !oteltrace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[Header]
}

// ID is the trace of ctx as a log line names it; empty when nobody records it.
func ID(ctx context.Context) string {
	span := oteltrace.SpanContextFromContext(ctx)
	if !span.IsSampled() {
		return ""
	}
	return span.TraceID().String()
}

// Outgoing gives the calls of a transport a span each, with host and status and no
// more: paths and queries of providers may hold phone numbers. The others hear
// nothing of our traces.
func Outgoing(next http.RoundTripper) http.RoundTripper { return outgoing{next} }

type outgoing struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (o outgoing) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	ctx, span := oteltrace.SpanFromContext(ctx).TracerProvider().Tracer(scope).Start(ctx, r.Method,
		oteltrace.WithSpanKind(oteltrace.SpanKindClient), oteltrace.WithAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Hostname())))
	defer span.End()
	answer, err := o.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		span.SetStatus(codes.Error, "no answer")
		return nil, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
	if answer.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return answer, nil
}
