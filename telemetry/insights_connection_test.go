package telemetry_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"ptpu/telemetry"
)

func TestAConnectionStringSaysWhereEventsGo(t *testing.T) {
	const key = "InstrumentationKey=" + instrumentationKey
	for _, c := range []struct{ text, want string }{
		{key + ";IngestionEndpoint=https://ingest.example/", "https://ingest.example/v2/track"},
		{key + ";IngestionEndpoint=https://ingest.example", "https://ingest.example/v2/track"},
		{key + ";IngestionEndpoint=https://ingest.example:8443/below/", "https://ingest.example:8443/below/v2/track"},
		{
			"IngestionEndpoint=https://ingest.example/;LiveEndpoint=https://live.example/;ApplicationId=1;" + key,
			"https://ingest.example/v2/track",
		},
		{" instrumentationkey = " + instrumentationKey + " ;; INGESTIONENDPOINT = https://ingest.example/ ; ", "https://ingest.example/v2/track"},
		{"InstrumentationKey=" + strings.ToUpper(instrumentationKey) + ";IngestionEndpoint=https://ingest.example/", "https://ingest.example/v2/track"},
		{key + ";IngestionEndpoint=http://localhost:9999/", "http://localhost:9999/v2/track"},
		{key + ";IngestionEndpoint=http://127.0.0.1:9999/", "http://127.0.0.1:9999/v2/track"},
		{key + ";IngestionEndpoint=http://[::1]:9999/", "http://[::1]:9999/v2/track"},
	} {
		if err := telemetry.CheckConnectionString(c.text); err != nil {
			t.Errorf("%s: got error %v, want none", c.text, err)
		}
		if got := target(t, c.text); got != c.want {
			t.Errorf("%s: events go to %s, want %s", c.text, got, c.want)
		}
	}
}

func TestAKeyAloneMeansThePublicEndpoint(t *testing.T) {
	got := target(t, "InstrumentationKey="+instrumentationKey)
	if !strings.HasPrefix(got, "https://") || !strings.HasSuffix(got, ".com/v2/track") {
		t.Errorf("events go to %q, want a public address", got)
	}
}

// target is where an event is sent.
func target(t *testing.T, text string) string {
	t.Helper()
	var mu sync.Mutex
	var got string
	i, _ := newInsights(t, telemetry.InsightsConfig{ConnectionString: text, Transport: transport(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		got = r.URL.String()
		mu.Unlock()
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	})})
	i.Track(traceID, numbered(0), happened)
	closeInsights(t, i)
	mu.Lock()
	defer mu.Unlock()
	return got
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestABadConnectionStringIsRefusedWithoutShowingIt(t *testing.T) {
	const secret = instrumentationKey
	key := "InstrumentationKey=" + secret
	for _, c := range []struct{ text, names string }{
		{"", "InstrumentationKey: want a GUID"},
		{"IngestionEndpoint=https://ingest.example/", "InstrumentationKey: want a GUID"},
		{secret, "part 1: want name=value"},
		{key + ";" + secret, "part 2: want name=value"},
		{key + "0", "InstrumentationKey: want a GUID"},
		{"InstrumentationKey={" + secret + "}", "InstrumentationKey: want a GUID"},
		{"InstrumentationKey=" + strings.ReplaceAll(secret, "-", ""), "InstrumentationKey: want a GUID"},
		{"InstrumentationKey=" + secret[:35] + "z", "InstrumentationKey: want a GUID"},
		{key + ";instrumentationkey=" + secret, "part 2: its name was there before"},
		{key + ";IngestionEndpoint=ingest.example", "IngestionEndpoint: want an absolute URL"},
		{key + ";IngestionEndpoint=ftp://ingest.example", "IngestionEndpoint: want an absolute URL"},
		{key + ";IngestionEndpoint=https://", "IngestionEndpoint: want an absolute URL"},
		{key + ";IngestionEndpoint=http://ingest.example/", "IngestionEndpoint: want https"},
		{key + ";IngestionEndpoint=http://localhost.example/", "IngestionEndpoint: want https"},
		{key + ";IngestionEndpoint=https://me:" + secret + "@ingest.example/", "IngestionEndpoint: want no user"},
		{key + ";IngestionEndpoint=https://ingest.example/?key=" + secret, "IngestionEndpoint: want no query"},
		{key + ";IngestionEndpoint=https://ingest.example/%zz" + secret, "IngestionEndpoint: not a URL"},
		{key + ";IngestionEndpoint=", "IngestionEndpoint: want an absolute URL"},
		{key + ";EndpointSuffix=ingest.example", "EndpointSuffix: want IngestionEndpoint"},
	} {
		i, err := telemetry.NewInsights(telemetry.InsightsConfig{ConnectionString: c.text, Version: "1.2.3"})
		if err == nil || i != nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: got error %v, want one that says %q", c.text, err, c.names)
			continue
		}
		if strings.Contains(err.Error(), secret[:8]) {
			t.Errorf("%s: the error shows the key: %v", c.text, err)
		}
		if checked := telemetry.CheckConnectionString(c.text); checked == nil || checked.Error() != err.Error() {
			t.Errorf("%s: CheckConnectionString says %v, NewInsights %v; want the same", c.text, checked, err)
		}
	}
}

func TestAllFaultsOfAConnectionStringAreNamed(t *testing.T) {
	err := telemetry.CheckConnectionString("InstrumentationKey=mine;IngestionEndpoint=http://ingest.example/;what")
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"InstrumentationKey", "IngestionEndpoint", "part 3"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s too", err, want)
		}
	}
}
