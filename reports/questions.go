package reports

import (
	"time"

	"ptpu"
)

// The names of the reports, in their paths and file names and in the audit.
const (
	inProgressName   = "in-progress"
	notMatchedName   = "not-matched"
	processedName    = "processed"
	matchSummaryName = "match-summary"
)

// question is what somebody asks of a CSV report. The error is a 400.
type question interface {
	sheet(now time.Time) (sheet, error)
}

type inProgressQuestion struct{ query }

func (q inProgressQuestion) sheet(time.Time) (sheet, error) {
	return sheet{name: inProgressName, shows: isInProgress}, q.parameters().err()
}

type notMatchedQuestion struct {
	query
	DaysOld string `query:"daysOld" pattern:"^[0-9]{1,5}$" example:"7" doc:"Only messages first seen more than so many days of 24 hours ago; 7 unless given"`
}

func (q notMatchedQuestion) sheet(now time.Time) (sheet, error) {
	p := q.parameters()
	days := p.days("daysOld", q.DaysOld, 7)
	shows := func(m ptpu.Message) bool { return isNotMatched(m, days, now) }
	return sheet{name: notMatchedName, shows: shows, given: p.given}, p.err()
}

// Created is what two reports ask alike; huma passes over what is embedded and
// not exported.
type Created struct {
	LocationID   string `query:"locationId" pattern:"^[A-Z0-9]{1,6}$" example:"MDI" doc:"Only messages about bookings at this prison"`
	CreatedStart string `query:"createdDateStartDateTime" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}" example:"2020-12-09T15:15:50" doc:"Only messages created after this; London's time unless Z or an offset stands at its end"`
	CreatedEnd   string `query:"createdDateEndDateTime" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}" example:"2020-12-10T15:15:50" doc:"Only messages created before this; London's time unless Z or an offset stands at its end"`
}

func (c Created) read(p *parameters) (ptpu.PrisonCode, span) {
	return p.location("locationId", c.LocationID),
		p.span("createdDateStartDateTime", c.CreatedStart, "createdDateEndDateTime", c.CreatedEnd)
}

type processedQuestion struct {
	query
	Created
	EventType         string `query:"eventType" enum:"IMPRISONMENT_STATUS-CHANGED,EXTERNAL_MOVEMENT_RECORD-INSERTED,SENTENCE_DATES-CHANGED,CONFIRMED_RELEASE_DATE-CHANGED,BOOKING_NUMBER-CHANGED" example:"IMPRISONMENT_STATUS-CHANGED" doc:"Only messages of this type"`
	ProcessedStart    string `query:"processedDateStartDateTime" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}" example:"2020-12-09T15:15:50" doc:"Only messages processed after this; London's time unless Z or an offset stands at its end"`
	ProcessedEnd      string `query:"processedDateEndDateTime" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}" example:"2020-12-10T15:15:50" doc:"Only messages processed before this; London's time unless Z or an offset stands at its end"`
	IncludeSuperseded string `query:"includeSuperseded" enum:"true,false" example:"true" doc:"Also those whose place a newer message took"`
}

func (q processedQuestion) sheet(time.Time) (sheet, error) {
	p := q.parameters()
	var f processedFilter
	f.location, f.created = q.read(p)
	f.eventType = p.eventType("eventType", q.EventType)
	f.processed = p.span("processedDateStartDateTime", q.ProcessedStart, "processedDateEndDateTime", q.ProcessedEnd)
	f.superseded = p.yes("includeSuperseded", q.IncludeSuperseded)
	return sheet{name: processedName, selection: f.selection(), shows: f.shows, given: p.given}, p.err()
}

type summaryQuestion struct {
	query
	Created
	SLADays string `query:"slaDays" pattern:"^[0-9]{1,5}$" example:"7" doc:"After how many days of 24 hours since it was first seen a message exceeds the service level; 7 unless given"`
}

func (q summaryQuestion) filter() (summaryFilter, error) {
	p := q.parameters()
	f := summaryFilter{given: p.given}
	f.location, f.created = q.read(p)
	f.slaDays = p.days("slaDays", q.SLADays, 7)
	return f, p.err()
}
