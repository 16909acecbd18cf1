package deadletters

import (
	"maps"
	"strconv"
)

// The attributes that ptpu gives a letter.
const (
	// AttributeWhy says why the notice became a dead letter, and AttributeWhen
	// when. Both are about this stay among the dead letters, and end with it.
	AttributeWhy  = "ptpu-error"
	AttributeWhen = "ptpu-error-at"
	// AttributeReplays counts how often the letter was sent back to its main
	// queue, by whomever.
	AttributeReplays = "ptpu-replays"
)

// replays is how often the letter was sent back before. What is no number was
// not written here.
func (l Letter) replays() int {
	n, err := strconv.ParseUint(l.Attributes[AttributeReplays], 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// uncounted is the letter as the main queue gave it up. Without the reason and
// the instant there is room for those that may follow.
func (l Letter) uncounted() Letter {
	attributes := map[string]string{}
	maps.Copy(attributes, l.Attributes)
	delete(attributes, AttributeWhy)
	delete(attributes, AttributeWhen)
	l.Attributes = attributes
	return l
}

// counted is the letter as it is replayed. The count is an attribute of its own
// right from here on, and not one that gives way: when the letter becomes a dead
// letter again, the reason is what is shortened or left out.
func (l Letter) counted() Letter {
	count := strconv.Itoa(l.replays() + 1)
	l = l.uncounted()
	l.Attributes[AttributeReplays] = count
	return l
}
