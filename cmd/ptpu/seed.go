package main

import (
	"context"
	"fmt"
	"time"

	"ptpu"
	"ptpu/localstack"
	"ptpu/store"
)

// seedExpired stores a message whose time has run out, as one that nobody could
// match for a month would look, so that ptpu local shows how it ends.
func seedExpired(ctx context.Context, rows *store.Store) error {
	const id = "seeded-old-message"
	known, err := rows.Has(ctx, localstack.ExpiredBookingID, id)
	if err != nil || known {
		return err
	}
	created := time.Now().Add(-ptpu.Retention - time.Hour)
	payload := ptpu.Payload{EventType: ptpu.ImprisonmentStatusChanged, BookingID: localstack.ExpiredBookingID, EventTime: created}
	raw := fmt.Sprintf(`{"eventType":%q,"bookingId":%d,"imprisonmentStatusSeq":0}`, payload.EventType, payload.BookingID)
	m := ptpu.NewMessage(id, payload, raw, ptpu.Booking{}, created, 0)
	m.State, m.Retries, m.Attempts = ptpu.NoMatch, 32, 32
	_, err = rows.Add(ctx, m, ptpu.Entry{
		At: created, BookingID: m.BookingID, MessageID: m.ID, EventType: m.EventType, Kind: ptpu.EntryStored, State: ptpu.Validated,
	})
	return err
}
