package upstream

import (
	"context"
	"net/http"
)

// keptSamples is how many are kept. Trials take them in turn, so that the one
// record which an upstream cannot deal with does not keep a circuit open.
const keptSamples = 8

// sample is a request that may be made again to see whether an upstream works.
// It reads, and its answer is thrown away.
type sample struct {
	request *http.Request
	via     guard
}

// send makes the request again, as a call of its own.
func (s sample) send(ctx context.Context) (*http.Response, error) {
	request, ok := rewound(s.request.WithContext(ctx))
	if !ok {
		return nil, errBody
	}
	return identify{next: s.via, userAgent: request.UserAgent()}.RoundTrip(request)
}

// samples are the last safe requests to an upstream: those that worked, and
// only while none ever has, those that did not.
type samples struct {
	kept   []sample
	worked bool
	turn   int
}

func (s *samples) empty() bool { return len(s.kept) == 0 }

func (s *samples) add(one sample, worked bool) {
	if s.worked && !worked {
		return
	}
	if worked && !s.worked {
		s.kept, s.worked = nil, true
	}
	// What belonged to the call must not live on with the sample.
	one.request = one.request.WithContext(context.Background())
	if len(s.kept) == keptSamples {
		copy(s.kept, s.kept[1:])
		s.kept = s.kept[:keptSamples-1]
	}
	s.kept = append(s.kept, one)
}

// next is the one whose turn it is.
func (s *samples) next() sample {
	s.turn++
	return s.kept[s.turn%len(s.kept)]
}

func (c *Circuit) remember(s sample, worked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state() != HalfOpen { // or who waits on a trial would find others
		c.samples.add(s, worked)
	}
}
