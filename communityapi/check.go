package communityapi

import (
	"context"

	"ptpu"
	"ptpu/upstream"
)

// A fault says what is wrong with an argument, without showing it; empty is
// nothing.
type fault string

func checkCRN(crn ptpu.CRN) fault { return check(crn.Valid(), "not a CRN") }

func checkOffenderNo(no ptpu.OffenderNo) fault {
	return check(no.Valid(), "not a NOMS number")
}

func checkBookNumber(number ptpu.BookNumber) fault {
	return check(number.Valid(), "not a booking number")
}

func checkPrison(code ptpu.PrisonCode) fault {
	return check(code.Valid(), "not a prison code")
}

func checkDate(date ptpu.Date) fault { return check(!date.IsZero(), "no sentence date") }

func check(ok bool, wrong fault) fault {
	if ok {
		return ""
	}
	return wrong
}

// call makes the request unless an argument is at fault: the API could only
// refuse it, or worse, take it for another route.
func (c *Client) call(ctx context.Context, r upstream.Request, answer any, faults ...fault) error {
	for _, fault := range faults {
		if fault != "" {
			return c.api.Refuse(r, string(fault))
		}
	}
	return c.api.Call(ctx, r, answer)
}
