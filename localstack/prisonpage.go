package localstack

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// Sizes of a page of bookings.
const (
	defaultPage = 10
	largestPage = 5000
)

// bookingsPage lists the active bookings of a prison, by booking id.
func (w *World) bookingsPage(c *call) answer {
	query := c.URL.Query()
	page, errPage := strconv.Atoi(cmp.Or(query.Get("page"), "0"))
	size, errSize := strconv.Atoi(cmp.Or(query.Get("size"), strconv.Itoa(defaultPage)))
	if errPage != nil || errSize != nil || page < 0 || size < 1 || size > largestPage {
		return prisonProblem(http.StatusBadRequest, "page must be 0 or more and size from 1 to %d", largestPage)
	}
	prisons := query["prisonId"]
	all := w.activeBookings(prisons)
	from := min(page*size, len(all))
	content := all[from:min(from+size, len(all))]
	pages := (len(all) + size - 1) / size
	return ok(map[string]any{
		"content":       content,
		"pageable":      map[string]int{"pageNumber": page, "pageSize": size},
		"totalElements": len(all), "totalPages": pages,
		"last": page >= pages-1, "first": page == 0,
		"size": size, "number": page,
		"numberOfElements": len(content), "empty": len(content) == 0,
	})
}

func (w *World) activeBookings(prisons []string) []bookingSummary {
	w.mu.RLock()
	defer w.mu.RUnlock()
	list := []bookingSummary{}
	for _, id := range slices.Sorted(maps.Keys(w.people.bookings)) {
		b := w.people.bookings[id]
		if !b.Active || len(prisons) > 0 && !slices.Contains(prisons, b.AgencyID) {
			continue
		}
		list = append(list, bookingSummary{
			BookingID: b.BookingID, BookingNo: b.BookingNo, OffenderNo: b.OffenderNo,
			FirstName: fold(b.FirstName), LastName: fold(b.LastName), DateOfBirth: b.DateOfBirth,
			AgencyID: b.AgencyID, LivingUnitID: 25638, LivingUnit: cell(b.AgencyID),
		})
	}
	return list
}

type bookingSummary struct {
	BookingID    int64  `json:"bookingId"`
	BookingNo    string `json:"bookingNo"`
	OffenderNo   string `json:"offenderNo"`
	FirstName    string `json:"firstName"`
	LastName     string `json:"lastName"`
	DateOfBirth  Date   `json:"dateOfBirth"`
	AgencyID     string `json:"agencyId"`
	LivingUnitID int    `json:"assignedLivingUnitId"`
	LivingUnit   string `json:"assignedLivingUnitDesc"`
}
