package ptpu

import "context"

// Trail is where an attempt leaves what it learns and what it writes. It is not
// safe for concurrent use.
type Trail interface {
	// Learned keeps a step for the timeline.
	Learned(step Step)
	// Intend makes the writes durable before the first of them is sent. It
	// fails when they cannot be, or when the claim is lost; then none may be
	// sent.
	Intend(ctx context.Context, writes ...Write) error
	// Write has one intended write sent and keeps what came of it. send
	// returns the CRNs whose NOMS number it changed, for the writes that
	// change one. Write returns send's error, or its own when the claim no
	// longer allows the write: then nothing was sent.
	Write(ctx context.Context, w Write, send func(context.Context) ([]CRN, error)) error
}
