package enginetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// front lets one request at a time through to an engine without locks. Receives
// wait here, asking again and again, so that they hold up nobody; one whose
// client has gone takes no notice away from others.
type front struct {
	engine string
	client http.Client
	turn   sync.Mutex
}

// askAgain is how often a waiting receive asks the engine.
const askAgain = 50 * time.Millisecond

// oneAtATime serves in front of an engine until the process ends.
func oneAtATime(endpoint string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{
		Handler:           &front{engine: endpoint, client: http.Client{Timeout: time.Minute}},
		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = server.Serve(listener) }() // ends with the process
	return "http://" + listener.Addr().String(), nil
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	body, wait := withoutWait(r, body)
	deadline := time.Now().Add(wait)
	for {
		answer, err := f.ask(r, body)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if !answer.empty() || time.Now().After(deadline) {
			answer.write(w)
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(askAgain):
		}
	}
}

// withoutWait takes the wait out of a receive. What it waits for could not be
// sent while it had its turn.
func withoutWait(r *http.Request, body []byte) ([]byte, time.Duration) {
	var receive map[string]any
	if r.Header.Get("X-Amz-Target") != "AmazonSQS.ReceiveMessage" || json.Unmarshal(body, &receive) != nil {
		return body, 0
	}
	wait, _ := receive["WaitTimeSeconds"].(float64)
	receive["WaitTimeSeconds"] = 0
	short, err := json.Marshal(receive)
	if err != nil {
		return body, 0
	}
	return short, time.Duration(wait) * time.Second
}

// ask gives the request its turn. One that was begun is finished: the engine
// would carry it out all the same.
func (f *front) ask(r *http.Request, body []byte) (answer, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	if err := r.Context().Err(); err != nil {
		return answer{}, err
	}
	request, err := http.NewRequest(r.Method, f.engine+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header = r.Header.Clone()
	response, err := f.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	return answer{response, said}, err
}

// answer is what the engine said.
type answer struct {
	*http.Response
	body []byte
}

// empty reports whether it is a receive's that found no notice.
func (a answer) empty() bool {
	var received struct{ Messages []json.RawMessage }
	return a.Request.Header.Get("X-Amz-Target") == "AmazonSQS.ReceiveMessage" &&
		a.StatusCode == http.StatusOK && json.Unmarshal(a.body, &received) == nil && len(received.Messages) == 0
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.StatusCode)
	_, _ = w.Write(a.body) // a client that has gone is nobody's fault
}
