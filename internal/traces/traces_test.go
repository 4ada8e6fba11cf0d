package traces

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// recording is a tracer whose spans a test reads.
func recording() (*Tracer, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	return &Tracer{provider: trace.NewTracerProvider(trace.WithSpanProcessor(recorder))}, recorder
}

func TestATraceTravelsInAHeader(t *testing.T) {
	t.Parallel()
	tracer, recorder := recording()
	r, answered := tracer.Request(httptest.NewRequest(http.MethodPost, "/secret/path?q=1", nil), "/secret/:id")
	header := Carried(r.Context())
	if len(header) != 55 || !strings.Contains(header, ID(r.Context())) {
		t.Fatalf("%q of %q", header, ID(r.Context()))
	}
	ctx, worked := tracer.Task(context.Background(), "transfer:apply", "account", "id", map[string]string{Header: header})
	if ID(ctx) != ID(r.Context()) || Carried(ctx) == header {
		t.Errorf("the task's trace is %s", ID(ctx))
	}
	worked("error")
	answered(503)
	spans := recorder.Ended()
	if spans[0].Parent().SpanID() != spans[1].SpanContext().SpanID() || spans[1].Name() != "POST /secret/:id" ||
		spans[0].Status().Code.String() != "Error" || spans[1].Status().Code.String() != "Error" {
		t.Errorf("%+v", spans)
	}
	for _, a := range spans[1].Attributes() {
		if strings.Contains(a.Value.String(), "path") {
			t.Errorf("%v tells the path", a)
		}
	}
}

func TestWithoutACollectorNothingIsCarried(t *testing.T) {
	t.Parallel()
	off, err := New(t.Context(), "", "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tracer := range []*Tracer{off, nil} {
		r, answered := tracer.Request(httptest.NewRequest(http.MethodGet, "/", nil), "/")
		ctx, worked := tracer.Task(r.Context(), "a:b", "account", "id", map[string]string{Header: "nonsense"})
		if Carried(ctx) != "" || ID(ctx) != "" {
			t.Errorf("carried %q", Carried(ctx))
		}
		worked("done")
		answered(200)
		if err := tracer.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestOthersHearNothingOfATrace(t *testing.T) {
	t.Parallel()
	tracer, recorder := recording()
	var heard http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard = r.Header
		w.WriteHeader(http.StatusTeapot)
	}))
	client := &http.Client{Transport: Outgoing(http.DefaultTransport)}
	ctx, worked := tracer.Task(context.Background(), "notice:send", "notify", "id", nil)
	ask := func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/send?phone=13900139000", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if err := ask(); err == nil {
		t.Error("a closed server answers")
	}
	worked("done")
	if heard.Get(Header) != "" || heard.Get("tracestate") != "" || heard.Get("baggage") != "" {
		t.Errorf("%v", heard)
	}
	spans := recorder.Ended()
	if len(spans) != 3 || spans[0].Parent().SpanID() != spans[2].SpanContext().SpanID() || spans[1].Status().Description != "no answer" {
		t.Fatalf("%+v", spans)
	}
	for _, a := range append(slices.Clone(spans[0].Attributes()), spans[1].Attributes()...) {
		if strings.Contains(a.Value.String(), "13900139000") {
			t.Errorf("%v tells the query", a)
		}
	}
}

func TestACollectorThatRefusesIsToldOf(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(server.Close)
	lost := make(chan error, 10)
	tracer, err := New(t.Context(), server.URL, "test", func(err error) { lost <- err })
	if err != nil {
		t.Fatal(err)
	}
	_, answered := tracer.Request(httptest.NewRequest(http.MethodGet, "/", nil), "/")
	answered(200)
	err = tracer.Stop(t.Context())
	if err == nil && len(lost) > 0 {
		err = <-lost
	}
	if err == nil || !strings.Contains(errors.Unwrap(err).Error()+err.Error(), "502") {
		t.Errorf("got %v", err)
	}
}
