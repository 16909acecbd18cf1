package deadletters_test

import (
	"context"
	"hash/fnv"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ptpu/deadletters"
)

// Whatever fails, whoever works on the queue, and whatever comes back: no letter
// is lost, none is hidden for good, housekeeping replays none more often than it
// may, and in the end everything is where it belongs.
func TestNoLetterIsLostOrReplayedForEver(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		often := rapid.IntRange(0, 60).Draw(rt, "per cent of operations that fail")
		luck := rapid.IntRange(0, 100).Draw(rt, "per cent of notices that are accepted")
		faulty, times := true, map[string]int{}
		// What happens depends on the letter and on how often it was met, hardly
		// on the order in which letters are moved: so a failure repeats.
		chance := func(what string, percent int) bool {
			times[what]++
			sum := fnv.New64a()
			sum.Write([]byte(what + strconv.Itoa(times[what]) + strconv.FormatUint(seed, 10)))
			return int(sum.Sum64()%100) < percent
		}
		b := &broker{attributes: 10}
		b.failing = func(operation string, l deadletters.Letter) bool {
			return faulty && chance(operation+l.Body, often)
		}
		b.validates = func(body string) bool {
			return !strings.HasPrefix(body, hopelessBody) && chance(body, luck)
		}
		d, _ := open(t, b.pair("events"))

		sent := map[string]bool{}
		send := func(rt *rapid.T) {
			body := rapid.SampledFrom([]string{"", hopelessBody}).Draw(rt, "kind") + strconv.Itoa(len(sent))
			own := attributes(rapid.SampledFrom([]int{0, 1, 7, 8, 9, 10}).Draw(rt, "own attributes"))
			if len(own) < 10 && rapid.Bool().Draw(rt, "counted before") {
				own["ptpu-replays"] = strconv.Itoa(rapid.IntRange(0, maxReplays+1).Draw(rt, "replays"))
			}
			b.bury(body, b.withReason(own))
			sent[body] = true
		}
		housekeep := func(rt *rapid.T) {
			before := b.replays
			depth := len(b.onDead())
			b.housekeeping = true
			_, err := d.Housekeep(t.Context())
			b.housekeeping = false
			if err != nil && !faulty {
				rt.Errorf("Housekeep: %v", err)
			}
			if n := b.replays - before; n > max(depth, 10) {
				rt.Errorf("%d replays in a pass over %d letters", n, depth)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"send": send,
			"send many": func(rt *rapid.T) {
				for range rapid.IntRange(5, 25).Draw(rt, "letters") {
					send(rt)
				}
			},
			"housekeep": housekeep,
			"retry":     func(*rapid.T) { _, _ = d.Retry(t.Context(), "events-dlq") },
			"retry, called off": func(*rapid.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, _ = d.Retry(ctx, "events-dlq")
			},
			"list": func(rt *rapid.T) {
				_, _ = d.List(t.Context(), "events-dlq", rapid.IntRange(1, 100).Draw(rt, "most"))
			},
			"the hidden come back": func(*rapid.T) { b.reveal() },
			"": func(rt *rapid.T) {
				there := map[string]bool{}
				for _, body := range b.accepted {
					there[body] = true
				}
				for _, e := range b.onDead() {
					there[e.Body] = true
					if e.lineage > maxReplays {
						rt.Errorf("%s was replayed %d times by itself, want at most %d", e.Body, e.lineage, maxReplays)
					}
				}
				for body := range sent {
					if !there[body] {
						rt.Errorf("%s is lost", body)
					}
				}
			},
		})

		faulty, luck = false, 100
		b.reveal()
		for range len(b.onDead())/10 + 1 {
			housekeep(rt)
		}
		for _, e := range b.onDead() {
			own := len(e.Attributes) == 10 && e.Attributes["ptpu-replays"] == "" && e.Attributes[deadletters.AttributeWhy] == "" && e.Attributes[deadletters.AttributeWhen] == ""
			replays, _ := strconv.Atoi(e.Attributes["ptpu-replays"])
			if !strings.HasPrefix(e.Body, hopelessBody) && replays < maxReplays && !own {
				rt.Errorf("%s with %v was not replayed, and nothing was in the way", e.Body, e.Attributes)
			}
		}
		if b.hidden() != 0 {
			rt.Errorf("%d letters are hidden", b.hidden())
		}
	})
}

// reveal lets the time of all that is hidden run out.
func (b *broker) reveal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.dead {
		e.hidden = false
	}
}
