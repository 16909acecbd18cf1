package localstack

import (
	"net/http"
	"slices"
)

// wanted is who a search is for, each field in its canonical spelling.
type wanted struct {
	firstName, surname string
	dateOfBirth        Date
	noms, pnc, cro     string
	activeSentence     bool
}

// rung is one way to find somebody. The search climbs down the ladder and stops
// at the first that finds anybody.
type rung struct {
	matchedBy string
	find      func(*register, wanted) []*Offender
}

var ladder = []rung{
	{"ALL_SUPPLIED", func(r *register, s wanted) []*Offender {
		return s.keep(r.under(r.bySurname, s.surname), func(o *Offender) bool {
			return s.identifies(o) && s.named(o.FirstName, o.Surname) && o.DateOfBirth == s.dateOfBirth
		})
	}},
	{"ALL_SUPPLIED_ALIAS", func(r *register, s wanted) []*Offender {
		return s.keep(r.under(r.bySurname, s.surname), func(o *Offender) bool {
			return s.identifies(o) && slices.ContainsFunc(o.Aliases, func(a Alias) bool {
				return s.named(a.FirstName, a.Surname) && a.DateOfBirth == s.dateOfBirth
			})
		})
	}},
	// Somebody has linked the two records before; the search trusts that.
	{"HMPPS_KEY", func(r *register, s wanted) []*Offender {
		return s.keep(r.under(r.byNoms, s.noms), func(*Offender) bool { return true })
	}},
	// Police numbers get mistyped, so that a second sign is asked for.
	{"EXTERNAL_KEY", func(r *register, s wanted) []*Offender { return s.keep(r.under(r.byCRO, s.cro), s.plausible) }},
	{"EXTERNAL_KEY", func(r *register, s wanted) []*Offender { return s.keep(r.under(r.byPNC, s.pnc), s.plausible) }},
	{"NAME", func(r *register, s wanted) []*Offender {
		return s.keep(r.under(r.bySurname, s.surname), func(o *Offender) bool {
			return s.named(o.FirstName, o.Surname) && o.DateOfBirth == s.dateOfBirth
		})
	}},
	{"PARTIAL_NAME", func(r *register, s wanted) []*Offender {
		return s.keep(r.under(r.bySurname, s.surname), func(o *Offender) bool {
			return fold(o.Surname) == s.surname && o.DateOfBirth == s.dateOfBirth
		})
	}},
	{"PARTIAL_NAME_DOB_LENIENT", func(r *register, s wanted) []*Offender {
		return s.keep(r.under(r.bySurname, s.surname), func(o *Offender) bool {
			return s.named(o.FirstName, o.Surname) && o.DateOfBirth.almost(s.dateOfBirth)
		})
	}},
}

// climb searches the register by the ladder.
func climb(r *register, s wanted) (found []*Offender, matchedBy string) {
	for _, rung := range ladder {
		if found := rung.find(r, s); len(found) > 0 {
			return found, rung.matchedBy
		}
	}
	return nil, "NOTHING"
}

// keep leaves the offenders that fit, without those who serve no sentence when
// the search is for people who do.
func (s wanted) keep(found []*Offender, fits func(*Offender) bool) []*Offender {
	return slices.DeleteFunc(found, func(o *Offender) bool {
		return s.activeSentence && !o.hasActiveSentence() || !fits(o)
	})
}

// identifies reports whether each number that the search gives is the offender's.
func (s wanted) identifies(o *Offender) bool {
	return (s.noms == "" || s.noms == fold(o.NomsNumber)) &&
		(s.pnc == "" || s.pnc == canonicalPNC(o.PNC)) &&
		(s.cro == "" || s.cro == fold(o.CRO))
}

func (s wanted) named(firstName, surname string) bool {
	return fold(firstName) == s.firstName && fold(surname) == s.surname
}

// plausible reports whether surname or date of birth agree, aliases included.
func (s wanted) plausible(o *Offender) bool {
	agrees := func(surname string, born Date) bool { return fold(surname) == s.surname || born == s.dateOfBirth }
	return agrees(o.Surname, o.DateOfBirth) ||
		slices.ContainsFunc(o.Aliases, func(a Alias) bool { return agrees(a.Surname, a.DateOfBirth) })
}

// match answers POST /match.
func (w *World) match(c *call) answer {
	var asked struct {
		FirstName      string `json:"firstName"`
		Surname        string `json:"surname"`
		DateOfBirth    Date   `json:"dateOfBirth"`
		NomsNumber     string `json:"nomsNumber"`
		PNC            string `json:"pncNumber"`
		CRO            string `json:"croNumber"`
		ActiveSentence bool   `json:"activeSentence"`
	}
	if !c.decode(&asked) || fold(asked.Surname) == "" || !asked.DateOfBirth.Valid() {
		return deliusProblem(http.StatusBadRequest, "a surname is required, and dates as 2006-01-02")
	}
	w.mu.RLock()
	found, matchedBy := climb(&w.people, wanted{
		firstName: fold(asked.FirstName), surname: fold(asked.Surname), dateOfBirth: asked.DateOfBirth,
		noms: fold(asked.NomsNumber), pnc: canonicalPNC(asked.PNC), cro: fold(asked.CRO),
		activeSentence: asked.ActiveSentence,
	})
	w.mu.RUnlock()
	matches := []any{}
	for _, o := range found {
		matches = append(matches, map[string]any{"offender": o.searchAnswer()})
	}
	return ok(map[string]any{"matches": matches, "matchedBy": matchedBy})
}

func (o *Offender) searchAnswer() map[string]any {
	disposal := "0"
	if o.hasActiveSentence() {
		disposal = "1"
	}
	return map[string]any{
		"previousSurname": nil,
		"offenderId":      o.number(),
		"firstName":       o.FirstName,
		"middleNames":     []string{},
		"surname":         o.Surname,
		"dateOfBirth":     o.DateOfBirth,
		"gender":          "Male",
		"currentDisposal": disposal,
		"otherIds":        o.ids(),
	}
}
