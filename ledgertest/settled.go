package ledgertest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ptpu/table"
)

// Settled holds that nothing is left that ought to be settled by now (I5): what
// was due a grace ago, open writes, owed events, messages that an outage keeps
// waiting. What waits for its tier, or for a person, may; and a claim that nobody
// could end may stand where nothing is due.
func (l *Ledger) Settled(grace time.Duration) []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	now := time.Now()
	for _, key := range l.keys() {
		r := l.rows[key]
		switch kindOf(key) {
		case "message":
			m := messageOf(r.item)
			switch {
			case !m.open() || m.reason == "poison":
			case !m.due.After(now.Add(-grace)):
				l.broken("I5", m.booking, m.id, "it is %s and was due at %s", m.state, m.due)
			case m.state == "ERROR" && m.stumbles > 0:
				l.broken("I5", m.booking, m.id, "it still waits because of an outage, until %s", m.due)
			}
		case "outbox", "unfinished":
			l.broken("I5", key.Partition, attributes(r.item.Attributes).text("messageId"), "%s is left, written at %s", kindOf(key), r.written)
		}
	}
	return slices.Clone(l.violations[from:])
}

func (l *Ledger) keys() []table.Key {
	return slices.SortedFunc(maps.Keys(l.rows), func(a, b table.Key) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Sort, b.Sort))
	})
}

// Agrees holds what the table itself says to what was written to it: no row is lost,
// none is another, none is seen past its expiry (I1, I7).
func (l *Ledger) Agrees(ctx context.Context, t table.Table) ([]Violation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	now := time.Now()
	seen := map[table.Key]bool{}
	for _, partition := range l.partitions() {
		for r := (table.Range{}); ; {
			page, err := t.Query(ctx, partition, r)
			if err != nil {
				return nil, err
			}
			for _, item := range page.Items {
				l.agree(item, now)
				seen[item.Key] = true
			}
			if page.Next == "" {
				break
			}
			r.After = page.Next
		}
	}
	for _, key := range l.keys() {
		if r := l.rows[key]; !seen[key] && !r.expired(now) {
			l.broken("I1", key.Partition, "", "row %s is gone, and expires %s", key.Sort, r.item.Expires)
		}
	}
	return slices.Clone(l.violations[from:]), nil
}

func (l *Ledger) partitions() []string {
	all := map[string]bool{}
	for key := range l.rows {
		all[key.Partition] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func (l *Ledger) agree(item table.Item, now time.Time) {
	key := item.Key
	if !item.Expires.IsZero() && !item.Expires.After(now) {
		l.broken("I7", key.Partition, "", "row %s is seen although it expired at %s", key.Sort, item.Expires)
	}
	r, ok := l.rows[key]
	switch {
	case kindOf(key) == "audit":
	case !ok:
		l.broken("I7", key.Partition, "", "row %s is there, and nobody wrote it", key.Sort)
	case !maps.Equal(r.item.Attributes, item.Attributes):
		l.broken("I7", key.Partition, "", "row %s is not what was written", key.Sort)
	}
}

// NoCanary holds that none of the words, which stand in upper case, is in any of
// the texts (I9). where says what a text is.
func (l *Ledger) NoCanary(where string, words []string, texts ...string) []Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := len(l.violations)
	for _, text := range texts {
		text = strings.ToUpper(text)
		for _, word := range words {
			if strings.Contains(text, word) {
				l.broken("I9", "", "", "personal data in %s", where)
			}
		}
	}
	return slices.Clone(l.violations[from:])
}
