package communityapi

import (
	"context"
	"net/http"

	"ptpu"
	"ptpu/upstream"
)

// Convictions reads a person's convictions, inactive ones too.
func (c *Client) Convictions(ctx context.Context, crn ptpu.CRN) ([]ptpu.Conviction, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/secure/offenders/crn/{crn}/convictions",
		Args:   []string{string(crn)},
	}
	var answer convictions
	if err := c.call(ctx, request, &answer, checkCRN(crn)); err != nil {
		return nil, err
	}
	convictions := make([]ptpu.Conviction, len(answer))
	for i, conviction := range answer {
		convictions[i] = conviction.inOurWords()
	}
	return convictions, nil
}

// Custody reads the custody that has the booking number. ErrNotFound when Delius
// does not know the prisoner or has no such custody.
func (c *Client) Custody(ctx context.Context, no ptpu.OffenderNo, number ptpu.BookNumber) (Custody, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber/{bookingNumber}",
		Args:   []string{string(no), string(number)},
	}
	var answer custody
	if err := c.call(ctx, request, &answer, checkOffenderNo(no), checkBookNumber(number)); err != nil {
		return Custody{}, err
	}
	return answer.inOurWords(), nil
}

// OffenderNoOf reads the NOMS number that Delius holds for a person; empty when
// it holds none.
func (c *Client) OffenderNoOf(ctx context.Context, crn ptpu.CRN) (ptpu.OffenderNo, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/secure/offenders/crn/{crn}",
		Args:   []string{string(crn)},
	}
	var answer offender
	if err := c.call(ctx, request, &answer, checkCRN(crn)); err != nil {
		return "", err
	}
	return answer.OtherIDs.NOMSNumber, nil
}

// HolderOf reads who holds a NOMS number, of several people the one with an
// active sentence. ErrNotFound when nobody does, ErrConflict when Delius cannot
// choose.
func (c *Client) HolderOf(ctx context.Context, no ptpu.OffenderNo) (ptpu.CRN, error) {
	request := upstream.Request{
		Method: http.MethodGet,
		Route:  "/secure/offenders/nomsNumber/{nomsNumber}",
		Args:   []string{string(no)},
	}
	var answer offender
	if err := c.call(ctx, request, &answer, checkOffenderNo(no)); err != nil {
		return "", err
	}
	return answer.OtherIDs.CRN, nil
}
