package auth

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// The rhythm of fetching keys.
const (
	// fetchPause lies between the beginnings of two fetches, whatever tokens
	// come in: anybody can make up a token with an unknown key id.
	fetchPause = 10 * time.Second
	// fetchTimeout is the deadline of a fetch, and so the longest that a caller
	// waits.
	fetchTimeout = 5 * time.Second
	// keysAge is after how long keys are fetched although nobody misses one. A
	// key that hmpps-auth has withdrawn is taken for that long.
	keysAge = 10 * time.Minute
	// tellPause lies between two complaints of fetches that fail.
	tellPause = time.Minute
)

// keys are those of hmpps-auth by their ids. The last good ones stay in use
// until others could be fetched: an outage there must be none here.
type keys struct {
	address  string
	http     *http.Client
	stumbled func(context.Context, error)

	mu       sync.Mutex
	byID     map[string]*oidc.IDTokenVerifier // nil: there were never any
	got      time.Time                        // when they came; zero: they never did
	asked    time.Time                        // when the last fetch began
	told     time.Time                        // when somebody was last told of a failure
	fetching chan struct{}                    // closed when the fetch under way has ended; nil: none is
}

func newKeys(c Config) *keys {
	client := *c.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	k := &keys{address: c.KeysURL.String(), http: &client, stumbled: c.Stumbled}
	if k.stumbled == nil {
		k.stumbled = func(context.Context, error) {}
	}
	return k
}

// find is what checks the tokens of a key. An unknown id has the keys fetched,
// as far as the pause allows; only such a caller waits, if it likes.
func (k *keys) find(ctx context.Context, id string, wait bool) (*oidc.IDTokenVerifier, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, known := k.byID[id]; known {
		return key, nil
	}
	if fetching := k.fetch(ctx); fetching != nil && wait {
		k.mu.Unlock()
		select {
		case <-fetching:
		case <-ctx.Done():
		}
		k.mu.Lock()
	}
	if key, known := k.byID[id]; known {
		return key, nil
	}
	if k.byID == nil {
		return nil, ErrUnavailable
	}
	return nil, invalid("it names an unknown key")
}

// refresh has the keys fetched if they are old, and says when to look again.
func (k *keys) refresh(ctx context.Context) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if age := time.Since(k.got); age < keysAge {
		return keysAge - age
	}
	k.fetch(ctx)
	return fetchPause
}

// retryAfter is in how many whole seconds the keys may be fetched again.
func (k *keys) retryAfter() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(1, int(math.Ceil((fetchPause - time.Since(k.asked)).Seconds())))
}

// fetch is the fetch under way, begun now if there is none and the pause is
// over; nil if it is not. It outlives the caller who began it, because others
// wait for it too. The lock is held.
func (k *keys) fetch(ctx context.Context) <-chan struct{} {
	if k.fetching == nil && time.Since(k.asked) >= fetchPause {
		k.asked = time.Now()
		k.fetching = make(chan struct{})
		go k.finish(context.WithoutCancel(ctx), k.fetching)
	}
	return k.fetching
}

func (k *keys) finish(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	fetched, err := fetchKeys(ctx, k.http, k.address)
	if tell := k.keep(fetched, err); tell {
		k.stumbled(ctx, fmt.Errorf("fetching the keys of hmpps-auth: %w", err))
	}
}

// keep ends a fetch: good keys take the place of the others, all at once.
func (k *keys) keep(fetched map[string]*oidc.IDTokenVerifier, err error) (tell bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fetching = nil
	if err == nil {
		k.byID, k.got = fetched, time.Now()
		return false
	}
	tell = time.Since(k.told) >= tellPause
	if tell {
		k.told = time.Now()
	}
	return tell
}
