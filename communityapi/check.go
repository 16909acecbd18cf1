package communityapi

import (
	"context"
	"regexp"

	"ptpu"
	"ptpu/upstream"
)

// A fault says what is wrong with an argument, without showing it; empty is
// nothing.
type fault string

var (
	crnForm        = regexp.MustCompile(`^[A-Z][0-9]{6}$`)
	offenderNoForm = regexp.MustCompile(`^[A-Z][0-9]{4}[A-Z]{2}$`)
	// Older booking numbers have a stroke or a hyphen in them.
	bookNumberForm = regexp.MustCompile(`^[A-Za-z0-9/-]{1,20}$`)
	prisonForm     = regexp.MustCompile(`^[A-Z0-9]{1,6}$`)
)

func checkCRN(crn ptpu.CRN) fault { return check(crnForm.MatchString(string(crn)), "not a CRN") }

func checkOffenderNo(no ptpu.OffenderNo) fault {
	return check(offenderNoForm.MatchString(string(no)), "not a NOMS number")
}

func checkBookNumber(number ptpu.BookNumber) fault {
	return check(bookNumberForm.MatchString(string(number)), "not a booking number")
}

func checkPrison(code ptpu.PrisonCode) fault {
	return check(prisonForm.MatchString(string(code)), "not a prison code")
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
