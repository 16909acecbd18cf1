package localstack

import (
	"fmt"
	"time"
)

// troubleStories are those of one person for whom a service breaks, while it
// works for everybody else.
func troubleStories() []story {
	failed := func(n int, fields ...string) Promise {
		return Promise{State: "ERROR", CRNs: []string{crnOf(n, 0)}, Change: fields}
	}
	broken, refused, unprocessable, gateway := prisoner(33), prisoner(34), prisoner(35), prisoner(36)
	early := failed(33)
	early.CRNs = nil // it breaks before the search
	problem := func(status int) string {
		return fmt.Sprintf(`{"status":%d,"developerMessage":"invented trouble"}`, status)
	}
	return []story{
		tell("status-error-upstream-500", statusChanged, broken, early, linked(broken)).butFor(Fault{
			Upstream: PrisonAPI, Route: RouteSentenceTerms, PathContains: fmt.Sprint("/", broken.BookingID, "/"),
			Effect: Answer, Status: 500, Body: problem(500),
		}),
		tell("status-error-upstream-400", statusChanged, refused, failed(34, "bookingNumber", "institution"), linked(refused)).butFor(Fault{
			Upstream: CommunityAPI, Route: RouteKeyDates, PathContains: refused.OffenderNo,
			Effect: Answer, Status: 400, Body: problem(400),
		}),
		tell("status-error-upstream-422", statusChanged, unprocessable, failed(35), linked(unprocessable)).butFor(Fault{
			Upstream: CommunityAPI, Route: RouteBookingNumber, PathContains: unprocessable.OffenderNo,
			Effect: Answer, Status: 422, Body: problem(422),
		}),
		tell("status-error-gateway-404", statusChanged, gateway, failed(36), linked(gateway)).butFor(Fault{
			Upstream: CommunityAPI, Route: RouteBookingNumber, PathContains: gateway.OffenderNo, Effect: GatewayGone,
		}),
	}
}

// supersededStories are those of several notices of one booking, of which the
// newest counts.
func supersededStories() []story {
	status := prisoner(37)
	b := prisoner(38).at("WWI").arriving(1, "MDI").arriving(2, "LEI").arriving(3, "WWI")

	twice := tell("status-superseded-by-a-newer-one", statusChanged, status,
		Promise{State: "COMPLETED", Superseded: 1, CRNs: []string{crnOf(37, 0)}, Change: custodyOnly}, linked(status))
	older := event(statusChanged, status.BookingID, firstEvent.Add(-time.Minute), map[string]any{"imprisonmentStatusSeq": 0})
	twice = twice.sending(twice.Notices[0], envelope(twice.Name+" older", statusChanged, older))

	moves := tell("movements-superseded-out-of-order", movementAdded, b,
		Promise{State: "COMPLETED", Superseded: 2, Change: []string{"institution"}},
		upToDate(b).with(func(o *Offender) { o.Events[0].Custody.Institution = "FSI" }))
	moves.Notices = nil
	for _, sequence := range []int{3, 1, 2} {
		at := firstEvent.Add(time.Duration(sequence) * time.Hour)
		payload := event(movementAdded, b.BookingID, at, map[string]any{"movementSeq": sequence})
		moves.Notices = append(moves.Notices, envelope(fmt.Sprint(moves.Name, " ", sequence), movementAdded, payload))
	}
	return []story{twice, moves}
}
