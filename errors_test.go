package ptpu_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"ptpu"
)

func TestClassOfAFailure(t *testing.T) {
	call := func(kind error) error { return fmt.Errorf("reading: %w", &ptpu.CallError{Kind: kind}) }
	for name, c := range map[string]struct {
		err  error
		want ptpu.Class
	}{
		"no answer":              {call(ptpu.ErrUnavailable), ptpu.Transient},
		"a deadline":             {context.DeadlineExceeded, ptpu.Transient},
		"told to stop":           {context.Canceled, ptpu.Transient},
		"something unheard of":   {errors.New("?"), ptpu.Transient},
		"our credentials":        {call(ptpu.ErrDenied), ptpu.DeniedWholly},
		"this request":           {call(ptpu.ErrRefused), ptpu.RefusedHere},
		"an unexpected 404":      {call(ptpu.ErrNotFound), ptpu.RefusedHere},
		"an unexpected conflict": {call(ptpu.ErrConflict), ptpu.RefusedHere},
		"a refusal cut off by a deadline: nobody knows": {errors.Join(ptpu.ErrRefused, context.DeadlineExceeded), ptpu.Transient},
	} {
		if got := ptpu.ClassOf(c.err); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestACallErrorNamesTheCallAndKeepsItsCause(t *testing.T) {
	cause := errors.New("connection reset")
	err := error(&ptpu.CallError{Upstream: "community-api", Method: "PUT", Route: "/secure/offenders/crn/{crn}/nomsNumber", Kind: ptpu.ErrUnavailable, Cause: cause})
	if want := "community-api PUT /secure/offenders/crn/{crn}/nomsNumber: unavailable: connection reset"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if !errors.Is(err, cause) || !errors.Is(err, ptpu.ErrUnavailable) {
		t.Error("kind or cause cannot be found in the error")
	}
}

func TestWhatWaitsSaysWhenItIsDue(t *testing.T) {
	now := created.Add(2 * time.Hour)
	ripe := message(ptpu.ImprisonmentStatusChanged)
	resting := ripe
	resting.Due = now.Add(1)
	overdue := resting
	overdue.DeleteBy = now.Add(-time.Second)
	for name, c := range map[string]struct {
		waiting           ptpu.Waiting
		message, anything bool
	}{
		"nothing":                   {ptpu.Waiting{}, false, false},
		"a resting message":         {ptpu.Waiting{Messages: []ptpu.Message{resting}}, false, false},
		"a ripe one beside it":      {ptpu.Waiting{Messages: []ptpu.Message{resting, ripe}}, true, true},
		"one past its delete-by":    {ptpu.Waiting{Messages: []ptpu.Message{overdue}}, false, true},
		"a domain event":            {ptpu.Waiting{Announcements: []ptpu.Announcement{{Due: now}}}, false, true},
		"a domain event that rests": {ptpu.Waiting{Announcements: []ptpu.Announcement{{Due: now.Add(1)}}}, false, false},
		"an open write":             {ptpu.Waiting{OpenWrites: []ptpu.OpenWrite{{Due: now}}}, false, true},
		"an open write that rests":  {ptpu.Waiting{OpenWrites: []ptpu.OpenWrite{{Due: now.Add(1)}}}, false, false},
	} {
		if got := c.waiting.MessageDue(now); got != c.message {
			t.Errorf("%s: message due %t, want %t", name, got, c.message)
		}
		if got := c.waiting.AnythingDue(now); got != c.anything {
			t.Errorf("%s: anything due %t, want %t", name, got, c.anything)
		}
	}
}

func TestClaimsCountStartsUntilAnOrderlyEnd(t *testing.T) {
	first := ptpu.Claim{BookingID: 1}.Next("a")
	if !first.Held() || first.Term != 1 || first.Starts != 1 {
		t.Errorf("the first claim is %+v", first)
	}
	first.Version, first.Message = 7, "m1"
	second := first.Next("b")
	if second.Owner != "b" || second.Term != 2 || second.Starts != 2 || second.Version != 7 || second.Message != "" {
		t.Errorf("a claim after one that never ended is %+v", second)
	}
	ended := second.Released()
	if ended.Held() || ended.Version != 7 || ended.Term != 2 {
		t.Errorf("an ended claim is %+v", ended)
	}
	if third := ended.Next("a"); third.Starts != 1 || third.Term != 3 || !third.Held() {
		t.Errorf("a claim after an orderly end is %+v", third)
	}
}
