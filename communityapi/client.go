// Package communityapi reads and changes Delius through community-api. Its
// writes are the last steps of the match chain, and the only changes that ptpu
// makes anywhere. Each says how things shall be, and so may be made again when
// its answer was lost.
package communityapi

import "ptpu/upstream"

// Client asks community-api. It is safe for concurrent use.
//
// Every method returns a *ptpu.CallError when it cannot answer: ErrNotFound and
// ErrConflict when community-api itself says so, ErrUnavailable when there was
// no answer to be trusted, ErrDenied and ErrRefused as they say. After a write,
// ErrUnavailable leaves open whether it was made. A number that cannot be one is
// ErrRefused without a call.
type Client struct {
	api upstream.API
}

// New makes a Client of community-api.
func New(api upstream.API) *Client { return &Client{api: api} }
