package localstack

// InterestedPrisons are the prisons that a caller on one machine acts for, as
// its setting writes them. Newpark is there because Delius has not heard of it.
const InterestedPrisons = "MDI,LEI,WWI,BXI,HEI,NPI"

// agency is a place that NOMIS knows.
type agency struct {
	code, description string
	// institution is the code that Delius has for a prison; empty when Delius
	// does not know the place.
	institution   string
	institutionID int
}

var agencies = byCode(
	agency{"MDI", "Moorland (HMP & YOI)", "MDIHMP", 97},
	agency{"LEI", "Leeds (HMP)", "LEIHMP", 81},
	agency{"WWI", "Wandsworth (HMP)", "WWIHMP", 136},
	agency{"BXI", "Brixton (HMP)", "BXIHMP", 17},
	agency{"HEI", "Hewell (HMP)", "HEIHMP", 61},
	agency{"FSI", "Featherstone (HMP)", "FSIHMP", 49},
	agency{"NPI", "Newpark (HMP)", "", 0},
	agency{"SHEFCC", "Sheffield Crown Court", "", 0},
	agency{"OUT", "Outside", "", 0},
	agency{"TRN", "Transfer", "", 0},
)

func byCode(places ...agency) map[string]agency {
	m := make(map[string]agency, len(places))
	for _, place := range places {
		m[place.code] = place
	}
	return m
}

// institutionAt is the prison that Delius knows by a NOMIS code.
func institutionAt(code string) (agency, bool) {
	place := agencies[code]
	return place, place.institution != ""
}
