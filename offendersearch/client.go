// Package offendersearch asks probation-offender-search who a prisoner may be in
// Delius. It is the first step of the match chain.
package offendersearch

import (
	"context"
	"net/http"
	"strings"

	"ptpu"
	"ptpu/upstream"
)

// Client asks probation-offender-search. It is safe for concurrent use.
type Client struct {
	api upstream.API
}

// New makes a Client of probation-offender-search.
func New(api upstream.API) *Client { return &Client{api: api} }

const matchRoute = "/match"

// Safe reports whether a request to probation-offender-search may be repeated:
// its search is a POST that only reads. It is for upstream.Config.
func Safe(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, matchRoute)
}

// Match searches for the person among those with an active sentence. The PNC
// and the CRO number may be empty: then they are not searched by. Nobody found
// is a result.
//
// It returns a *ptpu.CallError when it cannot answer; it wraps ErrRefused when
// no is not a NOMS number, and then nothing was asked.
func (c *Client) Match(ctx context.Context, p ptpu.Person, no ptpu.OffenderNo, pnc, cro string) (ptpu.SearchResult, error) {
	request := upstream.Request{
		Method: http.MethodPost,
		Route:  matchRoute,
		Body: search{
			FirstName:      p.FirstName,
			Surname:        p.Surname,
			DateOfBirth:    p.DateOfBirth,
			NOMSNumber:     no,
			ActiveSentence: true,
			PNCNumber:      pnc,
			CRONumber:      cro,
		},
	}
	if !no.Valid() {
		return ptpu.SearchResult{}, c.api.Refuse(request, "not a NOMS number")
	}
	var answer matches
	if err := c.api.Call(ctx, request, &answer); err != nil {
		return ptpu.SearchResult{}, err
	}
	return answer.inOurWords(), nil
}
