package sqlite

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"ptpu/queue"
)

// receipt names one delivery: the row, and a secret that each receive renews.
// A row number may come back after a delete; the secret does not.
type receipt struct {
	seq    int64
	secret string
}

func (r receipt) String() string { return strconv.FormatInt(r.seq, 10) + "." + r.secret }

func parseReceipt(text string) (receipt, error) {
	number, secret, _ := strings.Cut(text, ".")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || secret == "" {
		return receipt{}, fmt.Errorf("%w: not a receipt", queue.ErrInvalid)
	}
	return receipt{seq: seq, secret: secret}, nil
}

func newSecret() string { return rand.Text() }
