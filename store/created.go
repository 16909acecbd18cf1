package store

import (
	"fmt"
	"strings"

	"ptpu"
	"ptpu/table"
)

// createdIndex holds every message, and nothing else, in the order in which
// messages were created: in a partition open#NN until it is processed, and in
// processed#NN from then on.
const createdIndex = "created"

// createdShards is how many partitions hold the unprocessed messages, and as
// many again the processed ones. DynamoDB takes 1,000 writes a second in each, so
// four are enough for 4,000 messages a second; more would only have whoever reads
// in order hold pages of more.
const createdShards = 4

// reported is what the created index shows of a message beside its keys, which
// tell id, booking and created date already: what reports and worklists show or
// filter by. DynamoDB never changes what an index projects; to show more takes
// another index.
//
// Nothing here changes at every attempt (retryCount, attempts and due do): a
// retry that ends like the one before writes nothing to the index. The payload
// would make each row several times as dear to read.
var reported = []string{
	"eventType", "firstSeen", "deleteBy", "processedDate", "status", "reason", "reportable", "offenderNo", "bookingNo",
	"locationId", "locationDescription", "recall", "legalStatus", "matchingCrns",
}

// createdAt is the message's place in the created index. The id stands behind
// the instant, so that messages of one instant have an order too.
func createdAt(m ptpu.Message) table.IndexKey {
	return table.IndexKey{
		Partition: createdPartition(!m.Open(), int(hashOf(m.BookingID)%createdShards)),
		Sort:      instant(m.Created) + "#" + string(m.ID),
	}
}

func createdPartition(processed bool, shard int) string {
	if processed {
		return fmt.Sprintf("processed#%02d", shard)
	}
	return fmt.Sprintf("open#%02d", shard)
}

// reportedOf reads a message out of the created index. It lacks what the index
// does not show.
func reportedOf(item table.Item) (ptpu.Message, error) {
	var f fields
	created, _, _ := strings.Cut(item.Index[createdIndex].Sort, "#")
	item.Attributes["id"] = strings.TrimPrefix(item.Key.Sort, messageKind)
	item.Attributes["bookingId"] = int64(f.booking(item.Key))
	item.Attributes["createdDate"] = created
	if f.err != nil {
		return ptpu.Message{}, rowError(item.Key, f.err)
	}
	return messageOf(item)
}

// Places are the places in the indexes that a stored row would have if it were
// written now. A backend uses it for rows that are older than an index. A row
// that cannot be read keeps those that it has.
func Places(item table.Item) map[string]table.IndexKey {
	if !strings.HasPrefix(item.Key.Sort, messageKind) {
		return item.Index
	}
	m, err := messageOf(item)
	if err != nil {
		return item.Index
	}
	return itemOf(m).Index
}
