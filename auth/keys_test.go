package auth_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ptpu/auth"
	"ptpu/auth/authtest"
)

func TestANewKeyIsTakenAsSoonAsKeysMayBeFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		before := authority.Token()
		wantTaken(t, checker, before)
		authority.Rotate()
		after := authority.Token()
		time.Sleep(10*time.Second - time.Millisecond)
		wantRefused(t, checker, after, auth.ErrInvalidToken)
		w.wantAsked(t, 1)
		time.Sleep(time.Millisecond)
		wantTaken(t, checker, after)
		wantTaken(t, checker, before)
		w.wantAsked(t, 2)
	})
}

func TestAMinuteWithoutHMPPSAuthStopsNobody(t *testing.T) {
	for name, outage := range map[string]answer{
		"refused": broken, "silent": silent, "failing": says(http.StatusServiceUnavailable, nil),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority, w, checker := wired(t)
				running(t, checker)
				before := authority.Token()
				time.Sleep(9 * time.Minute)
				authority.Rotate()
				after := authority.Token()
				w.answers(outage)
				for range 60 { // over the time when the keys are to be refreshed
					wantAtOnce(t, checker, before)
					wantRefused(t, checker, after, auth.ErrInvalidToken)
					wantAtOnce(t, checker, before)
					time.Sleep(2 * time.Second)
				}
				w.answers(nil)
				time.Sleep(10 * time.Second)
				wantTaken(t, checker, after)
				wantAtOnce(t, checker, before)
			})
		})
	}
}

func TestAPodThatNobodyCalledYetHasKeysInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		running(t, checker)
		w.answers(broken)
		time.Sleep(time.Hour)
		wantAtOnce(t, checker, authority.Token())
	})
}

func TestWithoutAnyKeysNobodyCanTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		w.answers(broken)
		token := authority.Token()
		wantRefused(t, checker, token, auth.ErrUnavailable)
		wantRefused(t, checker, "no.token", auth.ErrInvalidToken)
		w.answers(nil)
		time.Sleep(9 * time.Second)
		wantRefused(t, checker, token, auth.ErrUnavailable)
		w.wantAsked(t, 1)
		time.Sleep(time.Second)
		wantTaken(t, checker, token)
		w.wantAsked(t, 2)
	})
}

func TestAStartWithoutHMPPSAuthGetsItsKeysLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		w.answers(broken)
		running(t, checker)
		time.Sleep(time.Minute - time.Second)
		w.wantAsked(t, 6)
		w.answers(nil)
		time.Sleep(2 * time.Second)
		wantAtOnce(t, checker, authority.Token())
		w.wantAsked(t, 7)
	})
}

func TestBadTokensCannotHammerHMPPSAuth(t *testing.T) {
	for name, outage := range map[string]answer{"in order": nil, "broken": broken} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority, w, checker := wired(t)
				good := authority.Token()
				wantTaken(t, checker, good)
				w.answers(outage)
				mutations := authority.Mutations()
				for round := range 6 { // of ten seconds
					for i := range 1000 {
						wantRefused(t, checker, mutations[i%len(mutations)].Token, auth.ErrInvalidToken)
						time.Sleep(10 * time.Millisecond)
					}
					wantAtOnce(t, checker, good)
					w.wantAsked(t, 1+round) // the first round falls into the pause after the first fetch
				}
			})
		})
	}
}

func TestABadSignatureAloneFetchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		good := authority.Token()
		wantTaken(t, checker, good)
		time.Sleep(time.Minute)
		for range 1000 {
			wantRefused(t, checker, good[:len(good)-10]+"AAAAAAAAAA", auth.ErrInvalidToken)
		}
		w.wantAsked(t, 1)
	})
}

// What is wrong whatever the keys are is known without them.
func TestAWrongFormFetchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		wrong := []string{
			"no token", "two parts", "a padded signature", "a token as long as a page", "the token in JSON's form", "no key id", "an empty key id",
			"algorithm none, no signature", "ES256", "RS512 with the right key", "a head that is not JSON", "a critical member that is known",
		}
		for _, m := range authority.Mutations() {
			if i := slices.Index(wrong, m.Name); i >= 0 {
				wrong = slices.Delete(wrong, i, i+1)
				wantRefused(t, checker, m.Token, auth.ErrInvalidToken)
			}
		}
		if len(wrong) > 0 {
			t.Errorf("there are no mutations %q", wrong)
		}
		w.wantAsked(t, 0)
	})
}

func TestManyWaitForTheSameFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		w.answers(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			return authority.Client().Transport.RoundTrip(r)
		})
		token, began := authority.Token(), time.Now()
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() { wantTaken(t, checker, token) })
		}
		calls.Wait()
		w.wantAsked(t, 1)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v, want the fetch's 2s", took)
		}
	})
}

func TestNobodyWaitsLongerThanAFetchMayTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		w.answers(silent)
		token := authority.Token()
		for _, want := range []time.Duration{5 * time.Second, 0} { // asks; is told what is known
			began := time.Now()
			wantRefused(t, checker, token, auth.ErrUnavailable)
			if took := time.Since(began); took != want {
				t.Errorf("waited %v, want %v", took, want)
			}
		}
	})
}

func TestACallerWhoLeavesTakesNobodyAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		w.answers(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(2 * time.Second):
				return authority.Client().Transport.RoundTrip(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		token := authority.Token()
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := checker.Caller(bringing(token).WithContext(ctx)); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("the one who left: got error %v, want %v", err, auth.ErrUnavailable)
		}
		wantTaken(t, checker, token)
		w.wantAsked(t, 1)
	})
}

func TestAWithdrawnKeyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, w, checker := wired(t)
		running(t, checker)
		before := authority.Token()
		authority.Rotate()
		authority.Withdraw()
		time.Sleep(10*time.Minute - time.Millisecond)
		wantTaken(t, checker, before)
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		wantRefused(t, checker, before, auth.ErrInvalidToken)
		wantTaken(t, checker, authority.Token())
		w.wantAsked(t, 2)
	})
}

func TestAFailureIsToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority := authtest.New(t)
		w := &wire{authority: authority}
		w.answers(says(http.StatusOK, []byte("<html>Canaria</html>")))
		var mu sync.Mutex
		var told []string
		checker := configured(t, auth.Config{KeysURL: authority.KeysURL(), HTTP: &http.Client{Transport: w}, Stumbled: func(_ context.Context, err error) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, err.Error())
		}})
		running(t, checker)
		time.Sleep(3*time.Minute - time.Second)
		w.answers(nil)
		time.Sleep(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if len(told) != 3 {
			t.Errorf("told %q, want 3 times in 3 minutes", told)
		}
		if all := strings.Join(told, "\n"); !strings.Contains(all, "fetching the keys of hmpps-auth") || strings.Contains(all, "Canaria") {
			t.Errorf("told %q, want the step and nothing of the answer", all)
		}
	})
}
