package units_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"ptpu"
	"ptpu/store"
	"ptpu/table/units"
)

// accountPage holds the account on paper, one table under each heading.
const accountPage = "../../docs/dynamodb.md"

// Each story is told by ptpu's own code, and must take at each step what the
// page says: whoever changes what is written has to change the page with it.
func TestThePaperAccountHolds(t *testing.T) {
	for heading, story := range map[string]func(*world){
		"Carried out": func(w *world) {
			w.delius.numberSet = true
			w.receive()
			w.attempt(ptpu.Completed)
		},
		"Carried out, with a domain event": func(w *world) {
			w.receive()
			w.attempt(ptpu.Completed)
		},
		"A further attempt, nobody found": func(w *world) {
			w.delius.nobody = true
			w.receive()
			w.attempt(ptpu.NoMatch)
			w.again(ptpu.NoMatch)
		},
		"A further attempt, refused by Delius": func(w *world) {
			w.delius.nobody = true
			w.receive()
			w.attempt(ptpu.NoMatch)
			w.delius.nobody = false
			w.delius.numberSet, w.delius.elsewhere = true, true
			w.again(ptpu.LocationNotUpdated)
		},
		"A further attempt, ended by an error": func(w *world) {
			w.delius.nobody = true
			w.receive()
			w.attempt(ptpu.NoMatch)
			w.delius.nobody = false
			w.delius.numberSet, w.delius.away = true, true
			w.again(ptpu.Failed)
		},
		"A notice that does not matter": func(w *world) {
			w.nomis.released = true
			w.receive()
		},
		"The same notice once more": func(w *world) {
			w.receive()
			w.table.take()
			w.queue.delivered = false
			w.receive()
		},
	} {
		t.Run(heading, func(t *testing.T) {
			play(t, func(w *world) {
				story(w)
				compare(w.t, onPaper(w.t, heading), w.table.take())
			})
		})
	}
}

// The summary on top of the page is what people read.
func TestTheSummaryAddsUp(t *testing.T) {
	total := func(heading string) line {
		lines := onPaper(t, heading)
		return lines[len(lines)-1]
	}
	writes := func(heading string) float64 { return total(heading).table + total(heading).index }
	const done, announced = "Carried out", "Carried out, with a domain event"
	cheapest, dearest := "A further attempt, nobody found", "A further attempt, refused by Delius"
	const failed = "A further attempt, ended by an error"
	for _, row := range []string{
		fmt.Sprintf("| an event that is carried out | %g | 18 | %g | 3 |", writes(done), total(done).reads),
		fmt.Sprintf("| the same, with a domain event | %g | 24 | %g | 3 |", writes(announced), total(announced).reads),
		fmt.Sprintf("| each further attempt | %g to %g | 12 | %g | |", writes(cheapest), writes(dearest), total(dearest).reads),
		fmt.Sprintf("| one that an error ends | %g | 12 | %g | |", writes(failed), total(failed).reads),
	} {
		wantOnPage(t, row)
	}
}

func TestThePageKnowsEveryIndex(t *testing.T) {
	for _, index := range store.Indexes() {
		shown := "nothing"
		if len(index.Project) > 0 {
			shown = "what reports show: `" + strings.Join(index.Project, "`, `") + "`"
		}
		wantInRow(t, fmt.Sprintf("| `%s` | `%[1]sPartition`", index.Name), shown)
	}
}

func wantInRow(t *testing.T, begins, text string) {
	t.Helper()
	page, err := os.ReadFile(accountPage)
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(page)) {
		if strings.HasPrefix(row, begins) && strings.Contains(row, text) {
			return
		}
	}
	t.Errorf("%s has no row that begins with %s and says %s", accountPage, begins, text)
}

func wantOnPage(t *testing.T, text string) {
	t.Helper()
	page, err := os.ReadFile(accountPage)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n"+text) {
		t.Errorf("%s has no line that begins with %s", accountPage, text)
	}
}

// Whatever the table holds that is not due, a tick takes the same.
func TestAnIdleTickTakesWhatThePaperSays(t *testing.T) {
	want := onPaper(t, "An idle tick")
	play(t, func(w *world) {
		w.receive()
		w.attempt(ptpu.Completed)
		w.table.take()
		for shard := range store.Shards {
			if due, next, err := w.store.Due(w.t.Context(), shard, time.Now(), 100, ""); err != nil || len(due) > 0 || next != "" {
				w.t.Fatalf("shard %d: due %v, next %q, error %v", shard, due, next, err)
			}
		}
		tick := units.Account{}
		for _, step := range w.table.take() {
			tick = tick.Plus(step)
		}
		compare(w.t, want, []units.Account{tick})
	})
}

// line is one step, on paper or counted.
type line struct{ table, index, reads float64 }

func (l line) plus(m line) line { return line{l.table + m.table, l.index + m.index, l.reads + m.reads} }

func (l line) String() string {
	return fmt.Sprintf("%g of the table, %g of indexes, %g reads", l.table, l.index, l.reads)
}

func lineOf(a units.Account) line {
	var l line
	for where, used := range a {
		l.reads += used.Read
		if where.Index == "" {
			l.table += used.Write
		} else {
			l.index += used.Write
		}
	}
	return l
}

func compare(t *testing.T, paper []line, counted []units.Account) {
	t.Helper()
	var sum line
	var got []line
	for _, step := range counted {
		got = append(got, lineOf(step))
		sum = sum.plus(lineOf(step))
	}
	got = append(got, sum)
	if len(got) != len(paper) {
		t.Fatalf("counted %d steps and their sum, the page has %d lines: %v", len(got)-1, len(paper), got)
	}
	for i := range got {
		if got[i] != paper[i] {
			t.Errorf("line %d: counted %s; the page says %s (%+v)", i+1, got[i], paper[i], counted[min(i, len(counted)-1)])
		}
	}
}

// onPaper reads the table under a heading of the page: its last three columns
// are numbers, and empty cells are none.
func onPaper(t *testing.T, heading string) []line {
	t.Helper()
	page, err := os.ReadFile(accountPage)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n### "+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", accountPage, heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	var lines []line
	for row := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
		if !strings.HasPrefix(row, "|") || strings.HasPrefix(row, "|--") || strings.Contains(row, "| reads |") {
			continue
		}
		var numbers [3]float64
		for i, cell := range cells[len(cells)-3:] {
			cell = strings.Trim(strings.TrimSpace(cell), "*")
			if cell == "" {
				continue
			}
			if numbers[i], err = strconv.ParseFloat(cell, 64); err != nil {
				t.Fatalf("section %q: %v", heading, err)
			}
		}
		lines = append(lines, line{table: numbers[0], index: numbers[1], reads: numbers[2]})
	}
	return lines
}
