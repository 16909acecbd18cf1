// Package queuetest is the contract of ptpu/queue as tests. Each backend runs
// them:
//
//	queuetest.Exercise(t, func(t *testing.T, spec queuetest.Spec) queuetest.Queues { ... })
package queuetest

import (
	"cmp"
	"testing"
	"time"

	"ptpu/queue"
)

// Spec is what the queues must be opened with.
type Spec struct {
	// MaxReceives is how often Main delivers a notice before it goes to Dead;
	// 0 = for ever.
	MaxReceives int
}

// Queues are two empty queues of one backend.
type Queues struct {
	Main, Dead queue.Queue
	// Differs names the cases that an engine which stands in for SQS cannot
	// pass, and how it differs from what AWS documents. They are skipped.
	Differs map[string]string
	// Tick is the finest that the engine divides time, and what a case waits
	// for a visibility to run out; 0 = a second, as SQS.
	Tick time.Duration
}

const (
	long     = time.Minute      // a visibility that no case sees the end of
	patience = 10 * time.Second // for what must come
)

// Exercise runs the contract against a backend. Each case opens queues of its
// own.
func Exercise(t *testing.T, open func(t *testing.T, spec Spec) Queues) {
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"delivery", deliveryCases},
		{"hand", handCases},
		{"dead letters", deadLetterCases},
		{"whole queue", queueCases},
		{"invalid", invalidCases},
	} {
		for _, c := range group.cases {
			name := group.name + "/" + c.name
			t.Run(name, func(t *testing.T) {
				t.Parallel() // some wait for a visibility to run out
				queues := open(t, Spec{MaxReceives: c.maxReceives})
				if how := queues.Differs[name]; how != "" {
					t.Skip(how)
				}
				queues.Tick = cmp.Or(queues.Tick, time.Second)
				c.run(t, queues)
			})
		}
	}
}

type testCase struct {
	name        string
	maxReceives int
	run         func(*testing.T, Queues)
}
