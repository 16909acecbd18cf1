package localstack

import (
	"cmp"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Config says how a world begins. Its zero value is an empty world in memory.
type Config struct {
	// Dir keeps the world across restarts; empty keeps nothing. One process may
	// have a Dir open at a time.
	Dir string
	// People live here when Dir holds no world yet.
	People People
	// Clients may ask for tokens; none means Clients().
	Clients []Client
	// TokenLife is how long a token lasts; zero means an hour.
	TokenLife time.Duration
	// Issuer is the iss of tokens; empty means http://{host of the request}/auth/issuer.
	Issuer string
	// SigningKey signs tokens until the first rotation; nil makes one, which
	// takes a moment. A key kept in Dir wins.
	SigningKey *rsa.PrivateKey
	// SeveralCustodialEvents is Delius's switch: a location is then set on
	// several active custodial events at once, where it is otherwise refused.
	SeveralCustodialEvents bool
}

// World is NOMIS and Delius as they stand, with what was asked of them. It is
// safe for concurrent use.
type World struct {
	cfg    Config
	keys   *keyring
	ledger ledger
	faults faults
	closed chan struct{}

	// mu guards everything below. A write to Delius holds it from the decision
	// to the journal, so that the journal's order is the world's.
	mu      sync.RWMutex
	people  register
	seeded  []Fault
	changes []Change
	writes  []Write
	sent    map[string]bool
	journal *journal
}

// Open makes a world, or takes up the one that Dir holds.
func Open(cfg Config) (*World, error) {
	cfg.TokenLife = cmp.Or(cfg.TokenLife, time.Hour)
	if len(cfg.Clients) == 0 {
		cfg.Clients = Clients()
	}
	if err := cfg.People.check(); err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	if cfg.Dir != "" {
		if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
			return nil, fmt.Errorf("making the folder of the world: %w", err)
		}
	}
	keys, err := openKeyring(cfg.Dir, cfg.SigningKey)
	if err != nil {
		return nil, err
	}
	w := &World{
		cfg:    cfg,
		keys:   keys,
		ledger: newLedger(),
		closed: make(chan struct{}),
		people: newRegister(),
		sent:   map[string]bool{},
	}
	if err := w.openJournal(); err != nil {
		return nil, err
	}
	return w, w.faults.add(w.seeded...)
}

// openJournal replays the journal, or begins one with the people of the seed.
func (w *World) openJournal() error {
	if w.cfg.Dir == "" {
		for e := range w.cfg.People.entries() {
			w.replay(e)
		}
		return nil
	}
	journal, err := openJournal(w.cfg.Dir, w.cfg.People.entries(), w.replay)
	if err != nil {
		return err
	}
	w.journal = journal
	if !journal.long(len(w.people.bookings) + len(w.people.offenders) + len(w.writes)) {
		return nil
	}
	if err := journal.rewrite(w.snapshot()); err != nil {
		return errors.Join(err, journal.close())
	}
	return nil
}

// Close releases the calls that hang, and the journal. Nothing changes after it.
func (w *World) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.closed:
		return nil
	default:
	}
	close(w.closed)
	if w.journal == nil {
		return nil
	}
	return w.journal.close()
}

// People is everybody as they stand, in the order of their ids, with the faults
// of the seed.
func (w *World) People() People {
	w.mu.RLock()
	defer w.mu.RUnlock()
	people := w.people.everybody()
	people.Faults = slices.Clone(w.seeded)
	return people
}

// Put adds each booking and offender, or replaces the one of its id: what staff
// of prison and probation do by hand. Its faults are added to those that stand.
func (w *World) Put(people People) error {
	if err := people.check(); err != nil {
		return err
	}
	if err := w.faults.add(people.Faults...); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keep(entry{Bookings: people.Bookings, Offenders: people.Offenders})
}

// SampleSent reports whether the sample has been marked as sent, before a
// restart too.
func (w *World) SampleSent(name string) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.sent[name]
}

// MarkSampleSent remembers that a sample has been sent.
func (w *World) MarkSampleSent(name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keep(entry{Sent: []string{name}})
}

// RotateKeys makes a new signing key. Tokens that the old one signed are
// refused, and the old one is no longer published.
func (w *World) RotateKeys() error { return w.keys.rotate() }

// ExpireTokens refuses every token given out so far.
func (w *World) ExpireTokens() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keep(entry{Generation: w.keys.current() + 1})
}

// Changes is what has changed in Delius by calls, in order.
func (w *World) Changes() []Change {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return slices.Clone(w.changes)
}

// Writes is every write call to Delius, in the order they were decided.
func (w *World) Writes() []Write {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return slices.Clone(w.writes)
}

// ResetCounts forgets requests, counts, changes and writes: a new ledger begins.
func (w *World) ResetCounts() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.keep(entry{Reset: true}); err != nil {
		return err
	}
	w.ledger.reset()
	return nil
}
