// Package prisonapi reads NOMIS through prison-api: bookings, their sentences
// and movements, and prisoners. It is where the facts come from that ptpu acts
// on. It writes nothing, and every call is safe to repeat.
package prisonapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"ptpu"
	"ptpu/upstream"
)

// Client asks prison-api. It is safe for concurrent use.
//
// Every method returns a *ptpu.CallError when it cannot answer: ErrNotFound when
// prison-api itself says that there is none, ErrUnavailable when there was no
// answer to be trusted, ErrDenied and ErrRefused as they say. An id that cannot
// be one is ErrRefused without a call. A value that NOMIS does not give is the
// zero value.
type Client struct {
	api upstream.API
}

// New makes a Client of prison-api.
func New(api upstream.API) *Client { return &Client{api: api} }

// Booking reads a booking, with the person it is about.
func (c *Client) Booking(ctx context.Context, id ptpu.BookingID) (ptpu.Booking, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/api/bookings/{bookingId}",
		Args:   []string{id.String()},
		// Agency, recall and legal status come with the full answer only.
		Query: url.Values{"basicInfo": {"false"}, "extraInfo": {"true"}},
	}
	var answer booking
	if err := c.aboutBooking(ctx, id, request, &answer); err != nil {
		return ptpu.Booking{}, err
	}
	return answer.inOurWords(id), nil
}

// SentenceDetail reads the dates that NOMIS has calculated for a booking.
func (c *Client) SentenceDetail(ctx context.Context, id ptpu.BookingID) (ptpu.SentenceDetail, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/api/bookings/{bookingId}/sentenceDetail",
		Args:   []string{id.String()},
	}
	var answer sentenceDetail
	if err := c.aboutBooking(ctx, id, request, &answer); err != nil {
		return ptpu.SentenceDetail{}, err
	}
	return answer.inOurWords(), nil
}

// SentenceTerms reads the terms of a booking's sentences, in no promised order.
func (c *Client) SentenceTerms(ctx context.Context, id ptpu.BookingID) ([]ptpu.SentenceTerm, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/api/offender-sentences/booking/{bookingId}/sentenceTerms",
		Args:   []string{id.String()},
	}
	var answer []sentenceTerm
	if err := c.aboutBooking(ctx, id, request, &answer); err != nil {
		return nil, err
	}
	terms := make([]ptpu.SentenceTerm, len(answer))
	for i, term := range answer {
		terms[i] = ptpu.SentenceTerm{Start: term.StartDate, Sequence: term.SentenceSequence, ConsecutiveTo: term.ConsecutiveTo}
	}
	return terms, nil
}

// Movement reads the movement with that sequence number on a booking.
func (c *Client) Movement(ctx context.Context, id ptpu.BookingID, seq int64) (ptpu.Movement, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/api/bookings/{bookingId}/movement/{movementSeq}",
		Args:   []string{id.String(), strconv.FormatInt(seq, 10)},
	}
	if seq < 0 {
		return ptpu.Movement{}, c.api.Refuse(request, "no movement has a negative sequence")
	}
	var answer movement
	if err := c.aboutBooking(ctx, id, request, &answer); err != nil {
		return ptpu.Movement{}, err
	}
	return answer.inOurWords(), nil
}

// MergedIdentifiers reads the NOMS numbers that the prisoner's record had before
// it was merged with another; none is not an error.
func (c *Client) MergedIdentifiers(ctx context.Context, id ptpu.BookingID) ([]ptpu.Identifier, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/api/bookings/{bookingId}/identifiers",
		Args:   []string{id.String()},
		Query:  url.Values{"type": {ptpu.MergedIdentifier}},
	}
	var answer identifiers
	if err := c.aboutBooking(ctx, id, request, &answer); err != nil {
		return nil, err
	}
	merged := make([]ptpu.Identifier, len(answer))
	for i, identifier := range answer {
		merged[i] = ptpu.Identifier{Type: identifier.Type, Value: identifier.Value}
	}
	return merged, nil
}

// Prisoner reads what NOMIS knows of a prisoner besides the booking. A NOMS
// number that it does not know is ErrNotFound.
func (c *Client) Prisoner(ctx context.Context, no ptpu.OffenderNo) (ptpu.Prisoner, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/api/prisoners",
		Query:  url.Values{"offenderNo": {string(no)}},
	}
	if !no.Valid() {
		return ptpu.Prisoner{}, c.api.Refuse(request, "not a NOMS number")
	}
	var answer prisoners
	if err := c.api.Call(ctx, request, &answer); err != nil {
		return ptpu.Prisoner{}, err
	}
	if len(answer) == 0 {
		return ptpu.Prisoner{}, c.api.NotFound(request)
	}
	return answer[0].inOurWords(), nil
}

func (c *Client) aboutBooking(ctx context.Context, id ptpu.BookingID, r upstream.Request, answer any) error {
	if id <= 0 {
		return c.api.Refuse(r, "not a booking id")
	}
	return c.api.Call(ctx, r, answer)
}
