package sqlite_test

import (
	"testing"

	"ptpu/embedded"
	"ptpu/embedded/embeddedtest"
	"ptpu/topic"
	"ptpu/topic/sqlite"
	"ptpu/topic/topictest"
)

func TestContract(t *testing.T) {
	topictest.Exercise(t, func(t *testing.T) (topic.Topic, func() []topic.Message) {
		t.Helper()
		out := openTopic(t, embeddedtest.Open(t, t.TempDir()), "events")
		return out, func() (all []topic.Message) {
			for _, p := range published(t, out, 0, 1000) {
				all = append(all, p.Message)
			}
			return all
		}
	})
}

func TestPublishedReadsOnInOrder(t *testing.T) {
	file := embeddedtest.Open(t, t.TempDir())
	events, others := openTopic(t, file, "events"), openTopic(t, file, "others")
	for _, body := range []string{"a", "b", "c"} {
		publish(t, events, body)
		publish(t, others, "of another topic")
	}
	first := published(t, events, 0, 2)
	wantBodies(t, first, "a", "b")
	wantBodies(t, published(t, events, first[1].Seq, 2), "c")
	if first[0].ID == "" || first[0].At.IsZero() {
		t.Errorf("id %q at %s, want both", first[0].ID, first[0].At)
	}
}

func TestPublishedSurvives(t *testing.T) {
	dir := t.TempDir()
	publish(t, openTopic(t, embeddedtest.Open(t, dir), "events"), "a")
	// The first file is still open: nothing is left to its Close.
	wantBodies(t, published(t, openTopic(t, embeddedtest.Open(t, dir), "events"), 0, 10), "a")
}

func publish(t *testing.T, out *sqlite.Topic, body string) {
	t.Helper()
	if _, err := out.Publish(t.Context(), topic.Message{Body: body}); err != nil {
		t.Fatal(err)
	}
}

func published(t *testing.T, out *sqlite.Topic, after int64, limit int) []sqlite.Published {
	t.Helper()
	all, err := out.Published(t.Context(), after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantBodies(t *testing.T, got []sqlite.Published, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d messages, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Body != want[i] {
			t.Errorf("message %d: got %q, want %q", i, got[i].Body, want[i])
		}
	}
}

func openTopic(tb testing.TB, file *embedded.File, name string) *sqlite.Topic {
	tb.Helper()
	out, err := sqlite.Open(tb.Context(), file, name)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
