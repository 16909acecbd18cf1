package communityapi

import (
	"context"
	"net/http"

	"ptpu"
	"ptpu/upstream"
)

// SetOffenderNo gives the person this NOMS number and takes it from whoever else
// holds it. ErrNotFound when Delius has no such CRN.
func (c *Client) SetOffenderNo(ctx context.Context, crn ptpu.CRN, no ptpu.OffenderNo) error {
	request := upstream.Request{
		Method: http.MethodPut,
		Route:  "/secure/offenders/crn/{crn}/nomsNumber",
		Args:   []string{string(crn)},
		Body:   offenderNoBody{NOMSNumber: no},
	}
	return c.call(ctx, request, nil, checkCRN(crn), checkOffenderNo(no))
}

// ReplaceOffenderNo gives all who hold the old NOMS number the new one, and says
// who they are. ErrNotFound when nobody holds the old one, ErrConflict when the
// new one is somebody's already.
func (c *Client) ReplaceOffenderNo(ctx context.Context, from, to ptpu.OffenderNo) ([]ptpu.CRN, error) {
	request := upstream.Request{
		Method: http.MethodPut,
		Route:  "/secure/offenders/nomsNumber/{nomsNumber}/nomsNumber",
		Args:   []string{string(from)},
		Body:   offenderNoBody{NOMSNumber: to},
	}
	var answer holders
	if err := c.call(ctx, request, &answer, checkOffenderNo(from), checkOffenderNo(to)); err != nil {
		return nil, err
	}
	crns := make([]ptpu.CRN, len(answer))
	for i, holder := range answer {
		crns[i] = holder.CRN
	}
	return crns, nil
}

// SetBookNumber gives the booking number to the one active custodial event whose
// sentence started within a week of primary. ErrNotFound when there is none or
// more than one, or no such person.
func (c *Client) SetBookNumber(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, primary ptpu.Date) error {
	request := upstream.Request{
		Method: http.MethodPut,
		Route:  "/secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber",
		Args:   []string{string(no)},
		Body:   bookNumberBody{SentenceStartDate: primary, BookingNumber: number},
	}
	return c.call(ctx, request, nil, checkOffenderNo(no), checkBookNumber(number), checkDate(primary))
}

// SetLocation moves the person's custodial events that are in custody, or about
// to be, to the prison; the booking number does not select among them.
// ErrNotFound also when Delius does not know the prison, or the event is in a
// status that has no place.
func (c *Client) SetLocation(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, prison ptpu.PrisonCode) error {
	request := upstream.Request{
		Method: http.MethodPut,
		Route:  "/secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber/{bookingNumber}",
		Args:   []string{string(no), string(number)},
		Body:   locationBody{PrisonCode: prison},
	}
	return c.call(ctx, request, nil, checkOffenderNo(no), checkBookNumber(number), checkPrison(prison))
}

// ReplaceKeyDates makes the dates of the conviction with that booking number
// those given. Delius deletes each of the seven that is not given, all of them
// when none is: whether that is meant is the caller's to know. ErrNotFound when
// Delius does not know the person, or not exactly one such conviction; the
// CallError's NamesBookNumber tells which.
func (c *Client) ReplaceKeyDates(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber, dates ptpu.KeyDates) error {
	request := upstream.Request{
		Method: http.MethodPost,
		Route:  "/secure/offenders/nomsNumber/{nomsNumber}/bookingNumber/{bookingNumber}/custody/keyDates",
		Args:   []string{string(no), string(number)},
		Body:   dates,
	}
	return c.call(ctx, request, nil, checkOffenderNo(no), checkBookNumber(number))
}

type offenderNoBody struct {
	NOMSNumber ptpu.OffenderNo `json:"nomsNumber"`
}

type bookNumberBody struct {
	SentenceStartDate ptpu.Date       `json:"sentenceStartDate"`
	BookingNumber     ptpu.BookNumber `json:"bookingNumber"`
}

type locationBody struct {
	PrisonCode ptpu.PrisonCode `json:"nomsPrisonInstitutionCode"`
}
