package localstack

import "net/http"

// Upstream is one of the simulated services, by its own name.
type Upstream string

// The simulated services.
const (
	HMPPSAuth      Upstream = "hmpps-auth"
	PrisonAPI      Upstream = "prison-api"
	OffenderSearch Upstream = "probation-offender-search"
	CommunityAPI   Upstream = "community-api"
)

// bases is where each service stands below the world's address.
var bases = map[Upstream]string{
	HMPPSAuth:      "/auth",
	PrisonAPI:      "/prison-api",
	OffenderSearch: "/offender-search",
	CommunityAPI:   "/community-api",
}

// The routes, below the base of their service. Requests are counted, and faults
// are chosen, by these.
const (
	RoutePing = "/health/ping" // of each service

	RouteToken = "/oauth/token"
	RouteKeys  = "/.well-known/jwks.json"

	RouteBooking        = "/api/bookings/{bookingId}"
	RouteBookings       = "/api/bookings/v2"
	RouteSentenceDetail = "/api/bookings/{bookingId}/sentenceDetail"
	RouteSentenceTerms  = "/api/offender-sentences/booking/{bookingId}/sentenceTerms"
	RouteMovement       = "/api/bookings/{bookingId}/movement/{movementSeq}"
	RoutePrisoners      = "/api/prisoners"
	RouteIdentifiers    = "/api/bookings/{bookingId}/identifiers"

	RouteMatch = "/match"

	RouteConvictions       = "/secure/offenders/crn/{crn}/convictions"
	RouteSetNomsNumber     = "/secure/offenders/crn/{crn}/nomsNumber"
	RouteReplaceNomsNumber = "/secure/offenders/nomsNumber/{nomsNumber}/nomsNumber"
	RouteBookingNumber     = "/secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber"
	RouteCustody           = "/secure/offenders/nomsNumber/{nomsNumber}/custody/bookingNumber/{bookingNumber}" // GET reads, PUT sets the location
	RouteKeyDates          = "/secure/offenders/nomsNumber/{nomsNumber}/bookingNumber/{bookingNumber}/custody/keyDates"
	RouteOffender          = "/secure/offenders/crn/{crn}"
	RouteNomsOffender      = "/secure/offenders/nomsNumber/{nomsNumber}"

	// RouteUnknown stands for every path that a service does not have.
	RouteUnknown = "(no such route)"
)

// route is one call of one service. Exactly one of read and write is set.
type route struct {
	upstream         Upstream
	method, template string
	open             bool // needs no token
	read             func(*World, *call) answer
	write            func(*edit, *call) answer
}

// routes lists every call that the simulators know.
func routes() []route {
	all := []route{
		{upstream: HMPPSAuth, method: http.MethodPost, template: RouteToken, open: true, read: (*World).token},
		{upstream: HMPPSAuth, method: http.MethodGet, template: RouteKeys, open: true, read: (*World).publicKeys},

		{upstream: PrisonAPI, method: http.MethodGet, template: RouteBooking, read: (*World).booking},
		{upstream: PrisonAPI, method: http.MethodGet, template: RouteBookings, read: (*World).bookingsPage},
		{upstream: PrisonAPI, method: http.MethodGet, template: RouteSentenceDetail, read: (*World).sentenceDetail},
		{upstream: PrisonAPI, method: http.MethodGet, template: RouteSentenceTerms, read: (*World).sentenceTerms},
		{upstream: PrisonAPI, method: http.MethodGet, template: RouteMovement, read: (*World).movement},
		{upstream: PrisonAPI, method: http.MethodGet, template: RoutePrisoners, read: (*World).prisoners},
		{upstream: PrisonAPI, method: http.MethodGet, template: RouteIdentifiers, read: (*World).identifiers},

		{upstream: OffenderSearch, method: http.MethodPost, template: RouteMatch, read: (*World).match},

		{upstream: CommunityAPI, method: http.MethodGet, template: RouteConvictions, read: (*World).convictions},
		{upstream: CommunityAPI, method: http.MethodGet, template: RouteCustody, read: (*World).custody},
		{upstream: CommunityAPI, method: http.MethodGet, template: RouteOffender, read: (*World).offender},
		{upstream: CommunityAPI, method: http.MethodGet, template: RouteNomsOffender, read: (*World).nomsOffender},
		{upstream: CommunityAPI, method: http.MethodPut, template: RouteSetNomsNumber, write: (*edit).setNomsNumber},
		{upstream: CommunityAPI, method: http.MethodPut, template: RouteReplaceNomsNumber, write: (*edit).replaceNomsNumber},
		{upstream: CommunityAPI, method: http.MethodPut, template: RouteBookingNumber, write: (*edit).setBookingNumber},
		{upstream: CommunityAPI, method: http.MethodPut, template: RouteCustody, write: (*edit).setLocation},
		{upstream: CommunityAPI, method: http.MethodPost, template: RouteKeyDates, write: (*edit).replaceKeyDates},
	}
	for upstream := range bases {
		all = append(all, route{upstream: upstream, method: http.MethodGet, template: RoutePing, open: true, read: (*World).ping})
	}
	return all
}

func (w *World) ping(*call) answer { return ok(map[string]string{"status": "UP"}) }
