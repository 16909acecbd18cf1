package tabletest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"ptpu/table"
)

var raceCases = []testCase{
	{"to create an item has one winner", func(t *testing.T, f fixture) {
		const racers = 8
		for round := range 5 {
			key := f.key(fmt.Sprint(round))
			var won sync.Map
			var racing sync.WaitGroup
			for racer := range int64(racers) {
				racing.Go(func() {
					item := table.Item{Key: key, Attributes: table.Attributes{"racer": racer}}
					if attempt(t, f, table.Put(item, table.Absent())) {
						won.Store(racer, true)
					}
				})
			}
			racing.Wait()
			item, err := f.Get(t.Context(), key)
			if err != nil || item.Version != 1 {
				t.Fatalf("version %d, error %v", item.Version, err)
			}
			won.Range(func(racer, _ any) bool {
				if racer != item.Attributes["racer"] {
					t.Errorf("racer %d was told to have won, but %d did", racer, item.Attributes["racer"])
				}
				return true
			})
		}
	}},
	{"for each version has one winner", counted},
	{"of transfers keeps the total", transfers},
}

// attempt writes and reports whether it succeeded. Losing is no fault, nor is
// ErrUnavailable: a backend may answer so where transactions meet.
func attempt(t *testing.T, tb table.Table, actions ...table.Action) bool {
	err := tb.Write(t.Context(), actions...)
	if err != nil && !errors.Is(err, table.ErrConflict) && !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("Write: %v", err)
	}
	return err == nil
}

// counted lets goroutines raise a counter, each in turns of read and write.
func counted(t *testing.T, f fixture) {
	const racers, turns = 8, 10
	key := f.key("counter")
	put(t, f, table.Item{Key: key, Attributes: table.Attributes{"count": int64(1)}})
	var racing sync.WaitGroup
	for range racers {
		racing.Go(func() {
			for won := 0; won < turns && !t.Failed(); {
				item, err := f.Get(t.Context(), key)
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				next := table.Item{Key: key, Attributes: table.Attributes{"count": item.Version + 1}}
				if attempt(t, f, table.Put(next, table.VersionIs(item.Version))) {
					won++
				}
			}
		})
	}
	racing.Wait()
	item, err := f.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	// More when a success was answered as unavailable; never fewer.
	if item.Version < racers*turns+1 || item.Attributes["count"] != item.Version {
		t.Errorf("version %d and count %v, want both to be at least %d", item.Version, item.Attributes["count"], racers*turns+1)
	}
}

// transfers moves amounts between accounts, which may go and come back.
func transfers(t *testing.T, f fixture) {
	const accounts, racers, turns, start = 5, 6, 15, int64(100)
	account := func(i int) table.Key {
		return table.Key{Partition: f.partition(fmt.Sprint("account ", i%2)), Sort: fmt.Sprint(i)}
	}
	for i := range accounts {
		put(t, f, table.Item{Key: account(i), Attributes: table.Attributes{"amount": start}})
	}
	var racing sync.WaitGroup
	for seed := range uint64(racers) {
		racing.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1))
			for done := 0; done < turns && !t.Failed(); {
				order := random.Perm(accounts)
				from, errFrom := balance(t, f, account(order[0]))
				to, errTo := balance(t, f, account(order[1]))
				if errFrom != nil || errTo != nil {
					t.Errorf("Get: %v, %v", errFrom, errTo)
					return
				}
				amount := random.Int64N(from.amount + 1)
				if attempt(t, f, from.less(amount), to.less(-amount)) {
					done++
				}
			}
		})
	}
	racing.Wait()
	total := int64(0)
	for i := range accounts {
		b, err := balance(t, f, account(i))
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		total += b.amount
	}
	if total != accounts*start {
		t.Errorf("the total is %d, want %d", total, accounts*start)
	}
}

// held is what an account was seen to hold; no item stands for nothing.
type held struct {
	key     table.Key
	amount  int64
	version int64 // 0 = no item
}

func balance(t *testing.T, tb table.Table, key table.Key) (held, error) {
	item, err := tb.Get(t.Context(), key)
	if errors.Is(err, table.ErrNotFound) {
		return held{key: key}, nil
	}
	amount, _ := item.Attributes["amount"].(int64)
	return held{key: key, amount: amount, version: item.Version}, err
}

// less takes the amount away, on the condition that nobody else did meanwhile.
func (h held) less(amount int64) table.Action {
	cond := table.VersionIs(h.version)
	if h.version == 0 {
		cond = table.Absent()
	}
	if h.amount == amount {
		return table.Delete(h.key, cond)
	}
	return table.Put(table.Item{Key: h.key, Attributes: table.Attributes{"amount": h.amount - amount}}, cond)
}
