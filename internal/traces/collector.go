package traces

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	collected "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const patience = 5 * time.Second // for the collector's answer

// collector sends spans by OTLP over HTTP. The module that does so brings gRPC along,
// four megabytes for the sake of a few types; what it adds, tries again, is not worth
// them: a collector stands beside us, and lost spans are no harm.
type collector struct {
	url    string
	client *http.Client
}

var _ otlptrace.Client = collector{}

// Start implements otlptrace.Client.
func (collector) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c collector) Stop(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. TracesData is, on the wire, the collector's
// ExportTraceServiceRequest (opentelemetry-proto, trace.proto).
func (c collector) UploadTraces(ctx context.Context, spans []*collected.ResourceSpans) error {
	body, err := proto.Marshal(&collected.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encoding spans: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the collector: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the collector: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // the status is the answer
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the collector answered %d", answer.StatusCode)
	}
	return nil
}
