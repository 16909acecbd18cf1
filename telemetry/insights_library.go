package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/microsoft/ApplicationInsights-Go/appinsights"
	"github.com/microsoft/ApplicationInsights-Go/appinsights/contracts"
)

// This file is all that knows Microsoft's library, whose repository is archived.
// The library's contracts say what an event looks like on its way, its defaults
// where it goes. Its channel is not used, because it cannot be bounded or ended:
//   - each batch that is to be tried again keeps a goroutine and a payload, in
//     any number; after three tries it is given up, and nobody is told
//   - while the endpoint asks to be left alone, events are lost uncounted; and
//     it may ask so only by a date
//   - waiting for a next try is not cut short by Close, and Close leaves a
//     goroutine behind that waits for ever, for an answer that its throttle does
//     not give
//
// So batches are written, compressed and sent here, as the library does it.

// serviceName is how Application Insights and traces know ptpu.
const serviceName = "prison-to-probation-update"

const (
	// postTime is the deadline of one request, to the last byte of its answer.
	postTime = 10 * time.Second
	// longestAnswer is how much of an answer is read: a fault for each event of
	// a batch fits.
	longestAnswer = 1 << 20
)

// courier takes batches to the ingestion endpoint.
type courier struct {
	connection
	version, instance string
	transport         http.RoundTripper // follows no redirect, being no client
}

// post sends the batch once. It returns by the deadline, or soon after ctx ends.
func (c courier) post(ctx context.Context, batch []tracked) answer {
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	request, err := c.request(ctx, batch)
	if err != nil {
		return answer{err: err, refused: len(batch)}
	}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return answer{err: err, again: batch}
	}
	defer response.Body.Close()
	// The status decides; a body that breaks off is read as far as it goes.
	body, _ := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	return judge(batch, response.StatusCode, response.Header, body, time.Now())
}

// request is the batch as one line of JSON for each event, compressed.
func (c courier) request(ctx context.Context, batch []tracked) (*http.Request, error) {
	var body bytes.Buffer
	compressed := gzip.NewWriter(&body)
	lines := json.NewEncoder(compressed)
	for _, t := range batch {
		if err := lines.Encode(c.envelope(t)); err != nil {
			return nil, fmt.Errorf("writing event %s: %w", t.event.Name, err)
		}
	}
	if err := compressed.Close(); err != nil {
		return nil, fmt.Errorf("compressing events: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(), &body)
	if err != nil {
		return nil, fmt.Errorf("addressing events: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-json-stream")
	request.Header.Set("Content-Encoding", "gzip")
	return request, nil
}

// address is where batches go: below the ingestion endpoint, or to the library's
// default when the key came without one.
func (c courier) address() string {
	if c.endpoint == nil {
		return appinsights.NewTelemetryConfiguration(c.key).EndpointUrl
	}
	return c.endpoint.JoinPath("v2", "track").String()
}

// envelope is the event as Application Insights takes it.
func (c courier) envelope(t tracked) *contracts.Envelope {
	event := contracts.NewEventData()
	event.Name, event.Properties = t.event.Name, t.event.Properties
	event.Sanitize() //nolint:misspell // The library's word: it cuts what is longer than Application Insights takes.

	data := contracts.NewData()
	data.BaseType, data.BaseData = event.BaseType(), event

	tags := contracts.ContextTags{}
	tags.Cloud().SetRole(serviceName)
	tags.Application().SetVer(c.version)
	if c.instance != "" {
		tags.Cloud().SetRoleInstance(c.instance)
	}
	if t.traceID != "" {
		tags.Operation().SetId(t.traceID)
	}
	contracts.SanitizeTags(tags)

	envelope := contracts.NewEnvelope()
	envelope.Name = event.EnvelopeName(strings.ReplaceAll(c.key, "-", ""))
	envelope.IKey = c.key
	envelope.Time = t.at.UTC().Format("2006-01-02T15:04:05.999999Z")
	envelope.Tags, envelope.Data = tags, data
	return envelope
}

// pool keeps the connection to the ingestion endpoint. Its timeouts are those
// that a request's own deadline does not give.
func pool() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		IdleConnTimeout:        50 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
