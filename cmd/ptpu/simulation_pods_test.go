package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"ptpu/faulttest"
	"ptpu/listener"
	"ptpu/queue"
	"ptpu/scheduler"
	"ptpu/topic"
)

// pod is one pod: the service as main wires it, with everything that goes in and
// out of it under the faults and the ledger's eye.
type pod struct {
	name    string
	process *faulttest.Process
	ctx     context.Context //nolint:containedctx // A pod lives until it is told to end.
	end     context.CancelFunc
	service *service
	apis    upstreams
	seen    *observation

	// The earliest instants of its next steps.
	tick, receive time.Time
	keep          []time.Time // of each job
	busy          chan struct{}
	ending        bool // it was told to end
}

// start starts a pod.
func (s *simulation) startPod() {
	s.born++
	p := &pod{name: fmt.Sprintf("pod-%d", s.born)}
	p.ctx, p.end = context.WithCancel(context.WithoutCancel(s.t.Context()))
	p.process = s.faults.Process(p.name, p.end)
	b := *s.backend
	b.rows = p.process.Table(s.ledger.Table(p.name, s.rows))
	b.locks = p.process.Table(s.backend.locks)
	b.events = p.process.Queue(s.events, noticeName)
	b.deadLetters = p.process.Queue(s.dead, noticeName)
	b.topic = p.process.Topic(s.topic, func(m topic.Message) string { return m.Attributes["eventId"] })
	var err error
	if p.seen, err = observe(p.ctx, s.settings, nil, s.logs); err != nil {
		s.t.Fatal(err)
	}
	carrier := p.process.RoundTripper(s.ledger.RoundTripper(p.name, s.neighbours))
	if p.apis, err = upstreamsOver(carrier, s.settings, version, p.seen); err != nil {
		s.t.Fatal(err)
	}
	if p.service, err = newService(s.settings, &b, p.apis, p.seen.observer, p.seen); err != nil {
		s.t.Fatal(err)
	}
	s.running.Go(func() { p.service.watch(p.ctx) })
	now := time.Now()
	p.keep = make([]time.Time, len(p.service.jobs))
	for i, job := range p.service.jobs {
		p.keep[i] = now.Add(job.Every)
	}
	// Pods do not tick together.
	p.tick = now.Add(time.Duration(s.random.Int64N(int64(s.settings.ProcessorDelay))))
	s.pods, s.ends = append(s.pods, p), append(s.ends, p.end)
	s.troubled(now)
	s.mu.Lock()
	s.holds[p.name] = p.apis.noAttempt
	s.mu.Unlock()
	s.step("%s starts", p.name)
}

// noticeName names a notice by what is the same in every run.
func noticeName(n queue.Notice) string {
	id, ok := listener.IDOf(n.Body, n.Attributes)
	if !ok {
		return "unreadable"
	}
	return string(id)
}

// scrape is what the pod's metrics say.
func (p *pod) scrape() string {
	answer := httptest.NewRecorder()
	p.seen.metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), "GET", "/prometheus", nil))
	return answer.Body.String()
}

// gone takes a pod out. Its counters are kept as they are now.
func (s *simulation) gone(p *pod, why string) {
	s.scrapes = append(s.scrapes, p.scrape())
	for i, other := range s.pods {
		if other == p {
			s.pods = append(s.pods[:i:i], s.pods[i+1:]...)
		}
	}
	s.mu.Lock()
	delete(s.holds, p.name)
	s.mu.Unlock()
	s.step("%s %s", p.name, why)
}

// patience is how long the simulation waits for a step before others take
// theirs beside it.
const stepPatience = 2 * time.Second

// take has a pod take a step.
func (s *simulation) take(p *pod, what string, do func(ctx context.Context)) {
	s.step("%s %s", p.name, what)
	s.perhapsCut(p, strings.HasPrefix(what, "does"))
	p.busy = make(chan struct{})
	s.running.Go(func() {
		defer close(p.busy)
		do(p.ctx)
	})
	select {
	case <-p.busy:
		p.busy = nil
	case <-time.After(stepPatience):
	}
	s.look(p)
}

// look notes what has become of a pod meanwhile.
func (s *simulation) look(p *pod) {
	select {
	case cut := <-p.process.Cuts():
		s.cuts++
		s.ledger.Cut(p.name)
		switch cut.Kind {
		case faulttest.Killed:
			s.gone(p, fmt.Sprintf("is killed %s %s %s", cut.Moment, cut.Call.Op, cut.Call.Key))
			s.in(time.Duration(s.random.Int64N(int64(30*time.Second))), s.startPod)
			return
		case faulttest.Stopped:
			s.troubled(time.Now().Add(cut.For))
			s.step("%s stands still %s %s %s for %s", p.name, cut.Moment, cut.Call.Op, cut.Call.Key, cut.For)
		default:
			p.ending = true
			s.step("%s is told to end", p.name)
		}
	default:
	}
	if p.busy != nil {
		select {
		case <-p.busy:
			p.busy = nil
		default:
		}
	}
	if p.busy == nil && p.ending {
		s.gone(p, "has ended")
		s.in(time.Duration(s.random.Int64N(int64(5*time.Second))), s.startPod)
	}
}

// perhapsCut plans a cut within the next calls of the pod. In housekeeping it is
// only ever killed: when a process goes on and both its work and its lock's next
// renewal are over, chance decides which it sees first, and no seed does.
func (s *simulation) perhapsCut(p *pod, housekeeping bool) {
	if housekeeping {
		p.process.CutAt(0, faulttest.Cut{})
	}
	if s.cutting == 0 || time.Now().After(s.faultsEnd) || p.ending || s.random.Float64() >= s.cutting {
		return
	}
	cut := faulttest.Cut{Kind: faulttest.Killed, Moment: faulttest.Before}
	if s.random.IntN(2) == 0 {
		cut.Moment = faulttest.After
	}
	switch draw := s.random.IntN(10); {
	case draw < 4:
	case draw < 8:
		cut.Kind = faulttest.Stopped
		cut.For = 5*time.Second + time.Duration(s.random.Int64N(int64(45*time.Second)))
	default:
		cut.Kind = faulttest.Ended
	}
	calls := 1 + s.random.IntN(40)
	if housekeeping {
		cut.Kind, calls = faulttest.Killed, 1+calls/4
	}
	p.process.CutAt(calls, cut)
}

// free reports whether the pod can take a step.
func (p *pod) free() bool { return p.busy == nil && !p.process.Halted() && !p.ending }

// choice is a step that a pod may take now.
type choice struct {
	pod  *pod
	what string
	do   func(ctx context.Context)
}

// choices are all steps that may be taken now. next is when there may be more.
func (s *simulation) choices(now time.Time) (all []choice, next time.Time) {
	soonest := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	ready := func(at, podAt time.Time) bool {
		if at.IsZero() {
			return false
		}
		if podAt.After(at) {
			at = podAt
		}
		if at.After(now) {
			soonest(at)
			return false
		}
		return true
	}
	visible, due, letters := s.ledger.Visible(eventQueue), s.ledger.Wakes("due"), s.ledger.Visible(deadQueue)
	for _, p := range s.pods {
		if !p.free() {
			soonest(now.Add(time.Second))
			continue
		}
		if ready(visible, p.receive) {
			all = append(all, choice{p, "receives", func(ctx context.Context) { s.receives(p, ctx) }})
		}
		if ready(due, p.tick) {
			all = append(all, choice{p, "ticks", func(ctx context.Context) { s.ticks(p, ctx) }})
		}
		for i, job := range p.service.jobs {
			wanted := time.Time{}
			switch job.Name {
			case "dead-letters":
				wanted = letters
			case "sweep":
				wanted = now
			}
			if ready(wanted, p.keep[i]) {
				all = append(all, choice{p, "does " + job.Name, func(ctx context.Context) { s.keeps(p, ctx, i, job) }})
			}
		}
	}
	return all, next
}

func (s *simulation) receives(p *pod, ctx context.Context) { //nolint:revive // The pod is whose context it is.
	limit := 1
	if s.draw(p.name, "several", 3) == 0 {
		limit = 10
	}
	received, rest := p.service.listener.RunOnce(ctx, limit)
	if received == 0 {
		// A queue that is gone for an hour need not be asked every second of it.
		rest += time.Duration(1+s.draw(p.name, "receive", 10)) * time.Second
	}
	p.receive = time.Now().Add(rest)
}

func (s *simulation) ticks(p *pod, ctx context.Context) { //nolint:revive // As above.
	rest := p.service.scheduler.RunOnce(ctx, s.order(p))
	if due := s.ledger.Wakes("due"); time.Since(due) > 10*time.Minute {
		// Nor need an outage of hours be looked at every second.
		rest += time.Duration(1+s.draw(p.name, "tick", 15)) * time.Second
	}
	p.tick = time.Now().Add(rest)
}

func (s *simulation) keeps(p *pod, ctx context.Context, i int, job scheduler.Job) { //nolint:revive // As above.
	job.RunOnce(ctx, p.service.locks, p.service.observer)
	// DynamoDB takes its time to remove what has expired.
	every := job.Every * time.Duration(1+s.draw(p.name, job.Name, 6))
	if job.Name == "sweep" {
		every *= 100
	}
	p.keep[i] = time.Now().Add(every)
}

// canaryWriter looks for personal data in what is logged, and for what pods say
// that they have stored. It forgets the rest.
type canaryWriter struct {
	s      *simulation
	mu     sync.Mutex
	lines  int
	newest [][]byte
}

// Write is given whole lines.
func (w *canaryWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines++
	w.newest = append(w.newest, bytes.Clone(line))
	if len(w.newest) > 40 {
		w.newest = w.newest[1:]
	}
	if bytes.Contains(line, []byte(`"decision":"stored"`)) {
		var ruling struct{ MessageID string }
		if err := json.Unmarshal(line, &ruling); err == nil {
			w.s.ledger.ToldStored(ruling.MessageID)
		}
	}
	for _, mark := range canaryMarks {
		if bytes.Contains(line, []byte(mark)) || bytes.Contains(line, []byte(strings.ToLower(mark))) || mark == "QUIXBY" && bytes.Contains(line, []byte("Quixby")) {
			w.s.ledger.NoCanary("a log line", w.s.canaries, string(line))
		}
	}
	return len(line), nil
}
