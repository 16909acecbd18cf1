package enginetest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestFrontLetsOneRequestThroughAtATime(t *testing.T) {
	var inside, most atomic.Int32
	endpoint := startFront(t, func(w http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), inside.Add(1)))
		<-time.After(time.Millisecond)
		inside.Add(-1)
		w.WriteHeader(http.StatusTeapot)
	})
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			answer, err := http.Get(endpoint)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusTeapot {
				t.Errorf("got status %d, want the engine's own", answer.StatusCode)
			}
		})
	}
	asking.Wait()
	if most.Load() != 1 {
		t.Errorf("%d requests were at the engine at once, want 1", most.Load())
	}
}

func TestFrontWaitsForANotice(t *testing.T) {
	var asked atomic.Int32
	endpoint := startFront(t, func(w http.ResponseWriter, _ *http.Request) {
		body := `{"Messages": []}`
		if asked.Add(1) == 3 {
			body = `{"Messages": [{}]}`
		}
		_, _ = w.Write([]byte(body))
	})
	answer, err := http.DefaultClient.Do(receiveRequest(t.Context(), t, endpoint))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if asked.Load() != 3 {
		t.Errorf("the engine was asked %d times, want until there was a notice", asked.Load())
	}
}

func TestFrontStopsWithItsClient(t *testing.T) {
	var asked atomic.Int32
	endpoint := startFront(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{}`))
	})
	ctx, cancel := context.WithTimeout(t.Context(), askAgain/2)
	defer cancel()
	_, err := http.DefaultClient.Do(receiveRequest(ctx, t, endpoint))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got error %v, want %v", err, context.DeadlineExceeded)
	}
	<-time.After(3 * askAgain)
	if asked.Load() > 2 {
		t.Errorf("the engine was asked %d times, want no more once the client has gone", asked.Load())
	}
}

func startFront(t *testing.T, engine http.HandlerFunc) (endpoint string) {
	t.Helper()
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	endpoint, err := oneAtATime(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

func receiveRequest(ctx context.Context, t *testing.T, endpoint string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(`{"WaitTimeSeconds": 5}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "AmazonSQS.ReceiveMessage")
	return request
}
