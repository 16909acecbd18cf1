package localstack

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// Sizes of a page of bookings.
const (
	defaultPage = 10
	largestPage = 5000
	lastPage    = 1_000_000 // beyond any prison, and far from overflow
)

// bookingsPage lists the active bookings of a prison, by booking id.
func (w *World) bookingsPage(c *call) answer {
	query := c.URL.Query()
	page, errPage := strconv.Atoi(cmp.Or(query.Get("page"), "0"))
	size, errSize := strconv.Atoi(cmp.Or(query.Get("size"), strconv.Itoa(defaultPage)))
	if errPage != nil || errSize != nil || page < 0 || page > lastPage || size < 1 || size > largestPage {
		return prisonProblem(http.StatusBadRequest, "page must be 0 or more and size from 1 to %d", largestPage)
	}
	content, total := w.activeBookings(query["prisonId"], page*size, size)
	pages := (total + size - 1) / size
	return ok(map[string]any{
		"content":       content,
		"pageable":      map[string]int{"pageNumber": page, "pageSize": size},
		"totalElements": total, "totalPages": pages,
		"last": page >= pages-1, "first": page == 0,
		"size": size, "number": page,
		"numberOfElements": len(content), "empty": len(content) == 0,
	})
}

// activeBookings lists a stretch of the active bookings at some prisons, or at
// all when none is named, and counts them all.
func (w *World) activeBookings(prisons []string, from, size int) (list []bookingSummary, total int) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	list = []bookingSummary{}
	for _, id := range w.people.inOrder {
		b := w.people.bookings[id]
		if !b.Active || len(prisons) > 0 && !slices.Contains(prisons, b.AgencyID) {
			continue
		}
		total++
		if total <= from || len(list) == size {
			continue
		}
		list = append(list, bookingSummary{
			BookingID: b.BookingID, BookingNo: b.BookingNo, OffenderNo: b.OffenderNo,
			FirstName: fold(b.FirstName), LastName: fold(b.LastName), DateOfBirth: b.DateOfBirth,
			AgencyID: b.AgencyID, LivingUnitID: 25638, LivingUnit: cell(b.AgencyID),
		})
	}
	return list, total
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
